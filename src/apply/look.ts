import type { CloneSet } from "../api/cloneset.ts";
import { CLONE_SETS } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import type { KubeObject, Resource } from "../kube/resources.ts";
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS } from "../kube/resources.ts";
import type { Caches } from "../observe/caches.ts";
import type { Surprise } from "../plan/surprise.ts";
import { inTurn } from "./in-turn.ts";

/** Reads at a time, where many objects are looked at. */
const AT_ONCE = 32;

/** Kinds that are cached. */
export type Kind = "cloneSet" | "pod" | "claim" | "revision";

/** An object by name, with the uid it had if that is known. */
export interface Named {
  kind: Kind;
  namespace: string;
  name: string;
  uid?: string | undefined;
  /** It was asked to be deleted, and may go at any time. */
  doomed?: boolean;
}

export const resourceOf: Record<Kind, Resource> = {
  cloneSet: CLONE_SETS,
  pod: PODS,
  claim: PERSISTENT_VOLUME_CLAIMS,
  revision: CONTROLLER_REVISIONS,
};

export const cacheOf = {
  cloneSet: "cloneSets",
  pod: "pods",
  claim: "claims",
  revision: "revisions",
} as const satisfies Record<Kind, keyof Caches>;

/**
 * Reads an object live and puts what was found into the cache; undefined if it does not exist. This is how an answer
 * that never came, or that contradicts the cache, is settled: look, never assume.
 */
export async function look(
  { client, caches }: { client: Pick<KubeClient, "get">; caches: Caches },
  { kind, namespace, name, uid }: Named,
): Promise<KubeObject | undefined> {
  const cache = caches[cacheOf[kind]];
  const held = cache.get(namespace, name);
  try {
    const found = await client.get(resourceOf[kind], { namespace, name });
    if (uid !== undefined && found.metadata.uid !== uid) cache.gone(uid);
    cache.applied(found);
    return found;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (held) cache.gone(held.uid);
    if (uid !== undefined) cache.gone(uid);
    return undefined;
  }
}

/** Whether what was found is still that object, and not on its way out. */
export function isStaying(found: KubeObject | undefined, uid: string): found is KubeObject {
  return found?.metadata.uid === uid && found.metadata.deletionTimestamp === undefined;
}

/** Reads live what a doubtful plan goes by: the CloneSet, and its pods where pods are to go that nobody asked to go. */
export async function lookBefore(
  reading: Parameters<typeof look>[0],
  { namespace, name, uid }: CloneSet,
  { pods }: Surprise,
): Promise<void> {
  const targets: Named[] = [
    { kind: "cloneSet", namespace, name, uid },
    ...pods.map((pod): Named => ({ kind: "pod", namespace, name: pod.name, uid: pod.uid })),
  ];
  const looks = targets.map((target) => () => look(reading, target));
  await inTurn(looks, { atOnce: AT_ONCE, mayBegin: () => true });
}
