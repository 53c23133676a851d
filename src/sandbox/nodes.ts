import type { Clock, Timer } from "../kube/clock.ts";
import { toTime } from "../kube/clock.ts";
import type { ApiServer } from "./api-server.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import type { KubeletHabits, Moments, Pod } from "./pod-life.ts";
import { nextStep } from "./pod-life.ts";
import { specOf, statusOf } from "./pods.ts";

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
const STRATEGIC = { "content-type": "application/strategic-merge-patch+json" };
const MERGE = { "content-type": "application/merge-patch+json" };
/** How long after a node falls silent the control plane says so, and how much later its pods are evicted. */
const SILENT_MS = 40_000;
const EVICT_MS = 300_000;

interface Tracked {
  moments: Moments;
  timer: Timer | undefined;
  dueMs: number;
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
  #ips = 0;

  constructor(options: { server: ApiServer; clock: Clock; luck: Luck; names: readonly string[] }) {
    this.#server = options.server;
    this.#clock = options.clock;
    this.#luck = options.luck;
    this.#names = options.names;
    for (const name of this.#names) this.#register(name);
    this.#stops = [
      this.#server.collection("pods").onEvent(({ type, object }) => {
        if (type === "DELETED") this.#forget(object);
        else this.#look(object);
      }),
      this.#server.collection("persistentvolumeclaims").onEvent(({ type, object }) => {
        if (type === "ADDED") this.#provision(object);
      }),
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
          conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
          allocatable: { pods: "110" },
        },
      },
    });
  }

  #patchNode(name: string, status: "True" | "Unknown"): void {
    const conditions = [{ type: "Ready", status, reason: status === "True" ? "KubeletReady" : "NodeStatusUnknown" }];
    this.#server.request({
      method: "PATCH",
      path: `/api/v1/nodes/${name}/status`,
      headers: STRATEGIC,
      user: "node-lifecycle",
      body: { status: { conditions } },
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
      hostIp: `172.16.0.${this.#names.indexOf(node)}`,
      newPodIp: () => `10.0.${(++this.#ips >> 8) & 255}.${this.#ips & 255}`,
      newContainerId: () => this.#containerId(),
      ...(script ? { script } : {}),
    });
    switch (step.kind) {
      case "patchStatus":
        this.#patchStatus(pod, step.patch["status"] as JsonMap);
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
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const claims = this.#server.collection("persistentvolumeclaims");
    const waiting = claimNamesOf(pod).filter((name) => {
      const claim = claims.get(pod.metadata.namespace ?? "", name);
      return (
        claim === undefined || claim.metadata.deletionTimestamp !== undefined || statusOf(claim)["phase"] !== "Bound"
      );
    });
    const counts = new Map(this.#names.filter((name) => !this.#lost.has(name)).map((name) => [name, 0]));
    for (const other of this.#server.collection("pods").values()) {
      const node = specOf(other)["nodeName"];
      if (typeof node === "string" && counts.has(node)) counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    const [node] = [...counts].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [];
    if (waiting.length > 0 || node === undefined) {
      this.#say(pod, "PodScheduled", "False", "Unschedulable");
      this.#lookIn(pod, 1000);
      return;
    }
    this.#server.request({
      method: "POST",
      path: `${pathOf(pod)}/binding`,
      headers: {},
      user: "scheduler",
      body: { metadata: { name: pod.metadata.name, uid: pod.metadata.uid }, target: { kind: "Node", name: node } },
    });
  }

  #provision({ metadata }: StoredObject): void {
    const bind = () => {
      const claim = this.#server.collection("persistentvolumeclaims").get(metadata.namespace ?? "", metadata.name);
      if (claim?.metadata.uid !== metadata.uid || statusOf(claim)["phase"] === "Bound") return;
      const ms = this.#luck.volumeMs(claim);
      if (ms === undefined) {
        this.#clock.setTimeout(bind, 1000);
        return;
      }
      const path = `/api/v1/namespaces/${metadata.namespace}/persistentvolumeclaims/${metadata.name}`;
      const volume = { spec: { volumeName: `pv-${metadata.uid}` } };
      this.#server.request({ method: "PATCH", path, headers: MERGE, user: "provisioner", body: volume });
      const body = { status: { phase: "Bound" } };
      this.#server.request({ method: "PATCH", path: `${path}/status`, headers: MERGE, user: "provisioner", body });
    };
    const claim = this.#server.collection("persistentvolumeclaims").get(metadata.namespace ?? "", metadata.name);
    this.#clock.setTimeout(bind, (claim && this.#luck.volumeMs(claim)) ?? 1000);
  }

  #say(pod: StoredObject, type: string, status: string, reason: string): void {
    const conditions = (statusOf(pod)["conditions"] as JsonMap[] | undefined) ?? [];
    if (conditions.some((one) => one["type"] === type && one["status"] === status)) return;
    this.#patchStatus(pod, { conditions: [{ type, status, reason, lastTransitionTime: toTime(this.#clock.nowMs()) }] });
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
