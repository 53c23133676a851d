/**
 * Nodes without machines: they take pods and report on them as a kubelet would, through the real API server.
 *
 * What a kubelet would say is in fake-kubelet.ts; here is when it is said. One watch, few connections, and one status
 * patch for what a real node tells in many, because benchmarks share the processors with this.
 */
import { parseArgs } from "node:util";
import { durationMs, type KubeletHabits, type Moments, nextStep, type Pod } from "./fake-kubelet.ts";
import { connect, isStatus, type KubeApi } from "./kube-api.ts";

export interface FakeNodesOptions {
  kubeconfig: string;
  /** How many nodes; they are called fake-node-0, fake-node-1, … */
  count: number;
  /** What to call them instead of fake-node. */
  prefix?: string | undefined;
  /** Only for pods that tolerate the taint `RESERVED` and ask for the label of the same name and value. Default: for all pods. */
  reservedFor?: string | undefined;
  /** Bind pods that have no node, in place of kube-scheduler. Default: false. */
  scheduler?: boolean | undefined;
  /** From the start of a container to its readiness. Default: 0, which makes start and readiness one write. */
  readyAfterMs?: number | undefined;
  /** From the deletion of a pod to its end, unless its grace period ends before. Default: 0. */
  terminateAfterMs?: number | undefined;
  /** From a resize of a container to its effect. Default: 0. */
  resizeAfterMs?: number | undefined;
  /** Images that cannot be pulled, besides those with "bad" in their name. */
  badImages?: Iterable<string> | undefined;
}

export interface FakeNodes {
  names: string[];
  /** Falls silent; the nodes stay, and are not ready some 50 s later. */
  stop(): Promise<void>;
}

/** Key of the taint and the label of nodes that are reserved. */
export const RESERVED = "fake-node/reserved-for";

const CONCURRENCY = 16;
const RETRY_MS = 1_000;
const LEASE_MS = 10_000;
const LEASE_SECONDS = 40;

/** Resolves once the nodes exist; pods are taken care of until stop(). */
export async function startFakeNodes(options: FakeNodesOptions): Promise<FakeNodes> {
  const api = await connect(options.kubeconfig, "fake-node");
  const names = Array.from({ length: options.count }, (_, i) => `${options.prefix ?? "fake-node"}-${i}`);
  for (const [i, name] of names.entries()) await register(api, name, hostIpOf(i), options.reservedFor);
  const leases = setInterval(() => void renewLeases(api, names), LEASE_MS);
  const stopped = new AbortController();
  const following = followPods(api, names, options, stopped.signal);
  return {
    names,
    stop: async () => {
      clearInterval(leases);
      stopped.abort();
      await following;
      await api.close();
    },
  };
}

interface TrackedPod {
  pod: Pod;
  moments: Moments;
  queued: boolean;
  busy: boolean;
  timer: NodeJS.Timeout | undefined;
}

async function followPods(api: KubeApi, names: string[], options: FakeNodesOptions, signal: AbortSignal) {
  const habits: KubeletHabits = {
    readyAfterMs: options.readyAfterMs ?? 0,
    terminateAfterMs: options.terminateAfterMs ?? 0,
    resizeAfterMs: options.resizeAfterMs ?? 0,
    badImages: new Set(options.badImages ?? []),
  };
  const hostIps = new Map(names.map((name, i) => [name, hostIpOf(i)]));
  const tracked = new Map<string, TrackedPod>();
  const queue: TrackedPod[] = [];
  let active = 0;
  let podCount = 0;
  let bindCount = 0;

  const enqueue = (entry: TrackedPod) => {
    if (entry.queued || entry.busy || signal.aborted) return;
    entry.queued = true;
    queue.push(entry);
    drain();
  };
  const drain = () => {
    while (active < CONCURRENCY) {
      const entry = queue.shift();
      if (entry === undefined) return;
      entry.queued = false;
      entry.busy = true;
      active += 1;
      void attend(entry).finally(() => {
        active -= 1;
        drain();
      });
    }
  };
  const attend = async (entry: TrackedPod) => {
    clearTimeout(entry.timer);
    let againInMs = Number.POSITIVE_INFINITY;
    const seen = entry.pod;
    try {
      againInMs = await act(entry);
    } catch (error) {
      // 404 and 409: the pod is gone, or another one has its name; the watch tells.
      if (!isStatus(error, 404, 409)) {
        if (!signal.aborted) console.error(`pod ${seen.metadata.namespace}/${seen.metadata.name}: ${String(error)}`);
        againInMs = RETRY_MS;
      }
    }
    entry.busy = false;
    if (entry.pod !== seen) enqueue(entry);
    else if (againInMs !== Number.POSITIVE_INFINITY) entry.timer = setTimeout(() => enqueue(entry), againInMs);
  };
  const act = async (entry: TrackedPod): Promise<number> => {
    const { pod, moments } = entry;
    if (!tracked.has(pod.metadata.uid)) return Number.POSITIVE_INFINITY;
    const path = podPath(pod);
    if (pod.spec.nodeName === undefined) {
      await api.post(`${path}/binding`, binding(pod, names[bindCount++ % names.length] ?? ""));
      return Number.POSITIVE_INFINITY;
    }
    const hostIp = hostIps.get(pod.spec.nodeName) ?? "";
    const newPodIp = () => podIpOf(podCount++);
    const step = nextStep(pod, { nowMs: Date.now(), moments, habits, hostIp, newPodIp });
    switch (step.kind) {
      case "wait":
        return step.againInMs;
      case "patchStatus":
        learn(entry, await api.patch<Pod>(`${path}/status`, step.patch, "application/strategic-merge-patch+json"));
        return step.againInMs;
      case "remove":
        await api.delete(path, { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } });
        return Number.POSITIVE_INFINITY;
    }
  };

  await api.follow<Pod>(options.scheduler ? "/api/v1/pods" : "/api/v1/pods?fieldSelector=spec.nodeName!%3D", {
    signal,
    onChange: (pod) => {
      const isOurs = pod.spec.nodeName === undefined ? canBind(pod) : hostIps.has(pod.spec.nodeName);
      if (!isOurs) return;
      const entry = tracked.get(pod.metadata.uid);
      if (entry !== undefined) learn(entry, pod);
      const known = entry ?? { pod, moments: new Map(), queued: false, busy: false, timer: undefined };
      tracked.set(pod.metadata.uid, known);
      enqueue(known);
    },
    onGone: (pod) => {
      clearTimeout(tracked.get(pod.metadata.uid)?.timer);
      tracked.delete(pod.metadata.uid);
    },
  });
  for (const { timer } of tracked.values()) clearTimeout(timer);
}

/**
 * Takes the newer of two sights of a pod. The answer to a patch overtakes the watch, and acting on the older sight
 * would do the same thing twice: restart a container a second time, for one.
 */
function learn(entry: TrackedPod, pod: Pod): void {
  if (Number(pod.metadata.resourceVersion) > Number(entry.pod.metadata.resourceVersion)) entry.pod = pod;
}

function canBind(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && (pod.spec.schedulingGates ?? []).length === 0;
}

function binding(pod: Pod, node: string) {
  const { name, namespace, uid } = pod.metadata;
  return {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, namespace, uid },
    target: { apiVersion: "v1", kind: "Node", name: node },
  };
}

function podPath(pod: Pod): string {
  return `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
}

async function register(api: KubeApi, name: string, hostIp: string, reservedFor: string | undefined): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const room = { cpu: "10000", memory: "100000Gi", pods: "100000", "ephemeral-storage": "100000Gi" };
  const isFalse = (type: string) => ({ type, status: "False", lastHeartbeatTime: now, lastTransitionTime: now });
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        type: "fake",
        ...(reservedFor === undefined ? {} : { [RESERVED]: reservedFor }),
      },
    },
    ...(reservedFor === undefined
      ? {}
      : { spec: { taints: [{ key: RESERVED, value: reservedFor, effect: "NoSchedule" }] } }),
    status: {
      capacity: room,
      allocatable: room,
      addresses: [
        { type: "InternalIP", address: hostIp },
        { type: "Hostname", address: name },
      ],
      conditions: [
        { ...isFalse("Ready"), status: "True", reason: "KubeletReady" },
        isFalse("MemoryPressure"),
        isFalse("DiskPressure"),
        isFalse("PIDPressure"),
      ],
      nodeInfo: {
        architecture: "amd64",
        bootID: "",
        containerRuntimeVersion: "fake://1",
        kernelVersion: "",
        kubeProxyVersion: "",
        kubeletVersion: "v1.36.0",
        machineID: "",
        operatingSystem: "linux",
        osImage: "",
        systemUUID: "",
      },
    },
  };
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: "kube-node-lease" },
    spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTime() },
  };
  await createUnlessPresent(api, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease);
  await createUnlessPresent(api, "/api/v1/nodes", node);
}

async function createUnlessPresent(api: KubeApi, path: string, object: unknown): Promise<void> {
  try {
    await api.post(path, object);
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
  }
}

async function renewLeases(api: KubeApi, names: string[]): Promise<void> {
  for (const name of names) {
    const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`;
    await api
      .patch(path, { spec: { renewTime: microTime() } })
      .catch((error: unknown) => console.error(`lease of ${name}: ${String(error)}`));
  }
}

/** The API wants six digits of a second, and a Date has three. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

function hostIpOf(index: number): string {
  return `172.16.${(index >> 8) & 255}.${index & 255}`;
}

/** 10.0.0.1, 10.0.0.2, …: nobody listens there, but no two pods of one run share an address. */
function podIpOf(index: number): string {
  const n = index + 1;
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: "string" },
      count: { type: "string", default: "1" },
      scheduler: { type: "boolean", default: false },
      "ready-after": { type: "string" },
      "terminate-after": { type: "string" },
      "resize-after": { type: "string" },
      "bad-image": { type: "string", multiple: true },
    },
  });
  if (values.kubeconfig === undefined) {
    console.error("Usage: node fake-node.ts --kubeconfig PATH [--count N] [--scheduler] [--ready-after 500ms] …");
    process.exit(2);
  }
  const nodes = await startFakeNodes({
    kubeconfig: values.kubeconfig,
    count: Number(values.count),
    scheduler: values.scheduler,
    readyAfterMs: durationMs(values["ready-after"], 0),
    terminateAfterMs: durationMs(values["terminate-after"], 0),
    resizeAfterMs: durationMs(values["resize-after"], 0),
    badImages: values["bad-image"],
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void nodes.stop());
}
