import type { CloneSetSpec } from "../api/cloneset.ts";
import { podCount } from "./pod-count.ts";

/**
 * How many pods may exist beyond `replicas`. Unit: pods. Percentages round up; 0 while paused.
 *
 * @throws {SpecError} if the field is neither an integer >= 0 nor a percentage
 */
export function maxSurge({ replicas, updateStrategy }: Pick<CloneSetSpec, "replicas" | "updateStrategy">): number {
  if (updateStrategy.paused) return 0;
  return podCount(updateStrategy.maxSurge, { of: replicas, round: "up", field: "spec.updateStrategy.maxSurge" });
}
