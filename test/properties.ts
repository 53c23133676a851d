/**
 * Runs the properties alone, as often as one likes, and the check of all small states in full:
 *
 *     npm run properties -- --runs 2000 [--pods 5] [--seed 7]
 */

import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { Command } from "@commander-js/extra-typings";

const { runs, pods, seed } = new Command("npm run properties --")
  .usage("[flags]")
  .description("Runs the properties alone, and the check of all small states in full.")
  .option("--runs <n>", "histories for each property", "2000")
  .option("--pods <n>", "all states with up to so many pods", "5")
  .option("--seed <n>", "the first history (default: drawn anew)", String(randomInt(2 ** 31)))
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts();
console.log(`seed ${seed}`);
const args = ["--test", "--test-isolation=none", "test/unit/properties/*.test.ts", "test/unit/plan/*.property.test.ts"];
const { status } = spawnSync(process.execPath, args, {
  stdio: "inherit",
  env: {
    ...process.env,
    RUNS: runs,
    PODS: pods,
    SEED: seed,
  },
});
process.exit(status ?? 1);
