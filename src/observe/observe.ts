import type { CloneSet } from "../api/cloneset.ts";
import type { Pod } from "../api/pod.ts";
import { instanceId } from "../api/pod.ts";
import { matchesSelector } from "../api/selector.ts";
import { spreadKeys } from "../plan/delete-order.ts";
import { claimName } from "../plan/new-pod.ts";
import type { Observation } from "../plan/observation.ts";
import type { Caches } from "./caches.ts";

/** What is, at one moment, around one CloneSet; undefined if there is no such CloneSet. Objects that might be adopted are included. */
export function observe(
  caches: Caches,
  key: { namespace: string; name: string },
  given: Pick<Observation, "nowMs" | "features" | "spareIds" | "refusals" | "creationRefusal">,
): Observation | undefined {
  const cloneSet = caches.cloneSets.get(key.namespace, key.name);
  if (cloneSet === undefined) return undefined;
  const { uid, namespace, spec } = cloneSet;
  const selected = (object: { labels: Readonly<Record<string, string>> }) =>
    matchesSelector(spec.selector, object.labels);
  const pods = [...caches.pods.byOwner(uid), ...caches.pods.unowned(namespace).filter(selected)];
  const claims = [
    ...caches.claims.byOwner(uid),
    ...caches.claims.unowned(namespace).filter((claim) => instanceId(claim) !== undefined),
  ];
  const ours = new Set([...pods, ...claims].map((object) => object.uid));
  const wantedIds = [...claims.flatMap((claim) => instanceId(claim) ?? []), ...given.spareIds];
  const isForeign = (object: { uid: string } | undefined) => object !== undefined && !ours.has(object.uid);
  const hasForeignPod = (id: string) => isForeign(caches.pods.get(namespace, `${cloneSet.name}-${id}`));
  const hasForeignClaim = (id: string) =>
    spec.claimTemplates.some((template) =>
      isForeign(caches.claims.get(namespace, claimName(template, cloneSet.name, id))),
    );
  return {
    cloneSet,
    nowMs: given.nowMs,
    features: given.features,
    nodeLabels: nodeLabels(caches, cloneSet, pods),
    spareIds: given.spareIds,
    refusals: given.refusals,
    creationRefusal: given.creationRefusal,
    pods,
    claims,
    revisions: [...caches.revisions.byOwner(uid), ...caches.revisions.unowned(namespace).filter(selected)],
    foreignNames: new Set(
      wantedIds.filter((id) => hasForeignPod(id) || hasForeignClaim(id)).map((id) => `${cloneSet.name}-${id}`),
    ),
  };
}

/** Only where the template asks for it: most do not, and the labels of a thousand nodes are a lot to copy. */
function nodeLabels(caches: Caches, { spec }: CloneSet, pods: readonly Pod[]): Observation["nodeLabels"] {
  if (spreadKeys(spec.template).length === 0) return new Map();
  const names = new Set(pods.flatMap(({ nodeName }) => nodeName ?? []));
  return new Map(
    [...names].flatMap((name) => {
      const node = caches.nodes.get("", name);
      return node ? [[name, node.labels]] : [];
    }),
  );
}
