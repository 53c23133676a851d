import { annotation, readinessGate } from "../api/constants.ts";
import type { Pod, Revision } from "../api/pod.ts";
import { hasGate, lifecycleState } from "../api/pod.ts";
import type { InPlaceVerdict } from "../inplace/can-update.ts";
import { startUpdate } from "../inplace/patch.ts";
import { claimTemplatesHash } from "../revision/hash.ts";
import { isOnRevision, revisionOf } from "../revision/match.ts";
import type { Action } from "./actions.ts";
import { madeWithClaims, templateFirst } from "./claim-change.ts";
import { deletionHeld, isInForce } from "./held-by-refusal.ts";
import { inPlaceVerdict } from "./in-place-verdict.ts";
import { isBlocked, stateConditions, toState, withHandlers } from "./lifecycle.ts";
import { revisionLabel } from "./new-pod.ts";
import type { Note } from "./notes.ts";
import type { Member } from "./observation.ts";
import { removePod } from "./removal.ts";
import type { Scene } from "./scene.ts";
import type { Tally } from "./tally.ts";
import { tally } from "./tally.ts";
import type { Move } from "./update.ts";
import { chooseMoves, podsToMove } from "./update.ts";
import { inUpdateOrder } from "./update-order.ts";

/** The pods that move now, as actions, and what is to be said about it. */
export interface Moves {
  actions: Action[];
  notes: Note[];
  /** Pods that cannot move as the spec says, each in words. The others move all the same. */
  problems: string[];
  /** The first pod that nothing but an edit can help. */
  stalled: string | undefined;
  /** When to look again, in ms since the epoch. */
  againAtMs: number[];
  /** Updated pods that are to move back (uids). One that waits for its hook is not to be taken for one that has arrived. */
  movingBack: ReadonlySet<string>;
}

const nothing: Moves = {
  actions: [],
  notes: [],
  problems: [],
  stalled: undefined,
  againAtMs: [],
  movingBack: new Set(),
};

/** Plans the moves to the update revision (or, where rollback is on, back to the current one). */
export function planMoves(scene: Scene): Moves {
  const { cloneSet, members, wanted, revisions } = scene;
  const { type, paused } = cloneSet.spec.updateStrategy;
  // That a pod makes ready to be updated counts for scaling alone: here it would mean that nobody is left to update.
  const counts = tally(members, { ...scene.seen.features, PreparingUpdateAsUpdate: false });
  const isHeld = type === "OnDelete" || paused;
  const moves = isHeld ? 0 : podsToMove(withoutNamed(counts), wanted);
  const toUpdated = moves >= 0;
  const outdated = members.filter((member) => member.updated !== toUpdated && isCandidate(member));
  // The template was set back: nothing is tried out any more, so the partition protects nobody from a broken pod.
  const isSetBack = revisions.current.name === revisions.update.name;
  const repair = !isHeld && isSetBack && !outdated.some(({ pod }) => isOnRevision(pod, revisions.update.name));
  if (outdated.length === 0) return nothing;
  const target = toUpdated ? revisions.update : revisions.current;
  const { updateStrategy: strategy } = cloneSet.spec;
  const ordered = templateFirst(inUpdateOrder(outdated, { strategy, all: members }), target);
  if (moves === 0 && !repair) return { ...nothing, actions: strandedActions(scene, ordered) };
  const verdicts = new Verdicts(scene, target);
  const unable: Member[] = [];
  const refused: string[] = [];
  const impossible: string[] = [];
  const againAtMs: number[] = [];
  const candidates = ordered.flatMap((member): { member: Member; move: Move }[] => {
    const refusal = scene.seen.refusals.get(member.pod.uid);
    if (refusal?.revision === target.name && isInForce(refusal, scene.seen.nowMs)) {
      unable.push(member);
      refused.push(`update pod ${member.pod.name}: refused by the server: ${refusal.message}`);
      againAtMs.push(refusal.notBeforeMs);
      return [];
    }
    const verdict = verdicts.of(member.pod);
    if (verdict.possible)
      return [{ member, move: hasGate(member.pod, readinessGate.inPlaceUpdateReady) ? "inPlace" : "inPlaceUngated" }];
    if (type !== "InPlaceOnly") {
      const held = deletionHeld(scene.seen, member.pod);
      if (held === undefined) return [{ member, move: "recreate" }];
      unable.push(member);
      refused.push(held.message);
      againAtMs.push(held.notBeforeMs);
      return [];
    }
    unable.push(member);
    impossible.push(
      `pod ${member.pod.name} cannot be updated in place, and InPlaceOnly allows nothing else: ${verdict.field}: ${verdict.why}`,
    );
    return [];
  });
  const chosen = chooseMoves(candidates, {
    members,
    counts,
    wanted,
    moves: Math.abs(moves),
    repair,
    toUpdated,
    ungatedUnderWay: members.some(
      ({ pod }) => !hasGate(pod, readinessGate.inPlaceUpdateReady) && lifecycleState(pod) === "Updating",
    ),
  });
  const moving = chosen.flatMap(({ member, move }) => {
    const verdict = verdicts.of(member.pod);
    const because = [whyNow(member), whyRecreated(move, verdict)].filter(Boolean).join("; ");
    return move === "recreate"
      ? removePod(scene, member, "recreateUpdate", because)
      : moveInPlace(scene, member.pod, target, verdict).map((action) =>
          action.kind === "updatePodInPlace" ? { ...action, because } : action,
        );
  });
  // After a template was set back they move on: sent back into service, they would be taken out again at once.
  const surplus = repair ? [] : candidates.slice(Math.abs(moves)).filter((candidate) => !chosen.includes(candidate));
  return {
    actions: [...strandedActions(scene, [...unable, ...surplus.map(({ member }) => member)]), ...moving],
    notes: [...ungatedNote(candidates), ...imageNotes(moving), ...impossibleNote(impossible)],
    problems: [...impossible, ...refused],
    stalled: impossible[0],
    againAtMs,
    movingBack: new Set(toUpdated ? [] : candidates.map(({ member }) => member.pod.uid)),
  };
}

function whyNow({ pod, available }: Member): string {
  if (lifecycleState(pod) === "PreparingUpdate") return "its hook let go of it";
  return available ? "it is next in the update order" : "it is down already";
}

function whyRecreated(move: Move, verdict: InPlaceVerdict): string {
  return move === "recreate" && !verdict.possible ? `not in place: ${verdict.field}: ${verdict.why}` : "";
}

/** Pods that wait for an update hook although they are not to be updated any more, or cannot be, go back into service. */
function strandedActions({ cloneSet, seen }: Scene, notMoving: readonly Member[]): Action[] {
  const { lifecycle } = cloneSet.spec;
  return notMoving
    .filter(({ pod }) => lifecycleState(pod) === "PreparingUpdate")
    .map(({ pod }) => toState(pod, "Normal", { lifecycle, nowMs: seen.nowMs }));
}

/**
 * Named pods neither move nor count: they go by themselves, and what stands in for one of them has its revision already.
 * Counted, they would have their stand-in re-created, and that one again, for as long as they are there.
 */
function withoutNamed(counts: Tally): Tally {
  const { active, named } = counts;
  return { ...counts, active: { old: active.old - named.old, updated: active.updated - named.updated } };
}

/**
 * How many outdated pods surge pods may stand in for: those that must be re-created; all of them when maxUnavailable
 * leaves no room to take any pod out of service.
 */
export function surgeablePods(scene: Scene): number {
  const { cloneSet, members, wanted, revisions } = scene;
  const { type } = cloneSet.spec.updateStrategy;
  if (wanted.maxSurge === 0 || type === "OnDelete") return 0;
  if (type === "ReCreate" || wanted.maxUnavailable === 0) return members.length;
  const verdicts = new Verdicts(scene, revisions.update);
  return members.filter((member) => !member.updated && !member.preparingDelete && !verdicts.of(member.pod).possible)
    .length;
}

/** Being named, unready or unscheduled does not matter; being on the way out, or in the grace period of an update, does. */
function isCandidate({ pod, named, preparingDelete }: Member): boolean {
  const inGrace = Boolean(pod.annotations[annotation.inPlaceGrace] || pod.annotations[annotation.inPlaceGraceLegacy]);
  return !preparingDelete && !named && !inGrace;
}

/** The in-place verdict per revision a pod may be on, and claim templates it may be made with: many pods, few of these. */
class Verdicts {
  readonly #scene: Scene;
  readonly #target: Revision;
  readonly #known = new Map<string, InPlaceVerdict>();

  constructor(scene: Scene, target: Revision) {
    this.#scene = scene;
    this.#target = target;
  }

  of(pod: Pod): InPlaceVerdict {
    const revision = revisionOf(pod, this.#scene.allRevisions);
    const madeWith = madeWithClaims(pod, revision);
    const key = `${revision?.name ?? ""} ${madeWith}`;
    let verdict = this.#known.get(key);
    if (verdict === undefined) this.#known.set(key, (verdict = this.#judge(revision, madeWith)));
    return verdict;
  }

  #judge(from: Revision | undefined, madeWith: string | undefined): InPlaceVerdict {
    const { seen, cloneSet, revisions } = this.#scene;
    const { template, annotations } = this.#target;
    // The update revision is made with the claim templates of the spec, whatever its record still says.
    const wanted =
      this.#target === revisions.update
        ? claimTemplatesHash(cloneSet.spec.claimTemplates)
        : annotations[annotation.claimTemplatesHash];
    return inPlaceVerdict(
      { template: from?.template, claimTemplatesHash: madeWith },
      { template, claimTemplatesHash: wanted },
      { type: cloneSet.spec.updateStrategy.type, features: seen.features },
    );
  }
}

/** One pod's next step towards another revision: the hook first, if it has one to say; then the update itself. */
function moveInPlace({ cloneSet, seen }: Scene, pod: Pod, target: Revision, verdict: InPlaceVerdict): Action[] {
  if (!verdict.possible || target.template === undefined) return [];
  const { lifecycle, updateStrategy } = cloneSet.spec;
  const hook = lifecycle.inPlaceUpdate;
  const state = lifecycleState(pod);
  if (state === "Updated" && hook) {
    // The hook has let go of the pod once already, so it is asked anew.
    const asked = toState(pod, "PreparingUpdate", { lifecycle, nowMs: seen.nowMs });
    return [{ ...asked, patches: asked.patches.map((patch) => withHandlers(patch, hook)) }];
  }
  if (state !== "Updating" && isBlocked(hook, pod)) {
    const settled = stateConditions(pod, "PreparingUpdate", lifecycle, seen.nowMs).length === 0;
    return state === "PreparingUpdate" && settled
      ? []
      : [toState(pod, "PreparingUpdate", { lifecycle, nowMs: seen.nowMs })];
  }
  const { patches, foreignImages } = startUpdate(pod, verdict.update, {
    target: { name: target.name, label: revisionLabel(target.name, seen.features), template: target.template },
    gracePeriodSeconds: updateStrategy.gracePeriodSeconds,
    nowMs: seen.nowMs,
  });
  const foreign = foreignImages.map(
    ({ container, podImage, revisionImage }) =>
      `container ${container} runs ${podImage}, its revision says ${revisionImage}`,
  );
  const warning = foreign.length > 0 ? { warning: foreign.join("; ") } : {};
  return [{ kind: "updatePodInPlace", pod, revision: target.name, patches, ...warning }];
}

function ungatedNote(candidates: readonly { move: Move }[]): Note[] {
  const count = candidates.filter(({ move }) => move === "inPlaceUngated").length;
  if (count === 0) return [];
  return [
    {
      type: "Warning",
      reason: "InPlaceWithoutReadinessGate",
      message: `${count} pods were made without the readiness gate InPlaceUpdateReady and cannot be taken out of service before their containers restart; they are updated one at a time`,
    },
  ];
}

/** One event for all pods: what stands in the way is the same template for each of them. */
function impossibleNote(impossible: readonly string[]): Note[] {
  const [first] = impossible;
  if (first === undefined) return [];
  const more = impossible.length > 1 ? ` (and ${impossible.length - 1} more pods)` : "";
  return [{ type: "Warning", reason: "FailedUpdatePodInPlace", message: `${first}${more}` }];
}

function imageNotes(actions: readonly Action[]): Note[] {
  return actions.flatMap((action) =>
    action.kind === "updatePodInPlace" && action.warning
      ? [
          {
            type: "Warning" as const,
            reason: "ImageDiffersFromRevision" as const,
            message: `pod ${action.pod.name}: ${action.warning}`,
          },
        ]
      : [],
  );
}
