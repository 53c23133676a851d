/**
 * How long does `kubectl cloneset status` take from the shell to its answer, beside `kubectl get` on the same API server
 * (the sandbox)? They take turns, so that a busy machine is busy for both. And how long does the tree take to redraw?
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { bundleCli } from "../../deploy/package/bundle-cli.ts";
import { treeLines } from "../../src/cli/tree/lines.ts";
import { Screen } from "../../src/cli/tree/screen.ts";
import { rendered } from "../../src/cli/tree/style.ts";
import { treeOf } from "../../src/cli/tree/tree.ts";
import type { PodGiven } from "../unit/cli/seen-web.ts";
import { NOW_MS, seenWeb } from "../unit/cli/seen-web.ts";
import { median, short, table } from "./table.ts";

export async function cliBenchmark({ pods, repeat }: { pods: number; repeat: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "cloneset-bench-"));
  // In a thread of its own, so that it answers while this one waits for commands.
  const server = new Worker(new URL("cli-server.ts", import.meta.url), { workerData: folder });
  try {
    const kubeconfig = await new Promise<string>((resolve, reject) => {
      server.once("message", resolve);
      server.once("error", reject);
    });
    const binary = await bundleCli(join(folder, "cli"));
    const commands = [
      { name: "kubectl cloneset status", command: process.execPath, args: [binary, "status", "web"] },
      { name: "kubectl cloneset --version", command: process.execPath, args: [binary, "--version"] },
      { name: "kubectl get clone", command: "kubectl", args: ["get", "clone", "web"] },
      { name: "node -e 0", command: process.execPath, args: ["-e", "0"] },
    ];
    // One round before, which fills the compile cache.
    const rounds = Array.from({ length: repeat + 1 }, () => commands.map((one) => runMs(one, kubeconfig))).slice(1);
    const rows = commands.map(({ name }, i) => {
      const times = rounds.flatMap((round) => round.slice(i, i + 1));
      return [name, short(median(times)), short(Math.min(...times))];
    });
    console.log(`\nFrom the shell to the answer, in turn, ${repeat} times\n`);
    console.log(table(["Command", "ms", "least"], rows));
    console.log(`\nRedrawing the tree of ${pods} pods, every one of them shown, after a change\n`);
    const times = redraws(pods, repeat);
    console.log(table(["", "ms", "most"], [["objects to terminal", short(median(times)), short(Math.max(...times))]]));
  } finally {
    await server.terminate();
    await rm(folder, { recursive: true, force: true });
  }
}

function runMs({ command, args }: { command: string; args: string[] }, kubeconfig: string): number {
  const startedMs = performance.now();
  const { status, stderr, error } = spawnSync(command, args, { env: { ...process.env, KUBECONFIG: kubeconfig } });
  const ms = performance.now() - startedMs;
  // 3: not done yet, which is as good an answer as any.
  if (error || (status !== 0 && status !== 3)) {
    throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.toString()}`);
  }
  return ms;
}

/** The whole way of a frame: objects, view, lines, text, and what of it is new. */
function redraws(count: number, repeat: number): number[] {
  const looks = { columns: 120, color: true, ascii: false };
  const screen = new Screen({ write: () => true, columns: 120, rows: count + 20 });
  const frames = [0, 1].map((turn) => {
    const pods = Array.from({ length: count }, (_, i): PodGiven => {
      const isOld = i >= count / 2 + turn;
      return { id: String(i).padStart(5, "0"), revision: isOld ? 6 : 7, node: `node-${i % 50}` };
    });
    return seenWeb({ pods, spec: { replicas: count } });
  });
  return Array.from({ length: repeat }, (_, i) => {
    const seen = frames[i % 2];
    const startedMs = performance.now();
    if (seen) {
      const nowMs = NOW_MS + i * 1000;
      const lines = treeLines(treeOf(seen, nowMs), { ...looks, nowMs, all: true, flag: "" });
      screen.draw(lines.map(({ line }) => rendered(line, looks)));
    }
    return performance.now() - startedMs;
  });
}
