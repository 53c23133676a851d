import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Mutation } from "./museum.ts";
import type { Report, Task } from "./worker.ts";

export interface FleetOptions {
  /** The first seed. */
  from: number;
  /** Ends after this many seeds, … */
  seeds?: number;
  /** … or this much time, … */
  forMs?: number;
  /** … or this many failures. Default 1. */
  failures?: number;
  mutation?: Mutation | undefined;
  workers?: number;
  onReport?: (report: Report) => void;
}

export interface FleetResult {
  failed: Report[];
  seeds: number;
  ms: number;
  simulatedMs: number;
  requests: number;
  writes: number;
  faults: Record<string, number>;
}

/** Plays seeds on all processors. */
export async function sail(options: FleetOptions): Promise<FleetResult> {
  const { from, seeds = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY, failures = 1, mutation } = options;
  const count = options.workers ?? availableParallelism();
  const startedMs = performance.now();
  const result: FleetResult = { failed: [], seeds: 0, ms: 0, simulatedMs: 0, requests: 0, writes: 0, faults: {} };
  const workers: Worker[] = [];
  await new Promise<void>((resolve, reject) => {
    for (let i = 0; i < count; i++) {
      const task: Task = { from: from + i, step: count, mutation };
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: task });
      workers.push(worker);
      worker.on("error", reject);
      worker.on("message", (report: Report) => {
        if (report.seed >= from + seeds) return;
        result.seeds += 1;
        result.simulatedMs += report.figures.simulatedMs;
        result.requests += report.figures.requests;
        result.writes += report.figures.writes;
        for (const [kind, times] of Object.entries(report.figures.faults))
          result.faults[kind] = (result.faults[kind] ?? 0) + times;
        if (report.violation) result.failed.push(report);
        options.onReport?.(report);
        if (result.seeds >= seeds || result.failed.length >= failures || performance.now() - startedMs >= forMs)
          resolve();
      });
    }
  }).finally(() => {
    for (const worker of workers) void worker.terminate();
  });
  result.failed.sort((a, b) => a.seed - b.seed);
  result.ms = performance.now() - startedMs;
  return result;
}
