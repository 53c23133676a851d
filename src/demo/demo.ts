import { setTimeout as sleep } from "node:timers/promises";
import { CLONE_SETS } from "../api/resource.ts";
import type { Io } from "../cli/cli.ts";
import { rolloutOf } from "../cli/rollout.ts";
import type { Watching } from "../cli/seen.ts";
import { watchSeen } from "../cli/seen.ts";
import type { Playground } from "./playground.ts";
import { startPlayground } from "./playground.ts";
import { commandOf, EDITS, NAME, SAMPLE } from "./sample.ts";

export interface Flags {
  once: boolean;
  port: number;
  nodes: number;
}

const AVAILABLE_WAIT_MS = 30_000;

/** Runs the demo to its end, and returns the exit code. */
export async function demo(flags: Flags, io: Pick<Io, "stdout" | "clock" | "interrupted">): Promise<number> {
  const say = (text: string) => io.stdout.write(`${text}\n`);
  const startedMs = io.clock.monotonicMs();
  const playground = await startPlayground(flags);
  try {
    await playground.cluster.client.create(CLONE_SETS, SAMPLE);
    const heard = new EventTarget();
    const watching = await watchSeen(playground.cluster, NAME, {
      clock: io.clock,
      onChange: () => heard.dispatchEvent(new Event("change")),
    });
    try {
      let last = "";
      heard.addEventListener("change", () => {
        const seen = watching.seen();
        const { state, message } = seen ? rolloutOf(seen.object) : { state: "gone", message: "" };
        const line = `${state}: ${message}`;
        if (line !== last) say(`${new Date(io.clock.nowMs()).toISOString().slice(11, 19)}  ${NAME}  ${line}`);
        last = line;
      });
      await available(watching, io.interrupted);
      if (io.interrupted.aborted) return 0;
      say(`\nReady after ${((io.clock.monotonicMs() - startedMs) / 1000).toFixed(1)} s.`);
      if (flags.once) return 0;
      say(nextSteps(playground, watching));
      await interruption(io.interrupted);
      return 0;
    } finally {
      await watching.stop();
    }
  } finally {
    await playground.stop();
  }
}

/** @throws if it takes longer than any machine should need */
async function available(watching: Watching, interrupted: AbortSignal): Promise<void> {
  const endMs = performance.now() + AVAILABLE_WAIT_MS;
  for (;;) {
    const seen = watching.seen();
    if (interrupted.aborted || (seen && rolloutOf(seen.object).state === "done")) return;
    if (performance.now() > endMs) {
      throw new Error(`the sample is not available after ${AVAILABLE_WAIT_MS / 1000} s`);
    }
    await sleep(50);
  }
}

function nextSteps({ kubeconfig, log }: Playground, watching: Watching): string {
  const pod = watching.seen()?.pods[0]?.name ?? `${NAME}-xxxxx`;
  return [
    "",
    "Things to try in another terminal:",
    "",
    `  export KUBECONFIG=${kubeconfig}`,
    "  kubectl get clonesets,pods,pvc",
    "",
    "a new image, in place: names, addresses and volumes stay, each container restarts once",
    `  ${commandOf(EDITS.newImage)}`,
    "another one, with three pods kept on the old revision; then let them go",
    `  ${commandOf(EDITS.partition(3))}`,
    `  ${commandOf(EDITS.nextImage)}`,
    `  ${commandOf(EDITS.partition(0))}`,
    "remove one pod by its name",
    `  ${commandOf(EDITS.scaleIn(pod, 4))}`,
    "an image that does not exist: the rollout stops at one pod and says why; then back",
    `  ${commandOf(EDITS.badImage)}`,
    `  ${commandOf(EDITS.nextImage)}`,
    "",
    `The controller's log: ${log}`,
    "Ctrl-C stops everything.",
  ].join("\n");
}

async function interruption(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
