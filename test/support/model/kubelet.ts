import { timestamp } from "../../../src/api/kubernetes.ts";
import type { WireCondition, WireContainerStatus, WirePod } from "./objects.ts";
import { conditionOf, isAlive } from "./objects.ts";

/** What a node knows of a pod of its own: the images it started from, and the generation it last saw. */
interface Known {
  images: ReadonlyMap<string, string>;
  generation: number;
}

/** Images that cannot be pulled, or whose program never becomes ready, while `isMended` is off. */
const BROKEN = /broken/;

/**
 * All nodes at once. Each call takes one pod one step further, or breaks it; the answer is the pod as its node now
 * reports it. A node acts on the spec that it saw last, which may be older than the one the server has.
 */
export class Kubelets {
  /** Broken images work after all: so that every rollout can end. */
  isMended = false;
  readonly #known = new Map<string, Known>();
  readonly #countsGenerations: boolean;
  #started = 0;

  constructor(countsGenerations: boolean) {
    this.#countsGenerations = countsGenerations;
  }

  /** Whether a step would change anything. */
  isBusy(pod: WirePod, nowMs: number): boolean {
    return pod.metadata.deletionTimestamp !== undefined || this.step(pod, nowMs, true) !== pod;
  }

  /** The next thing that happens to a pod if all goes well: a node, containers, new images, readiness. */
  step(pod: WirePod, nowMs: number, dryRun = false): WirePod {
    if (!isAlive(pod)) return pod;
    if (pod.spec.nodeName === undefined) {
      return withCondition({ ...pod, spec: { ...pod.spec, nodeName: "n1" } }, "PodScheduled", "True", nowMs);
    }
    const { uid, generation = 0 } = pod.metadata;
    const wanted = new Map(pod.spec.containers.map(({ name, image }) => [name, image]));
    const known = this.#known.get(uid);
    const isNews = known === undefined || [...wanted].some(([name, image]) => known.images.get(name) !== image);
    if (!dryRun) this.#known.set(uid, { images: wanted, generation });
    const observed = this.#countsGenerations ? { observedGeneration: generation } : {};
    const running = pod.spec.containers.map(({ name, image }): WireContainerStatus => {
      const before = pod.status.containerStatuses.find((status) => status.name === name);
      if (before?.image === image && before.state["running"] && !isNews)
        return { ...before, ready: this.#works(image) };
      if (before?.image === image && before.state["running"]) return before;
      return this.#start(before, name, image);
    });
    const isSame = running.every((status, i) => sameStatus(status, pod.status.containerStatuses[i]));
    const told = isSame ? pod.status.containerStatuses : running;
    return reported(
      { ...pod, status: { ...pod.status, ...observed, phase: "Running", containerStatuses: told } },
      pod,
      nowMs,
    );
  }

  /** A container dies and is started again, from the image that the node knows of. */
  crash(pod: WirePod, which: number, nowMs: number): WirePod {
    const { containerStatuses } = pod.status;
    if (!isAlive(pod) || containerStatuses.length === 0) return pod;
    const at = which % containerStatuses.length;
    const statuses = containerStatuses.map((status, i) => {
      if (i !== at) return status;
      const image = this.#known.get(pod.metadata.uid)?.images.get(status.name) ?? status.image;
      return this.#start(status, status.name, image);
    });
    return reported({ ...pod, status: { ...pod.status, containerStatuses: statuses } }, pod, nowMs);
  }

  /** Readiness probes fail. */
  sicken(pod: WirePod, nowMs: number): WirePod {
    if (!isAlive(pod)) return pod;
    const statuses = pod.status.containerStatuses.map((status) => ({ ...status, ready: false }));
    return reported({ ...pod, status: { ...pod.status, containerStatuses: statuses } }, pod, nowMs);
  }

  /** The pod ends for good, as by eviction. */
  evict(pod: WirePod, nowMs: number): WirePod {
    if (!isAlive(pod)) return pod;
    const ended = this.sicken(pod, nowMs);
    return { ...ended, status: { ...ended.status, phase: "Failed", reason: "Evicted" } };
  }

  #works(image: string): boolean {
    return this.isMended || !BROKEN.test(image);
  }

  #start(before: WireContainerStatus | undefined, name: string, image: string): WireContainerStatus {
    const restartCount = before === undefined ? 0 : before.restartCount + 1;
    if (!this.#works(image)) {
      return {
        name,
        image,
        imageID: "",
        containerID: "",
        ready: false,
        restartCount: before?.restartCount ?? 0,
        state: { waiting: { reason: "ErrImagePull" } },
      };
    }
    this.#started += 1;
    const containerID = `containerd://${this.#started}`;
    return { name, image, imageID: digestOf(image), containerID, ready: false, restartCount, state: { running: {} } };
  }
}

/** Tags of one image: `app:v2-again` has the bytes of `app:v2`. */
function digestOf(image: string): string {
  return `sha256:${image.replace("-again", "")}`;
}

function sameStatus(a: WireContainerStatus, b: WireContainerStatus | undefined): boolean {
  return (
    b !== undefined &&
    a.image === b.image &&
    a.containerID === b.containerID &&
    a.ready === b.ready &&
    "running" in a.state === "running" in b.state
  );
}

/** The conditions that follow from the containers and the gates. `before` itself if nothing changed. */
function reported(pod: WirePod, before: WirePod, nowMs: number): WirePod {
  const { containerStatuses } = pod.status;
  const areReady =
    containerStatuses.length === pod.spec.containers.length && containerStatuses.every(({ ready }) => ready);
  const gates = (pod.spec.readinessGates ?? []).every(
    ({ conditionType }) => conditionOf(pod, conditionType)?.status === "True",
  );
  const told = withCondition(pod, "ContainersReady", areReady ? "True" : "False", nowMs);
  const full = withCondition(told, "Ready", areReady && gates ? "True" : "False", nowMs);
  const isSame =
    full.status.conditions === before.status.conditions &&
    full.status.containerStatuses === before.status.containerStatuses &&
    full.status.observedGeneration === before.status.observedGeneration &&
    full.status.phase === before.status.phase;
  return isSame ? before : full;
}

function withCondition(pod: WirePod, type: string, status: string, nowMs: number): WirePod {
  const before = conditionOf(pod, type);
  if (before?.status === status) return pod;
  const next: WireCondition = { type, status, lastTransitionTime: timestamp(nowMs) };
  const { conditions } = pod.status;
  const replaced = before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next];
  return { ...pod, status: { ...pod.status, conditions: replaced } };
}
