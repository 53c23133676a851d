/**
 * Where do the Kubernetes binaries come from?
 *
 * They are built once from their Go modules, pinned by go/go.mod and go/go.sum, and kept outside the project, so that
 * a clean checkout does not pay for them again. Where KUBEBUILDER_ASSETS names a directory, what it holds is used instead.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export type BinaryName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kubectl"
  | "pause";

/** The Kubernetes version that go/go.mod pins. */
export const KUBERNETES_VERSION = "v1.36.3";

const PACKAGES: Record<BinaryName, string> = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  kubelet: "k8s.io/kubernetes/cmd/kubelet",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  pause: "./pause",
};

const GO_FILES = ["go.mod", "go.sum", "pause/main.go"];
const GO_DIR = fileURLToPath(new URL("./go/", import.meta.url));
const LOCK_POLL_MS = 500;

export interface BinariesWanted {
  names: BinaryName[];
  /** `v1.36.2`, for example; another version than the pinned one is resolved anew, without pinned checksums. */
  kubernetesVersion?: string | undefined;
  log: (line: string) => void;
}

/** Returns a path for each binary asked for, building those which no earlier run has left behind. */
export async function findOrBuildBinaries(wanted: BinariesWanted): Promise<Map<BinaryName, string>> {
  const version = checkedVersion(wanted.kubernetesVersion ?? KUBERNETES_VERSION);
  const cacheDir = join(cacheRoot(), `${version}-${await hashOfGoFiles()}`);
  const binDir = join(cacheDir, "bin");
  const paths = new Map<BinaryName, string>();
  const missing: BinaryName[] = [];
  for (const name of wanted.names) {
    const found = (await givenBinary(name)) ?? (await executableAt(join(binDir, name)));
    if (found === undefined) missing.push(name);
    else paths.set(name, found);
  }
  if (missing.length === 0) return paths;

  await mkdir(binDir, { recursive: true });
  const unlock = await lock(join(cacheDir, "build.lock"), wanted.log);
  try {
    const moduleDir = await moduleFor(version, cacheDir, wanted.log);
    for (const name of missing) {
      const path = join(binDir, name);
      // Another `up` may have built it while this one waited for the lock.
      const from = PACKAGES[name].startsWith("k8s.io/") ? moduleDir : GO_DIR;
      if ((await executableAt(path)) === undefined) await build(name, path, version, from, wanted.log);
      paths.set(name, path);
    }
  } finally {
    await unlock();
  }
  return paths;
}

/** Looks a command up on PATH; undefined when there is none. */
export async function commandOnPath(name: string): Promise<string | undefined> {
  const extra = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/go/bin"];
  for (const dir of [...(process.env["PATH"] ?? "").split(delimiter), ...extra]) {
    if (dir === "") continue;
    const found = await executableAt(join(dir, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where binaries are kept from run to run. */
export function cacheRoot(): string {
  const own = process.env["CLONESET_CLUSTER_CACHE"];
  if (own) return own;
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "cloneset-cluster");
}

function checkedVersion(version: string): string {
  if (!/^v1\.\d+\.\d+$/.test(version)) {
    throw new Error(
      `Cannot use --kubernetes-version: want a version like ${KUBERNETES_VERSION}, found ${JSON.stringify(version)}`,
    );
  }
  return version;
}

async function givenBinary(name: BinaryName): Promise<string | undefined> {
  const dir = process.env["KUBEBUILDER_ASSETS"];
  return dir && name !== "pause" ? await executableAt(join(dir, name)) : undefined;
}

/** The path itself if there is a program; else undefined. */
export async function executableAt(path: string): Promise<string | undefined> {
  return access(path, constants.X_OK).then(
    () => path,
    () => undefined,
  );
}

async function hashOfGoFiles(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of GO_FILES) hash.update(await readFile(join(GO_DIR, file)));
  return hash.digest("hex").slice(0, 12);
}

/** A directory with the go.mod to build from: the pinned one, or one with the requirements that another version was released with. */
async function moduleFor(version: string, cacheDir: string, log: (line: string) => void): Promise<string> {
  if (version === KUBERNETES_VERSION) return GO_DIR;
  const dir = join(cacheDir, "module");
  await mkdir(dir, { recursive: true });
  log(`resolving the Go modules of Kubernetes ${version}`);
  const pinned = await readFile(join(GO_DIR, "go.mod"), "utf8");
  const [goLine = ""] = /^go .*$/m.exec(pinned) ?? [];
  await writeFile(join(dir, "go.mod"), `module cloneset.example/cluster\n${goLine}\n`);
  const download = await runGo(["mod", "download", "-json", `k8s.io/kubernetes@${version}`], dir);
  const { GoMod } = JSON.parse(download) as { GoMod: string };
  const released = await readFile(GoMod, "utf8");
  const tools = Object.values(PACKAGES).filter((path) => path.startsWith("k8s.io/kubernetes/"));
  const module = [
    released
      .replace(/^module .*$/m, "module cloneset.example/cluster")
      .replace(/^go .*$/m, goLine)
      .replaceAll(/=> \.\/staging\/src\/(\S+)/g, `=> $1 ${stagingVersion(version)}`),
    `require k8s.io/kubernetes ${version}`,
    ...tools.map((path) => `tool ${path}`),
  ];
  await writeFile(join(dir, "go.mod"), `${module.join("\n")}\n`);
  await runGo(["mod", "tidy"], dir);
  return dir;
}

/** v1.36.3 of k8s.io/kubernetes goes with v0.36.3 of k8s.io/api and the other staging modules. */
function stagingVersion(version: string): string {
  return version.replace(/^v1\./, "v0.");
}

async function build(
  name: BinaryName,
  path: string,
  version: string,
  moduleDir: string,
  log: (line: string) => void,
): Promise<void> {
  const [major, minor] = version.slice(1).split(".");
  const stamps = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const stampFlags = Object.entries(stamps).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`);
  log(`building ${name} (Kubernetes ${version}); the first build takes minutes, later ones are cached`);
  const startMs = Date.now();
  const unfinished = `${path}.${process.pid}`;
  try {
    await runGo(
      ["build", "-trimpath", "-ldflags", `-s -w ${stampFlags.join(" ")}`, "-o", unfinished, PACKAGES[name]],
      moduleDir,
    );
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  log(`built ${name} in ${Math.round((Date.now() - startMs) / 1000)} s`);
}

/** Runs Go without cgo, and returns its standard output; what it says besides is in the error if it fails. */
export async function runGo(args: string[], cwd: string): Promise<string> {
  const go = await commandOnPath("go");
  if (go === undefined) {
    throw new Error(
      `Cannot run "go ${args[0]}": want Go 1.26 or later on PATH, found none. ` +
        "Install Go, or set KUBEBUILDER_ASSETS to a directory with the Kubernetes binaries.",
    );
  }
  return await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: `${process.env["GOFLAGS"] ?? ""} -buildvcs=false` };
    const child = spawn(go, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-20_000);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(`"go ${args.join(" ")}" failed with exit code ${code}:\n${output.trimEnd()}`));
    });
  });
}

/** Lets one process build at a time. A lock whose owner has died is taken over. */
export async function lock(path: string, log: (line: string) => void): Promise<() => Promise<void>> {
  let told = false;
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: "wx" });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(path, "utf8").catch(() => "0"));
    if (owner > 0 && !isAlive(owner)) {
      await rm(path, { force: true });
      continue;
    }
    if (!told) log(`waiting for process ${owner}, which builds the same binaries`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
