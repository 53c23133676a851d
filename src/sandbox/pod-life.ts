/**
 * What would a kubelet say about this pod now?
 *
 * A pure answer from the pod as it is: the last status is all the state there is, so a restarted process carries on where
 * the old one stopped. Only moments finer than a status can hold (seconds) are remembered apart, in `Moments`.
 */
import { hash } from "node:crypto";

interface Resources {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

interface ContainerSpec {
  name: string;
  image: string;
  resources?: Resources;
  resizePolicy?: { resourceName: string; restartPolicy: string }[];
  restartPolicy?: string;
}

interface Terminated {
  exitCode: number;
  reason: string;
  containerID?: string;
  startedAt: string;
  finishedAt: string;
}

interface ContainerState {
  running?: { startedAt: string };
  waiting?: { reason: string; message?: string };
  terminated?: Terminated;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
  resources?: Resources;
  allocatedResources?: Record<string, string>;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
}

/** A pod as a kubelet sees it. */
export interface Pod {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
    finalizers?: string[];
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
  };
  spec: {
    nodeName?: string;
    containers: ContainerSpec[];
    initContainers?: ContainerSpec[];
    readinessGates?: { conditionType: string }[];
    schedulingGates?: unknown[];
  };
  status: {
    phase?: string;
    podIP?: string;
    startTime?: string;
    observedGeneration?: number;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

/** What to do about a pod, and when to look again although nothing has changed. */
export type Step =
  | { kind: "patchStatus"; patch: Record<string, unknown>; againInMs: number }
  | { kind: "remove" }
  | { kind: "wait"; againInMs: number };

/** When something began, in milliseconds, by name; it belongs to one pod. */
export type Moments = Map<string, number>;

export interface KubeletHabits {
  /** From the start of a container to its readiness. */
  readyAfterMs: number;
  /** From the deletion of a pod to its end, unless its grace period ends before. */
  terminateAfterMs: number;
  /** From a resize of a container to its effect. */
  resizeAfterMs: number;
  /** Images that cannot be pulled, besides those with "bad" in their name. */
  badImages: ReadonlySet<string>;
}

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

/** Annotations of a pod that script its fate; durations are like "500ms" or "2s". */
export const SCRIPT = {
  readyAfter: "fake-node/ready-after",
  /** "false": the containers run and are not ready, for as long as it stands there. */
  ready: "fake-node/ready",
  /** "never": no image of this pod can be pulled. */
  pull: "fake-node/pull",
  /** How long pulling an image takes. */
  pullAfter: "fake-node/pull-after",
  /** How long after its start each container fails, again and again. */
  crashAfter: "fake-node/crash-after",
  /** From a failure to the next start; otherwise 10 s, and twice as long each time, up to 5 minutes. */
  crashBackOff: "fake-node/crash-back-off",
  terminateAfter: "fake-node/terminate-after",
  resizeAfter: "fake-node/resize-after",
  /** "deferred" or "infeasible": the node has no room for a resize now, or ever. */
  resize: "fake-node/resize",
  /** "Failed" or "Succeeded": all containers end. */
  phase: "fake-node/phase",
} as const;

const NEVER = Number.POSITIVE_INFINITY;
/** How long a failed pull is an error, before it is a back-off. */
const PULL_ERROR_MS = 500;
const BACK_OFF_MS = 10_000;
const BACK_OFF_MAX_MS = 300_000;
const CRASH_LOOP = "CrashLoopBackOff";

/** Everything one answer depends on besides the container in question. */
interface Scene {
  pod: Pod;
  nowMs: number;
  now: string;
  moments: Moments;
  habits: KubeletHabits;
  script: Readonly<Record<string, string>>;
  newContainerId: () => string;
  againInMs: number;
  resize: "none" | "inProgress" | "deferred" | "infeasible";
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

/** "500ms", "2s", "1m" in milliseconds; what cannot be read counts as the default. */
export function durationMs(text: string | undefined, defaultMs: number): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text ?? "") ?? [];
  if (amount === undefined) return defaultMs;
  return Number(amount) * (unit === "ms" ? 1 : unit === "s" ? 1000 : 60_000);
}

/** The same image under another tag has the same id; a tag that ends in -retag stands for this. */
export function imageIdOf(image: string): string {
  const [name = image, digest] = image.split("@");
  const tagless = name.replace(/:[^:/]+$/, "");
  if (digest !== undefined) return `${tagless}@${digest}`;
  return `${tagless}@sha256:${hash("sha256", image.replace(/-retag$/, ""))}`;
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

function nextContainer(
  scene: Scene,
  spec: ContainerSpec,
  field: "containerStatuses" | "initContainerStatuses",
): ContainerStatus {
  const old = scene.pod.status[field]?.find(({ name }) => name === spec.name);
  const runsOnce = field === "initContainerStatuses" && spec.restartPolicy !== "Always";
  if (runsOnce && old?.state.terminated !== undefined) return old;
  const upToDate = old?.state.running !== undefined && old.image === spec.image;
  if (!upToDate) {
    if (isBad(scene, spec.image)) return unpulled(scene, spec, old);
    const waiting = isPulling(scene, spec) ? idle(scene, spec, old, { reason: "ContainerCreating" }) : undefined;
    const held = waiting ?? backingOff(scene, spec, old);
    if (held) return held;
    return runsOnce ? completed(scene, spec) : started(scene, spec, old);
  }
  return crashed(scene, spec, old) ?? resized(scene, spec, withReadiness(scene, old));
}

/** Each image is pulled once in the life of a pod. */
function isPulling(scene: Scene, spec: ContainerSpec): boolean {
  const neededMs = durationMs(scene.script[SCRIPT.pullAfter], 0);
  if (neededMs === 0) return false;
  const remainingMs = since(scene, `pulling ${spec.image}`) + neededMs - scene.nowMs;
  if (remainingMs <= 0) return false;
  lookAgainIn(scene, remainingMs);
  return true;
}

/** The container after its end, if the script says that it has come. */
function crashed(scene: Scene, spec: ContainerSpec, old: ContainerStatus): ContainerStatus | undefined {
  const script = scene.script[SCRIPT.crashAfter];
  if (script === undefined) return undefined;
  const remainingMs = since(scene, `start ${old.containerID}`) + durationMs(script, 0) - scene.nowMs;
  if (remainingMs > 0) {
    lookAgainIn(scene, remainingMs);
    return undefined;
  }
  since(scene, `crash ${old.containerID}`);
  const delayMs = backOffMs(scene, old);
  lookAgainIn(scene, delayMs);
  const message = `back-off ${delayMs / 1000}s restarting failed container=${spec.name} pod=${scene.pod.metadata.name}`;
  const terminated = terminatedFrom(scene, old, 1);
  return {
    ...old,
    ready: false,
    started: false,
    state: { waiting: { reason: CRASH_LOOP, message } },
    lastState: { terminated },
  };
}

/** The container as it is, for as long as it has to wait for its next start. A new image is started at once. */
function backingOff(scene: Scene, spec: ContainerSpec, old: ContainerStatus | undefined): ContainerStatus | undefined {
  if (old?.state.waiting?.reason !== CRASH_LOOP || old.image !== spec.image) return undefined;
  const remainingMs = since(scene, `crash ${old.containerID}`) + backOffMs(scene, old) - scene.nowMs;
  if (remainingMs <= 0) return undefined;
  lookAgainIn(scene, remainingMs);
  return old;
}

function backOffMs(scene: Scene, { restartCount }: ContainerStatus): number {
  return durationMs(scene.script[SCRIPT.crashBackOff], Math.min(BACK_OFF_MS * 2 ** restartCount, BACK_OFF_MAX_MS));
}

function isBad(scene: Scene, image: string): boolean {
  return scene.script[SCRIPT.pull] === "never" || image.includes("bad") || scene.habits.badImages.has(image);
}

function unpulled(scene: Scene, spec: ContainerSpec, old: ContainerStatus | undefined): ContainerStatus {
  const failedMs = since(scene, `pull ${spec.name} ${spec.image}`);
  const backsOff = scene.nowMs - failedMs >= PULL_ERROR_MS;
  if (!backsOff) lookAgainIn(scene, failedMs + PULL_ERROR_MS - scene.nowMs);
  const reason = backsOff ? "ImagePullBackOff" : "ErrImagePull";
  const message = backsOff
    ? `Back-off pulling image "${spec.image}"`
    : `failed to pull and unpack image "${spec.image}": not found`;
  return idle(scene, spec, old, { reason, message });
}

/** The container while it waits for something. */
function idle(
  scene: Scene,
  spec: ContainerSpec,
  old: ContainerStatus | undefined,
  waiting: { reason: string; message?: string },
): ContainerStatus {
  if (old?.state.waiting?.reason === waiting.reason) return old;
  if (old === undefined) {
    return {
      name: spec.name,
      image: spec.image,
      imageID: "",
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting },
      lastState: {},
    };
  }
  // The container that ran is stopped already, and stays the one which the status tells of.
  return { ...old, ready: false, started: false, state: { waiting }, lastState: lastStateAfter(scene, old) };
}

function started(scene: Scene, spec: ContainerSpec, old: ContainerStatus | undefined): ContainerStatus {
  const containerID = `containerd://${scene.newContainerId()}`;
  const hasResources = spec.resources !== undefined && Object.keys(spec.resources).length > 0;
  const container: ContainerStatus = {
    name: spec.name,
    image: spec.image,
    imageID: imageIdOf(spec.image),
    containerID,
    ready: false,
    started: true,
    restartCount: old?.containerID === undefined ? 0 : old.restartCount + 1,
    state: { running: { startedAt: scene.now } },
    lastState: old?.containerID === undefined ? {} : lastStateAfter(scene, old),
    ...(hasResources ? { resources: spec.resources } : {}),
    ...(spec.resources?.requests === undefined ? {} : { allocatedResources: spec.resources.requests }),
  };
  since(scene, `start ${containerID}`);
  if (scene.script[SCRIPT.crashAfter] !== undefined) lookAgainIn(scene, durationMs(scene.script[SCRIPT.crashAfter], 0));
  return withReadiness(scene, container);
}

function completed(scene: Scene, spec: ContainerSpec): ContainerStatus {
  const terminated = { exitCode: 0, reason: "Completed", startedAt: scene.now, finishedAt: scene.now };
  return {
    name: spec.name,
    image: spec.image,
    imageID: imageIdOf(spec.image),
    containerID: `containerd://${scene.newContainerId()}`,
    ready: true,
    started: false,
    restartCount: 0,
    state: { terminated },
    lastState: {},
  };
}

function lastStateAfter(scene: Scene, old: ContainerStatus): ContainerState {
  if (old.state.running === undefined) return old.lastState;
  return { terminated: terminatedFrom(scene, old, 0) };
}

function terminatedFrom(scene: Scene, old: ContainerStatus, exitCode: number): Terminated {
  return {
    exitCode,
    reason: exitCode === 0 ? "Completed" : "Error",
    startedAt: old.state.running?.startedAt ?? scene.now,
    finishedAt: scene.now,
    ...(old.containerID === undefined ? {} : { containerID: old.containerID }),
  };
}

function withReadiness(scene: Scene, container: ContainerStatus): ContainerStatus {
  const readyMs =
    since(scene, `start ${container.containerID}`) +
    durationMs(scene.script[SCRIPT.readyAfter], scene.habits.readyAfterMs);
  // Once ready, a container needs no second warm-up, even for a process that does not know when it started.
  const warm = container.ready || scene.nowMs >= readyMs;
  if (!warm) lookAgainIn(scene, readyMs - scene.nowMs);
  const ready = warm && scene.script[SCRIPT.ready] !== "false";
  return ready === container.ready ? container : { ...container, ready };
}

function resized(scene: Scene, spec: ContainerSpec, old: ContainerStatus): ContainerStatus {
  const wanted = canonical(spec.resources ?? {});
  if (wanted === canonical(old.resources ?? {})) return old;
  const verdict = scene.script[SCRIPT.resize];
  if (verdict === "deferred" || verdict === "infeasible") {
    scene.resize = verdict;
    return old;
  }
  const effectiveMs =
    since(scene, `resize ${spec.name} ${wanted}`) +
    durationMs(scene.script[SCRIPT.resizeAfter], scene.habits.resizeAfterMs);
  if (scene.nowMs < effectiveMs) {
    scene.resize = "inProgress";
    lookAgainIn(scene, effectiveMs - scene.nowMs);
    return old;
  }
  if (restartsToResize(spec, old)) return started(scene, spec, old);
  return {
    ...old,
    resources: spec.resources ?? {},
    ...(spec.resources?.requests === undefined ? {} : { allocatedResources: spec.resources.requests }),
  };
}

function restartsToResize(spec: ContainerSpec, old: ContainerStatus): boolean {
  return (spec.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === "RestartContainer" &&
      (["requests", "limits"] as const).some(
        (kind) => spec.resources?.[kind]?.[resourceName] !== old.resources?.[kind]?.[resourceName],
      ),
  );
}

/** Only the conditions that change: those of others, readiness gates above all, are not the kubelet's to write. */
function nextConditions(scene: Scene, initContainers: ContainerStatus[], containers: ContainerStatus[]) {
  const { pod } = scene;
  const unready = [...initContainers, ...containers].filter(({ ready }) => !ready).map(({ name }) => name);
  const initialized = initContainers.every(({ ready }) => ready);
  const containersReady: Condition =
    unready.length === 0
      ? { type: "ContainersReady", status: "True" }
      : {
          type: "ContainersReady",
          status: "False",
          reason: "ContainersNotReady",
          message: `containers with unready status: [${unready.join(" ")}]`,
        };
  const wanted: Condition[] = [
    { type: "PodReadyToStartContainers", status: "True" },
    {
      type: "Initialized",
      status: initialized ? "True" : "False",
      ...(initialized ? {} : { reason: "ContainersNotInitialized" }),
    },
    readyCondition(pod, containersReady),
    containersReady,
    { type: "PodScheduled", status: "True" },
    ...resizeConditions(scene),
  ];
  const conditions = pod.status.conditions ?? [];
  const changed: unknown[] = wanted.flatMap((want) => {
    const old = conditions.find(({ type }) => type === want.type);
    const unchanged =
      old?.status === want.status &&
      (old.reason ?? "") === (want.reason ?? "") &&
      (old.message ?? "") === (want.message ?? "") &&
      old.observedGeneration === pod.metadata.generation;
    if (unchanged) return [];
    return [
      {
        ...want,
        // A merge keeps what is not said, so that a reason which no longer holds is taken back in so many words.
        reason: want.reason ?? null,
        message: want.message ?? null,
        observedGeneration: pod.metadata.generation,
        ...(old?.status === want.status ? {} : { lastTransitionTime: scene.now }),
      },
    ];
  });
  for (const type of ["PodResizePending", "PodResizeInProgress"]) {
    const isOver = conditions.some((old) => old.type === type) && !wanted.some((want) => want.type === type);
    if (isOver) changed.push({ type, $patch: "delete" });
  }
  return changed;
}

function readyCondition(pod: Pod, containersReady: Condition): Condition {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = pod.status.conditions?.find(({ type }) => type === conditionType);
    if (gate === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (gate.status === "True") return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`];
  });
  if (messages.length === 0) return { type: "Ready", status: "True" };
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}

function resizeConditions(scene: Scene): Condition[] {
  switch (scene.resize) {
    case "none":
      return [];
    case "inProgress":
      return [{ type: "PodResizeInProgress", status: "True" }];
    case "deferred":
      return [
        { type: "PodResizePending", status: "True", reason: "Deferred", message: "Node didn't have enough room" },
      ];
    case "infeasible":
      return [
        { type: "PodResizePending", status: "True", reason: "Infeasible", message: "Node has too little capacity" },
      ];
  }
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

function since(scene: Scene, what: string): number {
  const known = scene.moments.get(what);
  if (known !== undefined) return known;
  scene.moments.set(what, scene.nowMs);
  return scene.nowMs;
}

function lookAgainIn(scene: Scene, ms: number): void {
  scene.againInMs = Math.min(scene.againInMs, ms);
}

function same(next: ContainerStatus[], old: ContainerStatus[]): boolean {
  return next.length === old.length && next.every((status) => old.includes(status));
}

/** Equal resources give equal text, whatever the order of their fields. */
function canonical(resources: Resources): string {
  const sorted = (quantities: Record<string, string> = {}) =>
    Object.entries(quantities).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(resources.requests), sorted(resources.limits)]);
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
