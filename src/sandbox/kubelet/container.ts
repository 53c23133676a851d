/** What does a kubelet say about one container now? */
import { hash } from "node:crypto";
import type { ContainerSpec, ContainerState, ContainerStatus, Resources, Terminated } from "./pod.ts";
import type { Scene } from "./scene.ts";
import { lookAgainIn, since } from "./scene.ts";
import { durationMs, SCRIPT } from "./script.ts";

/** How long a failed pull is an error, before it is a back-off. */
const PULL_ERROR_MS = 500;
const BACK_OFF_MS = 10_000;
const BACK_OFF_MAX_MS = 300_000;
const CRASH_LOOP = "CrashLoopBackOff";

/** The stages of a container, in their order: the first that it is in says what its status is. */
export function nextContainer(
  scene: Scene,
  spec: ContainerSpec,
  field: "containerStatuses" | "initContainerStatuses",
): ContainerStatus {
  const old = scene.pod.status[field]?.find(({ name }) => name === spec.name);
  const runsOnce = field === "initContainerStatuses" && spec.restartPolicy !== "Always";
  if (runsOnce && old?.state.terminated !== undefined) return old;
  if (old?.state.running !== undefined && old.image === spec.image)
    return crashed(scene, spec, old) ?? resized(scene, spec, withReadiness(scene, old));
  return (
    unpulled(scene, spec, old) ??
    pulling(scene, spec, old) ??
    backingOff(scene, spec, old) ??
    (runsOnce ? completed(scene, spec) : started(scene, spec, old))
  );
}

/** The same image under another tag has the same id; a tag that ends in -retag stands for this. */
export function imageIdOf(image: string): string {
  const [name = image, digest] = image.split("@");
  const tagless = name.replace(/:[^:/]+$/, "");
  if (digest !== undefined) return `${tagless}@${digest}`;
  return `${tagless}@sha256:${hash("sha256", image.replace(/-retag$/, ""))}`;
}

function isBad(scene: Scene, image: string): boolean {
  return scene.script[SCRIPT.pull] === "never" || image.includes("bad") || scene.habits.badImages.has(image);
}

/** The container without its image, if that cannot be had. */
function unpulled(scene: Scene, spec: ContainerSpec, old: ContainerStatus | undefined): ContainerStatus | undefined {
  if (!isBad(scene, spec.image)) return undefined;
  const failedMs = since(scene, `pull ${spec.name} ${spec.image}`);
  const backsOff = scene.nowMs - failedMs >= PULL_ERROR_MS;
  if (!backsOff) lookAgainIn(scene, failedMs + PULL_ERROR_MS - scene.nowMs);
  const reason = backsOff ? "ImagePullBackOff" : "ErrImagePull";
  const message = backsOff
    ? `Back-off pulling image "${spec.image}"`
    : `failed to pull and unpack image "${spec.image}": not found`;
  return idle(scene, spec, old, { reason, message });
}

/** The container while its image is pulled: each image once in the life of a pod. */
function pulling(scene: Scene, spec: ContainerSpec, old: ContainerStatus | undefined): ContainerStatus | undefined {
  const neededMs = durationMs(scene.script[SCRIPT.pullAfter], 0);
  if (neededMs === 0) return undefined;
  const remainingMs = since(scene, `pulling ${spec.image}`) + neededMs - scene.nowMs;
  if (remainingMs <= 0) return undefined;
  lookAgainIn(scene, remainingMs);
  return idle(scene, spec, old, { reason: "ContainerCreating" });
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

export function terminatedFrom(scene: Scene, old: ContainerStatus, exitCode: number): Terminated {
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

/** Equal resources give equal text, whatever the order of their fields. */
function canonical(resources: Resources): string {
  const sorted = (quantities: Record<string, string> = {}) =>
    Object.entries(quantities).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(resources.requests), sorted(resources.limits)]);
}
