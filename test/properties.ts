/**
 * Runs the properties alone, as often as one likes, and the check of all small states in full:
 *
 *     npm run properties -- --runs 2000 [--pods 5] [--seed 7]
 */

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    pods: { type: "string", default: "5" },
    seed: { type: "string" },
  },
});
const args = ["--test", "--test-isolation=none", "test/unit/properties/*.test.ts", "test/unit/plan/*.property.test.ts"];
const { status } = spawnSync(process.execPath, args, {
  stdio: "inherit",
  env: {
    ...process.env,
    RUNS: values.runs,
    PODS: values.pods,
    ...(values.seed === undefined ? {} : { SEED: values.seed }),
  },
});
process.exit(status ?? 1);
