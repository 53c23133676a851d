import { Command } from "@commander-js/extra-typings";
import type { Cli } from "../cli.ts";
import type { Check } from "../doctor/check.ts";
import { ExitCode } from "../exit-code.ts";
import { outputOption, print } from "../output.ts";

const COLUMNS = [
  { title: "LEVEL", of: ({ level }: Check) => level },
  { title: "CHECK", of: ({ check }: Check) => check },
  { title: "SAYS", of: ({ says }: Check) => says },
  { title: "NEXT", of: ({ next }: Check) => next, wide: true },
];

/** `doctor`: is what CloneSets need there, and does it work? */
export const doctor = (cli: Cli) =>
  new Command("doctor")
    .summary("check the installation")
    .description(
      "Looks at the CustomResourceDefinition and its schema, the webhook and its certificate authority, the leader's " +
        "lease, edits that nobody has seen, your rights, versions, and Argo CD's health script. Changes nothing. Exit " +
        "code 1 if something fails.",
    )
    .addOption(outputOption())
    .action(async ({ output }) => {
      const cluster = await cli.cluster();
      const { examine } = await import("../doctor/look.ts");
      const checks = await examine(cluster, cli.io.clock.nowMs());
      await print(cli, output, {
        items: checks,
        columns: COLUMNS,
        name: ({ check, level }) => `${check}/${level}`,
        words: () => checks.map(line).join("\n"),
      });
      if (checks.some(({ level }) => level === "FAIL")) cli.exitCode = ExitCode.failed;
    });

function line({ level, check, says, next }: Check): string {
  return `${level.padEnd(4)}  ${check.padEnd(9)}  ${says}${next === "" ? "" : `\n${" ".repeat(17)}Next: ${next}`}`;
}
