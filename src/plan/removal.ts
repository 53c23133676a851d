import { label } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import type { ObjectRef } from "../api/pod.ts";
import { instanceId, isTerminal, isTerminating } from "../api/pod.ts";
import type { PodPatch } from "../inplace/patch.ts";
import type { Action, DeleteReason } from "./actions.ts";
import { claimsOf } from "./claims.ts";
import { isBlocked, stateConditions, toState } from "./lifecycle.ts";
import type { Member } from "./observation.ts";
import type { Scene } from "./scene.ts";

/** Deletes a pod with its PVCs; or, while a preDelete hook holds it, says so on the pod and waits. */
export function removePod(
  { cloneSet, book, seen }: Scene,
  { pod, preparingDelete, ...member }: Member,
  reason: DeleteReason,
): Action[] {
  const { lifecycle } = cloneSet.spec;
  if (isBlocked(lifecycle.preDelete, pod)) {
    const settled = preparingDelete && stateConditions(pod, "PreparingDelete", lifecycle, seen.nowMs).length === 0;
    if (settled) return [];
    const leaving = toState(pod, "PreparingDelete", { lifecycle, nowMs: seen.nowMs });
    // A pod to be re-created must not be taken back when the next plan finds a pod missing: the label says it is to go.
    return [reason === "recreateUpdate" ? { ...leaving, patches: leaving.patches.map(named) } : leaving];
  }
  const ifUnchanged = !member.named && !preparingDelete;
  return [{ kind: "deletePod", pod: objectRef(pod), reason, claims: claimsOf(pod, book).map(objectRef), ifUnchanged }];
}

/**
 * Finished pods (Failed, Succeeded) whose PVCs wait for a successor: the pod object alone goes, so that its id and name
 * are free again. The PVCs stay.
 */
export function clearFinished({ pods, book }: Scene): Action[] {
  const returning = new Set(book.returning);
  return pods
    .filter((pod) => isTerminal(pod) && !isTerminating(pod) && returning.has(instanceId(pod) ?? ""))
    .map((pod) => ({ kind: "deletePod", pod: objectRef(pod), reason: "finished", claims: [], ifUnchanged: true }));
}

export function objectRef({ namespace, name, uid, resourceVersion }: ObjectRef): ObjectRef {
  return { namespace, name, uid, resourceVersion };
}

function named({ subresource, body }: PodPatch): PodPatch {
  const metadata = body["metadata"] as { labels: JsonObject } & JsonObject;
  const labels = { ...metadata.labels, [label.specifiedDelete]: "true" };
  return { subresource, body: { ...body, metadata: { ...metadata, labels } } };
}
