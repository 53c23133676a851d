/** What must be on this machine before a cluster can start, and what would bring it? */
import { spawn } from "node:child_process";
import { access } from "node:fs/promises";
import { commandOnPath } from "./binaries.ts";

export interface PackagesWanted {
  /** A real node needs a container runtime; the control plane alone needs nothing. */
  node: boolean;
  /** Install what is missing, with apt-get. */
  install: boolean;
  log: (line: string) => void;
}

const FOR_NODE: { debianPackage: string; commands: string[]; files: string[] }[] = [
  { debianPackage: "containerd", commands: ["containerd", "ctr"], files: [] },
  { debianPackage: "runc", commands: ["runc"], files: [] },
  {
    debianPackage: "containernetworking-plugins",
    commands: [],
    files: ["/usr/lib/cni/bridge", "/usr/lib/cni/host-local"],
  },
  { debianPackage: "busybox-static", commands: ["busybox"], files: [] },
  { debianPackage: "iproute2", commands: ["ip"], files: [] },
  { debianPackage: "util-linux", commands: ["unshare", "nsenter"], files: [] },
  { debianPackage: "mount", commands: ["mount", "umount"], files: [] },
];

/** @throws with one sentence that names what is missing and the command which brings it, unless it may install it. */
export async function ensurePackages(wanted: PackagesWanted): Promise<void> {
  if (!wanted.node) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error(
      `Cannot start a real node: want root on Linux, found uid ${process.getuid?.()} on ${process.platform}. ` +
        "A cluster with --fake-nodes needs neither.",
    );
  }
  const missing: string[] = [];
  for (const { debianPackage, commands, files } of FOR_NODE) {
    const found = await Promise.all([...commands.map(commandOnPath), ...files.map(existing)]);
    if (found.includes(undefined)) missing.push(debianPackage);
  }
  if (missing.length === 0) return;
  const command = `apt-get install --yes --no-install-recommends ${missing.join(" ")}`;
  if (!wanted.install) {
    throw new Error(`Cannot start a real node: missing ${missing.join(", ")}; run: apt-get update && ${command}`);
  }
  wanted.log(`installing ${missing.join(", ")}`);
  await runQuietly("apt-get", ["update"]);
  await runQuietly("apt-get", command.split(" ").slice(1));
}

async function existing(path: string): Promise<string | undefined> {
  return access(path).then(
    () => path,
    () => undefined,
  );
}

async function runQuietly(command: string, args: string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-5_000);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`"${command} ${args.join(" ")}" failed with exit code ${code}:\n${output.trimEnd()}`));
    });
  });
}
