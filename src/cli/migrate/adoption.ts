import { featureDefaults } from "../../api/features.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { fates, preview } from "../../preview/preview.ts";
import type { CloneSetObject } from "../cluster.ts";

/**
 * The pods that a new CloneSet would replace or restart instead of taking them as they are: they are not what its template
 * says, because somebody changed them on their way in. By the controller's own plan.
 */
export function notTakenAsTheyAre(cloneSet: CloneSetObject, pods: readonly KubeObject[], nowMs: number): string[] {
  const start = { cloneSet, pods: pods.map(withoutOwner), claims: [], revisions: [] };
  const told = preview(start, { features: featureDefaults, nowMs });
  return [...fates(told, start)].flatMap(([name, { kind }]) => (kind === "kept" ? [] : [name]));
}

function withoutOwner(pod: KubeObject): KubeObject {
  const { ownerReferences: _gone, ...metadata } = pod.metadata;
  return { ...pod, metadata };
}
