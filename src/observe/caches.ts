import type { Claim, Pod, Revision } from "../api/pod.ts";
import type { Cache } from "../kube/cache.ts";
import type { CloneSetEntry, Node } from "./trim.ts";

/** What is known of the cluster: one cache per kind. */
export interface Caches {
  cloneSets: Cache<CloneSetEntry>;
  pods: Cache<Pod>;
  claims: Cache<Claim>;
  revisions: Cache<Revision>;
  nodes: Cache<Node>;
}
