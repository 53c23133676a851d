import assert from "node:assert/strict";
import { test } from "node:test";
import { annotation, label } from "../../../src/api/constants.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { describe as inWords } from "../../../src/plan/actions.ts";
import { plan } from "../../../src/plan/plan.ts";
import { aClaimTemplate, aTemplate, NOW_MS } from "../../support/a-cloneset.ts";
import { aClaim, aPod, OURS } from "../../support/a-pod.ts";
import { aRevision, NEW, OLD, THIRD } from "../../support/a-revision.ts";
import type { GivenObservation } from "../../support/an-observation.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";
import { HOLD, inShort, podsInShort, preDeleteHook } from "../../support/pods-in-short.ts";

function short(given: Omit<GivenObservation, "pods"> & { pods: string }): string {
  const pods = podsInShort(given.pods);
  return inShort(workPlan(anObservation({ ...given, pods })), pods);
}

/** The labels that a patch of a pod writes. */
function labelsOf(action: (Action & { kind: "refreshPod" }) | undefined): Record<string, string> {
  const metadata = action?.patches[0]?.body["metadata"] as { labels?: Record<string, string> } | undefined;
  return metadata?.labels ?? {};
}

// Who comes first when several rules have something to do.
const precedence = [
  { name: "pods are made before named ones go", replicas: 5, same: true, pods: "3n 1n*", want: "create 1n" },
  {
    name: "named pods go before surplus ones",
    replicas: 2,
    maxUnavailable: 1,
    same: true,
    pods: "3n 1n*",
    want: "delete 1n*",
  },
  { name: "surplus pods go before any pod moves", replicas: 4, maxUnavailable: 2, pods: "4o 2n", want: "scale in 2o" },
  {
    name: "a pod on its way out is taken back before one is made",
    replicas: 5,
    same: true,
    lifecycle: preDeleteHook,
    pods: "3n 1nPD",
    want: "to PreparingNormal 1nPD",
  },
  { name: "a pod whose hook is done goes", replicas: 4, same: true, pods: "4n 1nPD*", want: "delete 1nPD*" },
  {
    name: "updates go on while a named pod waits for its hook",
    replicas: 5,
    maxUnavailable: 2,
    lifecycle: preDeleteHook,
    pods: "4o 1oPD*",
    want: "recreate 1o",
  },
];
for (const { name, want, ...given } of precedence) {
  test(`plan: ${name}`, () => assert.equal(short(given), want));
}

// The server took no new pod a moment ago.
const creationRefusal = {
  message: "create: no room",
  times: 1,
  sinceMs: NOW_MS,
  notBeforeMs: NOW_MS + 1,
  generation: 1,
  pods: 4,
};
const refusedCreation = [
  {
    name: "the rollout goes on within its budget",
    replicas: 5,
    maxUnavailable: 2,
    pods: "4o",
    want: "recreate 1o; FailedCreate",
  },
  {
    name: "stand-ins are not waited for",
    replicas: 4,
    maxUnavailable: 1,
    maxSurge: 1,
    pods: "4o",
    want: "recreate 1o; FailedCreate",
  },
  {
    name: "named pods go",
    replicas: 5,
    maxUnavailable: 2,
    same: true,
    pods: "3n 1n*",
    want: "delete 1n*; FailedCreate",
  },
  { name: "no pod that serves goes without budget", replicas: 5, maxUnavailable: 1, pods: "4o", want: "FailedCreate" },
];
for (const { name, want, ...given } of refusedCreation) {
  test(`plan: where creation was refused, ${name}`, () => assert.equal(short({ ...given, creationRefusal }), want));
}

// The server refused to delete the first pod of the list a moment ago.
const refusedDeletion = [
  { name: "the next named pod goes", replicas: 4, same: true, pods: "1n* 1n* 2n", want: "delete 1n*; FailedDelete" },
  {
    name: "the rollout goes on although a named pod stays",
    replicas: 4,
    maxUnavailable: 2,
    pods: "1o* 3o",
    want: "recreate 2o; FailedDelete",
  },
  { name: "the rollout takes another pod", replicas: 3, maxUnavailable: 1, pods: "3o", want: "recreate 1o" },
  {
    name: "surplus pods go but for that one",
    replicas: 1,
    same: true,
    pods: "1n✗ 2n✗",
    want: "scale in 1n✗; FailedDelete",
  },
];
for (const { name, want, ...given } of refusedDeletion) {
  test(`plan: where a deletion was refused, ${name}`, () => {
    const pods = podsInShort(given.pods);
    const refusal = { ...creationRefusal, revision: undefined, message: "delete: protected" };
    const seen = anObservation({ ...given, pods, refusals: { [pods[0]?.uid ?? ""]: refusal } });
    const planned = workPlan(seen);
    assert.equal(inShort(planned, pods), want);
    assert.ok(!actionsOf(planned.actions, "deletePod").some(({ pod }) => pod.uid === pods[0]?.uid));
  });
}

test("plan: a refused creation says so, and when it is tried again", () => {
  const pods = podsInShort("4n");
  const { actions, scaleProblem, againInMs } = workPlan(
    anObservation({ replicas: 5, same: true, pods, creationRefusal }),
  );
  assert.deepEqual([actions, scaleProblem, againInMs], [[], "create: no room", 1]);
});

const again = [
  { name: "its time is over", notBeforeMs: NOW_MS },
  { name: "the spec was edited", generation: 0 },
  { name: "a pod went, which makes room", pods: 5 },
  { name: "the clock was set back before it", sinceMs: NOW_MS + 1, notBeforeMs: NOW_MS + 1000 },
];
for (const { name, ...change } of again) {
  test(`plan: creation is tried again once ${name}`, () => {
    const refusal = { ...creationRefusal, ...change };
    assert.equal(short({ replicas: 5, same: true, pods: "4n", creationRefusal: refusal }), "create 1n");
  });
}

test("plan: a CloneSet that is being deleted neither scales nor moves", () => {
  assert.equal(short({ replicas: 5, deleting: true, pods: "2o 1n*" }), "nothing");
});

test("plan: a new template makes its revision first, and nothing else is scaled or moved", () => {
  const seen = anObservation({ template: aTemplate("app:v9"), pods: podsInShort("1o") });
  const planned = plan(seen);
  assert.ok(planned.kind === "revisions");
  assert.deepEqual(
    planned.actions.map(({ kind }) => kind),
    ["createRevision"],
  );
});

test("plan: a template set back renumbers its revision first", () => {
  const planned = plan(anObservation({ template: aTemplate("app:v1"), pods: podsInShort("1o") }));
  assert.ok(planned.kind === "revisions");
  const [action] = actionsOf(planned.actions, "patchRevision");
  assert.deepEqual([action?.revision.name, action?.body["revision"]], [OLD, 4]);
});

test("plan: revisions that no pod is on are forgotten beyond the limit, the oldest first", () => {
  const spare = Array.from({ length: 4 }, (_, index) =>
    aRevision({ name: `web-spare${index}`, revision: index + 1, template: aTemplate(`app:s${index}`) }),
  );
  const live = [
    aRevision({ name: OLD, revision: 5, template: aTemplate("app:v1") }),
    aRevision({ name: NEW, revision: 6 }),
  ];
  const seen = anObservation({ pods: podsInShort("3n"), revisions: [...spare, ...live] });
  const limited = { ...seen, cloneSet: { ...seen.cloneSet, spec: { ...seen.cloneSet.spec, revisionHistoryLimit: 1 } } };
  const forgotten = actionsOf(workPlan(limited).actions, "deleteRevision").map(({ revision }) => revision.name);
  assert.deepEqual(forgotten, ["web-spare0", "web-spare1", "web-spare2"]);
});

test("plan: a revision that a pod is on is not forgotten", () => {
  const seen = anObservation({ pods: podsInShort("1t 2n"), maxUnavailable: 0 });
  const limited = { ...seen, cloneSet: { ...seen.cloneSet, spec: { ...seen.cloneSet.spec, revisionHistoryLimit: 0 } } };
  assert.deepEqual(actionsOf(workPlan(limited).actions, "deleteRevision"), []);
  assert.ok(limited.revisions.some(({ name }) => name === THIRD));
});

test("plan: a revision that a pod is on which is only being adopted is not forgotten; a finished one is not adopted", () => {
  const pods = [
    aPod({ id: "bbbbb", revision: OLD, owners: [] }),
    aPod({ id: "ccccc", revision: THIRD, owners: [], phase: "Failed" }),
  ];
  const seen = anObservation({ replicas: 1, status: { currentRevision: NEW }, pods });
  const limited = { ...seen, cloneSet: { ...seen.cloneSet, spec: { ...seen.cloneSet.spec, revisionHistoryLimit: 0 } } };
  const { actions } = workPlan(limited);
  assert.equal(actionsOf(actions, "adoptPod").length, 1);
  assert.deepEqual(
    actionsOf(actions, "deleteRevision").map(({ revision }) => revision.name),
    [THIRD],
  );
});

test("plan: a pod on another revision that means the same counts as updated", () => {
  const twin = aRevision({
    name: "web-twin",
    revision: 2,
    template: { ...aTemplate(), metadata: { labels: { app: "web" }, annotations: {} } },
  });
  const seen = anObservation({
    replicas: 1,
    revisions: [twin, aRevision()],
    pods: [aPod({ revision: "web-twin", image: "app:v2" })],
  });
  assert.deepEqual(workPlan(seen).actions, []);
});

test("plan: a pod to be re-created that its preDelete hook holds is named for good, or it would be taken back", () => {
  const pods = podsInShort("1o", { finalizers: [HOLD] });
  const given = { replicas: 1, maxUnavailable: 1, lifecycle: preDeleteHook };
  const [held] = actionsOf(workPlan(anObservation({ ...given, pods })).actions, "refreshPod");
  const labels = labelsOf(held);
  assert.equal(labels[label.lifecycleState], "PreparingDelete");
  const next = pods.map((pod) => ({ ...pod, labels: { ...pod.labels, ...labels } }));
  assert.deepEqual(workPlan(anObservation({ ...given, pods: next })).actions, []);
  const done = next.map((pod) => ({ ...pod, finalizers: [] }));
  assert.deepEqual(workPlan(anObservation({ ...given, pods: done })).actions.map(inWords), [
    "delete pod web-bbbbb (podsToDelete)",
  ]);
});

test("plan: a pod scaled in that its preDelete hook holds is not named, so it may be taken back", () => {
  const pods = podsInShort("2n", { finalizers: [HOLD] });
  const [held] = actionsOf(
    workPlan(anObservation({ replicas: 1, same: true, lifecycle: preDeleteHook, pods })).actions,
    "refreshPod",
  );
  const labels = labelsOf(held);
  assert.deepEqual(Object.keys(labels), [label.lifecycleState]);
});

test("plan: pods get on by themselves whatever else happens: paused, OnDelete or while scaling", () => {
  const fresh = aPod({ id: "bbbbb", state: "PreparingNormal", gated: true, gate: "absent" });
  for (const given of [{ paused: true }, { type: "OnDelete" }, { replicas: 5 }]) {
    const { actions } = workPlan(anObservation({ replicas: 1, type: "InPlaceOnly", ...given, pods: [fresh] }));
    assert.deepEqual(
      actionsOf(actions, "refreshPod").map(({ why }) => why),
      ["Normal"],
    );
  }
});

test("plan: a pod that is deleted or moved is not refreshed in the same plan", () => {
  const fresh = aPod({ id: "bbbbb", state: "PreparingNormal", gated: true, gate: "absent", named: true });
  const { actions } = workPlan(anObservation({ replicas: 1, type: "InPlaceOnly", pods: [fresh] }));
  assert.deepEqual(actions.map(inWords), ["delete pod web-bbbbb (podsToDelete)"]);
});

test("plan: an object is written once, though several rules have something to say of it", () => {
  const beta = { ...OURS, apiVersion: "apps.kruise.io/v1beta1" };
  const claims = [aClaim({ id: "bbbbb", owners: [beta] })];
  const pods = [aPod({ id: "bbbbb", phase: "Failed" })];
  const seen = anObservation({
    replicas: 0,
    same: true,
    disablePvcReuse: true,
    claimTemplates: [aClaimTemplate()],
    claims,
    pods,
  });
  assert.deepEqual(
    actionsOf(workPlan(seen).actions, "patchClaim").map(({ why }) => why),
    ["goesWithPod"],
  );
});

test("plan: one pod with an unreadable annotation is a problem of its own, and the others move", () => {
  const bad = aPod({ id: "bbbbb", revision: NEW, annotations: { [annotation.inPlaceState]: "{" } });
  const good = aPod({ id: "ccccc", revision: OLD, gated: true });
  const { actions, problems } = workPlan(
    anObservation({ replicas: 2, type: "InPlaceIfPossible", maxUnavailable: 1, pods: [bad, good] }),
  );
  assert.match(problems.join(), /^web-bbbbb: /);
  assert.deepEqual(
    actionsOf(actions, "updatePodInPlace").map(({ pod }) => pod.name),
    ["web-ccccc"],
  );
});

test("plan: an empty grace annotation keeps no pod from moving", () => {
  const pods = [aPod({ revision: OLD, gated: true, annotations: { [annotation.inPlaceGrace]: "" } })];
  const { actions } = workPlan(anObservation({ replicas: 1, type: "InPlaceIfPossible", pods }));
  assert.equal(actionsOf(actions, "updatePodInPlace").length, 1);
});

test("plan: a grace period that seems to begin in an hour begins anew", () => {
  const state = { revision: NEW, updateTimestamp: new Date(NOW_MS + 3_600_000).toISOString() };
  const annotations = {
    [annotation.inPlaceState]: JSON.stringify(state),
    [annotation.inPlaceGrace]: JSON.stringify({ revision: NEW, graceSeconds: 30 }),
  };
  const pods = [aPod({ gated: true, state: "Updating", annotations })];
  const { actions } = workPlan(anObservation({ replicas: 1, type: "InPlaceIfPossible", pods }));
  assert.deepEqual(
    actionsOf(actions, "refreshPod").map(({ why }) => why),
    ["graceRestarted"],
  );
});

test("plan: pods without the gate go one at a time, and a note says how many", () => {
  const pods = podsInShort("3o");
  const planned = workPlan(anObservation({ replicas: 3, type: "InPlaceIfPossible", maxUnavailable: 3, pods }));
  assert.equal(inShort(planned, pods), "patch 1o; InPlaceWithoutReadinessGate");
  assert.match(planned.notes[0]?.message ?? "", /^3 pods were made without the readiness gate/);
});

test("plan: looks again when the next ready pod becomes available", () => {
  const pods = [aPod({ readyForSeconds: 4 }), aPod({ id: "bbbbb", readyForSeconds: 2 })];
  assert.equal(workPlan(anObservation({ replicas: 2, minReadySeconds: 10, same: true, pods })).againInMs, 6_001);
});

test("plan: looks again after one period when a pod seems to have become ready in the future", () => {
  const pods = [aPod({ readyForSeconds: -3600 })];
  assert.equal(workPlan(anObservation({ replicas: 1, minReadySeconds: 10, same: true, pods })).againInMs, 10_001);
});

test("plan: what cannot be created now is told with the limit, in the same words however many pods it is", () => {
  const { notes } = workPlan(
    anObservation({ replicas: 9, scaleMaxUnavailable: 3, same: true, pods: podsInShort("5n 1n✗") }),
  );
  assert.deepEqual(notes, [
    {
      type: "Warning",
      reason: "ScaleUpLimited",
      message: "creation is held back: scaleStrategy.maxUnavailable allows 3 unavailable pods",
    },
  ]);
});

const finishedPods = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    aPod({ id: `fffff${n}`.slice(-5), phase: "Failed", ready: false, createdSecondsAgo: 1000 - n }),
  );

test("finished pods without PVCs: the last three stay, older ones go once every wanted pod is available", () => {
  const alive = aPod({ id: "aaaaa" });
  const finished = finishedPods(5);
  const all = workPlan(anObservation({ replicas: 1, same: true, pods: [alive, ...finished] }));
  assert.deepEqual(
    actionsOf(all.actions, "deletePod").map(({ pod }) => pod.name),
    finished.slice(0, 2).map(({ name }) => name),
  );
  const starting = aPod({ id: "aaaaa", ready: false });
  const early = workPlan(anObservation({ replicas: 1, same: true, pods: [starting, ...finished] }));
  assert.deepEqual(actionsOf(early.actions, "deletePod"), []);
});
