/** `npm run simulate`: plays seeds, and tells the shortest story of the first that fails. */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import type { FleetResult } from "./fleet.ts";
import { sail } from "./fleet.ts";
import { generate } from "./generate.ts";
import { describeFault, describeStep } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { play } from "./world.ts";

const USAGE = `Usage: npm run simulate -- [--seed N | --from N --seeds N | --from N --minutes N] [--failures N] [--no-shrink]
  --seed N      play one seed, tell its whole story, and check that playing it again gives the same bytes
  --from N      the first seed (default 1)
  --seeds N     so many seeds (default 1000)
  --minutes N   for so long instead
  --failures N  stop after so many failing seeds (default 1)
  --no-shrink   do not look for a shorter story of the first seed that fails
Ctrl-C ends the run, and tells how far it came.
Exit code: 0 if every invariant held, 1 if not, 2 if the command line is wrong.
`;

/** The command line is wrong. */
class UsageError extends Error {}

try {
  process.exitCode = await main();
} catch (error) {
  if (!isUsageError(error)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      from: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      failures: { type: "string" },
      "no-shrink": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const isShrunk = !values["no-shrink"];
  const seed = wholeNumber("seed", values.seed);
  const from = wholeNumber("from", values.from);
  const seeds = wholeNumber("seeds", values.seeds, 1);
  const minutes = minutesOf(values.minutes);
  const failures = wholeNumber("failures", values.failures, 1);
  if (seed !== undefined) {
    const others = (["from", "seeds", "minutes", "failures"] as const).filter((name) => values[name] !== undefined);
    if (others.length > 0) throw new UsageError(`--seed plays one seed: --${others.join(", --")} cannot go with it`);
    return one(seed, isShrunk);
  }
  if (seeds !== undefined && minutes !== undefined)
    throw new UsageError("--seeds and --minutes both say when to stop: want one of them");
  const until = minutes === undefined ? { seeds: seeds ?? 1000 } : { forMs: minutes * 60_000 };
  return many({ from: from ?? 1, failures: failures ?? 1, ...until }, isShrunk);
}

async function many(
  limits: { from: number; failures: number; seeds?: number; forMs?: number },
  isShrunk: boolean,
): Promise<number> {
  const stopper = new AbortController();
  process.once("SIGINT", () => stopper.abort());
  process.once("SIGTERM", () => stopper.abort());
  const result = await sail({
    ...limits,
    signal: stopper.signal,
    onFailure: ({ seed, violation }) => console.log(`seed ${seed}: ${violation.invariant}: ${violation.what}`),
  });
  console.log(figures(limits.from, result));
  const [first] = result.failed;
  if (first && isShrunk && !stopper.signal.aborted) await tellShortest(first.seed, first.violation.invariant);
  return result.failed.length > 0 ? 1 : 0;
}

async function one(seed: number, isShrunk: boolean): Promise<number> {
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
  if (run.violation && isShrunk) await tellShortest(seed, run.violation.invariant);
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

function figures(from: number, { seeds, ms, simulatedMs, requests, writes, faults }: FleetResult): string {
  const perHour = Math.round((seeds / ms) * 3_600_000);
  const hours = (simulatedMs / 3_600_000).toFixed(1);
  const kinds = Object.entries(faults)
    .sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
    .map(([kind, times]) => `${kind} ${times}`)
    .join(", ");
  return `${seeds} seeds from ${from} in ${(ms / 1000).toFixed(0)} s (${perHour} an hour), ${hours} simulated hours, ${requests} requests, ${writes} writes\nfaults: ${kinds}`;
}

function wholeNumber(name: string, text: string | undefined, least = 0): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least)
    throw new UsageError(`Cannot use --${name}: want a whole number of at least ${least}, found "${text}"`);
  return number;
}

function minutesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || number <= 0)
    throw new UsageError(`Cannot use --minutes: want a number above 0, found "${text}"`);
  return number;
}

/** Ours, or what parseArgs says of options that there are not. */
function isUsageError(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return error instanceof UsageError || code.startsWith("ERR_PARSE_ARGS_");
}
