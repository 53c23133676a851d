/**
 * Where does a real node live, and how does it start?
 *
 * kubelet and containerd run in mount and process namespaces of their own, under one first process. When that is killed,
 * the kernel ends every container and takes every mount away: nothing can be left behind but the bridge and the cgroups,
 * which have the cluster's number in their names. The network is the machine's own, so that tests reach pods by address.
 */
import { execFile } from "node:child_process";
import { access, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { dump } from "js-yaml";
import type { BinaryName } from "./binaries.ts";
import { kubeconfigPath } from "./control-plane.ts";
import { NO_REGISTRY, PAUSE_IMAGE, testImages } from "./image.ts";
import { freePorts } from "./ports.ts";
import { type BackgroundProcess, startInBackground, waitFor } from "./processes.ts";

/** What a node takes from the machine besides files: a bridge with its subnets, and cgroups. */
export interface NodePlace {
  index: number;
  nodeName: string;
  bridge: string;
  bridgeIp: string;
  bridgeMac: string;
  podCidr: string;
  /** The first address of the service range, where pods look for the API server; the bridge has it too. */
  serviceIp: string;
  serviceCidr: string;
}

export interface NodeStart {
  dir: string;
  place: NodePlace;
  binaries: Map<BinaryName, string>;
  log: (line: string) => void;
}

const run = promisify(execFile);
const PLACES = 100;
/** A path of a Unix socket has 108 bytes, the last one zero. */
const SOCKET_PATH_MAX = 107;
/** Ten times the default, with cgroup v1 and v2. */
const CPU_WEIGHTS = [
  ["cpu.shares", "10240"],
  ["cpu.weight", "1000"],
] as const;
const CGROUP_ROOT = "/sys/fs/cgroup";
/** Where kubelet and CNI write under fixed names; each node sees an empty file system of its own there. */
const PRIVATE_DIRS = ["/var/lib/kubelet", "/var/lib/cni", "/var/log/containers"];

/** Takes the first free number. The bridge is the lock: of two that try the same number, the kernel refuses one. */
export async function prepareNodePlace(dir: string): Promise<NodePlace> {
  if (dir === "/run" || dir.startsWith("/run/")) {
    throw new Error(
      `Cannot use --dir ${dir} for a real node: want a directory outside /run, of which the node has its own`,
    );
  }
  if (Buffer.byteLength(containerdSocket(dir)) > SOCKET_PATH_MAX) {
    throw new Error(`Cannot use --dir ${dir} for a real node: want a shorter path, for the socket in it`);
  }
  const routes = (await run("ip", ["route"])).stdout;
  for (let index = 0; index < PLACES; index++) {
    const place = placeAt(index);
    if (routes.includes(place.podCidr)) continue;
    try {
      // With an address of its own: else it takes one from its ports, and when that pod goes, no other finds it for seconds.
      await run("ip", ["link", "add", "name", place.bridge, "address", place.bridgeMac, "type", "bridge"]);
    } catch (error) {
      if (String(error).includes("File exists")) continue;
      throw error;
    }
    await run("ip", ["address", "add", `${place.bridgeIp}/24`, "dev", place.bridge]);
    await run("ip", ["address", "add", `${place.serviceIp}/32`, "dev", place.bridge]);
    await run("ip", ["link", "set", place.bridge, "up"]);
    return place;
  }
  throw new Error(
    `Cannot find room for a node: ${PLACES} bridges or routes are in the way, such as ${placeAt(0).podCidr}`,
  );
}

/** Starts containerd and kubelet; the node registers itself and is ready some seconds later. */
export async function startNode({ dir, place, binaries, log }: NodeStart): Promise<void> {
  const startMs = Date.now();
  const nodeDir = join(dir, "node");
  await mkdir(nodeDir, { recursive: true });
  await mkdir(join(dir, "cni"), { recursive: true });
  await mkdir(join(dir, "registry", "_default"), { recursive: true });

  for (const path of await cgroupsOf(place)) await createCgroup(path);

  const init = await startInit(dir);
  const inNode = (command: string, args: string[]) => ({
    command: "nsenter",
    args: [`--target=${init}`, "--mount", "--pid", "--", command, ...args],
  });

  const socket = containerdSocket(dir);
  await writeFile(join(dir, "containerd.toml"), await containerdConfig(dir, socket));
  await writeFile(join(dir, "cni", "10-bridge.conflist"), JSON.stringify(cniConfig(dir, place)));
  await writeFile(
    join(dir, "registry", "_default", "hosts.toml"),
    `server = "${NO_REGISTRY}"\n[host."${NO_REGISTRY}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  const containerd = await startInBackground(dir, {
    name: "containerd",
    ...inNode("containerd", ["--config", join(dir, "containerd.toml")]),
  });
  await waitFor("containerd to serve", containerd, dir, () => run("ctr", ["--address", socket, "version"]));
  const archive = join(nodeDir, "images.tar");
  await writeFile(archive, await testImages(binaries.get("pause") ?? ""));
  await run("ctr", ["--address", socket, "--namespace", "k8s.io", "images", "import", archive]);
  log(`containerd is ready after ${((Date.now() - startMs) / 1000).toFixed(1)} s`);

  const [port = 0] = await freePorts(1, place.bridgeIp);
  await writeFile(join(dir, "kubelet.yaml"), dump(kubeletConfig(dir, place, socket, port)));
  await startInBackground(dir, {
    name: "kubelet",
    ...inNode(binaries.get("kubelet") ?? "", [
      `--config=${join(dir, "kubelet.yaml")}`,
      `--kubeconfig=${kubeconfigPath(dir, "kubelet")}`,
      `--hostname-override=${place.nodeName}`,
      `--node-ip=${place.bridgeIp}`,
      `--root-dir=${join(nodeDir, "kubelet")}`,
      `--cert-dir=${join(nodeDir, "pki")}`,
    ]),
  });
}

/** Call it after the node's processes are gone; what never existed is no error. */
export async function removeNodePlace(place: NodePlace): Promise<void> {
  await run("ip", ["link", "delete", place.bridge]).catch(() => {});
  for (const path of await cgroupsOf(place)) await removeCgroup(path);
  for (const path of PRIVATE_DIRS) if (!(await isMountedSomewhere(path))) await rmdir(path).catch(() => {});
}

export function containerdSocket(dir: string): string {
  return join(dir, "containerd.sock");
}

function placeAt(index: number): NodePlace {
  return {
    index,
    nodeName: `node-${index}`,
    bridge: `cluster-br${index}`,
    bridgeIp: `10.177.${index}.1`,
    bridgeMac: `02:00:0a:b1:${index.toString(16).padStart(2, "0")}:01`,
    podCidr: `10.177.${index}.0/24`,
    serviceIp: `10.178.${index}.1`,
    serviceCidr: `10.178.${index}.0/24`,
  };
}

/** The node's first process: the others go when it goes. */
async function startInit(dir: string): Promise<number> {
  const ready = join(dir, "node", "init-is-ready");
  const script = `
    set -e
    mount --make-rshared /
    mount -t tmpfs tmpfs /run
    for dir in ${PRIVATE_DIRS.join(" ")}; do mkdir -p "$dir"; mount -t tmpfs tmpfs "$dir"; done
    touch "${ready}"
    while :; do sleep 3600 & wait $!; done`;
  const unshare = await startInBackground(dir, {
    name: "node-init",
    command: "unshare",
    args: ["--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "sh", "-c", script],
  });
  await waitFor("the node's first process", unshare, dir, () => access(ready));
  return await onlyChildOf(unshare);
}

async function onlyChildOf({ pid }: BackgroundProcess): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  const child = Number(children[0]);
  if (children.length !== 1 || !(child > 0)) {
    throw new Error(`Cannot enter the node: want one child of process ${pid}, found ${JSON.stringify(children)}`);
  }
  return child;
}

async function containerdConfig(dir: string, socket: string): Promise<string> {
  const snapshotter = (await canOverlay(dir)) ? "overlayfs" : "native";
  return `version = 2
root = "${join(dir, "node", "containerd")}"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "${snapshotter}"
  default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${join(dir, "cni")}"
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "${join(dir, "registry")}"
`;
}

function cniConfig(dir: string, place: NodePlace) {
  return {
    cniVersion: "0.4.0",
    name: "cluster",
    plugins: [
      {
        type: "bridge",
        bridge: place.bridge,
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: join(dir, "node", "addresses"),
          ranges: [
            [{ subnet: place.podCidr, gateway: place.bridgeIp, rangeStart: place.bridgeIp.replace(/1$/, "10") }],
          ],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
}

function kubeletConfig(dir: string, place: NodePlace, socket: string, port: number) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${socket}`,
    address: place.bridgeIp,
    port,
    healthzPort: 0,
    // Who reaches the bridge of a test cluster may run what they like in it: there is no secret on it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupsPerQOS: true,
    cgroupRoot: `/${cgroupName(place)}`,
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    oomScoreAdj: 0,
    maxPods: 110,
    // Nobody serves DNS here; without an address each pod would get a warning about it.
    clusterDNS: [place.bridgeIp],
    clusterDomain: "cluster.local",
    resolvConf: "",
    podLogsDir: join(dir, "node", "pod-logs"),
    syncFrequency: "1s",
    fileCheckFrequency: "1h",
    nodeStatusUpdateFrequency: "4s",
    registryPullQPS: 0,
    serializeImagePulls: false,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    eventRecordQPS: 0,
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      "memory.available": "0%",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.available": "0%",
      "imagefs.inodesFree": "0%",
    },
  };
}

/** Not every file system can be a layer of an overlay: another overlay cannot, for one. */
async function canOverlay(dir: string): Promise<boolean> {
  const at = (name: string) => join(dir, "node", "overlay-trial", name);
  for (const name of ["lower", "upper", "work", "merged"]) await mkdir(at(name), { recursive: true });
  const options = `lowerdir=${at("lower")},upperdir=${at("upper")},workdir=${at("work")}`;
  try {
    await run("unshare", ["--mount", "mount", "-t", "overlay", "overlay", "-o", options, at("merged")]);
    return true;
  } catch {
    return false;
  }
}

function cgroupName(place: NodePlace): string {
  return `cluster-node-${place.index}`;
}

/** One cgroup with cgroup v2; one for each controller with v1. */
async function cgroupsOf(place: NodePlace): Promise<string[]> {
  const entries = await readdir(CGROUP_ROOT, { withFileTypes: true });
  const isV2 = entries.some(({ name }) => name === "cgroup.controllers");
  if (isV2) return [join(CGROUP_ROOT, cgroupName(place))];
  const controllers = entries.filter((entry) => entry.isDirectory());
  return controllers.map(({ name }) => join(CGROUP_ROOT, name, cgroupName(place)));
}

async function createCgroup(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  // With cgroup v1 a new cpuset is empty, and nothing can run in it.
  for (const name of ["cpuset.cpus", "cpuset.mems"]) {
    const value = await readFile(join(dirname(path), name), "utf8").catch(() => undefined);
    if (value !== undefined) await writeFile(join(path, name), value).catch(() => {});
  }
  // All pods together weigh as much as one process of the machine unless told otherwise, and would starve beside a compiler.
  for (const [name, weight] of CPU_WEIGHTS) {
    if (await isThere(join(path, name))) await writeFile(join(path, name), weight);
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A cgroup goes once it has no processes and no children; the last processes may take a moment to be gone. */
async function removeCgroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if (!String(error).includes("EBUSY")) throw error;
      await sleep(100);
    }
  }
}

/** Removing a directory would unmount what is mounted on it in another node's namespace. */
async function isMountedSomewhere(path: string): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const tables = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/mounts`, "utf8").catch(() => "")));
  return tables.some((table) => table.includes(` ${path} `));
}
