import type { CloneSet, PausedSplit } from "../api/cloneset.ts";
import type { Pod, Revision } from "../api/pod.ts";
import { isActive, lifecycleState } from "../api/pod.ts";
import type { RevisionsReady } from "../revision/history.ts";
import { isOnAny, updatedRevisions } from "../revision/match.ts";
import type { Arrivals } from "./adoption.ts";
import { arrivals } from "./adoption.ts";
import { isAvailable, isReadyInNormalState } from "./availability.ts";
import { needsOtherClaims } from "./claim-change.ts";
import type { ClaimBook } from "./claims.ts";
import { claimBook } from "./claims.ts";
import type { Membership } from "./membership.ts";
import type { Member, Observation } from "./observation.ts";
import { pausedSplit } from "./paused.ts";
import { namedForDeletion, podsToDelete } from "./pods-to-delete.ts";
import type { Tally } from "./tally.ts";
import { tally } from "./tally.ts";
import type { Targets } from "./targets.ts";
import { targets } from "./targets.ts";

/** What is worked out once per plan and shared by the rules that scale and move. */
export interface Scene {
  seen: Observation;
  cloneSet: CloneSet;
  revisions: RevisionsReady;
  allRevisions: readonly Revision[];
  /** Our active pods. */
  members: readonly Member[];
  /** Our pods in any phase. */
  pods: readonly Pod[];
  arriving: Arrivals;
  book: ClaimBook;
  split: PausedSplit | undefined;
  counts: Tally;
  wanted: Targets;
}

/**
 * Answers the questions every rule asks.
 *
 * @throws {SpecError} if the spec cannot be carried out as written
 */
export function setScene(seen: Observation, revisions: RevisionsReady, ours: Membership): Scene {
  const { cloneSet, features, nowMs } = seen;
  const { minReadySeconds } = cloneSet.spec;
  const updated = updatedRevisions(ours.revisions, revisions.update);
  const isOutdatedByClaims = needsOtherClaims(seen, ours.revisions);
  const named = podsToDelete(cloneSet);
  const members = ours.pods.filter(isActive).map(
    (pod): Member => ({
      pod,
      updated: isOnAny(pod, updated) && !isOutdatedByClaims(pod),
      available: isAvailable(pod, minReadySeconds, nowMs),
      ready: isReadyInNormalState(pod),
      named: namedForDeletion(pod, named),
      preparingDelete: lifecycleState(pod) === "PreparingDelete",
    }),
  );
  const split = pausedSplit(cloneSet, members, revisions.update.name);
  return {
    seen,
    cloneSet,
    revisions,
    allRevisions: ours.revisions,
    members,
    pods: ours.pods,
    arriving: arrivals(ours, { seen, revisions: ours.revisions }),
    book: claimBook(cloneSet, seen.claims, ours.pods, seen.pods),
    split,
    counts: tally(members, features),
    wanted: targets(cloneSet.spec, { split, features, twoRevisions: revisions.current.name !== revisions.update.name }),
  };
}
