import { Command } from "@commander-js/extra-typings";
import type { Manner } from "../carry-out.ts";
import { carryOut } from "../carry-out.ts";
import type { Cli } from "../cli.ts";
import type { CloneSetObject } from "../cluster.ts";
import { dryRunOf, dryRunOption } from "../dry-run.ts";
import { Edit } from "../edit.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import { outputOption } from "../output.ts";
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
    .action((name, { dryRun, output }) => setPaused(cli, name, true, { dryRun: dryRunOf(dryRun), output }));

/** `resume`: lets a paused rollout go on. */
export const resume = (cli: Cli) =>
  new Command("resume")
    .summary("let a paused rollout go on")
    .description("Ends what pause began: pods move to the update revision again, within the budget.")
    .addArgument(cloneSetArgument())
    .addOption(dryRunOption())
    .addOption(outputOption())
    .action((name, { dryRun, output }) => setPaused(cli, name, false, { dryRun: dryRunOf(dryRun), output }));

async function setPaused(cli: Cli, name: string, paused: boolean, manner: Manner): Promise<void> {
  const cluster = await cli.cluster();
  const before = await cluster.cloneSet(name);
  const flag = cluster.namespaceFlag();
  const wasPaused = before.spec?.updateStrategy?.paused ?? false;
  if (wasPaused === paused) {
    throw new Failure(`${fullName(before)} is ${paused ? "already paused" : "not paused"}`, {
      next: `kubectl cloneset status ${name}${flag}`,
    });
  }
  const edit = new Edit(before).set(["spec", "updateStrategy", "paused"], paused);
  const deed = paused
    ? { done: "paused", notes: [frozen(before, flag)] }
    : { done: "resumed", notes: [`Next: kubectl cloneset status ${name}${flag} --watch`] };
  await carryOut(cli, edit, deed, manner);
}

function frozen(before: CloneSetObject, flag: string): string {
  const { name, desired, updated } = rolloutOf(before);
  const split = updated < desired ? `${updated} of ${desired} pods stay updated, ${desired - updated} stay old. ` : "";
  return `${split}Next: kubectl cloneset resume ${name}${flag}`;
}
