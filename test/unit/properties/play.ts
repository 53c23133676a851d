import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { instanceId } from "../../../src/api/pod.ts";
import { revisionData } from "../../../src/revision/snapshot.ts";
import type { History } from "../../support/model/history.ts";
import { Course } from "../../support/model/history.ts";
import type { WirePod } from "../../support/model/objects.ts";
import type { Fate, Pass } from "../../support/model/pass.ts";
import { pass } from "../../support/model/pass.ts";
import type { Memory } from "./invariants.ts";
import { caseOf, invariants, newMemory, remember } from "./invariants.ts";

export const REST = "29: with the spec left alone, everything comes to rest as the spec says";
export const STILL = "29, at any moment: while nothing else happens, passes soon find nothing to do";
export const QUIET = "30: at rest, a pass writes nothing";
export const DEATHS = "31: a controller that dies between any two writes breaks nothing, and ends in the same place";
export const FOLLOWS = "a plan never fails, and what it asks for is what a server takes";

/** By name of an invariant: what broke it first. */
export type Verdicts = ReadonlyMap<string, string>;

/** How often what happened: a property that never meets its case proves nothing. */
export type Deeds = Map<string, number>;

const ROUNDS_MAX = 250;
/** Enough for every pod to take a few steps by itself. */
const PASSES_MAX = 30;
/** What must hold across a death of the controller, too. */
const ACROSS_DEATHS = /^(3|7|8|10|13|14|29):/;

/** Plays a history to its end, and then on until all is calm; judges every pass on the way. */
export function play(history: History, deeds: Deeds = new Map()): Verdicts {
  const verdicts = new Map<string, string>();
  const course = new Course(history);
  const memory = newMemory();
  const blame = (name: string, error: unknown) => {
    if (!verdicts.has(name)) verdicts.set(name, error instanceof Error ? error.message : String(error));
  };
  try {
    for (const step of history.steps) {
      if (step.what === "pass") judged(course, memory, step.fate, { blame, deeds });
      else if (step.what === "passes") hurry(course, memory, { blame, deeds });
      else course.take(step);
    }
    settle(course, memory, { blame, deeds });
  } catch (error) {
    blame(FOLLOWS, error);
  }
  const died = history.steps.some((step) => step.what === "pass" && step.fate.diesAt !== undefined);
  const [broken] = [...verdicts].filter(([name]) => ACROSS_DEATHS.test(name));
  if (died && broken) blame(DEATHS, broken.join(": "));
  return verdicts;
}

interface Judge {
  blame: (name: string, error: unknown) => void;
  deeds: Deeds;
}

function judged(course: Course, memory: Memory, fate: Fate, { blame, deeds }: Judge): Pass {
  const { setting, cluster } = course;
  const done = pass(cluster, fate);
  const one = caseOf(done, memory, setting);
  for (const [name, check] of Object.entries(invariants)) {
    try {
      check(one);
    } catch (error) {
      blame(name, error);
    }
  }
  remember(one);
  for (const deed of deedsOf(done)) deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
  return done;
}

/** Passes until one writes nothing. */
function hurry(course: Course, memory: Memory, judge: Judge): void {
  for (let i = 0; i < PASSES_MAX; i++) {
    const { writes, before, after } = judged(course, memory, {}, judge);
    if (writes.length === 0 && before.cloneSet === after.cloneSet) return;
  }
  judge.blame(STILL, `still writing after ${PASSES_MAX} passes: ${told(course)}`);
}

/** No edits, no losses, no faults any more: pods become available, hooks are served. The controller is only called when it asked to be, or when something changed. */
function settle(course: Course, memory: Memory, judge: Judge): void {
  const { cluster } = course;
  const { template, updateStrategy = {}, scaleStrategy } = cluster.cloneSet.spec ?? {};
  const { type, paused, partition, maxUnavailable, maxSurge } = updateStrategy ?? {};
  const isNone = (value: number | string | null | undefined) => ["0", "0%"].includes(String(value ?? 0));
  // Broken pods that are all to be replaced may stay broken till then; others must mend, or there is no rest.
  const isBroken = template?.spec.containers.some(({ image }) => image?.includes("broken")) === true;
  const current = cluster.revisions.find(({ metadata }) => metadata.name === cluster.cloneSet.status?.currentRevision);
  const isSetBack = template && current && isDeepStrictEqual(current.data, revisionData(template).data);
  const areReplaced =
    (isNone(partition) || isSetBack) && paused !== true && (type === "ReCreate" || type === "InPlaceIfPossible");
  cluster.kubelets.isMended = isBroken || areReplaced !== true;
  const cannotSurge = type === "OnDelete" || paused === true || isNone(maxSurge);
  course.edit({
    ...(isNone(maxUnavailable) && cannotSurge ? { maxUnavailable: 1 } : {}),
    ...(isNone(scaleStrategy?.maxUnavailable) ? { throttle: null } : {}),
  });
  let seen = -1;
  let dueMs = Number.POSITIVE_INFINITY;
  let last: Pass | undefined;
  for (let round = 0; ; round++) {
    if (round > ROUNDS_MAX) return judge.blame(REST, `still busy after ${ROUNDS_MAX} rounds: ${told(course)}`);
    const isCalled = cluster.version !== seen || cluster.nowMs >= dueMs;
    if (isCalled) {
      seen = cluster.version;
      last = judged(course, memory, {}, judge);
      const againInMs = last.planned.kind === "work" ? last.planned.againInMs : undefined;
      dueMs = againInMs === undefined ? Number.POSITIVE_INFINITY : cluster.nowMs + againInMs;
    } else if (!course.isBusy() && dueMs === Number.POSITIVE_INFINITY) break;
    course.allNodes();
    course.serveHooks();
  }
  try {
    atRest(course);
  } catch (error) {
    judge.blame(REST, `${(error as Error).message}: ${told(course)}`);
  }
  const again = judged(course, memory, {}, judge);
  try {
    assert.deepEqual(
      again.writes.map(({ action }) => action.kind),
      [],
    );
    assert.equal(again.after.cloneSet, again.before.cloneSet, "the status was written");
  } catch (error) {
    judge.blame(QUIET, error);
  }
}

function atRest(course: Course): void {
  const { cluster, setting } = course;
  const { n, canMoveInPlace } = caseOf(pass(cluster), newMemory(), setting);
  const { type, paused } = cluster.cloneSet.spec?.updateStrategy ?? {};
  const stuck = type === "InPlaceOnly" ? n.old.filter((pod) => !canMoveInPlace(pod)).length : 0;
  // Surge pods stay beside pods that cannot move: admission refuses InPlaceOnly with maxSurge.
  const surplus = stuck > 0 && n.pods.length <= n.replicas + n.maxSurge ? n.pods.length - n.replicas : 0;
  assert.equal(n.pods.length - surplus, n.replicas, "pods");
  assert.equal(n.available.length, n.pods.length, "available pods");
  assert.deepEqual([n.named.length, n.leaving.length], [0, 0], "pods named and leaving");
  if (type === "OnDelete" || paused === true) return;
  assert.ok(
    n.updated.length + stuck >= n.replicas - n.partition,
    `${n.updated.length} of ${n.replicas - n.partition} updated`,
  );
}

function told({ cluster }: Course): string {
  const { replicas, updateStrategy, scaleStrategy } = cluster.cloneSet.spec ?? {};
  const pods = cluster.pods.map((pod: WirePod) => {
    const { labels = {}, deletionTimestamp } = pod.metadata;
    const ready = pod.status.conditions.map(({ type, status }) => `${type}=${status}`).join(" ");
    return `${pod.metadata.name} ${labels["controller-revision-hash"]} ${labels["lifecycle.apps.kruise.io/state"]} ${pod.status.phase} ${ready}${deletionTimestamp ? " terminating" : ""}`;
  });
  return JSON.stringify(
    {
      replicas,
      updateStrategy,
      scaleStrategy,
      pods,
      claims: cluster.claims.map(({ metadata }) => [
        metadata.name,
        metadata.deletionTimestamp,
        instanceId({ labels: metadata.labels ?? {} }),
      ]),
    },
    undefined,
    1,
  );
}

function deedsOf({ planned, writes, isClean }: Pass): Set<string> {
  const deeds = new Set<string>(isClean ? [] : ["interrupted"]);
  if (planned.kind === "work" && planned.notes.some(({ reason }) => reason === "ScaleUpLimited"))
    deeds.add("throttled");
  for (const { action, write } of writes) {
    deeds.add(action.kind);
    if (action.kind === "deletePod") deeds.add(`deletePod ${action.reason}`);
    if (action.kind === "adoptPod" && action.labels) deeds.add("adopted as one of a revision");
    if (action.kind === "refreshPod") deeds.add(`refreshPod ${action.why}`);
    if (write.kind === "pod" && write.before && write.after) {
      const [from, to] = [write.before, write.after].map(
        ({ metadata }) => metadata.labels?.["lifecycle.apps.kruise.io/state"],
      );
      if (from !== to) deeds.add(`${from} → ${to}`);
    }
  }
  return deeds;
}
