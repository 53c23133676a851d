import type { Lifecycle, LifecycleHook } from "../api/cloneset.ts";
import type { LifecycleState } from "../api/constants.ts";
import { annotation, label } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import { timestamp } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { lifecycleState } from "../api/pod.ts";
import type { PodPatch } from "../inplace/patch.ts";
import type { Action } from "./actions.ts";
import { preDeleteKey, preUpdateKey, withKey, withoutKeys } from "./not-ready-keys.ts";

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

/**
 * Puts a pod into a state, always with the time. Hooks with markPodNotReady take the pod out of service in the same write,
 * and leaving the update path puts it back.
 */
export function toState(
  pod: Pod,
  state: LifecycleState,
  { lifecycle, nowMs }: { lifecycle: Lifecycle; nowMs: number },
): Action & { kind: "refreshPod" } {
  const metadata = {
    labels: { [label.lifecycleState]: state },
    annotations: { [annotation.lifecycleTimestamp]: timestamp(nowMs) },
  };
  const patch = withConditions({ subresource: "", body: { metadata } }, stateConditions(pod, state, lifecycle, nowMs));
  return { kind: "refreshPod", pod, patches: [patch], why: state };
}

/** What a state says about service: conditions to write with it; [] if they are so already. */
export function stateConditions(pod: Pod, state: LifecycleState, lifecycle: Lifecycle, nowMs: number): JsonObject[] {
  switch (state) {
    case "PreparingDelete":
      return lifecycle.preDelete?.markPodNotReady ? withKey(pod, preDeleteKey, nowMs) : [];
    case "PreparingUpdate":
      return lifecycle.inPlaceUpdate?.markPodNotReady ? withKey(pod, preUpdateKey, nowMs) : [];
    case "Updated":
    case "Normal":
      return withoutKeys(pod, [preUpdateKey, preDeleteKey], nowMs);
    case "PreparingNormal":
    case "Updating":
      return [];
  }
}

/** A patch that also writes conditions: the status subresource takes metadata too. */
export function withConditions({ subresource, body }: PodPatch, conditions: readonly JsonObject[]): PodPatch {
  if (conditions.length === 0) return { subresource, body };
  const own = ((body["status"] as JsonObject | undefined)?.["conditions"] as JsonObject[] | undefined) ?? [];
  return { subresource: "status", body: { ...body, status: { conditions: [...own, ...conditions] } } };
}

/** Puts the handlers of a hook back on a pod that has to wait for the hook once more. */
export function withHandlers({ subresource, body }: PodPatch, hook: LifecycleHook): PodPatch {
  const metadata = body["metadata"] as { labels: JsonObject } & JsonObject;
  const finalizers = hook.finalizersHandler.length > 0 ? { finalizers: hook.finalizersHandler } : {};
  return {
    subresource,
    body: { ...body, metadata: { ...metadata, labels: { ...metadata.labels, ...hook.labelsHandler }, ...finalizers } },
  };
}
