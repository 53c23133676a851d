import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../src/api/pod.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { claimTemplatesHash } from "../../../src/revision/hash.ts";
import { aClaimTemplate, aTemplate, NOW_MS } from "../../support/a-cloneset.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";
import { aRevision, NEW, OLD } from "../../support/a-revision.ts";
import type { GivenObservation } from "../../support/an-observation.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";
import { podsInShort, preDeleteHook, inShort as shortOf } from "../../support/pods-in-short.ts";

const hook = { inPlaceUpdate: { labelsHandler: { serving: "yes" }, finalizersHandler: ["example.com/f"] } };
const held: GivenPod = { labels: { serving: "yes" } };

/** What becomes of one gated pod that a rollout in place is to move. */
function fate(pod: GivenPod, given: GivenObservation = {}): string[] {
  const pods = [aPod({ revision: OLD, gated: true, ...pod })];
  const seen = anObservation({
    replicas: 1,
    type: "InPlaceIfPossible",
    maxUnavailable: 1,
    lifecycle: hook,
    ...given,
    pods,
  });
  return workPlan(seen).actions.map(inShort);
}

function inShort(action: Action): string {
  return action.kind === "refreshPod" ? action.why : action.kind;
}

function metadataOf(action: Action): { labels?: Record<string, string>; finalizers?: string[] } {
  return action.kind === "refreshPod" ? ((action.patches[0]?.body["metadata"] ?? {}) as object) : {};
}

const fates: { name: string; pod: GivenPod; given?: GivenObservation; want: string[] }[] = [
  { name: "a pod that its hook holds is asked to prepare", pod: held, want: ["PreparingUpdate"] },
  { name: "and then waited for", pod: { ...held, state: "PreparingUpdate" }, want: [] },
  { name: "until the hook lets go", pod: { state: "PreparingUpdate" }, want: ["updatePodInPlace"] },
  { name: "one that no handler holds moves at once", pod: {}, want: ["updatePodInPlace"] },
  {
    name: "a new pod that is not settled yet can be moved",
    pod: { state: "PreparingNormal" },
    want: ["updatePodInPlace"],
  },
  {
    name: "one that is being updated already is moved on, hook or not",
    pod: { ...held, state: "Updating" },
    want: ["updatePodInPlace"],
  },
  {
    name: "one that was updated and is to move again asks its hook anew",
    pod: { state: "Updated" },
    want: ["PreparingUpdate"],
  },
  {
    name: "paused, a pod that waits for its hook goes back into service",
    pod: { ...held, state: "PreparingUpdate" },
    given: { paused: true },
    want: ["Normal"],
  },
  {
    name: "so it does when the partition is raised",
    pod: { ...held, state: "PreparingUpdate" },
    given: { partition: 1 },
    want: ["Normal"],
  },
  {
    name: "but after the template was set back it waits on, whatever the partition holds: not available, it moves",
    pod: { ...held, state: "PreparingUpdate" },
    given: { partition: 1, same: true },
    want: [],
  },
  { name: "a re-creation asks no update hook", pod: held, given: { type: "ReCreate" }, want: ["deletePod"] },
];
for (const { name, pod, given, want } of fates) {
  test(`moves: ${name}`, () => assert.deepEqual(fate(pod, given), want));
}

const CLAIMS_HASH = "kruise.io/cloneset-volumeclaimtemplate-hash";
const claims = [aClaimTemplate()];
const claimChanges: { name: string; type?: string; isOn: boolean; pod: GivenPod; want: string[] }[] = [
  { name: "switched off: in place", isOn: false, pod: {}, want: ["updatePodInPlace"] },
  { name: "made with other claims, as its revision says: re-created", isOn: true, pod: {}, want: ["deletePod"] },
  {
    name: "made with other claims, as it says itself: re-created",
    isOn: true,
    pod: { annotations: { [CLAIMS_HASH]: "1" } },
    want: ["deletePod"],
  },
  {
    name: "made with today's claims, though its revision began with others: in place",
    isOn: true,
    pod: { annotations: { [CLAIMS_HASH]: "3636919212" } },
    want: ["updatePodInPlace"],
  },
  { name: "InPlaceOnly: in place", type: "InPlaceOnly", isOn: true, pod: {}, want: ["updatePodInPlace"] },
  {
    name: "changed alone, a pod made with the other ones: re-created",
    isOn: true,
    pod: { revision: NEW, annotations: { [CLAIMS_HASH]: "1" } },
    want: ["deletePod"],
  },
  {
    name: "changed alone, a pod made with today's: stays",
    isOn: true,
    pod: { revision: NEW, annotations: { [CLAIMS_HASH]: "3636919212" } },
    want: [],
  },
  {
    name: "changed alone, switched off: nothing happens",
    isOn: false,
    pod: { revision: NEW, annotations: { [CLAIMS_HASH]: "1" } },
    want: [],
  },
  {
    name: "changed alone, InPlaceOnly: nothing happens",
    type: "InPlaceOnly",
    isOn: true,
    pod: { revision: NEW, annotations: { [CLAIMS_HASH]: "1" } },
    want: [],
  },
];
for (const { name, type = "InPlaceIfPossible", isOn, pod, want } of claimChanges) {
  test(`RecreatePodWhenChangeVCTInCloneSetGate, claim templates changed: ${name}`, () => {
    const revisions = [
      aRevision({ name: OLD, revision: 1, template: aTemplate("app:v1") }),
      aRevision({ name: NEW, revision: 2, claimTemplates: claims }),
    ];
    const features = { RecreatePodWhenChangeVCTInCloneSetGate: isOn };
    assert.deepEqual(fate(pod, { type, lifecycle: {}, claimTemplates: claims, revisions, features }), want);
  });
}

test("claim templates changed alone: the partition holds pods, broken ones too, and new pods below it get the old claims", () => {
  const pods = ["bbbbb", "ccccc"].map((id) => aPod({ id, gated: true, annotations: { [CLAIMS_HASH]: "" } }));
  const [first] = pods;
  assert.ok(first);
  const broken = [first, aPod({ id: "ccccc", gated: true, ready: false, annotations: { [CLAIMS_HASH]: "" } })];
  const given: GivenObservation = {
    replicas: 3,
    partition: 3,
    maxUnavailable: 2,
    same: true,
    type: "InPlaceIfPossible",
    claimTemplates: claims,
    revisions: [aRevision({ name: NEW })],
    features: { RecreatePodWhenChangeVCTInCloneSetGate: true },
  };
  const kept = workPlan(anObservation({ ...given, replicas: 2, pods: broken }));
  assert.deepEqual(actionsOf(kept.actions, "deletePod"), []);
  const [created] = actionsOf(workPlan(anObservation({ ...given, pods })).actions, "createPod");
  assert.deepEqual(created?.claims, []);
  const [updated] = actionsOf(workPlan(anObservation({ ...given, partition: 2, pods })).actions, "createPod");
  assert.equal(updated?.claims.length, 1);
});

test("claim templates changed in the middle of a rollout: the template spreads no further, pods that have it already go first", () => {
  const old = ["bbbbb", "ccccc", "ddddd"].map((id) => aPod({ id, revision: OLD, readyForSeconds: 60 }));
  const canaries = ["fffff", "ggggg"].map((id) =>
    aPod({ id, readyForSeconds: 7200, annotations: { [CLAIMS_HASH]: "" } }),
  );
  const { actions } = workPlan(
    anObservation({
      replicas: 5,
      partition: 3,
      maxUnavailable: 2,
      type: "ReCreate",
      claimTemplates: claims,
      features: { RecreatePodWhenChangeVCTInCloneSetGate: true },
      pods: [...old, ...canaries],
    }),
  );
  const gone = actionsOf(actions, "deletePod").map(({ pod }) => pod.name);
  assert.deepEqual(gone.toSorted(), ["web-fffff", "web-ggggg"]);
});

test("claim templates changed alone: once all pods have the new ones, so do those that replace them, whatever the partition", () => {
  const live = claimTemplatesHash(claims);
  const made = (...ids: string[]) => ids.map((id) => aPod({ id, annotations: { [CLAIMS_HASH]: live } }));
  const given: GivenObservation = {
    replicas: 2,
    partition: 1,
    same: true,
    claimTemplates: claims,
    revisions: [aRevision({ name: NEW })],
    features: { RecreatePodWhenChangeVCTInCloneSetGate: true },
  };
  const recorded = (pods: Pod[]) =>
    actionsOf(workPlan(anObservation({ ...given, pods })).actions, "patchRevision").map(
      ({ body }) => (body["metadata"] as { annotations: Record<string, string> }).annotations[CLAIMS_HASH],
    );
  assert.deepEqual(recorded(made("bbbbb", "ccccc")), [live]);
  assert.deepEqual(recorded(made("bbbbb")), [], "a pod is missing: it may have been one of the old ones");
  assert.deepEqual(recorded([...made("bbbbb"), aPod({ id: "ccccc", annotations: { [CLAIMS_HASH]: "" } })]), []);
});

test("moves: the old stand-in of an old pod that is named stays", () => {
  const pods = podsInShort("1o* 1o✗ 2n");
  const seen = anObservation({ replicas: 3, partition: 1, maxUnavailable: 0, maxSurge: 1, type: "ReCreate", pods });
  assert.deepEqual(workPlan(seen).actions, []);
});

test("moves: asking the hook anew puts its handlers back on the pod", () => {
  const pods = [aPod({ revision: OLD, gated: true, state: "Updated" })];
  const seen = anObservation({ replicas: 1, type: "InPlaceOnly", maxUnavailable: 1, lifecycle: hook, pods });
  const [action] = workPlan(seen).actions;
  assert.ok(action);
  assert.equal(metadataOf(action).labels?.["serving"], "yes");
  assert.deepEqual(metadataOf(action).finalizers, ["example.com/f"]);
});

test("moves: a pod that is named for deletion is not moved, even while it may not be deleted yet", () => {
  const leaving = podsInShort("1oPD");
  const fresh = podsInShort("1o 1o*", { readyForSeconds: 5 }).slice(1);
  const pods = [...leaving, ...fresh, ...podsInShort("3o").slice(2)];
  const lifecycle = { preDelete: { ...preDeleteHook.preDelete, markPodNotReady: true } };
  const seen = anObservation({ replicas: 3, maxUnavailable: 1, minReadySeconds: 10, lifecycle, pods });
  assert.equal(shortOf(workPlan(seen), pods), "nothing");
});

test("a pod whose update the server refused waits, is told of, and the others go on", () => {
  const pods = [aPod({ id: "aaaaa", revision: OLD, gated: true }), aPod({ id: "bbbbb", revision: OLD, gated: true })];
  const [first] = pods;
  const refusal = { revision: NEW, message: "no room", times: 1, sinceMs: NOW_MS, notBeforeMs: NOW_MS + 4_000 };
  const seen = anObservation({
    type: "InPlaceIfPossible",
    replicas: 2,
    pods,
    refusals: { [first?.uid ?? ""]: refusal },
  });
  const planned = workPlan(seen);
  assert.deepEqual(
    actionsOf(planned.actions, "updatePodInPlace").map((action) => action.pod.name),
    ["web-bbbbb"],
  );
  assert.deepEqual(planned.problems, ["update pod web-aaaaa: refused by the server: no room"]);
  assert.equal(planned.againInMs, 4_000);
  assert.equal(planned.statusInput.stalled, undefined, "room may come, so nothing needs an edit");
});
