import type { Action } from "./actions.ts";
import { createPods } from "./creation.ts";
import { spreadKeys } from "./delete-order.ts";
import { creationHeld, deletionHeld } from "./held-by-refusal.ts";
import { toState } from "./lifecycle.ts";
import { planMoves, surgeablePods } from "./moves.ts";
import type { Note } from "./notes.ts";
import type { Member } from "./observation.ts";
import { regretted } from "./regret.ts";
import { removePod } from "./removal.ts";
import { chooseExcess, chooseNamed } from "./scale-down.ts";
import type { ScaleUp } from "./scale-up.ts";
import { scaleUp } from "./scale-up.ts";
import type { Scene } from "./scene.ts";
import type { Surge } from "./surge.ts";
import { surgeInUse } from "./surge.ts";
import type { Targets } from "./targets.ts";
import { turnedAway } from "./turned-away.ts";

/** What scaling or moving comes to. */
export interface Work {
  actions: Action[];
  counter: number | undefined;
  ahead: string[];
  notes: Note[];
  problems: string[];
  scaleProblem: string | undefined;
  stalled: string | undefined;
  againAtMs: number[];
  /** Uids of updated pods that are to move back. */
  movingBack: ReadonlySet<string>;
}

export function nothing(): Work {
  return {
    actions: [],
    counter: undefined,
    ahead: [],
    notes: [],
    problems: [],
    scaleProblem: undefined,
    stalled: undefined,
    againAtMs: [],
    movingBack: new Set(),
  };
}

/**
 * The first that has something to do: take pods back, create missing ones, remove named ones, remove surplus, move pods to another
 * revision. What was refused a moment ago is left out, and what comes after it has its turn.
 */
export function scaleOrMove(scene: Scene): Work {
  const { seen, cloneSet, members, counts, wanted, book } = scene;
  const placesTaken = book.returning.length + scene.arriving.places;
  const rescued = regretted(members, cloneSet, wanted.replicas);
  if (rescued.length > 0)
    return {
      ...nothing(),
      actions: rescued.map(({ pod }) =>
        toState(pod, "PreparingNormal", { lifecycle: cloneSet.spec.lifecycle, nowMs: seen.nowMs }),
      ),
    };

  const surgeable = surgeablePods(scene);
  const surge = surgeInUse(counts, wanted, surgeable);
  const up = scaleUp(counts, wanted, surge, { placesTaken, arrivingDown: scene.arriving.down });
  const notes = limitedNote(up, wanted, placesTaken);
  if (up.create === 0) return removeOrMove(scene, { surge, surgeable, notes });
  const away = turnedAway(scene);
  const held = creationHeld(seen) ?? (away && seen.nowMs < away.notBeforeMs ? away : undefined);
  if (held) return heldBack(removeOrMove(scene, { surge, surgeable, notes }), [held], "FailedCreate");
  const [create, createOld] = away ? [1, Math.min(up.createOld, 1)] : [up.create, up.createOld];
  return { ...nothing(), ...createPods(scene, create, createOld), notes, scaleProblem: away?.message };
}

/** Removes pods, or else moves some. */
function removeOrMove(
  scene: Scene,
  { surge, surgeable, notes }: { surge: Surge; surgeable: number; notes: Note[] },
): Work {
  const { seen, cloneSet, members, counts, wanted } = scene;
  const isFree = ({ pod }: Member) => deletionHeld(seen, pod) === undefined;
  const leaving = members.filter((member) => member.preparingDelete);
  const named = [
    ...leaving.filter(isFree).flatMap((member) => removePod(scene, member, member.named ? "podsToDelete" : "hookDone")),
    ...chooseNamed(members.filter(isFree), counts, wanted).flatMap((member) =>
      removePod(scene, member, "podsToDelete"),
    ),
  ];
  // Named pods and hooks under way go first: what they leave decides what is still too many.
  const isSettled = leaving.length === 0 && !members.some((member) => member.named);
  const surplus = isSettled
    ? chooseExcess(members, {
        counts,
        wanted,
        surge,
        surgeable,
        topology: { keys: spreadKeys(cloneSet.spec.template), nodeLabels: seen.nodeLabels },
        features: seen.features,
      })
    : [];
  const removals = surplus
    .filter(({ member }) => isFree(member))
    .flatMap(({ member, because }) => removePod(scene, member, "scaleDown", because));
  const deletions = named.length > 0 ? named : removals;
  const work = { ...nothing(), ...(deletions.length > 0 ? { actions: deletions } : planMoves(scene)) };
  const toGo = [
    ...members.filter((member) => member.named || member.preparingDelete),
    ...surplus.map((one) => one.member),
  ];
  return heldBack(
    { ...work, notes: [...notes, ...work.notes] },
    toGo.flatMap(({ pod }) => deletionHeld(seen, pod) ?? []),
    "FailedDelete",
  );
}

/** Says what was refused a moment ago, in the words of then: what lasts is told once. It is tried again in time. */
function heldBack(
  work: Work,
  refusals: readonly { message: string; notBeforeMs: number }[],
  reason: "FailedCreate" | "FailedDelete",
): Work {
  const notes = refusals.map(({ message }): Note => ({ type: "Warning", reason, message: `failed to ${message}` }));
  return {
    ...work,
    scaleProblem: refusals[0]?.message ?? work.scaleProblem,
    againAtMs: [...work.againAtMs, ...refusals.map(({ notBeforeMs }) => notBeforeMs)],
    notes: [...work.notes, ...notes],
  };
}

function limitedNote(up: ScaleUp, wanted: Targets, placesTaken: number): Note[] {
  if (up.create >= up.needed - placesTaken) return [];
  // Without the numbers of the moment: one that changes with every pod would be told with every pod.
  const message = `creation is held back: scaleStrategy.maxUnavailable allows ${wanted.scaleMaxUnavailable} unavailable pods`;
  return [{ type: "Warning", reason: "ScaleUpLimited", message }];
}
