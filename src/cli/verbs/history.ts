import { styleText } from "node:util";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { createTwoFilesPatch } from "diff";
import type { PodTemplate } from "../../api/kubernetes.ts";
import { timeMs } from "../../api/kubernetes.ts";
import type { Revision } from "../../api/pod.ts";
import { age } from "../age.ts";
import type { Cli } from "../cli.ts";
import { ExitCode } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { cloneSetArgument } from "../names.ts";
import type { Column } from "../output.ts";
import { outputOption, print } from "../output.ts";
import type { RevisionInfo } from "../revisions.ts";
import { plainTemplate, revisionInfos, revisionNumbered } from "../revisions.ts";
import { readSeen } from "../seen.ts";

/** `history`: which revisions are there, what is in one, and how do two differ? */
export const history = (cli: Cli) =>
  new Command("history")
    .summary("list the revisions, show one, or compare two")
    .description(
      "Lists the revisions a CloneSet can go back to, oldest first. With --revision: the pod template of one, as YAML. " +
        "With --diff: what changed from A to B.",
    )
    .addArgument(cloneSetArgument())
    .addOption(
      new Option("--revision <revision>", "show the pod template of this one")
        .argParser(revisionNumber)
        .conflicts("diff"),
    )
    .addOption(
      new Option("--diff <revision...>", "two numbers: show what changed from A to B")
        .argParser(revisionNumbers)
        .conflicts("output"),
    )
    .addOption(outputOption())
    .action(async (name, { revision, diff, output }) => {
      const seen = await readSeen(await cli.cluster(), name);
      if (diff !== undefined) {
        const [a, b] = diff;
        if (a === undefined || b === undefined || diff.length !== 2) {
          throw new Failure(`--diff wants two revisions, found ${diff.length}`, { exitCode: ExitCode.usage });
        }
        await compare(cli, revisionNumbered(seen.revisions, a), revisionNumbered(seen.revisions, b));
        return;
      }
      const infos = revisionInfos(seen);
      if (revision === undefined) {
        await print(cli, output, {
          items: infos,
          columns: columns(cli.io.clock.nowMs()),
          name: revisionName,
          empty: "No revisions yet: the controller has not seen this CloneSet",
        });
        return;
      }
      const { name: wanted, template } = revisionNumbered(seen.revisions, revision);
      const info = infos.find((one) => one.name === wanted);
      if (info === undefined) return;
      const shown = plainTemplate(template);
      const text = await yaml(shown);
      await print(cli, output, {
        items: { ...info, template: shown },
        columns: columns(cli.io.clock.nowMs()),
        name: revisionName,
        words: () => text.trimEnd(),
      });
    });

const revisionName = ({ name }: RevisionInfo) => `controllerrevision.apps/${name}`;

function columns(nowMs: number): Column<RevisionInfo>[] {
  return [
    { title: "REVISION", of: ({ number }) => number },
    { title: "NAME", of: ({ name }) => name },
    { title: "ROLE", of: ({ update, current }) => (update ? "update" : current ? "current" : "") },
    { title: "PODS", of: ({ pods }) => pods },
    { title: "AGE", of: ({ created }) => age(timeMs(created), nowMs) },
    { title: "CHANGE-CAUSE", of: ({ changeCause }) => changeCause },
    { title: "IMAGES", of: ({ images }) => Object.values(images).join(","), wide: true },
  ];
}

async function compare(
  cli: Cli,
  a: Revision & { template: PodTemplate },
  b: Revision & { template: PodTemplate },
): Promise<void> {
  const [before, after] = await Promise.all([yaml(plainTemplate(a.template)), yaml(plainTemplate(b.template))]);
  if (before === after) {
    cli.note(`Revisions ${a.revision} and ${b.revision} are the same`);
    return;
  }
  const title = ({ revision, name }: Revision) => `revision ${revision} (${name})`;
  const patch = createTwoFilesPatch(title(a), title(b), before, after, undefined, undefined, {
    context: 3,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
  const inColour = cli.io.stdout.isTTY === true && !cli.io.env["NO_COLOR"];
  for (const line of patch.trimEnd().split("\n")) cli.say(inColour ? coloured(line) : line.trimEnd());
}

function coloured(line: string): string {
  if (line.startsWith("+")) return styleText("green", line);
  if (line.startsWith("-")) return styleText("red", line);
  return line.startsWith("@@") ? styleText("cyan", line) : line;
}

async function yaml(template: PodTemplate): Promise<string> {
  // Loaded here: most runs print no YAML.
  const { dump } = await import("js-yaml");
  return dump(template, { lineWidth: -1, noRefs: true });
}

/** @throws for anything but a whole number from 1 */
export function revisionNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Want a number, as "history" lists them.');
  return Number(text);
}

function revisionNumbers(text: string, before: number[] | undefined): number[] {
  return [...(before ?? []), revisionNumber(text)];
}
