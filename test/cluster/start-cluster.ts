/**
 * The programmatic face of the real-cluster tool: what tests and benchmarks import.
 *
 *   const cluster = await startCluster({ dir, fakeNodes: 3, audit: true });
 *   await cluster.kubectl(["apply", "-f", "-"], { input: manifest });
 *   await cluster.stop();
 */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BinaryName, commandOnPath, findOrBuildBinaries } from "./binaries.ts";
import { auditLogPath, kubeconfigPath, startControlPlane } from "./control-plane.ts";
import type { KubeApi } from "./kube-api.ts";
import { type NodePlace, prepareNodePlace, removeNodePlace, startNode } from "./node.ts";
import { ensurePackages } from "./packages.ts";
import { freePorts, isPortFree } from "./ports.ts";
import { isRunning, listProcesses, startInBackground, stopProcess } from "./processes.ts";

export interface ClusterOptions {
  /** Where everything of this cluster lives; removed by stop(). Default: .cluster in the project root. */
  dir?: string | undefined;
  /** Start a real node: kubelet, containerd, runc. Needs root. */
  node?: boolean | undefined;
  /** How many simulated nodes to add (fake-node.ts). */
  fakeNodes?: number | undefined;
  /** Let the simulated nodes bind pods themselves, in place of kube-scheduler: quicker, for benchmarks. */
  fakeScheduler?: boolean | undefined;
  /** Write each request to DIR/audit.log. */
  audit?: boolean | undefined;
  /** Let etcd fsync each write. */
  durable?: boolean | undefined;
  /** Build another version of Kubernetes than the pinned one. */
  kubernetesVersion?: string | undefined;
  /** Install missing Debian packages rather than naming them. Default: when CI is set. */
  install?: boolean | undefined;
  log?: ((line: string) => void) | undefined;
}

export interface KubectlResult {
  stdout: string;
  stderr: string;
  code: number;
}

export interface KubectlOptions {
  /** What kubectl reads from its standard input. */
  input?: string | undefined;
  timeoutMs?: number | undefined;
}

export interface Cluster {
  dir: string;
  /** The path of a kubeconfig with every right. */
  kubeconfig: string;
  /** The URL of the API server. */
  server: string;
  /** The name of the real node, if there is one. */
  nodeName: string | undefined;
  /** The path of the audit log, if it was asked for. */
  auditLog: string | undefined;
  /** Runs kubectl; a failure is a code, not an exception. */
  kubectl(args: string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** Stops every process and removes everything, DIR included. */
  stop(): Promise<void>;
}

/** What DIR/cluster.json keeps, so that another process can find and remove the cluster. */
interface ClusterRecord {
  options: Pick<ClusterOptions, "node" | "fakeNodes" | "fakeScheduler" | "audit" | "durable" | "kubernetesVersion">;
  place: NodePlace | undefined;
  phase: "starting" | "ready";
  /** The URL of the API server; empty until it serves. */
  server: string;
}

export interface ClusterReport {
  dir: string;
  phase: ClusterRecord["phase"];
  processes: { name: string; pid: number; running: boolean }[];
}

export const DEFAULT_DIR = fileURLToPath(new URL("../../.cluster", import.meta.url));
const NODES_WAIT_MS = 90_000;
const IN_CLUSTER_PORT = 443;
const SERVICE_CIDR_WITHOUT_NODE = "10.96.0.0/16";

/** Starts a cluster in the background and returns when it can run pods. A failure leaves nothing but DIR/logs. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const dir = resolve(options.dir ?? DEFAULT_DIR);
  const log = options.log ?? (() => {});
  const existing = await readRecord(dir);
  if (existing !== undefined) {
    throw new Error(`Cannot start a cluster in ${dir}: one is there already. Remove it first, with "down".`);
  }
  await ensurePackages({ node: options.node ?? false, install: options.install ?? Boolean(process.env["CI"]), log });
  const binaries = await findOrBuildBinaries({
    names: binariesFor(options),
    kubernetesVersion: options.kubernetesVersion,
    log,
  });
  const kubectl = (await commandOnPath("kubectl")) ?? (await kubectlBuiltHere(options, log));

  await mkdir(dir, { recursive: true });
  // Those that an earlier failure left behind.
  await rm(join(dir, "logs"), { recursive: true, force: true });
  const record: ClusterRecord = {
    options: recordedOptions(options),
    place: undefined,
    phase: "starting",
    server: "",
  };
  // Fails where another start has begun in the same moment.
  await writeRecord(dir, record, "wx");
  try {
    if (options.node) {
      record.place = await prepareNodePlace(dir);
      await writeRecord(dir, record);
    }
    record.server = await bringUp(dir, options, record.place, binaries, log);
    record.phase = "ready";
    await writeRecord(dir, record);
  } catch (error) {
    await removeCluster(dir, { keepLogs: true });
    throw error;
  }
  return clusterAt(dir, record, kubectl);
}

/** The cluster that an earlier startCluster, or `up`, left running in `dir`; undefined when none runs there. */
export async function openCluster(dir: string = DEFAULT_DIR): Promise<Cluster | undefined> {
  const path = resolve(dir);
  const record = await readRecord(path);
  const serves = (await listProcesses(path)).some((each) => each.name === "kube-apiserver" && isRunning(each));
  if (record?.phase !== "ready" || !serves) return undefined;
  return clusterAt(
    path,
    record,
    (await commandOnPath("kubectl")) ?? (await kubectlBuiltHere(record.options, () => {})),
  );
}

/** Whether the cluster in `dir` has the parts asked for, so that it can be used as it is. */
export async function hasSameShape(dir: string, options: ClusterOptions): Promise<boolean> {
  const record = await readRecord(resolve(dir));
  return JSON.stringify(record?.options) === JSON.stringify(recordedOptions(options));
}

/** undefined when there is no cluster in `dir`. */
export async function reportOn(dir: string = DEFAULT_DIR): Promise<ClusterReport | undefined> {
  const path = resolve(dir);
  const record = await readRecord(path);
  if (record === undefined) return undefined;
  const processes = (await listProcesses(path)).map((each) => ({
    name: each.name,
    pid: each.pid,
    running: isRunning(each),
  }));
  return { dir: path, phase: record.phase, processes };
}

/** Stops and removes the cluster in `dir`, whatever state it is in. Returns false when there is none. */
export async function removeCluster(dir: string = DEFAULT_DIR, { keepLogs = false } = {}): Promise<boolean> {
  const path = resolve(dir);
  const record = await readRecord(path);
  if (record === undefined) return false;
  const processes = await listProcesses(path);
  // The node goes first and at once: it has no use for goodbyes to an API server that is about to go too.
  const isOfNode = (name: string) => name === "node-init" || name === "containerd" || name === "kubelet";
  for (const each of processes.filter(({ name }) => isOfNode(name))) await stopProcess(path, each, "SIGKILL");
  if (record.place !== undefined) await removeNodePlace(record.place);
  const servers = processes.filter(({ name }) => !isOfNode(name) && name !== "etcd");
  await Promise.all(servers.map((each) => stopProcess(path, each, "SIGKILL")));
  for (const each of processes.filter(({ name }) => name === "etcd")) await stopProcess(path, each, "SIGKILL");
  for (const entry of await readdir(path)) {
    if (keepLogs && entry === "logs") continue;
    await rm(join(path, entry), { recursive: true, force: true, maxRetries: 5 });
  }
  if (!keepLogs) await rmdir(path);
  return true;
}

/** Runs kubectl against any cluster, not only one of ours. */
export function runKubectl(
  command: string,
  kubeconfig: string,
  args: string[],
  { input, timeoutMs = 240_000 }: KubectlOptions = {},
): Promise<KubectlResult> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code, signal) => {
      if (signal !== null) output.stderr += `kubectl was ended by ${signal}; it had ${timeoutMs} ms\n`;
      done({ ...output, code: code ?? 1 });
    });
    // kubectl may end before it has read everything; its exit code says what happened.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

async function bringUp(
  dir: string,
  options: ClusterOptions,
  place: NodePlace | undefined,
  binaries: Map<BinaryName, string>,
  log: (line: string) => void,
): Promise<string> {
  const host = place?.serviceIp ?? "127.0.0.1";
  const [freePort = 0, etcdPort = 0, etcdPeerPort = 0] = await freePorts(3);
  // At its service's own address and port, pods find the API server without kube-proxy.
  const inCluster = place !== undefined && (await isPortFree(IN_CLUSTER_PORT, host));
  const startMs = Date.now();
  const api = await startControlPlane(
    {
      dir,
      binaries,
      host,
      apiPort: inCluster ? IN_CLUSTER_PORT : freePort,
      etcdPort,
      etcdPeerPort,
      serviceCidr: place?.serviceCidr ?? SERVICE_CIDR_WITHOUT_NODE,
      advertise: place?.bridgeIp,
      nodeName: place?.nodeName,
      audit: options.audit ?? false,
      durable: options.durable ?? false,
      scheduler: !(options.fakeScheduler ?? false),
    },
    log,
  );
  try {
    log(`control plane ready after ${seconds(startMs)} s`);
    await startToolProcess(dir, "provisioner", ["--volumes", join(dir, "volumes")]);
    const nodeNames: string[] = [];
    if (options.fakeNodes) {
      const args = ["--count", String(options.fakeNodes), ...(options.fakeScheduler ? ["--scheduler"] : [])];
      await startToolProcess(dir, "fake-node", args);
      for (let i = 0; i < options.fakeNodes; i++) nodeNames.push(`fake-node-${i}`);
    }
    if (place !== undefined) {
      await startNode({ dir, place, binaries, log });
      nodeNames.push(place.nodeName);
    }
    if (nodeNames.length > 0) await waitForNodes(dir, api, nodeNames);
    if (nodeNames.length > 0) log(`${nodeNames.length} node(s) ready after ${seconds(startMs)} s`);
    return api.server;
  } finally {
    await api.close();
  }
}

/** Each of our own programs takes the name of its file as the name of its process and of its user. */
async function startToolProcess(dir: string, name: "provisioner" | "fake-node", args: string[]): Promise<void> {
  const program = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  await startInBackground(dir, {
    name,
    command: process.execPath,
    args: [program, "--kubeconfig", kubeconfigPath(dir, name), ...args],
  });
}

interface NodeSeen {
  metadata: { name: string };
  spec: { taints?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

async function waitForNodes(dir: string, api: KubeApi, names: string[]): Promise<void> {
  const deadlineMs = Date.now() + NODES_WAIT_MS;
  for (;;) {
    const { items } = await api.get<{ items: NodeSeen[] }>("/api/v1/nodes");
    const usable = new Set(items.filter(isUsable).map((node) => node.metadata.name));
    const missing = names.filter((name) => !usable.has(name));
    if (missing.length === 0) return;
    if (Date.now() > deadlineMs) {
      throw new Error(
        `Waited ${NODES_WAIT_MS / 1000} s for nodes to be ready; still missing: ${missing.join(", ")}. ` +
          `The logs are in ${join(dir, "logs")}.`,
      );
    }
    await sleep(100);
  }
}

/** Ready, and the controller manager has taken away the taint that new nodes start with. */
function isUsable(node: NodeSeen): boolean {
  const ready = node.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return ready && (node.spec.taints ?? []).length === 0;
}

function binariesFor(options: ClusterOptions): BinaryName[] {
  const names: BinaryName[] = ["etcd", "kube-apiserver", "kube-controller-manager"];
  if (!options.fakeScheduler) names.push("kube-scheduler");
  if (options.node) names.push("kubelet", "pause");
  return names;
}

async function kubectlBuiltHere(
  options: Pick<ClusterOptions, "kubernetesVersion">,
  log: (line: string) => void,
): Promise<string> {
  const built = await findOrBuildBinaries({
    names: ["kubectl"],
    kubernetesVersion: options.kubernetesVersion,
    log,
  });
  return built.get("kubectl") ?? "kubectl";
}

function clusterAt(dir: string, record: ClusterRecord, kubectl: string): Cluster {
  const kubeconfig = kubeconfigPath(dir, "admin");
  return {
    dir,
    kubeconfig,
    server: record.server,
    nodeName: record.place?.nodeName,
    auditLog: record.options.audit ? auditLogPath(dir) : undefined,
    kubectl: (args, options) => runKubectl(kubectl, kubeconfig, args, options),
    stop: async () => {
      await removeCluster(dir);
    },
  };
}

function recordedOptions(options: ClusterOptions): ClusterRecord["options"] {
  return {
    node: options.node ?? false,
    fakeNodes: options.fakeNodes ?? 0,
    fakeScheduler: options.fakeScheduler ?? false,
    audit: options.audit ?? false,
    durable: options.durable ?? false,
    ...(options.kubernetesVersion === undefined ? {} : { kubernetesVersion: options.kubernetesVersion }),
  };
}

async function readRecord(dir: string): Promise<ClusterRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, "cluster.json"), "utf8")) as ClusterRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function writeRecord(dir: string, record: ClusterRecord, flag: "w" | "wx" = "w"): Promise<void> {
  await writeFile(join(dir, "cluster.json"), `${JSON.stringify(record, undefined, 2)}\n`, { flag });
}

function seconds(startMs: number): string {
  return ((Date.now() - startMs) / 1000).toFixed(1);
}
