import type { CloneSetStatus } from "../api/cloneset.ts";
import type { Pod } from "../api/pod.ts";
import { instanceId, isTerminating } from "../api/pod.ts";
import { SpecError } from "../api/spec-error.ts";
import { checkCarriable } from "../api/validate.ts";
import { shortPart } from "../revision/hash.ts";
import type { RevisionsReady } from "../revision/history.ts";
import { chooseRevisions, revisionsToForget } from "../revision/history.ts";
import { isOnRevision } from "../revision/match.ts";
import type { Action } from "./actions.ts";
import { objectsOf } from "./actions.ts";
import { availableAtMs } from "./availability.ts";
import { unusedClaims } from "./claims.ts";
import type { Membership } from "./membership.ts";
import { isOursOrFree, membership } from "./membership.ts";
import type { Note } from "./notes.ts";
import type { Member, Observation } from "./observation.ts";
import { podsToDelete } from "./pods-to-delete.ts";
import { refresh } from "./refresh.ts";
import { clearFinished, finishedWithClaims, objectRef } from "./removal.ts";
import type { Work } from "./scale-or-move.ts";
import { nothing, scaleOrMove } from "./scale-or-move.ts";
import type { Scene } from "./scene.ts";
import { setScene } from "./scene.ts";
import type { StatusInput } from "./status.ts";
import { refusedStatus } from "./status.ts";
import { targets } from "./targets.ts";
import { makesWayAtMs } from "./turned-away.ts";
import { waitingFor } from "./waiting.ts";

/** What to do about one CloneSet, as it was observed. */
export type Plan =
  /** An edit is needed before anything can be done. Only the status is written. */
  | { kind: "refused"; why: string; status: CloneSetStatus }
  /** The revisions come first: carry out the actions, then look again. */
  | { kind: "revisions"; actions: Action[] }
  | WorkPlan;

export interface WorkPlan {
  kind: "work";
  actions: Action[];
  /** Store this counter before any pod of the plan is created; undefined if no new number was drawn. */
  reserveCounter: number | undefined;
  /** Ids drawn beyond those of the plan; spare once the counter is stored. */
  drawnAhead: string[];
  notes: Note[];
  /** What went wrong with single pods before anything was sent; the others are not affected. */
  problems: string[];
  /** Why pods that are missing are not created now, if that is so. */
  scaleProblem: string | undefined;
  /** When to look again although nothing may have changed. */
  againInMs: number | undefined;
  statusInput: Omit<StatusInput, "failures">;
}

/**
 * In what order do the rules speak?
 *
 * Whose pods are these, which revisions are there, what does each pod need by itself; then, the first that has
 * something to do: create missing pods, remove named ones, remove surplus, move pods to another revision.
 * Scaling and moving never mix in one plan: each counts on the pods that the other would change.
 */
export function plan(seen: Observation): Plan {
  try {
    return planSpec(seen);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return { kind: "refused", why: error.message, status: refusedStatus(seen.cloneSet, error.message, seen.nowMs) };
  }
}

function planSpec(seen: Observation): Plan {
  const { cloneSet } = seen;
  // First of all: what cannot be carried out as written is not half carried out.
  checkCarriable(cloneSet, seen.features);
  targets(cloneSet.spec, { split: undefined, features: seen.features, twoRevisions: false });
  const ours = membership(seen);
  const choice = chooseRevisions({ cloneSet, revisions: ours.revisions });
  // Garbage collection takes the revisions, or sets them free; a new one it would only have to take as well.
  if (cloneSet.deleting && choice.kind !== "ready") return { kind: "revisions", actions: ours.actions };
  switch (choice.kind) {
    case "create":
      return {
        kind: "revisions",
        actions: [...ours.actions, { kind: "createRevision", tried: choice }],
      };
    case "renumber":
      return {
        kind: "revisions",
        actions: [
          ...ours.actions.filter((action) => action.kind !== "adoptRevision" && action.kind !== "patchRevision"),
          {
            kind: "patchRevision",
            revision: choice.revision,
            body: { revision: choice.number, metadata: { annotations: choice.annotations } },
            why: `number ${choice.number}`,
          },
        ],
      };
    case "ready":
      return planPods(seen, choice, ours);
  }
}

function planPods(seen: Observation, revisions: RevisionsReady, ours: Membership): WorkPlan {
  const scene = setScene(seen, revisions, ours);
  const { cloneSet, members, book } = scene;
  const work = cloneSet.deleting ? nothing() : scaleOrMove(scene);
  const finished = finishedWithClaims(scene);
  const refreshes = members.map((member) => {
    const updated = member.updated && !work.movingBack.has(member.pod.uid);
    return refresh({ ...member, updated }, { cloneSet, revisions: ours.revisions, nowMs: seen.nowMs });
  });
  // What decides most about an object comes first; the rest about it waits for the next plan.
  const actions = oncePerObject([
    ...work.actions,
    ...(cloneSet.deleting ? [] : unusedClaims(seen, book, ours.pods)),
    ...(cloneSet.deleting ? [] : clearFinished(scene, finished.now)),
    ...ours.actions,
    ...scene.arriving.actions,
    ...refreshRecord(scene),
    ...refreshes.flatMap(({ action }) => action ?? []),
    ...forget(scene),
  ]);
  return {
    kind: "work",
    actions,
    reserveCounter: work.counter,
    drawnAhead: work.ahead,
    notes: work.notes,
    problems: [...refreshes.flatMap(({ problem }) => problem ?? []), ...work.problems],
    scaleProblem: work.scaleProblem,
    againInMs: againInMs(scene, [
      ...refreshes.flatMap(({ againAtMs }) => againAtMs ?? []),
      ...work.againAtMs,
      ...finished.later.map((pod) => makesWayAtMs(pod, seen.nowMs)),
    ]),
    statusInput: statusInput(scene, work, finished.later),
  };
}

/** Two writes to an object would be planned from one version of it, and the second one be refused. */
function oncePerObject(actions: readonly Action[]): Action[] {
  const busy = new Set<string>();
  return actions.filter((action) => {
    const uids = objectsOf(action).map(({ uid }) => uid);
    if (uids.some((uid) => busy.has(uid))) return false;
    for (const uid of uids) busy.add(uid);
    return true;
  });
}

/**
 * The record beside the update revision follows the claim templates of the spec. Where other claim templates re-create pods it
 * says what those pods were made with that are not re-created yet, so it follows when there is none of them left.
 */
function refreshRecord({ seen, revisions: { update, refreshRecord: annotations }, members, wanted }: Scene): Action[] {
  const isRolledOut = members.length >= wanted.replicas && members.every(({ updated }) => updated);
  return annotations && (isRolledOut || !seen.features.RecreatePodWhenChangeVCTInCloneSetGate)
    ? [{ kind: "patchRevision", revision: update, body: { metadata: { annotations } }, why: "claim templates" }]
    : [];
}

/** Pods that are only being adopted count: without their revision nobody knows what they are made from, and they would be replaced. */
function forget({ seen, cloneSet, allRevisions, revisions, arriving }: Scene): Action[] {
  const live = new Set([revisions.current.name, revisions.update.name]);
  for (const { name } of allRevisions) {
    if (live.has(name)) continue;
    const isPodOnIt = seen.pods.some((pod) => isOnRevision(pod, name) && isOursOrFree(pod, cloneSet));
    if (isPodOnIt || arriving.hashes.has(shortPart(name))) live.add(name);
  }
  return revisionsToForget({ revisions: allRevisions, live, limit: cloneSet.spec.revisionHistoryLimit }).map(
    (revision) => ({
      kind: "deleteRevision",
      revision: objectRef(revision),
    }),
  );
}

function againInMs({ seen, cloneSet, members }: Scene, timesMs: readonly number[]): number | undefined {
  const { minReadySeconds } = cloneSet.spec;
  // A pod that became ready in the future, by this clock, is looked at again after one period: the clock may be set right.
  const latestMs = seen.nowMs + minReadySeconds * 1000 + 1;
  const available = members.flatMap(({ pod }) => availableAtMs(pod, minReadySeconds, seen.nowMs) ?? []);
  const times = [...timesMs, ...available.map((atMs) => Math.min(atMs, latestMs))];
  return times.length === 0 ? undefined : Math.max(Math.min(...times) - seen.nowMs, 1);
}

function statusInput(
  { seen, cloneSet, revisions, members, pods, book, split, wanted }: Scene,
  work: Work,
  makingWay: readonly Pod[],
): WorkPlan["statusInput"] {
  const { nowMs } = seen;
  const ids = new Set(book.returning);
  const terminating = pods.filter(isTerminating);
  const returning = [...terminating.filter((pod) => ids.has(instanceId(pod) ?? "")), ...makingWay];
  return {
    cloneSet,
    nowMs,
    members,
    targets: wanted,
    updateRevision: revisions.update.name,
    currentRevision: revisions.current.name,
    collisionCount: cloneSet.status.collisionCount,
    instanceCounter: work.counter ?? cloneSet.status.instanceCounter,
    terminating,
    ignoredPodsToDelete: ignoredNames(podsToDelete(cloneSet), members),
    idleClaims: book.idle.length,
    pausedSplit: split,
    waiting: waitingFor(members, returning, {
      minReadySeconds: cloneSet.spec.minReadySeconds,
      maxUnavailable: wanted.maxUnavailable,
      nowMs,
    }),
    stalled: work.stalled,
  };
}

function ignoredNames(listed: ReadonlySet<string>, members: readonly Member[]): number {
  if (listed.size === 0) return 0;
  const names = new Set(members.map(({ pod }) => pod.name));
  return [...listed].filter((name) => !names.has(name)).length;
}
