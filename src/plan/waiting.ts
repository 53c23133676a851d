import { timestamp } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { isTerminating, lifecycleState } from "../api/pod.ts";
import { inPlaceProgress } from "../inplace/progress.ts";
import { availableAtMs, isPodReady } from "./availability.ts";
import type { Member } from "./observation.ts";

const NAMED_AT_MOST = 3;

/**
 * What a rollout waits for, in plain words: "waiting for web-x7k2p: container app cannot pull image app:v9
 * (ErrImagePull) since 2026-01-01T10:00:00Z; 1 unavailable, 1 allowed". Undefined when every pod is available, none is
 * named for deletion, and none is on its way back.
 *
 * Times are absolute: a text that counts minutes would have to be written every minute.
 */
export function waitingFor(
  members: readonly Member[],
  returning: readonly Pod[],
  { minReadySeconds, maxUnavailable, nowMs }: { minReadySeconds: number; maxUnavailable: number; nowMs: number },
): string | undefined {
  const unavailable = members
    .filter((member) => !member.available)
    .map(({ pod }) => ({ pod, why: whyUnavailable(pod, minReadySeconds, nowMs) }))
    .sort((a, b) => b.why.weight - a.why.weight || (a.pod.name < b.pod.name ? -1 : 1));
  const parts = [
    ...returning.map((pod) => whyReturning(pod)),
    ...unavailable.slice(0, NAMED_AT_MOST).map(({ pod, why }) => `${pod.name}: ${why.text}`),
  ];
  const more = unavailable.length - NAMED_AT_MOST;
  if (more > 0) parts.push(`and ${more} more`);
  const toGo = members.filter((member) => member.named && member.available && !member.preparingDelete);
  if (toGo.length > 0) {
    const names = toGo.slice(0, NAMED_AT_MOST).map(({ pod }) => pod.name);
    const others = toGo.length > NAMED_AT_MOST ? ` and ${toGo.length - NAMED_AT_MOST} more` : "";
    parts.push(`${names.join(", ")}${others}: named for deletion, still available`);
  }
  if (unavailable.length + toGo.length > 0) {
    parts.push(`${unavailable.length} unavailable, ${maxUnavailable} allowed`);
  }
  return parts.length === 0 ? undefined : `waiting for ${parts.join("; ")}`;
}

/** Why a pod is not available. A heavier reason is told first. */
export function whyUnavailable(pod: Pod, minReadySeconds: number, nowMs: number): { text: string; weight: number } {
  const stuck = [...pod.initContainerStatuses, ...pod.containerStatuses].find(
    ({ state, reason }) =>
      state !== "running" &&
      reason !== undefined &&
      reason !== "ContainerCreating" &&
      reason !== "PodInitializing" &&
      reason !== "Completed",
  );
  if (stuck)
    return {
      text: `${stuckText(stuck.name, stuck.image, stuck.reason ?? "", stuck.restartCount, pod)}${sinceNotReady(pod)}`,
      weight: 3,
    };
  if (pod.nodeName === undefined) {
    const { message } = pod.conditions.PodScheduled ?? {};
    return { text: message ? `not scheduled (${message})` : "not scheduled yet", weight: 2 };
  }
  const state = lifecycleState(pod);
  if (state === "Updating") {
    const progress = inPlaceProgress(pod, nowMs);
    const step = progress.kind === "waiting" ? `: container ${progress.container} ${progress.why}` : "";
    return { text: `being updated in place${step}${sinceNotReady(pod)}`, weight: 1 };
  }
  if (state !== undefined && state !== "Normal" && state !== "PreparingNormal") {
    return {
      text: `in lifecycle state ${state} since ${pod.annotations["lifecycle.apps.kruise.io/timestamp"] ?? "an unknown time"}`,
      weight: 2,
    };
  }
  const atMs = availableAtMs(pod, minReadySeconds, nowMs);
  if (atMs !== undefined) return { text: `ready, available at ${timestamp(atMs)}`, weight: 0 };
  if (pod.phase === "Pending") return { text: "starting", weight: 0 };
  if (isPodReady(pod)) return { text: "ready, not yet settled", weight: 0 };
  const { reason } = pod.conditions.Ready ?? {};
  return { text: `not ready${reason ? ` (${reason})` : ""}${sinceNotReady(pod)}`, weight: 1 };
}

function stuckText(container: string, statusImage: string, reason: string, restarts: number, pod: Pod): string {
  const image = [...pod.containers, ...pod.initContainers].find(({ name }) => name === container)?.image ?? statusImage;
  switch (reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "InvalidImageName":
    case "ErrImageNeverPull":
      return `container ${container} cannot pull image ${image} (${reason})`;
    case "CrashLoopBackOff":
      return `container ${container} does not stay up with image ${image} (${reason}, ${restarts} restarts)`;
    default:
      return `container ${container} is not running (${reason})`;
  }
}

function sinceNotReady(pod: Pod): string {
  const ready = pod.conditions.Ready;
  return ready && ready.status !== "True" && ready.lastTransitionMs > 0
    ? ` since ${timestamp(ready.lastTransitionMs)}`
    : "";
}

function whyReturning(pod: Pod): string {
  if (!isTerminating(pod)) {
    const why = pod.reason === undefined ? "" : ` (${pod.reason})`;
    return `${pod.name}: turned away by node ${pod.nodeName}${why}, about to be tried again`;
  }
  const where = pod.nodeName ? ` on node ${pod.nodeName}` : "";
  return (
    `${pod.name}: terminating${where} since ${timestamp(pod.deletedMs ?? 0)}; its id and volumes come back when it is gone` +
    " (if the node is lost: the taint node.kubernetes.io/out-of-service, or a forced delete)"
  );
}
