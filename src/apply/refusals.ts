import { describe } from "../plan/actions.ts";
import type { CreationRefusal, Refusal } from "../plan/observation.ts";
import type { Outcome } from "./apply.ts";

const ONE_POD = { firstMs: 5_000, lastMs: 300_000 };
const CREATION = { firstMs: 1_000, lastMs: 60_000 };

/** Pods whose update or deletion the server refused, by uid. */
export type Refusals = ReadonlyMap<string, Refusal>;

/**
 * Notes which pods the server refused to update or to delete, so that they are left alone for a while (5 s, doubled each time, at
 * most 5 min) and the others go on. Tried at every pass, such a pod would be taken out of service and put back each time, or
 * keep everything that comes after deletions from its turn.
 */
export function refusalsAfter(before: Refusals, outcomes: readonly Outcome[], nowMs: number): Refusals {
  const after = new Map(before);
  for (const outcome of outcomes) {
    const { action } = outcome;
    if (action.kind !== "updatePodInPlace" && action.kind !== "deletePod") continue;
    const { uid } = action.pod;
    if (outcome.kind === "done") after.delete(uid);
    if (outcome.kind !== "failed") continue;
    const isDeletion = action.kind === "deletePod";
    if (isDeletion && outcome.refused === undefined) continue;
    const revision = isDeletion ? undefined : action.revision;
    const earlier = before.get(uid);
    const times = earlier?.revision === revision ? (earlier?.times ?? 0) + 1 : 1;
    const notBeforeMs = nowMs + backOffMs(times, ONE_POD);
    const message = isDeletion ? `${describe(action)}: ${outcome.message}` : outcome.message;
    after.set(uid, { revision, message, times, sinceMs: nowMs, notBeforeMs });
  }
  return after;
}

/**
 * Notes that the server took none of the pods that a pass tried to create, so that the next passes do something else for a while
 * (1 s, doubled each time, at most a minute): a server that refuses is not asked again at every event of some pod.
 */
export function creationRefusalAfter(
  before: CreationRefusal | undefined,
  outcomes: readonly Outcome[],
  { nowMs, generation, pods }: { nowMs: number; generation: number; pods: number },
): CreationRefusal | undefined {
  const creations = outcomes.filter(({ action }) => action.kind === "createPod");
  if (creations.length === 0) return before;
  if (creations.some(({ kind }) => kind === "done")) return undefined;
  for (const outcome of creations) {
    if (outcome.kind !== "failed" || outcome.refused === undefined) continue;
    const times = (before?.times ?? 0) + 1;
    const notBeforeMs = nowMs + backOffMs(times, CREATION);
    const message = `${describe(outcome.action)}: ${outcome.message}`;
    const room = outcome.refused === "namespaceEnds" ? undefined : pods;
    return { message, times, sinceMs: nowMs, notBeforeMs, generation, pods: room };
  }
  return undefined;
}

/** How long to wait after the nth refusal in a row: each time twice as long as before. */
function backOffMs(times: number, { firstMs, lastMs }: typeof ONE_POD): number {
  return Math.min(firstMs * 2 ** (times - 1), lastMs);
}
