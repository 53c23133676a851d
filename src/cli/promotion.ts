import type { CloneSetSpec, IntOrPercent } from "../api/cloneset.ts";
import { partition } from "../plan/partition.ts";
import { podCount } from "../plan/pod-count.ts";
import { Failure } from "./failure.ts";

/** How far a rollout is to go: to so many updated pods, to the next step, or to the end. */
export type Goal = { kind: "to"; updated: IntOrPercent } | { kind: "next" } | { kind: "full" };

/** The steps of `promote --next`, in updated pods: one pod to look at, then shares of the whole. */
const STEPS: readonly IntOrPercent[] = [1, "10%", "25%", "50%", "100%"];

/**
 * The partition that takes a rollout to its goal. A share stays a share, so that it holds when somebody scales:
 * `--to 60%` is partition "40%". The end is the number 0, which other tools read as "no partition".
 *
 * @throws {Failure} where that would hold back more pods than now: what is updated is not taken back this way
 */
export function promotedPartition(spec: Pick<CloneSetSpec, "replicas" | "updateStrategy">, goal: Goal): IntOrPercent {
  const { replicas } = spec;
  const keptNow = partition(spec);
  const wanted = wantedPartition(replicas, replicas - keptNow, goal);
  const kept = partition({ replicas, updateStrategy: { ...spec.updateStrategy, partition: wanted } });
  if (kept > keptNow) {
    throw new Failure(
      `that would be a step back: the partition allows ${replicas - keptNow} of ${replicas} updated pods now`,
      { next: "abort holds a rollout, undo takes it back" },
    );
  }
  return wanted;
}

function wantedPartition(replicas: number, updatedNow: number, goal: Goal): IntOrPercent {
  switch (goal.kind) {
    case "full":
      return 0;
    case "to":
      return complement(goal.updated, replicas);
    case "next": {
      const next = STEPS.find((step) => updatedBy(step, replicas) > updatedNow);
      return next === undefined ? 0 : complement(next, replicas);
    }
  }
}

function updatedBy(step: IntOrPercent, replicas: number): number {
  return podCount(step, { of: replicas, round: "down", field: "--to" });
}

/** What stays old when `updated` pods are new. */
function complement(updated: IntOrPercent, replicas: number): IntOrPercent {
  if (typeof updated === "number") return Math.max(0, replicas - updated);
  const percent = Number(updated.slice(0, -1));
  if (percent >= 100) return 0;
  // In hundredths, because 100 - 99.9 is 0.0999… in floating point.
  return `${(10_000 - Math.round(percent * 100)) / 100}%`;
}
