import type { Lifecycle, LifecycleHook } from "../api/cloneset.ts";
import type { LifecycleState } from "../api/constants.ts";
import { annotation, label } from "../api/constants.ts";
import { timestamp } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { lifecycleState } from "../api/pod.ts";
import type { Action } from "./actions.ts";

/** At least one handler of the hook is on the pod: wait. An absent hook never blocks. */
export function isBlocked(hook: LifecycleHook | undefined, pod: Pod): boolean {
  if (hook === undefined) return false;
  return (
    hook.finalizersHandler.some((finalizer) => pod.finalizers.includes(finalizer)) ||
    Object.entries(hook.labelsHandler).some(([key, value]) => pod.labels[key] === value)
  );
}

/** Every handler of the hook is on the pod: go on. An empty hook is satisfied, an absent one is not asked. */
export function isSatisfied(hook: LifecycleHook | undefined, pod: Pod): boolean {
  if (hook === undefined) return true;
  return (
    hook.finalizersHandler.every((finalizer) => pod.finalizers.includes(finalizer)) &&
    Object.entries(hook.labelsHandler).every(([key, value]) => pod.labels[key] === value)
  );
}

/**
 * The state a pod moves to by itself, without being chosen for anything; undefined = it stays.
 *
 * `settled` says that no in-place update of the pod is under way, `updated` that it is on the update revision.
 */
export function nextState(
  pod: Pod,
  lifecycle: Lifecycle,
  { settled, updated }: { settled: boolean; updated: boolean },
): LifecycleState | undefined {
  const afterUpdate = isSatisfied(lifecycle.inPlaceUpdate, pod) ? "Normal" : "Updated";
  switch (lifecycleState(pod)) {
    case "PreparingNormal":
      return (lifecycle.preNormal ? isSatisfied(lifecycle.preNormal, pod) : pod.nodeName !== undefined)
        ? "Normal"
        : undefined;
    case "PreparingUpdate":
      return updated ? afterUpdate : undefined;
    case "Updating":
      return settled ? afterUpdate : undefined;
    case "Updated":
      return afterUpdate === "Normal" ? "Normal" : undefined;
    case "Normal":
    case "PreparingDelete":
    case undefined:
      return undefined;
  }
}

/** Puts a pod into a state, always with the time. */
export function toState(pod: Pod, state: LifecycleState, nowMs: number): Action {
  const metadata = {
    labels: { [label.lifecycleState]: state },
    annotations: { [annotation.lifecycleTimestamp]: timestamp(nowMs) },
  };
  return { kind: "refreshPod", pod, patches: [{ subresource: "", body: { metadata } }], why: "lifecycle" };
}
