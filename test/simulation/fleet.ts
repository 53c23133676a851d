import { Crew } from "./crew.ts";
import { generate } from "./generate.ts";
import type { Mutation } from "./museum.ts";
import type { Violation } from "./violation.ts";
import type { Run } from "./world.ts";

export interface FleetOptions {
  /** The first seed. */
  from: number;
  /** Ends after this many seeds, … */
  seeds?: number;
  /** … or this much time, … */
  forMs?: number;
  /** … or this many failures. Default 1. */
  failures?: number;
  mutation?: Mutation;
  workers?: number;
  /** Ends early: what was begun is played to its end. */
  signal?: AbortSignal;
  /** Told at once. */
  onFailure?: (failure: Failure) => void;
}

/** A seed under which an invariant did not hold. */
export interface Failure {
  seed: number;
  violation: Violation;
}

export interface FleetResult {
  /** By seed. Nothing is left out below the first. */
  failed: Failure[];
  seeds: number;
  ms: number;
  simulatedMs: number;
  requests: number;
  writes: number;
  faults: Record<string, number>;
}

/** Plays seeds on all processors, in order. */
export async function sail(options: FleetOptions): Promise<FleetResult> {
  const { from, seeds = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY, failures = 1 } = options;
  const crew = new Crew(options);
  const startedMs = performance.now();
  const result: FleetResult = { failed: [], seeds: 0, ms: 0, simulatedMs: 0, requests: 0, writes: 0, faults: {} };
  let next = from;
  const isOver = () =>
    next >= from + seeds ||
    result.failed.length >= failures ||
    performance.now() - startedMs >= forMs ||
    options.signal?.aborted === true;
  const lane = async () => {
    while (!isOver()) {
      const seed = next++;
      const run = await crew.play(generate(seed));
      count(result, run);
      if (run.violation === undefined) continue;
      result.failed.push({ seed, violation: run.violation });
      options.onFailure?.({ seed, violation: run.violation });
    }
  };
  try {
    await Promise.all(Array.from({ length: crew.size }, lane));
  } finally {
    await crew.dismiss();
  }
  result.failed.sort((a, b) => a.seed - b.seed);
  result.ms = performance.now() - startedMs;
  return result;
}

function count(result: FleetResult, { figures }: Run): void {
  result.seeds += 1;
  result.simulatedMs += figures.simulatedMs;
  result.requests += figures.requests;
  result.writes += figures.writes;
  for (const [kind, times] of Object.entries(figures.faults)) result.faults[kind] = (result.faults[kind] ?? 0) + times;
}
