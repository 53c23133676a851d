import { GROUP, KIND } from "../api/constants.ts";
import type { OwnerReference } from "../api/kubernetes.ts";
import { controllerOf } from "../api/kubernetes.ts";
import { matchesSelector } from "../api/selector.ts";
import type { Change } from "../kube/cache.ts";
import type { Caches } from "./caches.ts";

interface Owned {
  namespace: string;
  labels: Readonly<Record<string, string>>;
  owners: readonly OwnerReference[];
}

/** Calls `look` with the key ("namespace/name") of every CloneSet that a change may concern. Returns the way to stop. */
export function watchForChanges(caches: Caches, look: (key: string) => void): () => void {
  const concerned = (object: Owned): void => {
    const owner = object.owners.find(({ kind, apiVersion }) => kind === KIND && apiVersion.startsWith(`${GROUP}/`));
    if (owner) look(`${object.namespace}/${owner.name}`);
    if (controllerOf(object.owners) !== undefined) return;
    for (const cloneSet of caches.cloneSets.inNamespace(object.namespace)) {
      if (matchesSelector(cloneSet.spec.selector, object.labels)) look(`${cloneSet.namespace}/${cloneSet.name}`);
    }
  };
  const onChange = (
    change: Change<Owned & { uid: string; name: string; resourceVersion: string; ownerUids: readonly string[] }>,
  ): void => {
    concerned(change.entry);
    // The previous owner must hear of what it lost.
    if (change.kind === "updated" && change.previous.owners !== change.entry.owners) concerned(change.previous);
  };
  const stops = [
    caches.cloneSets.onChange(({ entry }) => look(`${entry.namespace}/${entry.name}`)),
    caches.pods.onChange(onChange),
    caches.claims.onChange(onChange),
    caches.revisions.onChange(onChange),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
