/**
 * Breaks each rule on purpose, in a copy of the tree, and says which properties notice, and after how many histories:
 *
 *     npm run mutations [-- --runs 200] [--seed 1] [--only floor]
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "@commander-js/extra-typings";
import type { Mutation } from "./mutations.ts";
import { mutations } from "./mutations.ts";

const given = new Command("npm run mutations --")
  .usage("[flags]")
  .description(
    "Breaks each rule on purpose, in a copy of the tree, and says which properties notice. Exit code 1 if one goes unnoticed.",
  )
  .option("--runs <n>", "histories for each property", "200")
  .option("--seed <n>", "the first history", "1")
  .option("--only <text>", "mutations whose name has this in it", "")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts();
const root = resolve(import.meta.dirname, "../..");
const TESTS = ["test/unit/properties/history.property.test.ts", "test/unit/plan/plan.property.test.ts"];

/** What noticed a mutation: the property that needed the fewest runs, and how many others did. */
interface Notice {
  property: string;
  runs: number;
  others: number;
}

function tryOut({ file, find, replace }: Mutation): Notice | undefined {
  const copy = mkdtempSync(join(tmpdir(), "mutation-"));
  try {
    for (const part of ["src", "test", "webhook", "crds", "package.json"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const path = join(copy, "src", file);
    const source = readFileSync(path, "utf8");
    if (!source.includes(find)) throw new Error(`${file} does not contain ${find}`);
    writeFileSync(
      path,
      source.replace(find, () => replace),
    );
    const args = ["--import", join(copy, "test/mutations/once.ts"), "--test", "--test-isolation=none"];
    const { stdout } = spawnSync(process.execPath, [...args, "--test-reporter=tap", ...TESTS], {
      cwd: copy,
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      env: { ...process.env, RUNS: given.runs, SEED: given.seed },
    });
    return firstNotice(stdout);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Reads "not ok 3 - name" and "Property failed after 12 tests" from the report. */
function firstNotice(report: string): Notice | undefined {
  const failures = report.split(/^not ok \d+ - /m).slice(1);
  const noticed = failures.flatMap((failure) => {
    const runs = /Property failed after (\d+) tests/.exec(failure)?.[1];
    return runs === undefined ? [] : [{ property: failure.slice(0, failure.indexOf("\n")), runs: Number(runs) }];
  });
  const [first, ...others] = noticed.toSorted((a, b) => a.runs - b.runs);
  return first && { ...first, others: others.length };
}

let missed = 0;
console.log("| Mutation | Noticed first by | after runs | others |");
console.log("|---|---|---|---|");
for (const mutation of mutations.filter(({ name }) => name.includes(given.only))) {
  const notice = tryOut(mutation);
  if (notice === undefined) missed += 1;
  const { property, runs, others } = notice ?? { property: "**nobody**", runs: given.runs, others: 0 };
  console.log(`| ${mutation.name} | ${property} | ${runs} | ${others} |`);
}
process.exit(missed === 0 ? 0 : 1);
