import type { Features } from "../api/features.ts";
import { lifecycleState } from "../api/pod.ts";
import type { Member } from "./observation.ts";

/** How many pods of each sort there are. `old` and `updated` say on which side of the rollout. Unit: pods. */
export interface Tally {
  total: number;
  preparingDelete: Sides;
  /** Not in PreparingDelete. */
  active: Sides;
  /** Of the active ones, those named for deletion. */
  named: Sides;
  /** Not available, or in PreparingDelete, and not named. */
  unavailable: number;
  /** Named and not available; they are down all the same. */
  unavailableNamed: number;
}

export interface Sides {
  old: number;
  updated: number;
}

/** Counts the pods. With the gate PreparingUpdateAsUpdate, pods about to be updated count as updated. */
export function tally(members: readonly Member[], features: Features): Tally {
  const counts: Tally = {
    total: members.length,
    preparingDelete: { old: 0, updated: 0 },
    active: { old: 0, updated: 0 },
    named: { old: 0, updated: 0 },
    unavailable: 0,
    unavailableNamed: 0,
  };
  for (const member of members) {
    const side = countsAsUpdated(member, features) ? "updated" : "old";
    if (member.preparingDelete) {
      counts.preparingDelete[side] += 1;
      counts.unavailable += 1;
      continue;
    }
    counts.active[side] += 1;
    if (member.named) counts.named[side] += 1;
    if (!member.available && member.named) counts.unavailableNamed += 1;
    if (!member.available && !member.named) counts.unavailable += 1;
  }
  return counts;
}

/** Whether a pod counts as updated when scaling. */
export function countsAsUpdated(member: Member, features: Features): boolean {
  return member.updated || (features.PreparingUpdateAsUpdate && lifecycleState(member.pod) === "PreparingUpdate");
}

export function both({ old, updated }: Sides): number {
  return old + updated;
}
