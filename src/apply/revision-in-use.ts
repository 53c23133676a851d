import type { CloneSet } from "../api/cloneset.ts";
import { label } from "../api/constants.ts";
import type { ObjectRef } from "../api/pod.ts";
import { LABEL_MAX } from "../api/validate.ts";
import type { KubeClient } from "../kube/client.ts";
import { PODS } from "../kube/resources.ts";
import type { Caches } from "../observe/caches.ts";
import { isOursOrFree } from "../plan/membership.ts";
import { shortPart } from "../revision/hash.ts";
import { isOnRevision } from "../revision/match.ts";

/**
 * Is a pod on this revision that is ours, or that we would adopt? Asked live before a revision is deleted: a view of the pods
 * that lags behind does not know those that were set free meanwhile, and without their revision nobody could tell what they
 * are made from. What is found goes into the cache, so that the next plan knows it, too.
 */
export async function isRevisionInUse(
  { client, caches }: { client: Pick<KubeClient, "list">; caches: Pick<Caches, "pods"> },
  cloneSet: CloneSet,
  { name }: ObjectRef,
): Promise<boolean> {
  // The server refuses to look for a value that no label can have.
  const values = [name, shortPart(name)].filter(({ length }) => length <= LABEL_MAX);
  const labelSelector = `${label.revision} in (${values.join()})`;
  const { items } = await client.list(PODS, { namespace: cloneSet.namespace, labelSelector });
  const pods = items.flatMap((item) => caches.pods.applied(item) ?? []);
  return pods.some((pod) => isOursOrFree(pod, cloneSet) && isOnRevision(pod, name));
}
