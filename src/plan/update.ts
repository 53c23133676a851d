import { lifecycleState } from "../api/pod.ts";
import type { Member } from "./observation.ts";
import type { Sides, Tally } from "./tally.ts";
import type { Targets } from "./targets.ts";

/**
 * How far each side is from what the spec asks for: positive = too many pods on this side. Unit: pods.
 *
 * Unless pods may roll back, old pods are never made and updated ones never given up, so a lack of old pods and a
 * surplus of updated ones count as zero.
 */
export function moveDifference(counts: Tally, wanted: Targets): Sides {
  const old = counts.active.old - wanted.partition;
  const updated = counts.active.updated - (wanted.replicas - wanted.partition);
  return wanted.mayRollBack ? { old, updated } : { old: Math.max(old, 0), updated: Math.min(updated, 0) };
}

/** How many pods to move: positive = to the update revision, negative = back to the current one. Unit: pods. */
export function podsToMove(counts: Tally, wanted: Targets): number {
  const { old, updated } = moveDifference(counts, wanted);
  // Pods that both sides lack, or have too many of, are a matter of scaling: what moved would have to move back.
  if (old * updated >= 0) return 0;
  return Math.abs(old) <= Math.abs(updated) ? old : -updated;
}

/** What each chosen pod costs: nothing yet, a restart of containers, or its existence. */
export type Move = "inPlace" | "inPlaceUngated" | "recreate";

/**
 * Chooses the pods to move now, in order.
 *
 * At most `maxUnavailable` pods may be down, surplus pods raising and missing pods lowering that number. A pod that is
 * down already costs nothing, so it is never held back for the sake of availability. But no more pods may be unavailable
 * on the target revision than the budget: otherwise a bad revision would take all pods that happen to be down, one after
 * the other, and leave nothing to compare it with.
 *
 * Pods without the readiness gate cannot be drained before their containers restart, so they go one at a time.
 */
export function chooseMoves(
  candidates: readonly { member: Member; move: Move }[],
  {
    members,
    counts,
    wanted,
    moves,
    repair,
    toUpdated,
    ungatedUnderWay,
  }: {
    members: readonly Member[];
    counts: Tally;
    wanted: Targets;
    /** How many may move at most. */
    moves: number;
    /** The template was set back: broken pods of the abandoned revision move beyond `moves`, whatever the partition holds. */
    repair: boolean;
    /** Which side they move to. */
    toUpdated: boolean;
    ungatedUnderWay: boolean;
  },
): { member: Member; move: Move }[] {
  const budget = wanted.maxUnavailable + counts.total - wanted.replicas;
  let unavailable = members.filter((member) => !member.available).length;
  let ungatedBusy = ungatedUnderWay;
  const downOnTarget = members.filter((member) => !member.available && member.updated === toUpdated).length;
  const chosen: { member: Member; move: Move }[] = [];
  for (const candidate of candidates) {
    // One broken pod may always be tried: it may be what keeps missing or surge pods from being created.
    const least = candidate.member.available ? 0 : 1;
    if (downOnTarget + chosen.length >= Math.max(budget, least)) continue;
    if (chosen.length >= moves && !(repair && !candidate.member.available)) continue;
    // The one under way may get another target: were it to wait for itself, a broken image could never be set back.
    const isUnderWay = lifecycleState(candidate.member.pod) === "Updating";
    if (candidate.move === "inPlaceUngated" && ungatedBusy && !isUnderWay) continue;
    if (candidate.member.available) {
      // Not "break": a pod further down the list that is down already may still go.
      if (unavailable >= budget) continue;
      unavailable += 1;
    }
    if (candidate.move === "inPlaceUngated") ungatedBusy = true;
    chosen.push(candidate);
  }
  return chosen;
}
