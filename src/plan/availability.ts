import type { CloneSetSpec } from "../api/cloneset.ts";
import { readinessGate } from "../api/constants.ts";
import type { Pod } from "../api/pod.ts";
import { lifecycleState } from "../api/pod.ts";
import { maxSurge } from "./max-surge.ts";
import { podCount } from "./pod-count.ts";

/**
 * How many pods may be unavailable at once. Unit: pods.
 *
 * A percentage is of `replicas`. It rounds up when no pod may surge, because a small set must still move
 * (20% of 3 is 1), and down when pods may surge, because then the surge does the moving.
 *
 * @throws {SpecError} if the field is neither an integer >= 0 nor a percentage like "20%"
 */
export function maxUnavailable(spec: CloneSetSpec): number {
  return podCount(spec.updateStrategy.maxUnavailable, {
    of: spec.replicas,
    round: maxSurge(spec) === 0 ? "up" : "down",
    field: "spec.updateStrategy.maxUnavailable",
  });
}

/**
 * How many pods may be unavailable for new ones to be created. Unit: pods; Infinity when there is no limit.
 *
 * @throws {SpecError} as above
 */
export function scaleMaxUnavailable({ replicas, scaleStrategy }: CloneSetSpec): number {
  if (scaleStrategy.maxUnavailable === undefined) return Number.POSITIVE_INFINITY;
  return podCount(scaleStrategy.maxUnavailable, {
    of: replicas,
    round: "up",
    field: "spec.scaleStrategy.maxUnavailable",
  });
}

/** The pod's Ready condition is True: services send it traffic. */
export function isPodReady(pod: Pod): boolean {
  return pod.conditions.Ready?.status === "True";
}

/** Running, Ready, and not in the middle of an in-place update. The lifecycle state is not looked at. */
export function isReady(pod: Pod): boolean {
  const gate = pod.conditions[readinessGate.inPlaceUpdateReady];
  return pod.phase === "Running" && isPodReady(pod) && (gate === undefined || gate.status === "True");
}

/** Ready in an ordinary lifecycle state, whatever `minReadySeconds` says. */
export function isReadyInNormalState(pod: Pod): boolean {
  const state = lifecycleState(pod);
  return (state === undefined || state === "Normal") && isReady(pod);
}

/** Ready in an ordinary lifecycle state, and for longer than `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  if (!isReadyInNormalState(pod)) return false;
  if (minReadySeconds === 0) return true;
  const readySinceMs = pod.conditions.Ready?.lastTransitionMs ?? 0;
  return readySinceMs > 0 && nowMs - readySinceMs > minReadySeconds * 1000;
}

/** When a ready pod will become available, in ms since the epoch; undefined if it is available or not ready at all. */
export function availableAtMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  if (!isReadyInNormalState(pod) || isAvailable(pod, minReadySeconds, nowMs)) return undefined;
  const readySinceMs = pod.conditions.Ready?.lastTransitionMs ?? 0;
  // The comparison in isAvailable is strict, hence one ms more.
  return readySinceMs > 0 ? readySinceMs + minReadySeconds * 1000 + 1 : undefined;
}
