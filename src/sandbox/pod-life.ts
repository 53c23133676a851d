/**
 * What would a kubelet say about this pod now?
 *
 * A pure answer from the pod as it is: the last status is all the state there is, so a restarted process carries on where
 * the old one stopped. Only moments finer than a status can hold (seconds) are remembered apart, in `Moments`.
 */
import { nextConditions } from "./kubelet/conditions.ts";
import { nextContainer, terminatedFrom } from "./kubelet/container.ts";
import type { ContainerStatus, Pod } from "./kubelet/pod.ts";
import type { KubeletHabits, Moments, Scene } from "./kubelet/scene.ts";
import { NEVER, since } from "./kubelet/scene.ts";
import { durationMs, SCRIPT } from "./kubelet/script.ts";

/** What to do about a pod, and when to look again although nothing has changed. */
export type Step =
  | { kind: "patchStatus"; patch: Record<string, unknown>; againInMs: number }
  | { kind: "remove" }
  | { kind: "wait"; againInMs: number };

export interface Surroundings {
  nowMs: number;
  moments: Moments;
  habits: KubeletHabits;
  hostIp: string;
  /** Called once in the life of a pod. */
  newPodIp: () => string;
  /** Called for every container that is started: 64 hexadecimal digits that were never used before. */
  newContainerId: () => string;
  /** The script, if it does not stand in the pod's annotations. */
  script?: Readonly<Record<string, string>>;
}

export function nextStep(pod: Pod, surroundings: Surroundings): Step {
  const { nowMs, moments, habits, hostIp, newPodIp, newContainerId } = surroundings;
  const scene: Scene = {
    pod,
    nowMs,
    now: timestamp(nowMs),
    moments,
    habits,
    script: surroundings.script ?? pod.metadata.annotations ?? {},
    newContainerId,
    againInMs: NEVER,
    resize: "none",
  };
  if (pod.metadata.deletionTimestamp !== undefined) return lastStep(scene);
  if (pod.status.phase === "Failed" || pod.status.phase === "Succeeded") return { kind: "wait", againInMs: NEVER };
  const end = scene.script[SCRIPT.phase];
  if (end === "Failed" || end === "Succeeded")
    return { kind: "patchStatus", patch: ended(scene, end), againInMs: NEVER };

  const initContainers = (pod.spec.initContainers ?? []).map((spec) =>
    nextContainer(scene, spec, "initContainerStatuses"),
  );
  const containers = pod.spec.containers.map((spec) => nextContainer(scene, spec, "containerStatuses"));
  const conditions = nextConditions(scene, initContainers, containers);
  const phase = phaseOf(containers);
  const unchanged =
    same(initContainers, pod.status.initContainerStatuses ?? []) &&
    same(containers, pod.status.containerStatuses ?? []) &&
    conditions.length === 0 &&
    phase === pod.status.phase &&
    pod.status.observedGeneration === pod.metadata.generation;
  if (unchanged) return { kind: "wait", againInMs: scene.againInMs };

  const begun = pod.status.podIP === undefined ? firstFacts(scene, hostIp, newPodIp()) : {};
  const status = {
    ...begun,
    phase,
    observedGeneration: pod.metadata.generation,
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(initContainers.length === 0 ? {} : { initContainerStatuses: initContainers }),
    containerStatuses: containers,
  };
  return { kind: "patchStatus", patch: statusPatch(pod, status), againInMs: scene.againInMs };
}

function lastStep(scene: Scene): Step {
  const { metadata, status } = scene.pod;
  // The last word was spoken; what still holds the object are its finalizers.
  if (metadata.deletionGracePeriodSeconds === 0 && isFinished(scene.pod)) return { kind: "wait", againInMs: NEVER };
  const wantedMs = durationMs(scene.script[SCRIPT.terminateAfter], scene.habits.terminateAfterMs);
  const delayMs = Math.min((metadata.deletionGracePeriodSeconds ?? 30) * 1000, wantedMs);
  const remainingMs = since(scene, "deleted") + delayMs - scene.nowMs;
  if (remainingMs > 0) return { kind: "wait", againInMs: remainingMs };
  // Nobody sees the last status of a pod which vanishes at once, so it is written for pods with finalizers only.
  const isSeen = (metadata.finalizers ?? []).length > 0 && status.containerStatuses !== undefined;
  if (isSeen && !isFinished(scene.pod)) {
    return { kind: "patchStatus", patch: ended(scene, "Succeeded"), againInMs: 0 };
  }
  return metadata.deletionGracePeriodSeconds === 0 ? { kind: "wait", againInMs: NEVER } : { kind: "remove" };
}

function isFinished(pod: Pod): boolean {
  return (pod.status.containerStatuses ?? []).every((container) => container.state.running === undefined);
}

/** A container that never ran holds the pod back; one that ran and is to run again does not. */
function phaseOf(containers: ContainerStatus[]): "Pending" | "Running" {
  const neverRan = containers.some(
    ({ state, lastState }) => state.waiting !== undefined && lastState.terminated === undefined,
  );
  return neverRan ? "Pending" : "Running";
}

function firstFacts(scene: Scene, hostIp: string, podIp: string) {
  return {
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: scene.now,
  };
}

function ended(scene: Scene, phase: "Failed" | "Succeeded"): Record<string, unknown> {
  const { pod, now } = scene;
  const exitCode = phase === "Failed" ? 1 : 0;
  const generation = pod.metadata.generation;
  const endedNow = (old: ContainerStatus): ContainerStatus =>
    old.state.terminated !== undefined
      ? old
      : { ...old, ready: false, started: false, state: { terminated: terminatedFrom(scene, old, exitCode) } };
  const containerStatuses = (pod.status.containerStatuses ?? []).map(endedNow);
  const initContainerStatuses = (pod.status.initContainerStatuses ?? []).map(endedNow);
  const reason = phase === "Failed" ? "PodFailed" : "PodCompleted";
  const conditions = ["Ready", "ContainersReady"].map((type) => ({
    type,
    status: "False",
    reason,
    message: null,
    observedGeneration: generation,
    lastTransitionTime: now,
  }));
  return statusPatch(pod, {
    phase,
    observedGeneration: generation,
    conditions,
    initContainerStatuses,
    containerStatuses,
  });
}

/** The uid is a precondition: a new pod with the same name must not get the status of the old one. */
function statusPatch(pod: Pod, status: Record<string, unknown>): Record<string, unknown> {
  return { metadata: { uid: pod.metadata.uid }, status };
}

function same(next: ContainerStatus[], old: ContainerStatus[]): boolean {
  return next.length === old.length && next.every((status) => old.includes(status));
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
