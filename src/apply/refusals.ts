import type { Refusal } from "../plan/observation.ts";
import type { Outcome } from "./apply.ts";

const FIRST_MS = 5_000;
const LAST_MS = 300_000;

/** Pods whose update the server refused, by uid. */
export type Refusals = ReadonlyMap<string, Refusal>;

/**
 * Notes which pods the server refused to update, so that they are left alone for a while (5 s, doubled each time, at most
 * 5 min) and the others go on. Tried at every pass, such a pod would be taken out of service and put back each time.
 */
export function refusalsAfter(before: Refusals, outcomes: readonly Outcome[], nowMs: number): Refusals {
  const after = new Map(before);
  for (const { action, ...outcome } of outcomes) {
    if (action.kind !== "updatePodInPlace") continue;
    const { uid } = action.pod;
    if (outcome.kind === "done") after.delete(uid);
    if (outcome.kind !== "failed") continue;
    const earlier = before.get(uid);
    const times = earlier?.revision === action.revision ? earlier.times + 1 : 1;
    const notBeforeMs = nowMs + Math.min(FIRST_MS * 2 ** (times - 1), LAST_MS);
    after.set(uid, { revision: action.revision, message: outcome.message, times, notBeforeMs });
  }
  return after;
}
