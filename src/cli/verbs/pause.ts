import { Command } from "@commander-js/extra-typings";
import type { Cli } from "../cli.ts";
import { cloneSetColumns } from "../clone-set-columns.ts";
import type { CloneSetObject } from "../cluster.ts";
import { dryRunOption, isDryRun } from "../dry-run.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import type { Format } from "../output.ts";
import { outputOption, print } from "../output.ts";
import { rolloutOf } from "../rollout.ts";

/** `pause`: holds a rollout where it is. */
export const pause = (cli: Cli) =>
  new Command("pause")
    .summary("hold a rollout where it is")
    .description(
      "Pods stay on the revision they have; scaling, and replacing pods that are lost, goes on. Undone with resume.",
    )
    .addArgument(cloneSetArgument())
    .addOption(dryRunOption())
    .addOption(outputOption())
    .action((name, { dryRun, output }) => setPaused(cli, name, true, { dryRun: isDryRun(dryRun), output }));

/** `resume`: lets a paused rollout go on. */
export const resume = (cli: Cli) =>
  new Command("resume")
    .summary("let a paused rollout go on")
    .description("Ends what pause began: pods move to the update revision again, within the budget.")
    .addArgument(cloneSetArgument())
    .addOption(dryRunOption())
    .addOption(outputOption())
    .action((name, { dryRun, output }) => setPaused(cli, name, false, { dryRun: isDryRun(dryRun), output }));

async function setPaused(
  cli: Cli,
  name: string,
  paused: boolean,
  { dryRun, output }: { dryRun: boolean; output: Format | undefined },
): Promise<void> {
  const cluster = await cli.cluster();
  const before = await cluster.cloneSet(name);
  const wasPaused = before.spec?.updateStrategy?.paused ?? false;
  if (wasPaused === paused) {
    throw new Failure(`${fullName(before)} is ${paused ? "already paused" : "not paused"}`, {
      next: `kubectl cloneset status ${name}${cluster.namespaceFlag()}`,
    });
  }
  const after = await cluster.patchCloneSet(name, { spec: { updateStrategy: { paused } } }, { type: "merge", dryRun });
  await print(cli, output, {
    items: after,
    columns: cloneSetColumns(cli.io.clock.nowMs()),
    name: fullName,
    words: () => `${fullName(after)} ${paused ? "paused" : "resumed"}${dryRun ? " (server dry run)" : ""}`,
  });
  if (output === undefined && paused) cli.note(frozen(before, cluster.namespaceFlag()));
}

function frozen(before: CloneSetObject, flag: string): string {
  const { name, desired, updated } = rolloutOf(before);
  const split = updated < desired ? `${updated} of ${desired} pods stay updated, ${desired - updated} stay old. ` : "";
  return `${split}Next: kubectl cloneset resume ${name}${flag}`;
}
