import type { CloneSet } from "../api/cloneset.ts";
import { label } from "../api/constants.ts";
import { fromV1alpha1 } from "../api/convert.ts";
import type { Claim, Pod, Revision } from "../api/pod.ts";
import { CLONE_SETS } from "../api/resource.ts";
import type { CacheEntry } from "../kube/cache.ts";
import { Cache } from "../kube/cache.ts";
import type { Clock } from "../kube/clock.ts";
import { messageOf } from "../kube/errors.ts";
import { Reflector } from "../kube/reflector.ts";
import type { KubeObject, Resource } from "../kube/resources.ts";
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS } from "../kube/resources.ts";
import { Trimmer } from "../observe/trim.ts";
import type { CloneSetObject, Cluster } from "./cluster.ts";
import { selectorOf } from "./cluster.ts";

/** A CloneSet and what belongs to it, as seen at one moment. */
export interface Seen {
  /** As sent, with managedFields. */
  object: CloneSetObject;
  cloneSet: CloneSet;
  pods: readonly Pod[];
  claims: readonly Claim[];
  /** Oldest first. */
  revisions: readonly Revision[];
}

/** One look. */
export async function readSeen(cluster: Cluster, name: string): Promise<Seen> {
  const object = await cluster.cloneSet(name);
  const [pods, claims, revisions] = await Promise.all([
    cluster.podsOf(object),
    cluster.claimsOf(object),
    cluster.revisionsOf(object),
  ]);
  const trimmer = new Trimmer();
  return {
    object,
    cloneSet: fromV1alpha1(object),
    pods: pods.map((pod) => trimmer.pod(pod)),
    claims: claims.map((claim) => trimmer.claim(claim)),
    revisions: revisions.map((revision) => trimmer.revision(revision)),
  };
}

export interface Watching {
  /** Undefined when the CloneSet is gone. */
  seen(): Seen | undefined;
  /** Why nothing new can be heard at the moment. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

/** A look that is kept up to date. `onChange` is called after each change, so often that the caller should collect. */
export async function watchSeen(
  cluster: Cluster,
  name: string,
  { clock, onChange }: { clock: Clock; onChange: () => void },
): Promise<Watching> {
  // First by itself: what is refused or absent is told at once, where a watch would try again and again.
  const first = await cluster.cloneSet(name);
  const { namespace, uid = "" } = first.metadata;
  const selector = selectorOf(first);
  const trimmer = new Trimmer();
  let trouble: string | undefined;
  const reflectors: Reflector[] = [];
  const cacheOf = <T extends CacheEntry>(
    resource: Resource,
    selectors: { labelSelector?: string; fieldSelector?: string },
    trim: (raw: KubeObject) => T,
  ): Cache<T> => {
    const cache = new Cache<T>({ clock, trim, filtered: true });
    cache.onChange(onChange);
    const observer = {
      failed: (error: unknown) => {
        trouble = messageOf(error);
        onChange();
      },
      listed: () => {
        trouble = undefined;
        onChange();
      },
    };
    reflectors.push(
      new Reflector({
        client: cluster.client,
        clock,
        resource,
        sink: cache,
        namespace,
        ...selectors,
        checkEveryMs: 0,
        observer,
      }),
    );
    return cache;
  };
  const cloneSets = cacheOf(CLONE_SETS, { fieldSelector: `metadata.name=${name}` }, (raw) => ({
    ...trimmer.cloneSet(raw),
    object: raw as CloneSetObject,
  }));
  const pods = cacheOf(PODS, { labelSelector: selector }, (raw) => trimmer.pod(raw));
  const claims = cacheOf(PERSISTENT_VOLUME_CLAIMS, { labelSelector: label.instanceId }, (raw) => trimmer.claim(raw));
  const revisions = cacheOf(CONTROLLER_REVISIONS, { labelSelector: selector }, (raw) => trimmer.revision(raw));
  for (const reflector of reflectors) reflector.start();
  await Promise.all(reflectors.map(({ synced }) => synced));
  return {
    seen: () => {
      const cloneSet = cloneSets.get(namespace ?? "", name);
      if (cloneSet?.uid !== uid) return undefined;
      return {
        object: cloneSet.object,
        cloneSet,
        pods: pods.byOwner(uid),
        claims: claims.byOwner(uid),
        revisions: [...revisions.byOwner(uid)].sort((a, b) => a.revision - b.revision),
      };
    },
    trouble: () => trouble,
    stop: async () => {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    },
  };
}
