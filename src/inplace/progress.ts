/** Is the pod's in-place update done yet? */

import { label } from "../api/constants.ts";
import { timeMs } from "../api/kubernetes.ts";
import type { Container, ContainerStatus, Pod, PodCondition } from "../api/pod.ts";
import { shortPart } from "../revision/hash.ts";
import { sameQuantity } from "../revision/quantity.ts";
import { sameImageName } from "./image-name.ts";
import type { InPlaceGrace, InPlaceState, LastContainerStatus } from "./state.ts";
import { readGrace, readState } from "./state.ts";

export type InPlaceProgress =
  /** Nothing is under way: the pod may be in service. */
  | { kind: "done" }
  /** The containers patched so far are not all running as patched (or not ready, where a next batch waits for that). */
  | Waiting
  /** Send `nextBatch` of patch.ts. */
  | { kind: "nextBatch"; state: InPlaceState }
  | { kind: "graceRunning"; untilMs: number }
  /** Its start lies so far in the future that the clock which wrote it was wrong, or this one is. Send `restartGrace` of patch.ts. */
  | { kind: "graceAhead"; grace: InPlaceGrace; state: InPlaceState }
  /** Send `endGrace` of patch.ts. */
  | { kind: "graceOver"; grace: InPlaceGrace; state: InPlaceState }
  /** The pod is no longer on the revision that the grace annotation is for. Send `dropGrace` of patch.ts. */
  | { kind: "graceStale" }
  /** An annotation cannot be read. `why` names it. */
  | { kind: "unreadable"; why: string };

interface Waiting {
  kind: "waiting";
  container: string;
  why: string;
  /** Only a resize is left, and the node puts it off, refuses it or fails in it: nothing restarts, the pod serves as it is. */
  resizePending?: true;
}

/** By how much the clocks of two leaders may differ. A start so little ahead is waited for, which is better than another write. */
const SKEW_MS = 10_000;

/** Pods that nothing is under way in, for as long as they are as they were seen: most pods, in most plans. */
const settled = new WeakSet<Pod>();

/** How far the in-place update of a pod is. */
export function inPlaceProgress(pod: Pod, nowMs: number): InPlaceProgress {
  if (settled.has(pod)) return { kind: "done" };
  const progress = progressOf(pod, nowMs);
  if (progress.kind === "done") settled.add(pod);
  return progress;
}

function progressOf(pod: Pod, nowMs: number): InPlaceProgress {
  const grace = readGrace(pod);
  const state = readState(pod);
  if (grace.kind === "unreadable") return grace;
  if (state.kind === "unreadable") return state;
  if (grace.kind === "found") {
    if (shortPart(grace.value.revision) !== shortPart(pod.labels[label.revision] ?? "")) return { kind: "graceStale" };
    if (state.kind === "absent")
      return { kind: "unreadable", why: "The grace annotation has no state annotation beside it" };
    const startMs = timeMs(state.value.updateTimestamp);
    if (startMs > nowMs + SKEW_MS) return { kind: "graceAhead", grace: grace.value, state: state.value };
    const untilMs = startMs + grace.value.graceSeconds * 1000;
    return nowMs < untilMs
      ? { kind: "graceRunning", untilMs }
      : { kind: "graceOver", grace: grace.value, state: state.value };
  }
  if (state.kind === "absent") return { kind: "done" };
  const image = unfinishedImage(pod, state.value);
  if (image) return image;
  const resize = state.value.updateResources ? unfinishedResize(pod, state.value) : undefined;
  // A resize that is put off may take for ever: what is to follow does not wait for it.
  return resize && !(resize.resizePending && hasNextBatch(state.value)) ? resize : nextStep(pod, state.value);
}

function hasNextBatch(state: InPlaceState): boolean {
  const next = [state.nextContainerImages, state.nextContainerResources, state.nextContainerRefMetadata];
  return next.some((batch) => Object.keys(batch).length > 0);
}

/** When the containers patched so far are as patched: the next batch once these are ready, or the end. */
function nextStep(pod: Pod, state: InPlaceState): InPlaceProgress {
  if (!hasNextBatch(state)) return { kind: "done" };
  for (const container of state.containersRequiredReady) {
    const status = statusOf(pod, container);
    if (containerOf(pod, container) && !status?.ready) {
      return { kind: "waiting", container, why: `not ready yet; the next containers follow then${because(status)}` };
    }
  }
  return { kind: "nextBatch", state };
}

function unfinishedImage(pod: Pod, state: InPlaceState): Waiting | undefined {
  for (const [container, last] of Object.entries(state.lastContainerStatuses)) {
    // An earlier update left it so, and a later batch of this one patches it: until then it may well be broken.
    if (Object.hasOwn(state.nextContainerImages, container)) continue;
    const why = whyUnfinished(pod, container, last);
    if (why !== undefined) return { kind: "waiting", container, why };
  }
  return undefined;
}

/**
 * Why a container that got an image is not yet running as patched; undefined if it is, or if the pod has no such container.
 *
 * A container that restarted (another container id) is done when one of three signs says that it restarted for the patch: another
 * image id; the image name that the pod asks for; or a status that was written for the patched generation of the pod. One sign is
 * not enough of a rule: a new tag of the same digest keeps the image id, and runtimes report image names in their own ways.
 *
 * A container that had not started is done when it first runs, unless the node is known to have started it for what came before.
 */
export function whyUnfinished(pod: Pod, container: string, last: LastContainerStatus): string | undefined {
  const wanted = containerOf(pod, container);
  if (!wanted) return undefined;
  const status = statusOf(pod, container);
  if (!status) return "the node has not reported it";
  const hasNewImageId = status.imageID !== last.imageID;
  const hasWantedName = sameImageName(status.image, wanted.image);

  // Recorded by a controller that does not note container ids: all that can be compared is the image.
  if (last.containerID === undefined)
    return hasNewImageId || hasWantedName ? undefined : `still runs the old image${because(status)}`;
  if (status.state !== "running" || status.containerID === "") return `not running${because(status)}`;
  if (last.containerID === "") {
    const isOlder = !hasWantedName && generationSeen(pod) === false;
    return isOlder ? `started before the node saw the new image${because(status)}` : undefined;
  }
  if (last.sameImage && hasWantedName && generationSeen(pod) !== false) return undefined;
  if (status.containerID === last.containerID) return `has not restarted yet${because(status)}`;
  if (hasNewImageId || hasWantedName || generationSeen(pod) === true) return undefined;
  return `restarted, but still with the old image${because(status)}`;
}

/** Whether the pod's status was written for its present spec; undefined where server or node do not count generations. */
function generationSeen(pod: Pod): boolean | undefined {
  if (pod.generation === 0 || pod.observedGeneration === 0) return undefined;
  return pod.observedGeneration >= pod.generation;
}

/** A resize is done when the node reports the amounts that the spec has. */
function unfinishedResize(pod: Pod, state: InPlaceState): Waiting | undefined {
  const touched = new Set(state.containerBatchesRecord.flatMap(({ containers }) => containers));
  for (const container of pod.containers) {
    if (touched.size > 0 && !touched.has(container.name)) continue;
    const status = statusOf(pod, container.name);
    for (const kind of ["limits", "requests"] as const) {
      for (const resource of ["cpu", "memory"]) {
        const [wanted, actual] = [container.resources?.[kind]?.[resource], status?.resources?.[kind]?.[resource]];
        if (wanted === actual || sameQuantity(wanted, actual)) continue;
        const putOff = whyPutOff(pod);
        const reason = putOff ? ` (${[putOff.reason, putOff.message].filter(Boolean).join(": ")})` : "";
        return {
          kind: "waiting",
          container: container.name,
          why: `the node reports ${kind}.${resource} ${actual ?? "none"}, want ${wanted ?? "none"}${reason}`,
          ...(putOff ? { resizePending: true as const } : {}),
        };
      }
    }
  }
  return undefined;
}

/** The condition that says that a resize does not come about for now: no room, or (less memory than is in use) an error. */
function whyPutOff({ conditions }: Pod): PodCondition | undefined {
  const { PodResizePending: pending, PodResizeInProgress: inProgress } = conditions;
  if (pending?.status === "True") return pending;
  return inProgress?.status === "True" && inProgress.reason === "Error" ? inProgress : undefined;
}

/** A container or native sidecar of the pod. */
export function containerOf(pod: Pod, name: string): Container | undefined {
  return (
    pod.containers.find((container) => container.name === name) ??
    pod.initContainers.find((container) => container.name === name)
  );
}

/** What the node last said about a container. */
export function statusOf(pod: Pod, name: string): ContainerStatus | undefined {
  return (
    pod.containerStatuses.find((status) => status.name === name) ??
    pod.initContainerStatuses.find((status) => status.name === name)
  );
}

function because(status: ContainerStatus | undefined): string {
  const told = [status?.reason, status?.message].filter(Boolean).join(": ");
  return told ? ` (${told})` : "";
}
