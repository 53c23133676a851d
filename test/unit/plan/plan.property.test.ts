import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { IntOrPercent } from "../../../src/api/cloneset.ts";
import { label } from "../../../src/api/constants.ts";
import type { Pod } from "../../../src/api/pod.ts";
import { instanceId, isActive, lifecycleState } from "../../../src/api/pod.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { objectsOf } from "../../../src/plan/actions.ts";
import { isAvailable, isReadyInNormalState } from "../../../src/plan/availability.ts";
import { isBlocked } from "../../../src/plan/lifecycle.ts";
import { ownedBy } from "../../../src/plan/membership.ts";
import type { Observation } from "../../../src/plan/observation.ts";
import type { WorkPlan } from "../../../src/plan/plan.ts";
import { nextStatus } from "../../../src/plan/status.ts";
import { aClaimTemplate } from "../../support/a-cloneset.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aClaim, aPod, FOREIGN, OURS } from "../../support/a-pod.ts";
import { NEW, OLD, THIRD } from "../../support/a-revision.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";
import { HOLD, preDeleteHook } from "../../support/pods-in-short.ts";
import { runs } from "../../support/runs.ts";

// Invariants of the behaviour contract (section 10), for one plan over any CloneSet and any pods. The numbers are worked
// out here once more, from the words of the contract and not with the code that is tested.

const LETTERS = "bcdfghjklmnpqrstvwxz";

const aPodOfAnyKind: fc.Arbitrary<GivenPod> = fc.record(
  {
    revision: fc.constantFrom(OLD, OLD, NEW, NEW, THIRD, ""),
    ready: fc.constantFrom(true, true, true, false),
    readyForSeconds: fc.constantFrom(3600, 5),
    named: fc.constantFrom(false, false, false, true),
    state: fc.constantFrom(
      "Normal",
      "Normal",
      "Normal",
      "",
      "PreparingNormal",
      "PreparingUpdate",
      "Updating",
      "Updated",
      "PreparingDelete",
    ),
    phase: fc.constantFrom("Running", "Running", "Running", "Running", "Pending", "Failed"),
    terminating: fc.constantFrom(false, false, false, false, true),
    node: fc.constantFrom("n1", "n2", "n3"),
    gated: fc.boolean(),
    finalizers: fc.constantFrom([], [], [HOLD]),
    owners: fc.constantFrom([OURS], [OURS], [OURS], [OURS], [OURS], [], [FOREIGN]),
    restarts: fc.nat(3),
    createdSecondsAgo: fc.nat(9000),
  },
  { noNullPrototype: true },
) as fc.Arbitrary<GivenPod>;

const amount = (max: number): fc.Arbitrary<IntOrPercent> =>
  fc.oneof(fc.nat(max), fc.constantFrom("0%", "1%", "20%", "33.3%", "50%", "99%", "100%"));

const anyObservation: fc.Arbitrary<Observation> = fc
  .record({
    pods: fc.array(aPodOfAnyKind, { maxLength: 12 }),
    claimIds: fc.uniqueArray(fc.nat(15), { maxLength: 8 }),
    replicas: fc.nat(9),
    type: fc.constantFrom("ReCreate", "InPlaceIfPossible", "InPlaceOnly", "OnDelete"),
    partition: amount(9),
    maxUnavailable: amount(5),
    maxSurge: fc.oneof(fc.constant(0), amount(4)),
    scaleMaxUnavailable: fc.option(amount(5), { nil: undefined }),
    paused: fc.constantFrom(false, false, false, true),
    minReadySeconds: fc.constantFrom(0, 0, 10),
    disablePvcReuse: fc.boolean(),
    excludePreparingDelete: fc.boolean(),
    hook: fc.boolean(),
    same: fc.constantFrom(false, false, true),
    rollBack: fc.constantFrom(false, false, true),
    instanceCounter: fc.nat(5),
    listed: fc.uniqueArray(fc.nat(15), { maxLength: 3 }),
  })
  .map(({ pods, claimIds, hook, rollBack, instanceCounter, listed, scaleMaxUnavailable, ...spec }) =>
    anObservation({
      ...spec,
      ...(scaleMaxUnavailable === undefined ? {} : { scaleMaxUnavailable }),
      ...(hook ? { lifecycle: preDeleteHook } : {}),
      claimTemplates: [aClaimTemplate()],
      features: { CloneSetPartitionRollback: rollBack },
      status: { instanceCounter },
      podsToDelete: listed.map((index) => `web-${idAt(index)}`),
      pods: pods.map((pod, index) => aPod({ ...pod, id: idAt(index) })),
      claims: claimIds.map((index) => aClaim({ id: idAt(index) })),
    }),
  );

function idAt(index: number): string {
  return `bbbb${LETTERS[index]}`;
}

/** The numbers of section 3.2 and what the plan comes to. */
function numbers(seen: Observation, planned: WorkPlan) {
  const { cloneSet, features } = seen;
  const { replicas, minReadySeconds, updateStrategy, scaleStrategy, lifecycle } = cloneSet.spec;
  const all = seen.pods.filter((pod) => ownedBy(pod, cloneSet) && isActive(pod));
  const isNew = (pod: Pod) => pod.labels[label.revision] === NEW;
  const isNamed = (pod: Pod) => label.specifiedDelete in pod.labels || scaleStrategy.podsToDelete.includes(pod.name);
  const isLeaving = (pod: Pod) => lifecycleState(pod) === "PreparingDelete";
  const available = (pod: Pod) => isAvailable(pod, minReadySeconds, seen.nowMs);
  const act = all.filter((pod) => !isLeaving(pod));
  const onDelete = updateStrategy.type === "OnDelete";
  const maxSurge = onDelete || updateStrategy.paused ? 0 : share(updateStrategy.maxSurge, replicas, Math.ceil);
  const maxUnavailable = share(updateStrategy.maxUnavailable, replicas, maxSurge === 0 ? Math.ceil : Math.floor);
  const old = all.filter((pod) => !isNew(pod)).length;
  const partition = updateStrategy.paused
    ? all.length === 0
      ? replicas
      : Math.min(Math.ceil((old * replicas) / all.length - 1e-9), replicas)
    : partitionOf(onDelete ? 0 : updateStrategy.partition, replicas);
  const excluded = scaleStrategy.excludePreparingDelete;
  const cur = excluded ? act.length : all.length;
  const curOld = (excluded ? act : all).filter((pod) => !isNew(pod)).length;
  const named = act.filter(isNamed);
  const down = all.filter((pod) => isLeaving(pod) || (!isNamed(pod) && !available(pod))).length;
  const namedDown = named.filter((pod) => !available(pod)).length;
  const same = cloneSet.status.currentRevision === NEW;
  const rollBack = features.CloneSetPartitionRollback && !same;

  const created = actionsOf(planned.actions, "createPod");
  const deletions = actionsOf(planned.actions, "deletePod");
  const byUid = new Map(seen.pods.map((pod) => [pod.uid, pod]));
  const podOf = (action: Action & { pod: { uid: string } }) => byUid.get(action.pod.uid) as Pod;
  const toState = (state: string) =>
    actionsOf(planned.actions, "refreshPod").filter(({ patches }) => {
      const labels = (patches[0]?.body["metadata"] as { labels?: Record<string, string> } | undefined)?.labels;
      return labels?.[label.lifecycleState] === state;
    });
  const held = toState("PreparingDelete").map(podOf);
  const recreated = deletions.filter(({ reason }) => reason === "recreateUpdate").map(podOf);
  const isMoving = recreated.length + actionsOf(planned.actions, "updatePodInPlace").length > 0;
  const heldForUpdate = held.filter((pod) =>
    toState("PreparingDelete").some((action) => action.pod.uid === pod.uid && isLabelled(action)),
  );
  const moved = [...recreated, ...heldForUpdate, ...actionsOf(planned.actions, "updatePodInPlace").map(podOf)];
  const removed = deletions.filter(({ reason }) => reason === "scaleDown" || reason === "podsToDelete").map(podOf);
  const gone = [...removed, ...held.filter((pod) => !heldForUpdate.includes(pod))].filter((pod) => !isLeaving(pod));
  return {
    replicas,
    maxSurge,
    maxUnavailable,
    partition,
    all,
    act,
    cur,
    curOld,
    named,
    down,
    namedDown,
    rollBack,
    same,
    isNew,
    isNamed,
    isLeaving,
    available,
    created,
    deletions,
    podOf,
    moved,
    gone,
    held,
    recreated,
    isMoving,
    lifecycle,
    scaleMaxUnavailable:
      scaleStrategy.maxUnavailable === undefined
        ? Number.POSITIVE_INFINITY
        : share(scaleStrategy.maxUnavailable, replicas, Math.ceil),
  };
}

function isLabelled({ patches }: Action & { kind: "refreshPod" }): boolean {
  const labels = (patches[0]?.body["metadata"] as { labels?: Record<string, string> } | undefined)?.labels;
  return labels?.[label.specifiedDelete] === "true";
}

function share(value: IntOrPercent, of: number, round: (n: number) => number): number {
  if (typeof value === "number") return value;
  // Less than a pod's ten-thousandth is the error of floating point.
  const exact = (Number(value.slice(0, -1)) * of) / 100;
  return Math.abs(exact - Math.round(exact)) < 1e-9 ? Math.round(exact) : round(exact);
}

function partitionOf(value: IntOrPercent, replicas: number): number {
  const pods = share(value, replicas, Math.ceil);
  const holdsAll = typeof value === "string" && value !== "100%" && pods === replicas && replicas > 1;
  return Math.min(holdsAll ? replicas - 1 : pods, replicas);
}

function holds(invariant: (n: ReturnType<typeof numbers>, seen: Observation, planned: WorkPlan) => void): () => void {
  return () => {
    fc.assert(
      fc.property(anyObservation, (seen) => {
        const planned = workPlan(seen);
        invariant(numbers(seen, planned), seen, planned);
      }),
      { numRuns: runs() },
    );
  };
}

function atMost(found: number, limit: number, what: string): void {
  assert.ok(found <= limit, `${what}: ${found}, want at most ${limit}`);
}

test(
  "invariant 3: pods created never exceed replicas + maxSurge",
  holds(({ created, replicas, maxSurge, cur }) => {
    atMost(created.length, Math.max(0, replicas + maxSurge - cur), "created");
  }),
);

test(
  "invariant 4: creation stops where scaleStrategy.maxUnavailable pods are down",
  holds(({ created, scaleMaxUnavailable, down, namedDown }) => {
    atMost(created.length, Math.max(0, scaleMaxUnavailable - down - namedDown), "created");
  }),
);

test(
  "invariant 5: new pods are old exactly as far as the partition, and surge in use for old pods, lack old ones",
  holds(({ created, partition, curOld, maxSurge, same }) => {
    const old = created.filter(({ revision }) => revision === OLD).length;
    if (same) assert.equal(old, 0);
    else {
      const lacking = Math.max(partition - curOld, 0);
      assert.ok(old >= Math.min(created.length, lacking), `${old} old ones made, want at least ${lacking}`);
      atMost(old, Math.min(created.length, lacking + maxSurge), "old ones made");
    }
  }),
);

test(
  "invariant 6: no more named pods go that serve than maxUnavailable lets, and none that is ready beyond it",
  holds(({ all, gone, isNamed, available, maxUnavailable, replicas, down, namedDown }) => {
    const limit = maxUnavailable + all.length - replicas - down - namedDown;
    const ready = gone.filter((pod) => isNamed(pod) && isReadyInNormalState(pod));
    atMost(ready.filter(available).length, Math.max(0, limit), "available named pods removed");
    if (limit < 0) assert.deepEqual(ready, []);
  }),
);

test(
  "invariant 7: removing pods leaves enough of them available",
  holds(({ all, gone, available, replicas, maxUnavailable }) => {
    const before = all.filter(available).length;
    const after = before - gone.filter(available).length;
    atMost(Math.min(before, replicas - maxUnavailable), after, "floor");
  }),
);

test(
  "invariant 8: moving pods leaves enough of them available",
  holds(({ all, moved, available, replicas, maxUnavailable }) => {
    const before = all.filter(available).length;
    const after = before - moved.filter(available).length;
    atMost(Math.min(before, replicas - maxUnavailable), after, "floor");
  }),
);

test(
  "invariant 9: a revision that breaks pods does not get more of them than the budget",
  holds(({ all, moved, isNew, available, maxUnavailable, replicas }) => {
    const [first] = moved;
    if (first === undefined) return;
    const toNew = !isNew(first);
    const before = all.filter((pod) => isNew(pod) === toNew && !available(pod)).length;
    atMost(
      before + moved.length,
      // One broken pod may always be tried: it may be what keeps missing or surge pods from being created.
      Math.max(before, maxUnavailable + all.length - replicas, moved.every((pod) => !available(pod)) ? 1 : 0),
      "down on the target revision",
    );
  }),
);

test(
  "invariant 10: moving pods keeps the partition, except for broken ones of an abandoned revision",
  holds(({ moved, act, named, isNew, partition, replicas, rollBack, same, available }) => {
    if (rollBack) return;
    const counted = same ? moved.filter(available) : moved;
    // Named pods go by themselves: they are on neither side of the rollout.
    const staying = act.filter((pod) => !named.includes(pod));
    const updated = staying.filter(isNew).length;
    const old = staying.length - updated;
    atMost(
      counted.length,
      Math.min(Math.max(old - partition, 0), Math.max(replicas - partition - updated, 0)),
      "moved",
    );
  }),
);

test(
  "invariant 12: no updated pod moves, unless pods may roll back",
  holds(({ moved, isNew, rollBack }) => {
    if (!rollBack) assert.deepEqual(moved.filter(isNew), []);
  }),
);

test(
  "invariant 13: ids are unique and nobody else's, and names follow from them",
  holds(({ created }, { pods, claims, cloneSet }) => {
    const ids = created.map(({ instanceId: id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const inUse = new Set(pods.map(instanceId));
    const onClaims = new Set(claims.filter(({ deleting }) => !deleting).map(instanceId));
    for (const { instanceId: id, name, claims: made, manifest } of created) {
      assert.ok(!inUse.has(id), `${id} is in use`);
      assert.ok(!cloneSet.spec.scaleStrategy.podsToDelete.includes(name), `${name} is listed`);
      assert.equal(name, `web-${id}`);
      assert.equal((manifest["metadata"] as { name: string }).name, name);
      assert.deepEqual(
        made.map((claim) => claim.name),
        onClaims.has(id) ? [] : [`data-web-${id}`],
      );
    }
  }),
);

test(
  "invariant 14: PVCs go with a pod that we delete, or when reuse is off and no pod carries their id",
  holds(({ deletions }, { pods, claims, cloneSet }, { actions }) => {
    const inUse = new Set(pods.map(instanceId));
    for (const { claim } of actionsOf(actions, "deleteClaim")) {
      const id = instanceId(claims.find(({ uid }) => uid === claim.uid) as (typeof claims)[number]);
      assert.ok(!cloneSet.spec.scaleStrategy.reusePvcs && !inUse.has(id), `${claim.name} is deleted`);
    }
    for (const { pod, reason, claims: going } of deletions) {
      if (reason === "finished") assert.deepEqual(going, []);
      for (const { name } of going) assert.equal(name, `data-${pod.name}`);
    }
  }),
);

test(
  "invariant 19: OnDelete and paused move no pod",
  holds(({ moved }, { cloneSet }) => {
    const { type, paused } = cloneSet.spec.updateStrategy;
    if (type === "OnDelete" || paused) assert.deepEqual(moved, []);
  }),
);

test(
  "invariant 20: InPlaceOnly never re-creates a pod",
  holds(({ recreated, moved }, { cloneSet }, { actions }) => {
    if (cloneSet.spec.updateStrategy.type !== "InPlaceOnly") return;
    assert.deepEqual(recreated, []);
    assert.equal(moved.length, actionsOf(actions, "updatePodInPlace").length);
  }),
);

test(
  "invariant 21: a pod that a preDelete hook holds is not deleted",
  holds(({ deletions, podOf, lifecycle }) => {
    const held = deletions.filter(
      (action) => action.reason !== "finished" && isBlocked(lifecycle.preDelete, podOf(action)),
    );
    assert.deepEqual(held, []);
  }),
);

test(
  "invariant 24: only pods that are named, on their way out, too many, outdated or finished are deleted",
  holds(({ deletions, podOf, isNamed, isLeaving, cur, named, replicas, moved }) => {
    for (const action of deletions) {
      const pod = podOf(action);
      switch (action.reason) {
        case "podsToDelete":
          assert.ok(isNamed(pod), `${pod.name} is not named`);
          break;
        case "hookDone":
          assert.ok(isLeaving(pod), `${pod.name} is not leaving`);
          break;
        case "scaleDown":
          assert.ok(cur - named.length > replicas, "there are not too many");
          break;
        case "recreateUpdate":
          assert.ok(moved.includes(pod));
          break;
        case "finished":
          assert.equal(pod.phase, "Failed");
      }
    }
    const excess = deletions.filter(({ reason }) => reason === "scaleDown").length;
    atMost(excess, Math.max(0, cur - named.length - replicas), "scaled in");
  }),
);

test(
  "invariant 25: pods of others are never written",
  holds((_, { pods }, { actions }) => {
    const foreign = new Set(pods.filter(({ owners }) => owners.includes(FOREIGN)).map(({ uid }) => uid));
    assert.deepEqual(
      actions.filter((action) => objectsOf(action).some(({ uid }) => foreign.has(uid))),
      [],
    );
  }),
);

test(
  "no object is written twice in one plan",
  holds((_, __, { actions }) => {
    const uids = actions.flatMap(objectsOf).map(({ uid }) => uid);
    assert.equal(new Set(uids).size, uids.length);
  }),
);

test(
  "removing surplus pods never makes the next plan create one",
  holds((n, seen, planned) => {
    const surplus = planned.actions.filter((action) => action.kind === "deletePod" && action.reason === "scaleDown");
    if (surplus.length === 0) return;
    const uids = new Set(surplus.flatMap(objectsOf).map(({ uid }) => uid));
    const left = {
      ...seen,
      pods: seen.pods.filter(({ uid }) => !uids.has(uid)),
      claims: seen.claims.filter(({ uid }) => !uids.has(uid)),
    };
    assert.deepEqual(actionsOf(workPlan(left).actions, "createPod"), []);
    assert.ok(n.created.length === 0);
  }),
);

test("a plan is a matter of what was observed alone, and changes nothing of it", () => {
  fc.assert(
    fc.property(anyObservation, (seen) => {
      const copy = structuredClone(seen);
      assert.deepEqual(workPlan(deepFrozen(seen)), workPlan(copy));
    }),
    { numRuns: runs() },
  );
});

test("how many pods are made, removed and moved does not depend on the order in which they were observed", () => {
  fc.assert(
    fc.property(anyObservation, fc.infiniteStream(fc.nat()), (seen, luck) => {
      const shuffled = seen.pods
        .map((pod) => ({ pod, key: luck.next().value }))
        .sort((a, b) => a.key - b.key)
        .map(({ pod }) => pod);
      const counts = (observed: Observation) => {
        const { created, gone, moved } = numbers(observed, workPlan(observed));
        return { created: created.length, gone: gone.length, moved: moved.length };
      };
      assert.deepEqual(counts({ ...seen, pods: shuffled }), counts(seen));
    }),
    { numRuns: runs() },
  );
});

test("invariant 30: where everything is as it should be, nothing is written, and the status stays", () => {
  const settled = fc.record({
    replicas: fc.nat(8),
    partition: fc.nat(8),
    maxSurge: fc.nat(2),
    type: fc.constantFrom("ReCreate", "InPlaceIfPossible", "InPlaceOnly", "OnDelete"),
  });
  fc.assert(
    fc.property(settled, ({ replicas, partition, maxSurge, type }) => {
      const old = type === "OnDelete" ? 0 : Math.min(partition, replicas);
      const gated = type === "InPlaceIfPossible" || type === "InPlaceOnly";
      const pods = Array.from({ length: replicas }, (_, index) =>
        aPod({ id: idAt(index), revision: index < old ? OLD : NEW, gated }),
      );
      const claims = pods.map((pod) => aClaim({ id: instanceId(pod) ?? "" }));
      const given = { replicas, partition, maxSurge, type, pods, claims, claimTemplates: [aClaimTemplate()] };
      const quiet = { scale: undefined, update: undefined };
      const first = workPlan(anObservation(given));
      const status = nextStatus({ ...first.statusInput, failures: quiet });
      const second = workPlan(anObservation({ ...given, status }));
      assert.deepEqual([...first.actions, ...first.notes, ...second.actions, ...second.notes], []);
      assert.deepEqual(nextStatus({ ...second.statusInput, failures: quiet }), status);
      assert.equal(second.againInMs, undefined);
    }),
    { numRuns: runs() },
  );
});

function deepFrozen<T>(value: T): T {
  if (
    typeof value === "object" &&
    value !== null &&
    !Object.isFrozen(value) &&
    !(value instanceof Map) &&
    !(value instanceof Set)
  ) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFrozen(member);
  }
  return value;
}
