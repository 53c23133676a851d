import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Command, Option } from "@commander-js/extra-typings";
import { fromV1alpha1 } from "../../api/convert.ts";
import type { PodTemplate } from "../../api/kubernetes.ts";
import { carryOut, yesOption } from "../carry-out.ts";
import { causeOption, setCause } from "../change-cause.ts";
import type { Cli } from "../cli.ts";
import type { DryRun } from "../dry-run.ts";
import { dryRunOf, dryRunOption } from "../dry-run.ts";
import { Edit } from "../edit.ts";
import { Failure } from "../failure.ts";
import { foretold, heldBack } from "../forecast.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import type { Format } from "../output.ts";
import { outputOption } from "../output.ts";
import { podMoves } from "../pod-moves.ts";
import { readSeen } from "../seen.ts";
import { readAmounts, readEnv, readImages, withEnv, withImages, withResources } from "../template-edits.ts";

/** `set`: changes one thing in the pod template, and says first what that does to each pod. */
export const set = (cli: Cli): CommandUnknownOpts =>
  new Command("set")
    .summary("change images, env or resources of the pod template")
    .description("Says first which pods change in place and which are re-created, by the controller's own rule.")
    .helpCommand(false)
    .addCommand(image(cli))
    .addCommand(env(cli))
    .addCommand(resources(cli));

const image = (cli: Cli) =>
  new Command("image")
    .summary("set images of containers")
    .addArgument(cloneSetArgument())
    .argument("<container=image...>", 'e.g. app=registry/app:v2; "*=…" means all containers')
    .addOption(causeOption())
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action((name, given, options) => {
      const images = readImages(given);
      return change(cli, name, `set image ${name} ${given.join(" ")}`, "image updated", options, (template) =>
        withImages(template, images),
      );
    });

const env = (cli: Cli) =>
  new Command("env")
    .summary("set or remove environment variables")
    .addArgument(cloneSetArgument())
    .argument("<name=value...>", 'e.g. LOG_LEVEL=debug; "NAME-" removes')
    .addOption(new Option("-c, --container <container>", "only this one; default: all containers"))
    .addOption(causeOption())
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action((name, given, { container, ...options }) => {
      const variables = readEnv(given);
      // Values may be secrets, and annotations are read by many.
      const names = Object.entries(variables).map(([key, value]) => (value === null ? `${key}-` : `${key}=…`));
      return change(cli, name, `set env ${name} ${names.join(" ")}`, "env updated", options, (template) =>
        withEnv(template, variables, container),
      );
    });

const resources = (cli: Cli) =>
  new Command("resources")
    .summary("set requests and limits")
    .addArgument(cloneSetArgument())
    .addOption(new Option("-c, --container <container>", "only this one; default: all containers"))
    .addOption(new Option("--limits <amounts>", "e.g. cpu=200m,memory=512Mi; 0 removes").argParser(readAmounts))
    .addOption(new Option("--requests <amounts>", "e.g. cpu=100m,memory=256Mi; 0 removes").argParser(readAmounts))
    .addOption(causeOption())
    .addOption(dryRunOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action((name, { container, limits, requests, ...options }) => {
      if (limits === undefined && requests === undefined) {
        throw new Failure("nothing to set: give --limits, --requests or both", { exitCode: 2 });
      }
      const words = [limits && `--limits=${amountsText(limits)}`, requests && `--requests=${amountsText(requests)}`];
      const line = `set resources ${name} ${words.filter(Boolean).join(" ")}`;
      return change(cli, name, line, "resources updated", options, (template) =>
        withResources(template, { limits, requests }, container),
      );
    });

function amountsText(amounts: Record<string, string>): string {
  return Object.entries(amounts)
    .map(([name, amount]) => `${name}=${amount}`)
    .join(",");
}

interface SetOptions {
  changeCause?: string | undefined;
  dryRun?: DryRun | true | undefined;
  yes?: true | undefined;
  output?: Format | undefined;
}

async function change(
  cli: Cli,
  name: string,
  commandLine: string,
  done: string,
  { changeCause, dryRun, yes, output }: SetOptions,
  rewrite: (template: PodTemplate) => PodTemplate,
): Promise<void> {
  const cluster = await cli.cluster();
  const seen = await readSeen(cluster, name);
  const template = seen.object.spec?.template;
  if (template === undefined) throw new Failure(`${fullName(seen.object)} has no pod template`);
  const edit = new Edit(seen.object).turnInto(["spec", "template"], rewrite(template));
  if (!edit.isEmpty) setCause(edit, changeCause ?? `kubectl cloneset ${commandLine}`);
  const after = fromV1alpha1(edit.after);
  const moves = podMoves(seen, after, { nowMs: cli.io.clock.nowMs() });
  const stuck = moves.find(({ move }) => move === "impossible");
  if (stuck !== undefined && !edit.isEmpty) {
    throw new Failure(`the type InPlaceOnly cannot make this change: ${stuck.why}`, {
      next: "change spec.updateStrategy.type to InPlaceIfPossible first, and pods are re-created for it",
    });
  }
  const flag = cluster.namespaceFlag();
  await carryOut(
    cli,
    edit,
    {
      done,
      ...foretold(moves, after),
      notes: [...heldBack(after, moves, flag), `Next: kubectl cloneset status ${name}${flag} --watch`],
    },
    { dryRun: dryRunOf(dryRun), output, yes },
  );
}
