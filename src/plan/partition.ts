import type { CloneSetSpec } from "../api/cloneset.ts";
import { podCount } from "./pod-count.ts";

/**
 * How many pods stay on old revisions. Unit: pods, between 0 and `replicas`.
 *
 * A percentage rounds up, so any percentage above 0 holds at least one pod back. But of several pods at least one
 * moves unless the user says "100%": 99% of 9 is 8, not 9.
 *
 * @throws {SpecError} if the field has no such form
 */
export function partition({ replicas, updateStrategy }: Pick<CloneSetSpec, "replicas" | "updateStrategy">): number {
  const value = updateStrategy.partition;
  const pods = podCount(value, { of: replicas, round: "up", field: "spec.updateStrategy.partition" });
  const wouldHoldAll = typeof value === "string" && value !== "100%" && pods === replicas;
  return Math.min(wouldHoldAll && replicas > 1 ? replicas - 1 : pods, replicas);
}
