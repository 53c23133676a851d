import { Command, Option } from "@commander-js/extra-typings";
import { parseFeatures } from "../../api/features.ts";
import type { Cli } from "../cli.ts";
import { ExitCode } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import type { Finding } from "../lint/finding.ts";
import { readManifests } from "../manifests.ts";
import type { Format } from "../output.ts";
import { parseFormat, print } from "../output.ts";

const COLUMNS = [
  { title: "LEVEL", of: ({ level }: Finding) => level },
  { title: "RULE", of: ({ rule }: Finding) => rule },
  { title: "FILE", of: ({ file, line }: Finding) => `${file}:${line}` },
  { title: "OBJECT", of: ({ object }: Finding) => object },
  { title: "MESSAGE", of: ({ message }: Finding) => message, wide: true },
];

/** `lint`: what admission would say, without a cluster. */
export const lint = (cli: Cli) =>
  new Command("lint")
    .summary("check manifests, without a cluster")
    .description(
      "Judges the CloneSets of manifests by the rules and warnings of admission, looks for fields that do not exist, and " +
        "compares them with the Services, PodDisruptionBudgets and HorizontalPodAutoscalers of the same input. Asks no " +
        "cluster. Exit code 1 if there are errors.",
    )
    .addOption(
      new Option(
        "-f, --filename <file...>",
        "manifests, folders of them, or - for standard input",
      ).makeOptionMandatory(),
    )
    .addOption(
      new Option("--feature-gates <list>", "those that the controller was started with").argParser(parseFeatures),
    )
    .addOption(
      new Option(
        "-o, --output <format>",
        "text, sarif, table, wide, json, yaml, name or jsonpath=TEMPLATE; default: text",
      ).argParser(lintFormat),
    )
    .action(async (options) => {
      const manifests = await readManifests(options.filename, cli.io);
      if (manifests.length === 0) {
        throw new Failure(`no manifest in ${options.filename.join(", ")}`, { exitCode: ExitCode.usage });
      }
      // Loaded here: the rules and their schema are for this verb alone.
      const { lintManifests } = await import("../lint/lint.ts");
      const findings = await lintManifests(manifests, options.featureGates ?? parseFeatures(""));
      if (options.output === "sarif") {
        const { sarif } = await import("../lint/sarif.ts");
        cli.say(JSON.stringify(sarif(findings), null, 2));
      } else {
        await print(cli, options.output, {
          items: findings,
          columns: COLUMNS,
          name: ({ rule, file, line }) => `${file}:${line}:${rule}`,
          words: () => [...findings.map(lineOf), summary(findings, manifests.length)].join("\n"),
          empty: summary(findings, manifests.length),
        });
      }
      if (findings.some(({ level }) => level === "error")) cli.exitCode = ExitCode.failed;
    });

function lintFormat(text: string): Format | "sarif" | undefined {
  if (text === "sarif") return text;
  return text === "text" ? undefined : parseFormat(text);
}

/** As compilers write it, so that editors find the place. */
function lineOf({ file, line, level, object, message, rule }: Finding): string {
  return `${file}:${line}: ${level}: ${object === "" ? "" : `${object}: `}${message} (${rule})`;
}

function summary(findings: readonly Finding[], objects: number): string {
  const count = (level: Finding["level"]) => findings.filter((one) => one.level === level).length;
  const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;
  return `${plural(count("error"), "error")}, ${plural(count("warning"), "warning")} in ${plural(objects, "object")}`;
}
