import type { Clock, Timer } from "../kube/clock.ts";
import { toTime } from "../kube/clock.ts";
import type { ApiServer } from "./api-server.ts";
import { GIT_VERSION } from "./discovery.ts";
import type { Happening } from "./happenings.ts";
import { kubeletEvents } from "./happenings.ts";
import type { Pod } from "./kubelet/pod.ts";
import type { KubeletHabits, Moments } from "./kubelet/scene.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { nextStep } from "./pod-life.ts";
import { specOf, statusOf } from "./pods.ts";
import type { Candidate } from "./scheduling.ts";
import { placementOf } from "./scheduling.ts";
import { isWaiting, provisionVolumes, SELECTED_NODE } from "./volumes.ts";

/** How fast things go, and what goes wrong. Asked anew each time, so that every pod may have its own luck. */
export interface Luck {
  /** From the creation of a pod to its binding. */
  bindMs(pod: StoredObject): number;
  /** From a change of a pod to the moment its kubelet acts on it. */
  noticeMs(pod: StoredObject): number;
  /** From the creation of a claim to its volume; undefined = it stays pending. */
  volumeMs(claim: StoredObject): number | undefined;
  habits(pod: StoredObject): KubeletHabits;
  /** In place of the annotations that script a pod's fate. */
  script?(pod: StoredObject): Readonly<Record<string, string>>;
}

const KUBELET = "kubelet";
const SCHEDULER = "default-scheduler";
/** How long a pod that fits nowhere, or waits for a volume, is left alone. */
const RESCHEDULE_MS = 1000;
const VOLUME_LOOK_MS = 100;
const STRATEGIC = { "content-type": "application/strategic-merge-patch+json" };
const MERGE = { "content-type": "application/merge-patch+json" };
/** How long after a node falls silent the control plane says so, and how much later its pods are evicted. */
const SILENT_MS = 40_000;
const EVICT_MS = 300_000;
/** On a node, with any value: it is lost for as long as this stands there. */
const LOST = "fake-node/lost";
const UNREACHABLE = "node.kubernetes.io/unreachable";

/** What each node has. */
const ROOM = { cpu: "32", memory: "128Gi", "ephemeral-storage": "100Gi", pods: "110" };

const NODE_INFO = {
  architecture: "simulated",
  operatingSystem: "linux",
  osImage: "simulated",
  kernelVersion: "none",
  containerRuntimeVersion: "simulated://1",
  kubeletVersion: GIT_VERSION,
};

interface Tracked {
  moments: Moments;
  timer: Timer | undefined;
  dueMs: number;
}

export interface NodesOptions {
  server: ApiServer;
  clock: Clock;
  luck: Luck;
  names: readonly string[];
  /** Called for what a scheduler or a kubelet would make an event of. */
  onEvent?: (happening: Happening) => void;
}

/** A scheduler, a volume provisioner and kubelets: they take pods and claims, and report on them. */
export class SimulatedNodes {
  readonly #server: ApiServer;
  readonly #clock: Clock;
  readonly #luck: Luck;
  readonly #names: readonly string[];
  readonly #pods = new Map<string, Tracked>();
  /** Nodes that cannot be reached, by name. */
  readonly #lost = new Map<string, Timer[]>();
  readonly #stops: (() => void)[];
  readonly #onEvent: NonNullable<NodesOptions["onEvent"]>;
  #ips = 0;

  constructor(options: NodesOptions) {
    const { server, clock, luck, names, onEvent = () => {} } = options;
    this.#server = server;
    this.#clock = clock;
    this.#luck = luck;
    this.#names = names;
    this.#onEvent = onEvent;
    for (const name of this.#names) this.#register(name);
    this.#stops = [
      this.#server.collection("pods").onEvent(({ type, object }) => {
        if (type === "DELETED") this.#forget(object);
        else this.#look(object);
      }),
      this.#server.collection("nodes").onEvent(({ object: { metadata }, previous }) => {
        const [isLost, wasLost] = [metadata, previous?.metadata].map((meta) => meta?.annotations?.[LOST] !== undefined);
        if (isLost && !wasLost) this.lose(metadata.name);
        if (wasLost && !isLost) this.find(metadata.name);
      }),
      provisionVolumes({ server, clock, volumeMs: (claim) => luck.volumeMs(claim) }),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    for (const { timer } of this.#pods.values()) this.#clock.clearTimeout(timer);
  }

  isLost(node: string): boolean {
    return this.#lost.has(node);
  }

  /** The node falls silent: its pods go on running unseen, are reported not ready after a while, and evicted later. */
  lose(node: string): void {
    if (this.#lost.has(node)) return;
    const after = (ms: number, act: () => void) => this.#clock.setTimeout(act, ms);
    const notReady = () => {
      this.#patchNode(node, "Unknown");
      this.#taint(node, [
        { key: UNREACHABLE, effect: "NoSchedule" },
        { key: UNREACHABLE, effect: "NoExecute" },
      ]);
      for (const pod of this.#podsOn(node)) this.#say(pod, "Ready", "False", "NodeNotReady");
    };
    const evict = () => {
      for (const pod of this.#podsOn(node)) this.#remove(pod, undefined, "node-lifecycle");
    };
    this.#lost.set(node, [after(SILENT_MS, notReady), after(SILENT_MS + EVICT_MS, evict)]);
  }

  /** The node is back. */
  find(node: string): void {
    for (const timer of this.#lost.get(node) ?? []) this.#clock.clearTimeout(timer);
    this.#lost.delete(node);
    this.#patchNode(node, "True");
    this.#taint(node, []);
    for (const pod of this.#podsOn(node)) this.#look(pod);
  }

  /** A container ends by itself; its kubelet starts it again. */
  crash(pod: StoredObject): void {
    const node = specOf(pod)["nodeName"];
    const containers = statusOf(pod)["containerStatuses"] as (JsonMap & { containerID?: string })[] | undefined;
    if (typeof node !== "string" || this.#lost.has(node) || !containers?.some(({ containerID }) => containerID)) return;
    const now = toTime(this.#clock.nowMs());
    const terminated = { exitCode: 137, reason: "Error", startedAt: now, finishedAt: now };
    const ended = containers.map((container) => ({
      ...container,
      ready: false,
      started: false,
      state: { terminated },
    }));
    const conditions = ["Ready", "ContainersReady"].map((type) => ({
      type,
      status: "False",
      reason: "ContainersNotReady",
      lastTransitionTime: now,
    }));
    this.#patchStatus(pod, { conditions, containerStatuses: ended });
  }

  /** The kubelet ends the pod for want of memory or disk: it stays as an object, and never runs again. */
  evict(pod: StoredObject): void {
    const now = toTime(this.#clock.nowMs());
    const containers = (statusOf(pod)["containerStatuses"] as JsonMap[] | undefined) ?? [];
    const terminated = { exitCode: 137, reason: "Error", startedAt: now, finishedAt: now };
    const conditions = ["Ready", "ContainersReady"].map((type) => ({
      type,
      status: "False",
      reason: "PodFailed",
      lastTransitionTime: now,
    }));
    this.#patchStatus(pod, {
      phase: "Failed",
      reason: "Evicted",
      message: "The node was low on resource: memory.",
      conditions,
      containerStatuses: containers.map((container) => ({
        ...container,
        ready: false,
        started: false,
        state: { terminated },
      })),
    });
  }

  #register(name: string): void {
    this.#server.request({
      method: "POST",
      path: "/api/v1/nodes",
      headers: {},
      user: KUBELET,
      body: {
        metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
        spec: {},
        status: {
          conditions: [this.#readiness("True")],
          addresses: [
            { type: "InternalIP", address: this.#addressOf(name) },
            { type: "Hostname", address: name },
          ],
          nodeInfo: NODE_INFO,
          capacity: ROOM,
          allocatable: ROOM,
        },
      },
    });
  }

  #readiness(status: "True" | "Unknown"): JsonMap {
    const now = toTime(this.#clock.nowMs());
    const [reason, message] =
      status === "True"
        ? ["KubeletReady", "the simulated kubelet is ready"]
        : ["NodeStatusUnknown", "Kubelet stopped posting node status."];
    return { type: "Ready", status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now };
  }

  #addressOf(node: string): string {
    return `172.16.0.${this.#names.indexOf(node)}`;
  }

  #patchNode(name: string, status: "True" | "Unknown"): void {
    const conditions = [this.#readiness(status)];
    this.#server.request({
      method: "PATCH",
      path: `/api/v1/nodes/${name}/status`,
      headers: STRATEGIC,
      user: "node-lifecycle",
      body: { status: { conditions } },
    });
  }

  /** In place of what stood there about the node's reach. */
  #taint(name: string, taints: readonly JsonMap[]): void {
    const node = this.#server.collection("nodes").get("", name);
    const old = ((node && specOf(node)["taints"]) as JsonMap[] | undefined) ?? [];
    const kept = old.filter(({ key }) => key !== UNREACHABLE);
    if (kept.length === old.length && taints.length === 0) return;
    const all = [...kept, ...taints];
    const body = { spec: { taints: all.length > 0 ? all : null } };
    this.#server.request({
      method: "PATCH",
      path: `/api/v1/nodes/${name}`,
      headers: MERGE,
      user: "node-lifecycle",
      body,
    });
  }

  #podsOn(node: string): StoredObject[] {
    return this.#server
      .collection("pods")
      .all()
      .filter((pod) => specOf(pod)["nodeName"] === node);
  }

  #look(pod: StoredObject): void {
    const isBound = specOf(pod)["nodeName"] !== undefined;
    this.#lookIn(pod, isBound ? this.#luck.noticeMs(pod) : this.#luck.bindMs(pod));
  }

  /** Of several appointments the earliest is kept: each ends with the next one. */
  #lookIn(pod: StoredObject, ms: number): void {
    const { uid } = pod.metadata;
    let tracked = this.#pods.get(uid);
    if (tracked === undefined) this.#pods.set(uid, (tracked = { moments: new Map(), timer: undefined, dueMs: 0 }));
    const dueMs = this.#clock.monotonicMs() + ms;
    if (tracked.timer !== undefined && tracked.dueMs <= dueMs) return;
    this.#clock.clearTimeout(tracked.timer);
    tracked.dueMs = dueMs;
    tracked.timer = this.#clock.setTimeout(() => this.#attend(pod, tracked), ms);
  }

  #forget(pod: StoredObject): void {
    this.#clock.clearTimeout(this.#pods.get(pod.metadata.uid)?.timer);
    this.#pods.delete(pod.metadata.uid);
  }

  #attend({ metadata }: StoredObject, tracked: Tracked): void {
    tracked.timer = undefined;
    const pod = this.#server.collection("pods").get(metadata.namespace ?? "", metadata.name);
    if (pod?.metadata.uid !== metadata.uid) return;
    const node = specOf(pod)["nodeName"];
    if (typeof node !== "string") {
      this.#schedule(pod);
      return;
    }
    if (this.#lost.has(node) || !this.#names.includes(node)) return;
    const script = this.#luck.script?.(pod);
    const step = nextStep(pod as unknown as Pod, {
      nowMs: this.#clock.nowMs(),
      moments: tracked.moments,
      habits: this.#luck.habits(pod),
      hostIp: this.#addressOf(node),
      newPodIp: () => `10.0.${(++this.#ips >> 8) & 255}.${this.#ips & 255}`,
      newContainerId: () => this.#containerId(),
      ...(script ? { script } : {}),
    });
    switch (step.kind) {
      case "patchStatus":
        this.#patchStatus(pod, step.patch["status"] as JsonMap);
        for (const { type, reason, message } of kubeletEvents(pod, step.patch["status"] as JsonMap))
          this.#onEvent({ pod, type, reason, message, by: KUBELET });
        if (Number.isFinite(step.againInMs)) this.#lookIn(pod, step.againInMs);
        break;
      case "remove":
        this.#remove(pod, 0, KUBELET);
        break;
      case "wait":
        if (Number.isFinite(step.againInMs)) this.#lookIn(pod, step.againInMs);
        break;
    }
  }

  #schedule(pod: StoredObject): void {
    const { schedulerName = SCHEDULER, schedulingGates } = specOf(pod);
    if (pod.metadata.deletionTimestamp !== undefined || schedulerName !== SCHEDULER) return;
    if (Array.isArray(schedulingGates) && schedulingGates.length > 0) {
      const message = "Scheduling is blocked due to non-empty scheduling gates";
      this.#say(pod, "PodScheduled", "False", "SchedulingGated", message);
      return;
    }
    const candidates = this.#candidates();
    const claims = this.#claimsOf(pod);
    const missing = claims.find(({ claim }) => claim === undefined || claim.metadata.deletionTimestamp !== undefined);
    const unbound = claims.flatMap(({ claim }) => (claim && statusOf(claim)["phase"] !== "Bound" ? [claim] : []));
    const placement = placementOf(pod, candidates);
    const why = missing
      ? `persistentvolumeclaim ${JSON.stringify(missing.name)} not found`
      : unbound.some((claim) => !this.#waitsForPod(claim))
        ? "pod has unbound immediate PersistentVolumeClaims"
        : undefined;
    if (why !== undefined || placement.kind === "none") {
      const message =
        placement.kind === "none" ? placement.message : `0/${candidates.length} nodes are available: ${why}. not found`;
      this.#say(pod, "PodScheduled", "False", "Unschedulable", message);
      this.#lookIn(pod, RESCHEDULE_MS);
      return;
    }
    if (unbound.length > 0) {
      for (const claim of unbound) this.#choose(claim, placement.name);
      this.#lookIn(pod, VOLUME_LOOK_MS);
      return;
    }
    const { name, namespace, uid } = pod.metadata;
    const { status } = this.#server.request({
      method: "POST",
      path: `${pathOf(pod)}/binding`,
      headers: {},
      user: SCHEDULER,
      body: { metadata: { name, uid }, target: { kind: "Node", name: placement.name } },
    });
    const message = `Successfully assigned ${namespace}/${name} to ${placement.name}`;
    if (status < 300) this.#onEvent({ pod, type: "Normal", reason: "Scheduled", message, by: SCHEDULER });
  }

  /** Nodes in reach; one that is lost is, too, once its taint keeps pods away. */
  #candidates(): Candidate[] {
    const pods = new Map<string, StoredObject[]>();
    for (const pod of this.#server.collection("pods").values()) {
      const node = specOf(pod)["nodeName"];
      const { phase } = statusOf(pod);
      if (typeof node !== "string" || phase === "Succeeded" || phase === "Failed") continue;
      const there = pods.get(node);
      if (there) there.push(pod);
      else pods.set(node, [pod]);
    }
    const nodes = this.#server.collection("nodes");
    return this.#names.flatMap((name) => {
      const node = nodes.get("", name);
      if (node === undefined || (this.#lost.has(name) && specOf(node)["taints"] === undefined)) return [];
      return [{ node, pods: pods.get(name) ?? [] }];
    });
  }

  #claimsOf(pod: StoredObject): { name: string; claim: StoredObject | undefined }[] {
    const claims = this.#server.collection("persistentvolumeclaims");
    return claimNamesOf(pod).map((name) => ({ name, claim: claims.get(pod.metadata.namespace ?? "", name) }));
  }

  /** Not a claim that waits for its volume only. */
  #waitsForPod(claim: StoredObject): boolean {
    return isWaiting(this.#server, claim) || claim.metadata.annotations?.[SELECTED_NODE] !== undefined;
  }

  #choose(claim: StoredObject, node: string): void {
    if (claim.metadata.annotations?.[SELECTED_NODE] !== undefined) return;
    const path = `/api/v1/namespaces/${claim.metadata.namespace}/persistentvolumeclaims/${claim.metadata.name}`;
    const body = { metadata: { uid: claim.metadata.uid, annotations: { [SELECTED_NODE]: node } } };
    this.#server.request({ method: "PATCH", path, headers: MERGE, user: SCHEDULER, body });
  }

  #say(pod: StoredObject, type: string, status: string, reason: string, message?: string): void {
    const conditions = (statusOf(pod)["conditions"] as JsonMap[] | undefined) ?? [];
    const old = conditions.find((one) => one["type"] === type);
    if (old?.["status"] === status && old["reason"] === reason && old["message"] === message) return;
    const lastTransitionTime = old?.["status"] === status ? old["lastTransitionTime"] : toTime(this.#clock.nowMs());
    const { generation } = pod.metadata;
    const said = message === undefined ? {} : { message };
    const condition = { type, status, reason, ...said, lastTransitionTime, observedGeneration: generation };
    this.#patchStatus(pod, { conditions: [condition] });
    if (reason === "Unschedulable") {
      this.#onEvent({ pod, type: "Warning", reason: "FailedScheduling", message: message ?? "", by: SCHEDULER });
    }
  }

  #patchStatus(pod: StoredObject, status: JsonMap): void {
    this.#server.request({
      method: "PATCH",
      path: `${pathOf(pod)}/status`,
      headers: STRATEGIC,
      user: KUBELET,
      body: { metadata: { uid: pod.metadata.uid }, status },
    });
  }

  #remove(pod: StoredObject, gracePeriodSeconds: number | undefined, user: string): void {
    const preconditions = { uid: pod.metadata.uid };
    const body = { preconditions, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) };
    this.#server.request({ method: "DELETE", path: pathOf(pod), headers: {}, user, body });
  }

  #containerId(): string {
    return Array.from({ length: 8 }, () =>
      Math.floor(this.#clock.random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
  }
}

export function claimNamesOf(pod: StoredObject): string[] {
  const volumes = (specOf(pod)["volumes"] as { persistentVolumeClaim?: { claimName: string } }[] | undefined) ?? [];
  return volumes.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}

function pathOf({ metadata }: StoredObject): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}
