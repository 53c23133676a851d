import { fromV1alpha1 } from "../api/convert.ts";
import { partition } from "../plan/partition.ts";
import type { CloneSetObject } from "./cluster.ts";
import { ExitCode } from "./exit-code.ts";
import { countOf } from "./pods-in-words.ts";

/**
 * Where a rollout stands.
 *
 * - done: every pod is there, on the update revision and available
 * - progressing: the controller is at it, or has not yet seen the last edit
 * - paused: somebody said so, before the end
 * - held: all is well, and the partition (or OnDelete) keeps pods on old revisions
 * - failed: only an edit, or help from outside, gets it going again
 */
export type RolloutState = "done" | "progressing" | "paused" | "held" | "failed";

/** One CloneSet's rollout, as `status` tells it; with -o json this is the document. */
export interface Rollout {
  kind: "RolloutStatus";
  namespace: string;
  name: string;
  state: RolloutState;
  /** In words: what was reached, and what is waited for. */
  message: string;
  /** Pods wanted; those that are there; on the update revision; and of these available. */
  desired: number;
  replicas: number;
  updated: number;
  updatedAvailable: number;
  available: number;
  /** Pods to be on the update revision in the end, with the partition as it is. */
  expectedUpdated: number;
  /** Pods the partition keeps on old revisions. */
  partition: number;
  paused: boolean;
  updateRevision: string;
  currentRevision: string;
}

/**
 * Reads numbers before conditions, so that the answer also holds for CloneSets whose controller writes no `Ready`
 * condition, and believes none of them before `observedGeneration` has caught up.
 */
export function rolloutOf(object: CloneSetObject): Rollout {
  const cloneSet = fromV1alpha1(object);
  const { spec, status } = cloneSet;
  const keptOld = partition(spec);
  const expectedUpdated = spec.replicas - keptOld;
  const numbers = {
    desired: spec.replicas,
    replicas: status.replicas,
    updated: status.updatedReplicas,
    updatedAvailable: status.updatedAvailableReplicas,
    available: status.availableReplicas,
    expectedUpdated,
    partition: keptOld,
    paused: spec.updateStrategy.paused,
    updateRevision: status.updateRevision,
    currentRevision: status.currentRevision,
  };
  const told = (state: RolloutState, message: string): Rollout => ({
    kind: "RolloutStatus",
    namespace: cloneSet.namespace,
    name: cloneSet.name,
    state,
    message,
    ...numbers,
  });
  if (cloneSet.deleting) return told("progressing", "being deleted");
  if (status.observedGeneration < cloneSet.generation) {
    const never = status.observedGeneration < 0 ? "the controller has not seen it yet: does it run?" : undefined;
    return told("progressing", never ?? "waiting for the controller to see the last edit");
  }
  const condition = (type: string) => status.conditions.find((one) => one.type === type);
  const progressing = condition("Progressing");
  if (condition("Stalled")?.status === "True") return told("failed", condition("Stalled")?.message ?? "stalled");
  if (progressing?.status === "False" && progressing.reason === "ProgressDeadlineExceeded") {
    return told("failed", progressing.message ?? "the progress deadline has passed");
  }
  const counts = `${status.updatedAvailableReplicas} of ${expectedUpdated} updated pods available`;
  const complete = status.replicas === spec.replicas && status.availableReplicas === spec.replicas;
  const kept = spec.replicas - status.updatedReplicas;
  if (complete && kept <= 0) {
    return told("done", spec.replicas === 0 ? "no pods wanted" : `all ${countOf(spec.replicas)} updated and available`);
  }
  if (complete && kept <= keptOld) {
    return told("held", `${counts}; the partition keeps ${countOf(kept)} on old revisions`);
  }
  if (spec.updateStrategy.paused && complete) return told("paused", `paused; ${counts}`);
  if (complete && spec.updateStrategy.type === "OnDelete") {
    return told("held", `${counts}; the others are updated when somebody deletes them`);
  }
  // The controller's own words say more than numbers do, where they are there.
  const ready = condition("Ready");
  const exist = status.replicas === spec.replicas ? "" : `${status.replicas} of ${countOf(spec.replicas)} exist; `;
  return told("progressing", ready?.status === "False" && ready.message ? ready.message : `${exist}${counts}`);
}

export function exitCodeOf({ state }: Rollout): ExitCode {
  switch (state) {
    case "done":
      return ExitCode.done;
    case "progressing":
      return ExitCode.timeout;
    case "failed":
      return ExitCode.failed;
    case "paused":
    case "held":
      return ExitCode.held;
  }
}

/** What one would do next; undefined when there is nothing to do. `flag` is the -n of the commands. */
export function nextStep({ name, state }: Rollout, flag: string): string | undefined {
  switch (state) {
    case "done":
      return undefined;
    case "progressing":
      return `kubectl cloneset status ${name}${flag} --watch`;
    case "paused":
      return `kubectl cloneset resume ${name}${flag}`;
    case "held":
      return `kubectl cloneset promote ${name}${flag}`;
    case "failed":
      return `kubectl cloneset why ${name}${flag}`;
  }
}

/** A message without the numbers it begins with, for where they stand beside it. */
export function withoutCounts(message: string): string {
  return message.replace(/^(\d+ of \d+ (updated )?pods (exist|available)(; |$))+/, "");
}
