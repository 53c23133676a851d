import type { Tally } from "./tally.ts";
import { both } from "./tally.ts";
import type { Targets } from "./targets.ts";
import { moveDifference } from "./update.ts";

/** Surge in use now, and how much of it is at the current revision. Unit: pods. */
export interface Surge {
  pods: number;
  old: number;
}

/**
 * How many extra pods are wanted at this moment.
 *
 * Extra pods stand in for pods that are about to go: named ones beyond what `maxUnavailable` lets go at once, and
 * outdated ones that must be re-created. Pods that will be patched in place need no stand-in while `maxUnavailable`
 * leaves room, so `surgeable` says how many of the moving pods may be stood in for.
 *
 * Example: 6 pods, maxUnavailable 1, maxSurge 1, two named → one may go at once, one stand-in is made first.
 */
export function surgeInUse(counts: Tally, wanted: Targets, surgeable: number): Surge {
  if (wanted.maxSurge === 0) return { pods: 0, old: 0 };
  const named = both(counts.named);
  const forNamed = named > 0 ? Math.min(Math.max(counts.unavailable + named - wanted.maxUnavailable, 0), named) : 0;
  const forUpdate = updateSurge(counts, wanted, surgeable);
  if (forNamed >= forUpdate.pods) {
    const pods = Math.min(wanted.maxSurge, forNamed);
    return { pods, old: Math.min(pods, Math.max(forNamed - counts.named.updated, 0)) };
  }
  const pods = Math.min(wanted.maxSurge, forUpdate.pods);
  return { pods, old: Math.min(pods, forUpdate.old) };
}

function updateSurge(counts: Tally, wanted: Targets, surgeable: number): Surge {
  const { old, updated } = moveDifference(counts, wanted);
  const opposite = (old > 0 && updated < 0) || (old < 0 && updated > 0);
  const pods = opposite ? Math.min(Math.abs(old), Math.abs(updated), surgeable) : 0;
  const standInsAreOld = Math.abs(old) <= Math.abs(updated) ? old < 0 : updated > 0;
  return { pods, old: standInsAreOld ? pods : 0 };
}
