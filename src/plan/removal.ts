import type { ObjectRef } from "../api/pod.ts";
import { instanceId, isTerminal, isTerminating } from "../api/pod.ts";
import type { Action, DeleteReason } from "./actions.ts";
import { claimsOf } from "./claims.ts";
import { isBlocked, toState } from "./lifecycle.ts";
import type { Member } from "./observation.ts";
import type { Scene } from "./scene.ts";

/** Deletes a pod with its PVCs; or, while a preDelete hook holds it, says so on the pod and waits. */
export function removePod(
  { cloneSet, book, seen }: Scene,
  { pod, preparingDelete, named }: Member,
  reason: DeleteReason,
): Action[] {
  if (isBlocked(cloneSet.spec.lifecycle.preDelete, pod)) {
    if (preparingDelete) return [];
    return [toState(pod, "PreparingDelete", seen.nowMs)];
  }
  const ifUnchanged = !named && !preparingDelete;
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
