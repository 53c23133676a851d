import type { CloneSet, PausedSplit } from "../api/cloneset.ts";
import type { Member } from "./observation.ts";

/**
 * The share of old pods that a paused CloneSet holds; undefined when it is not paused.
 *
 * It is recorded at the first paused pass, so that replacements and scale-ups do not carry an untested template
 * further while the user thinks. A new template starts a new record: no pod is on it yet, so all stay old.
 */
export function pausedSplit(
  cloneSet: CloneSet,
  members: readonly Member[],
  updateRevision: string,
): PausedSplit | undefined {
  if (!cloneSet.spec.updateStrategy.paused) return undefined;
  const recorded = cloneSet.status.pausedSplit;
  if (recorded && recorded.updateRevision === updateRevision) return recorded;
  const old = members.filter((member) => !member.updated).length;
  // Without a pod to go by, the safe side is the old one.
  return members.length === 0
    ? { updateRevision, oldReplicas: 1, replicas: 1 }
    : { updateRevision, oldReplicas: old, replicas: members.length };
}

/** The recorded share, applied to `replicas`. Rounds in favour of the old revision: 1 old of 3, at 4 replicas, is 2. */
export function heldPartition({ oldReplicas, replicas: of }: PausedSplit, replicas: number): number {
  return of === 0 ? replicas : Math.min(Math.ceil((oldReplicas * replicas) / of), replicas);
}
