import type { CacheEntry } from "../../../src/kube/cache.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";

/** A pod in namespace "shop" as the server would send it. */
export function pod(name: string, version: number | string, more: Partial<KubeObject["metadata"]> = {}): KubeObject {
  const metadata = { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: String(version), ...more };
  return { apiVersion: "v1", kind: "Pod", metadata };
}

export function trim(raw: KubeObject): CacheEntry {
  const { namespace = "", name, uid = "", resourceVersion = "", labels = {}, ownerReferences = [] } = raw.metadata;
  return { namespace, name, uid, resourceVersion, labels, ownerUids: ownerReferences.map((owner) => owner.uid) };
}

/** Owned by these uids. */
export function owned(...uids: string[]): Partial<KubeObject["metadata"]> {
  return { ownerReferences: uids.map((uid) => ({ apiVersion: "v1", kind: "Owner", name: uid, uid })) };
}
