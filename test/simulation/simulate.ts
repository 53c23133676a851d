/** `npm run simulate`: plays seeds, and tells the shortest story of the first that fails. */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import type { FleetResult } from "./fleet.ts";
import { sail } from "./fleet.ts";
import { generate } from "./generate.ts";
import { describeFault, describeStep } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { play } from "./world.ts";

const USAGE = `Usage: npm run simulate -- [--seed N] [--from N] [--seeds N] [--minutes N] [--failures N] [--no-shrink]
  --seed N      play one seed, tell its whole story, and check that playing it again gives the same bytes
  --from N      the first seed (default 1)
  --seeds N     so many seeds (default 1000)
  --minutes N   for so long instead
  --failures N  stop after so many failing seeds (default 1)
`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    seeds: { type: "string", default: "1000" },
    minutes: { type: "string" },
    failures: { type: "string", default: "1" },
    "no-shrink": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else process.exitCode = values.seed === undefined ? await many() : await one(Number(values.seed));

async function many(): Promise<number> {
  const result = await sail({
    from: Number(values.from),
    failures: Number(values.failures),
    ...(values.minutes === undefined ? { seeds: Number(values.seeds) } : { forMs: Number(values.minutes) * 60_000 }),
  });
  console.log(figures(result));
  for (const { seed, violation } of result.failed)
    console.log(`seed ${seed}: ${violation?.invariant}: ${violation?.what}`);
  const [first] = result.failed;
  if (first?.violation && !values["no-shrink"]) await tellShortest(first.seed, first.violation.invariant);
  return result.failed.length > 0 ? 1 : 0;
}

async function one(seed: number): Promise<number> {
  const scenario = generate(seed);
  const run = await play(scenario);
  console.log(run.story.join("\n"));
  const again = await play(scenario);
  const [hash, hashAgain] = [run, again].map(({ story }) =>
    createHash("sha256").update(story.join("\n")).digest("hex").slice(0, 16),
  );
  console.log(
    `story ${hash}${hash === hashAgain ? ", and the same when played again" : `, but ${hashAgain} when played again`}`,
  );
  if (run.violation && !values["no-shrink"]) await tellShortest(seed, run.violation.invariant);
  return run.violation || hash !== hashAgain ? 1 : 0;
}

async function tellShortest(seed: number, invariant: string): Promise<void> {
  const { scenario, run } = await shrink(generate(seed), invariant);
  console.log(
    `\nThe shortest story found of seed ${seed}, with ${scenario.faults.length} faults and ${scenario.steps.length} steps:`,
  );
  console.log(run.story.join("\n"));
  console.log("\nSteps:");
  for (const step of scenario.steps) console.log(`  ${step.atMs} ms: ${describeStep(step)}`);
  console.log("Faults:");
  for (const fault of scenario.faults) console.log(`  ${describeFault(fault)}`);
  console.log(`\nAs a named case:\n${JSON.stringify(scenario)}`);
}

function figures({ seeds, ms, simulatedMs, requests, writes, faults }: FleetResult): string {
  const perHour = Math.round((seeds / ms) * 3_600_000);
  const hours = (simulatedMs / 3_600_000).toFixed(1);
  const kinds = Object.entries(faults)
    .sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
    .map(([kind, times]) => `${kind} ${times}`)
    .join(", ");
  return `${seeds} seeds in ${(ms / 1000).toFixed(0)} s (${perHour} an hour), ${hours} simulated hours, ${requests} requests, ${writes} writes\nfaults: ${kinds}`;
}
