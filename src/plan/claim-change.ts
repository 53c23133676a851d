import { annotation } from "../api/constants.ts";
import type { Pod, Revision } from "../api/pod.ts";
import { claimTemplatesHash } from "../revision/hash.ts";
import { isOnRevision, revisionOf } from "../revision/match.ts";
import type { Member, Observation } from "./observation.ts";

/** The hash of the claim templates that a pod was made with: its own word, else its revision's; undefined if neither says. */
export function madeWithClaims(pod: Pod, revision: Revision | undefined): string | undefined {
  return pod.annotations[annotation.claimTemplatesHash] ?? revision?.annotations[annotation.claimTemplatesHash];
}

/**
 * Says of a pod whether other claim templates than those it was made with are reason enough to re-create it: never, unless
 * `RecreatePodWhenChangeVCTInCloneSetGate` is on, and not with InPlaceOnly.
 */
export function needsOtherClaims(
  { cloneSet, features }: Observation,
  revisions: readonly Revision[],
): (pod: Pod) => boolean {
  const { updateStrategy, claimTemplates } = cloneSet.spec;
  if (!features.RecreatePodWhenChangeVCTInCloneSetGate || updateStrategy.type === "InPlaceOnly") return () => false;
  const live = claimTemplatesHash(claimTemplates);
  return (pod) => {
    const madeWith = madeWithClaims(pod, revisionOf(pod, revisions));
    return madeWith !== undefined && madeWith !== live;
  };
}

/**
 * The same pods, those first that have the template already and lack only the claim templates: so the template reaches no more
 * pods than the partition lets go.
 */
export function templateFirst(candidates: readonly Member[], target: Revision): Member[] {
  const known = new Set(candidates.filter(({ pod }) => isOnRevision(pod, target.name)));
  return [...known, ...candidates.filter((member) => !known.has(member))];
}
