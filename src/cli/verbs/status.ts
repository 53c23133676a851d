import { Command, Option } from "@commander-js/extra-typings";
import { GROUP } from "../../api/constants.ts";
import type { Cli } from "../cli.ts";
import type { Cluster } from "../cluster.ts";
import { durationMs } from "../connection-options.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument } from "../names.ts";
import type { Column, Format } from "../output.ts";
import { outputOption, print } from "../output.ts";
import type { Rollout } from "../rollout.ts";
import { exitCodeOf, nextStep, rolloutOf } from "../rollout.ts";
import { watchCloneSet } from "../seen.ts";
import { relativeTimes } from "../tree/relative-times.ts";

const COLUMNS: Column<Rollout>[] = [
  { title: "NAME", of: ({ name }) => name },
  { title: "STATE", of: ({ state }) => state },
  { title: "UPDATED", of: ({ updated, expectedUpdated }) => `${updated}/${expectedUpdated}` },
  { title: "AVAILABLE", of: ({ available, desired }) => `${available}/${desired}` },
  { title: "PARTITION", of: ({ partition }) => partition },
  { title: "REVISION", of: ({ updateRevision }) => updateRevision, wide: true },
  { title: "MESSAGE", of: ({ message }) => message, wide: true },
];

/** `status`: is the rollout done? Answers with an exit code. */
export const status = (cli: Cli) =>
  new Command("status")
    .summary("say whether a rollout is done")
    .description(
      "Says where the rollout of a CloneSet stands; with --watch once it has come to rest. Exit code: 0 done, 1 failed, " +
        "3 not done yet, 4 paused or held by its partition.",
    )
    .addArgument(cloneSetArgument())
    .addOption(new Option("-w, --watch", "wait until the rollout is done, failed, paused or held"))
    .addOption(new Option("--timeout <duration>", "with --watch: wait so long at most, e.g. 5m").argParser(durationMs))
    .addOption(outputOption())
    .action(async (name, { watch, timeout, output }) => {
      const cluster = await cli.cluster();
      const rollout = watch
        ? await rested(cli, cluster, name, { timeoutMs: timeout, isQuiet: output !== undefined })
        : rolloutOf(await cluster.cloneSet(name));
      await show(cli, rollout, output, cluster.namespaceFlag());
      cli.exitCode = exitCodeOf(rollout);
    });

async function show(cli: Cli, rollout: Rollout, output: Format | undefined, flag: string): Promise<void> {
  await print(cli, output, {
    items: rollout,
    columns: COLUMNS,
    name: ({ name }) => `cloneset.${GROUP}/${name}`,
    words: () => line(rollout, cli.io.clock.nowMs()),
  });
  const next = nextStep(rollout, flag);
  if (next !== undefined && output === undefined) cli.note(`Next: ${next}`);
}

/** The rollout when it has come to rest, or as it is when time is over. What happens until then is told, a line each. */
async function rested(
  cli: Cli,
  cluster: Cluster,
  name: string,
  { timeoutMs, isQuiet }: { timeoutMs: number | undefined; isQuiet: boolean },
): Promise<Rollout> {
  const { io } = cli;
  let look = () => {};
  const watching = await watchCloneSet(cluster, name, { clock: io.clock, onChange: () => look() });
  let deadline: object | undefined;
  try {
    return await new Promise<Rollout>((resolve, reject) => {
      let last = "";
      let isDeaf = false;
      const rollout = () => {
        const object = watching.seen();
        if (object === undefined) throw new Failure(`CloneSet ${name} was deleted`);
        return rolloutOf(object);
      };
      look = () => {
        try {
          const trouble = watching.trouble();
          if (trouble !== undefined && !isDeaf && !isQuiet) cli.note(`no news: ${trouble}; trying again`);
          isDeaf = trouble !== undefined;
          const now = rollout();
          if (now.state !== "progressing") resolve(now);
          else if (!isQuiet && now.message !== last) cli.note(line(now, io.clock.nowMs()));
          last = now.message;
        } catch (error) {
          reject(error);
        }
      };
      if (timeoutMs) deadline = io.clock.setTimeout(() => resolve(rollout()), timeoutMs);
      io.interrupted.addEventListener("abort", () => reject(io.interrupted.reason), { once: true });
      look();
    });
  } finally {
    io.clock.clearTimeout(deadline);
    await watching.stop();
  }
}

function line({ state, message }: Rollout, nowMs: number): string {
  return `${state}: ${relativeTimes(message, nowMs)}`;
}
