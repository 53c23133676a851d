import { annotation, readinessGate } from "../api/constants.ts";
import type { Pod, Revision } from "../api/pod.ts";
import { hasGate, lifecycleState } from "../api/pod.ts";
import type { InPlaceVerdict } from "../inplace/can-update.ts";
import { canUpdateInPlace } from "../inplace/can-update.ts";
import { startUpdate } from "../inplace/patch.ts";
import { revisionOf } from "../revision/match.ts";
import type { Action } from "./actions.ts";
import { isBlocked, toState } from "./lifecycle.ts";
import type { Note } from "./notes.ts";
import type { Member } from "./observation.ts";
import { removePod } from "./removal.ts";
import type { Scene } from "./scene.ts";
import type { Move } from "./update.ts";
import { chooseMoves, podsToMove } from "./update.ts";
import { inUpdateOrder } from "./update-order.ts";

/** The pods that move now, as actions, and what is to be said about it. */
export interface Moves {
  actions: Action[];
  notes: Note[];
  /** Pods that cannot move as the spec says, each in words. The others move all the same. */
  problems: string[];
}

const nothing: Moves = { actions: [], notes: [], problems: [] };

/** Plans the moves to the update revision (or, where rollback is on, back to the current one). */
export function planMoves(scene: Scene): Moves {
  const { cloneSet, members, counts, wanted, revisions } = scene;
  const { type, paused } = cloneSet.spec.updateStrategy;
  if (type === "OnDelete" || paused) return nothing;
  const moves = podsToMove(counts, wanted);
  // The template was set back: nothing is tried out any more, so the partition protects nobody from a broken pod.
  const repair = revisions.current.name === revisions.update.name;
  if (moves === 0 && !repair) return nothing;
  const toUpdated = moves >= 0;
  const target = toUpdated ? revisions.update : revisions.current;
  const verdicts = new Verdicts(scene, target);
  const outdated = members.filter((member) => member.updated !== toUpdated && isCandidate(member));
  if (outdated.length === 0) return nothing;
  const problems: string[] = [];
  const candidates = inUpdateOrder(outdated).flatMap((member): { member: Member; move: Move }[] => {
    const verdict = verdicts.of(member.pod);
    if (verdict.possible)
      return [{ member, move: hasGate(member.pod, readinessGate.inPlaceUpdateReady) ? "inPlace" : "inPlaceUngated" }];
    if (type !== "InPlaceOnly") return [{ member, move: "recreate" }];
    problems.push(
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
  const actions = chosen.flatMap(({ member, move }) =>
    move === "recreate"
      ? removePod(scene, member, "recreateUpdate")
      : moveInPlace(scene, member.pod, target, verdicts.of(member.pod)),
  );
  return { actions, notes: [...ungatedNote(candidates), ...imageNotes(actions)], problems };
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
  return members.filter((member) => !member.updated && !verdicts.of(member.pod).possible).length;
}

/** Being named, unready or unscheduled does not matter; being on the way out, or in the grace period of an update, does. */
function isCandidate({ pod, named, preparingDelete }: Member): boolean {
  const inGrace = annotation.inPlaceGrace in pod.annotations || annotation.inPlaceGraceLegacy in pod.annotations;
  return !preparingDelete && !named && !inGrace;
}

/** The in-place verdict per revision a pod may be on: many pods, few revisions. */
class Verdicts {
  readonly #scene: Scene;
  readonly #target: Revision;
  readonly #byRevision = new Map<string, InPlaceVerdict>();

  constructor(scene: Scene, target: Revision) {
    this.#scene = scene;
    this.#target = target;
  }

  of(pod: Pod): InPlaceVerdict {
    const revision = revisionOf(pod, this.#scene.allRevisions);
    const name = revision?.name ?? "";
    let verdict = this.#byRevision.get(name);
    if (verdict === undefined) this.#byRevision.set(name, (verdict = this.#judge(revision)));
    return verdict;
  }

  #judge(from: Revision | undefined): InPlaceVerdict {
    const { seen, cloneSet } = this.#scene;
    const { type } = cloneSet.spec.updateStrategy;
    if (type === "ReCreate")
      return { possible: false, field: "spec.updateStrategy.type", why: "ReCreate replaces pods" };
    const target = this.#target;
    if (from?.template === undefined || target.template === undefined) {
      return {
        possible: false,
        field: "metadata.labels[controller-revision-hash]",
        why: "the pod's revision is not known any more",
      };
    }
    return canUpdateInPlace(side(from), side(target), {
      resize: seen.features.InPlaceWorkloadVerticalScaling,
      recreateOnClaimChange: seen.features.RecreatePodWhenChangeVCTInCloneSetGate && type !== "InPlaceOnly",
    });
  }
}

function side({ template, annotations }: Revision): {
  template: NonNullable<Revision["template"]>;
  claimTemplatesHash: string | undefined;
} {
  if (template === undefined) throw new Error("a revision without a template has no side");
  return { template, claimTemplatesHash: annotations[annotation.claimTemplatesHash] };
}

function moveInPlace({ cloneSet, seen }: Scene, pod: Pod, target: Revision, verdict: InPlaceVerdict): Action[] {
  if (!verdict.possible || target.template === undefined) return [];
  const state = lifecycleState(pod);
  if (state !== "Updating" && isBlocked(cloneSet.spec.lifecycle.inPlaceUpdate, pod)) {
    if (state === "PreparingUpdate") return [];
    return [toState(pod, "PreparingUpdate", seen.nowMs)];
  }
  const { patches, foreignImages } = startUpdate(pod, verdict.update, {
    target: { name: target.name, template: target.template },
    gracePeriodSeconds: cloneSet.spec.updateStrategy.gracePeriodSeconds,
    nowMs: seen.nowMs,
  });
  const foreign = foreignImages.map(
    ({ container, podImage, revisionImage }) =>
      `container ${container} runs ${podImage}, its revision says ${revisionImage}`,
  );
  return [
    {
      kind: "updatePodInPlace",
      pod,
      revision: target.name,
      patches,
      ...(foreign.length > 0 ? { warning: foreign.join("; ") } : {}),
    },
  ];
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
