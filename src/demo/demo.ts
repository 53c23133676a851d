import { setTimeout as sleep } from "node:timers/promises";
import { CLONE_SETS } from "../api/resource.ts";
import type { Io } from "../cli/cli.ts";
import { said } from "../cli/program.ts";
import { rolloutOf } from "../cli/rollout.ts";
import type { Watching } from "../cli/seen.ts";
import { watchSeen } from "../cli/seen.ts";
import { verbActions } from "../cli/tree/actions.ts";
import { follow } from "../cli/tree/follow.ts";
import { LiveView } from "../cli/tree/live.ts";
import { looksOf } from "../cli/tree/looks.ts";
import type { Playground } from "./playground.ts";
import { startPlayground } from "./playground.ts";
import { NAME, SAMPLE } from "./sample.ts";
import { suggestedKeys, suggestions } from "./suggestions.ts";
import { tour } from "./tour.ts";

export interface Flags {
  once: boolean;
  tour: boolean;
  port: number;
  nodes: number;
}

const AVAILABLE_WAIT_MS = 120_000;

/** Runs the demo to its end, and returns the exit code. */
export async function demo(flags: Flags, io: Io): Promise<number> {
  const say = (text: string) => io.stdout.write(`${text}\n`);
  const startedMs = io.clock.monotonicMs();
  const playground = await startPlayground(flags);
  try {
    await playground.cluster.client.create(CLONE_SETS, SAMPLE);
    const view = { changed: () => {} };
    const watching = await watchSeen(playground.cluster, NAME, { clock: io.clock, onChange: () => view.changed() });
    try {
      if (flags.tour) return await tour(playground, watching, io);
      const isLive = !flags.once && io.stdout.isTTY === true && io.stdin.isTTY;
      const following = isLive ? undefined : follow(io, watching, view);
      await available(watching, io.interrupted);
      if (io.interrupted.aborted) return 0;
      const ready = `Ready after ${((io.clock.monotonicMs() - startedMs) / 1000).toFixed(1)} s`;
      if (isLive) await live(playground, watching, io, { view, ready });
      else {
        say(`\n${ready}.`);
        if (flags.once) return 0;
        say(["", ...suggestions(playground, watching), "Ctrl-C stops everything.", ""].join("\n"));
      }
      await following;
      return 0;
    } finally {
      await watching.stop();
    }
  } finally {
    await playground.stop();
  }
}

async function live(
  playground: Playground,
  watching: Watching,
  io: Io,
  { view, ready }: { view: { changed: () => void }; ready: string },
): Promise<void> {
  const perform = (args: string[]) => said(args, io, { kubeconfig: playground.kubeconfig });
  const tree = new LiveView({
    io,
    watching,
    looks: looksOf(io, {}),
    all: false,
    flag: "",
    actions: [...suggestedKeys(playground), ...verbActions(perform, "")],
    footer: [`${ready}. ${suggestions(playground, watching).join("\n")}`.split("\n"), [""]].flat(),
  });
  view.changed = () => tree.changed();
  await tree.run();
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
