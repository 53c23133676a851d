import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { yesOption } from "../carry-out.ts";
import type { Cli } from "../cli.ts";
import { dryRunOf, dryRunOption } from "../dry-run.ts";
import { outputOption } from "../output.ts";

/** `migrate`: another kind of owner for the same running pods. */
export const migrate = (cli: Cli) =>
  new Command("migrate")
    .summary("turn a Deployment into a CloneSet, or back, while its pods run on")
    .description(
      "Says what it is going to do, then does it: the Deployment and its ReplicaSets are deleted without their pods, and " +
        "a CloneSet of the same name adopts these as they are. Autoscalers follow. What is to be done is kept in the " +
        "ConfigMap NAME-migration: stopped anywhere, the same command goes on. With --back the CloneSet becomes a " +
        "Deployment again, also with its pods.",
    )
    .addOption(
      new Option("--from <deployment/name>", "the Deployment; with --back the one that was")
        .argParser(deploymentName)
        .makeOptionMandatory(),
    )
    .addOption(new Option("--back", "turn the CloneSet of this name into a Deployment"))
    .addOption(new Option("--skip-controller-check", "go on although no controller holds a lease"))
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action(async ({ from, back = false, skipControllerCheck = false, dryRun, yes, output }) => {
      const { runMigration } = await import("../migrate/run.ts");
      const direction = back ? "toDeployment" : "toCloneSet";
      const manner = { dryRun: dryRunOf(dryRun), yes, output, skipControllerCheck };
      await runMigration(cli, { name: from, direction }, manner);
    });

function deploymentName(text: string): string {
  const name = /^(?:deploy|deployments?)(?:\.(?:v1\.)?apps)?\/([^/]+)$/.exec(text)?.[1];
  if (name === undefined)
    throw new InvalidArgumentError("Want deployment/NAME; other kinds have no way to a CloneSet.");
  return name;
}
