import { CLONE_SETS } from "../api/resource.ts";
import type { CacheEntry } from "../kube/cache.ts";
import { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { isForbidden } from "../kube/errors.ts";
import type { KubeObject, Resource } from "../kube/resources.ts";
import { CONTROLLER_REVISIONS, NODES, PERSISTENT_VOLUME_CLAIMS, PODS } from "../kube/resources.ts";
import type { Caches } from "./caches.ts";
import { Trimmer } from "./trim.ts";

/** What is read into which cache. In this order a claim is never known without its pod, nor a pod without the CloneSet that explains it. */
const SOURCES: readonly { resource: Resource; cache: keyof Caches }[] = [
  { resource: PERSISTENT_VOLUME_CLAIMS, cache: "claims" },
  { resource: CONTROLLER_REVISIONS, cache: "revisions" },
  { resource: PODS, cache: "pods" },
  { resource: NODES, cache: "nodes" },
  { resource: CLONE_SETS, cache: "cloneSets" },
];

export function emptyCaches(clock: Clock, onError: (error: unknown) => void): Caches {
  const trimmer = new Trimmer();
  const cacheOf = <T extends CacheEntry>(trim: (raw: KubeObject) => T) => new Cache<T>({ clock, trim, onError });
  return {
    claims: cacheOf((raw) => trimmer.claim(raw)),
    revisions: cacheOf((raw) => trimmer.revision(raw)),
    pods: cacheOf((raw) => trimmer.pod(raw)),
    cloneSets: cacheOf((raw) => trimmer.cloneSet(raw)),
    nodes: cacheOf((raw) => trimmer.node(raw)),
  };
}

/**
 * The sources that we may read. Nodes belong to no namespace, so who has Roles alone cannot see them; then pods are
 * spread by the names of their nodes.
 */
export async function readableSources(client: KubeClient, namespace: string | undefined): Promise<typeof SOURCES> {
  if (namespace === undefined || (await mayList(client, NODES))) return SOURCES;
  return SOURCES.filter(({ cache }) => cache !== "nodes");
}

async function mayList(client: KubeClient, resource: Resource): Promise<boolean> {
  try {
    for await (const _page of client.listPages(resource, { limit: 1 })) return true;
    return true;
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}
