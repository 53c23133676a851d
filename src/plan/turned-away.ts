import type { Pod } from "../api/pod.ts";
import { isOnRevision } from "../revision/match.ts";
import type { Scene } from "./scene.ts";

const FIRST_MS = 1_000;
const LAST_MS = 300_000;
const WITH_PVCS_MS = 10_000;

/** That the nodes take none of the new pods: from when one may be tried again, and the words for it. */
export interface TurnedAway {
  notBeforeMs: number;
  message: string;
}

/**
 * Whether all pods since the last one that started were turned away by their nodes: they failed before any container ran (a device
 * that is not there, no place in the topology, labels that changed since the pod was bound). The scheduler does not learn from
 * it, so the next one would fare alike, and the next: thousands in an hour. So they are tried one at a time, each after as long
 * as this has been going on, at least 1 s, at most 5 min. Those made from another template, and earlier than a pod that started, say
 * nothing about the next.
 */
export function turnedAway({ pods, revisions: { update }, seen: { nowMs } }: Scene): TurnedAway | undefined {
  const failed = pods.filter((pod) => isTurnedAway(pod) && isOnRevision(pod, update.name));
  if (failed.length === 0) return undefined;
  const startedMs = latest(pods.filter(hasStarted));
  const inARow = failed.filter(({ createdMs }) => createdMs > startedMs);
  const lastMs = latest(inARow);
  // By a clock that was set back it would be hours until the next one.
  if (inARow.length === 0 || lastMs > nowMs) return undefined;
  const sinceMs = inARow.reduce((first, { createdMs }) => Math.min(first, createdMs), lastMs);
  const reasons = [...new Set(inARow.flatMap(({ reason }) => reason ?? []))].sort();
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return {
    notBeforeMs: lastMs + Math.min(Math.max(lastMs - sinceMs, FIRST_MS), LAST_MS),
    message: `create pods: their nodes turn them away${why}`,
  };
}

/**
 * When a finished pod makes way for the next one of its id and PVCs: at once; one that was turned away after 10 s, because it alone shows
 * that there was one.
 */
export function makesWayAtMs(pod: Pod, nowMs: number): number {
  // By a clock that was set back it would be hours.
  return isTurnedAway(pod) && pod.createdMs <= nowMs ? pod.createdMs + WITH_PVCS_MS : nowMs;
}

function isTurnedAway(pod: Pod): boolean {
  return pod.phase === "Failed" && pod.nodeName !== undefined && !hasStarted(pod);
}

/** A pod that was turned away may have container statuses, of containers that could not be found. */
function hasStarted({ initContainerStatuses, containerStatuses }: Pod): boolean {
  return [...initContainerStatuses, ...containerStatuses].some(({ containerID }) => containerID !== "");
}

/** When the last of them was created; before all time if there are none. */
function latest(pods: readonly Pod[]): number {
  return pods.reduce((last, { createdMs }) => Math.max(last, createdMs), Number.NEGATIVE_INFINITY);
}
