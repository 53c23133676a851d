import { Command } from "@commander-js/extra-typings";
import type { Cli } from "../cli.ts";
import { cloneSetArgument } from "../names.ts";
import type { Column } from "../output.ts";
import { outputOption, print } from "../output.ts";
import type { Rollout } from "../rollout.ts";
import { exitCodeOf, nextStep, rolloutOf } from "../rollout.ts";

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
      "Says where the rollout of a CloneSet stands. Exit code: 0 done, 1 failed, 3 not done yet, " +
        "4 paused or held by its partition.",
    )
    .addArgument(cloneSetArgument())
    .addOption(outputOption())
    .action(async (name, { output }) => {
      const cluster = await cli.cluster();
      const rollout = rolloutOf(await cluster.cloneSet(name));
      await print(cli, output, {
        items: rollout,
        columns: COLUMNS,
        name: () => `cloneset.apps.kruise.io/${name}`,
        words: () => `${rollout.state}: ${rollout.message}`,
      });
      const next = nextStep(rollout, cluster.namespaceFlag());
      if (next !== undefined && output === undefined) cli.note(`Next: ${next}`);
      cli.exitCode = exitCodeOf(rollout);
    });
