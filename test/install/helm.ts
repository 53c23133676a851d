/**
 * Where does Helm come from?
 *
 * Built once from its Go module, pinned by go/go.mod and go/go.sum, and kept beside the Kubernetes binaries. It has a module
 * of its own because it wants other versions of the Kubernetes libraries than the cluster is built from.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheRoot, executableAt, lock, runGo } from "../cluster/binaries.ts";

const GO_DIR = fileURLToPath(new URL("./go/", import.meta.url));
export const CHART = fileURLToPath(new URL("../../deploy/chart/", import.meta.url));

/** Returns the path of helm, after building it if no earlier run has left it behind: minutes, once. */
export async function findOrBuildHelm(log: (line: string) => void): Promise<string> {
  const sums = createHash("sha256").update(await readFile(join(GO_DIR, "go.sum")));
  const dir = join(cacheRoot(), `helm-${sums.digest("hex").slice(0, 12)}`);
  const path = join(dir, "helm");
  if (await executableAt(path)) return path;
  await mkdir(dir, { recursive: true });
  const unlock = await lock(join(dir, "build.lock"), log);
  const unfinished = `${path}.${process.pid}`;
  try {
    if (await executableAt(path)) return path;
    log("building helm; the first build takes minutes, later ones are cached");
    await runGo(["build", "-trimpath", "-ldflags", "-s -w", "-o", unfinished, "helm.sh/helm/v4/cmd/helm"], GO_DIR);
    await rename(unfinished, path);
    return path;
  } finally {
    await rm(unfinished, { force: true });
    await unlock();
  }
}

export interface Ran {
  stdout: string;
  stderr: string;
  code: number;
}

/** Runs a program to its end; a failure is a code, not an exception. */
export function runProgram(
  command: string,
  args: string[],
  { env = {}, timeoutMs = 330_000 }: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<Ran> {
  return new Promise((done) => {
    const options = { env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: 64 << 20 };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) done({ stdout, stderr, code: 0 });
      else done({ stdout, stderr: stderr || error.message, code: typeof error.code === "number" ? error.code : 1 });
    });
  });
}
