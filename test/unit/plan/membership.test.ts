import assert from "node:assert/strict";
import { test } from "node:test";
import { API_VERSION, KIND } from "../../../src/api/constants.ts";
import { membership } from "../../../src/plan/membership.ts";
import { aClaimTemplate, UID } from "../../support/a-cloneset.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aClaim, aPod, FOREIGN, OURS } from "../../support/a-pod.ts";
import { aRevision } from "../../support/a-revision.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";

const notController = { ...OURS, controller: false };
const beta = { ...OURS, apiVersion: "apps.kruise.io/v1beta1" };
const unselected = { labels: { app: "other" } };
const owner = { apiVersion: "v1", kind: "Node", name: "n", uid: "uid-n" };

const fates: { name: string; pod: GivenPod; deleting?: boolean; kept: boolean; does: string[] }[] = [
  { name: "ours and selected: kept", pod: {}, kept: true, does: [] },
  { name: "ours and not selected: released", pod: unselected, kept: false, does: ["release"] },
  {
    name: "ours and not selected, while the CloneSet is deleted: left alone",
    pod: unselected,
    deleting: true,
    kept: false,
    does: [],
  },
  {
    name: "ours, not selected and terminating: kept, not released",
    pod: { ...unselected, terminating: true },
    kept: true,
    does: [],
  },
  {
    name: "ours, not selected and failed: kept, not released",
    pod: { ...unselected, phase: "Failed" },
    kept: true,
    does: [],
  },
  { name: "ownerless and selected: adopted", pod: { owners: [] }, kept: false, does: ["adoptPod"] },
  {
    name: "owned by us, but without a controller: adopted",
    pod: { owners: [notController] },
    kept: false,
    does: ["adoptPod"],
  },
  {
    name: "ownerless, while the CloneSet is deleted: left alone",
    pod: { owners: [] },
    deleting: true,
    kept: false,
    does: [],
  },
  { name: "ownerless and terminating: left alone", pod: { owners: [], terminating: true }, kept: false, does: [] },
  { name: "ownerless and failed: left alone", pod: { owners: [], phase: "Failed" }, kept: false, does: [] },
  { name: "ownerless and not selected: left alone", pod: { owners: [], ...unselected }, kept: false, does: [] },
  { name: "somebody else's: left alone", pod: { owners: [FOREIGN] }, kept: false, does: [] },
  {
    name: "somebody else's, and we are a mere owner: left alone",
    pod: { owners: [notController, FOREIGN] },
    kept: false,
    does: [],
  },
  {
    name: "of another API version: its owner reference is brought up to date",
    pod: { owners: [beta] },
    kept: true,
    does: ["ownerVersion"],
  },
];
for (const { name, pod, deleting = false, kept, does } of fates) {
  test(`membership of a pod ${name}`, () => {
    const found = membership(anObservation({ deleting, pods: [aPod(pod)], revisions: [] }));
    assert.deepEqual(found.pods.length, kept ? 1 : 0);
    assert.deepEqual(
      [
        ...found.actions.map((action) => ("why" in action ? action.why : action.kind)),
        ...found.orphans.map(() => "adoptPod"),
      ],
      does,
    );
  });
}

test("membership: a release takes our owner reference off, and no other", () => {
  const pod = aPod({ owners: [owner, OURS], ...unselected });
  const [action] = actionsOf(membership(anObservation({ pods: [pod] })).actions, "refreshPod");
  assert.deepEqual(action?.patches, [
    { subresource: "", body: { metadata: { ownerReferences: [owner, { $patch: "replace" }] } } },
  ]);
});

test("membership: a take-over writes the owner's API version and nothing else, on pods, claims and revisions", () => {
  const ownerReferences = [{ ...beta, apiVersion: API_VERSION }, { $patch: "replace" }];
  const body = { metadata: { ownerReferences } };
  const seen = anObservation({
    pods: [aPod({ owners: [beta] })],
    claims: [aClaim({ owners: [beta] })],
    revisions: [aRevision({ owners: [beta] })],
  });
  const { actions } = membership(seen);
  assert.deepEqual(
    actionsOf(actions, "refreshPod").map(({ patches }) => patches),
    [[{ subresource: "", body }]],
  );
  assert.deepEqual(
    actionsOf(actions, "patchClaim").map((action) => action.body),
    [body],
  );
  assert.deepEqual(
    actionsOf(actions, "patchRevision").map((action) => action.body),
    [body],
  );
});

const claims = [
  { name: "ownerless, with our labels, an id and a name of ours: adopted", claim: aClaim({ owners: [] }), want: 1 },
  { name: "of another claim template: left alone", claim: aClaim({ owners: [], name: "logs-web-aaaaa" }), want: 0 },
  { name: "whose name says another id: left alone", claim: aClaim({ owners: [], name: "data-web-zzzzz" }), want: 0 },
  { name: "without our labels: left alone", claim: aClaim({ owners: [], labels: { app: "other" } }), want: 0 },
  { name: "on its way out: left alone", claim: aClaim({ owners: [], deleting: true }), want: 0 },
  { name: "somebody else's: left alone", claim: aClaim({ owners: [FOREIGN] }), want: 0 },
  {
    name: "that some other object owns without controlling it: left alone",
    claim: aClaim({ owners: [owner] }),
    want: 0,
  },
  {
    name: "whose pod is somebody else's, or is not yet known to be free: left alone",
    claim: aClaim({ owners: [] }),
    foreignNames: ["web-aaaaa"],
    want: 0,
  },
  {
    name: "whose pod is free, though another PVC of it is somebody else's: adopted",
    claim: aClaim({ owners: [] }),
    pods: [aPod({ owners: [] })],
    foreignNames: ["web-aaaaa"],
    want: 1,
  },
];
for (const { name, claim, pods = [], foreignNames = [], want } of claims) {
  test(`membership of a claim ${name}`, () => {
    const seen = anObservation({ claimTemplates: [aClaimTemplate()], claims: [claim], pods, foreignNames });
    assert.equal(actionsOf(membership(seen).actions, "adoptClaim").length, want);
  });
}

const revisions = [
  { name: "ours: kept", owners: [OURS], kept: 1, adopted: 0 },
  { name: "ownerless: kept and adopted", owners: [], kept: 1, adopted: 1 },
  { name: "somebody else's: not seen", owners: [FOREIGN], kept: 0, adopted: 0 },
];
for (const { name, owners, kept, adopted } of revisions) {
  test(`membership of a revision ${name}`, () => {
    const found = membership(anObservation({ revisions: [aRevision({ owners })] }));
    assert.equal(found.revisions.length, kept);
    assert.equal(actionsOf(found.actions, "adoptRevision").length, adopted);
  });
}

test("membership is a matter of uid: an owner of our name and another uid is somebody else", () => {
  const pods = [aPod({ owners: [{ ...OURS, uid: "uid-before" }] })];
  assert.deepEqual(membership(anObservation({ pods })).pods, []);
});

test("a pod that is adopted fills a place: none is created there meanwhile", () => {
  const pods = [aPod({ id: "bbbbb", owners: [] }), aPod({ id: "ccccc", owners: [] })];
  const { actions, notes } = workPlan(anObservation({ replicas: 3, same: true, pods }));
  assert.deepEqual([actionsOf(actions, "adoptPod").length, actionsOf(actions, "createPod").length], [2, 1]);
  assert.deepEqual(notes, []);
});

test("podsToDelete takes no pod that is not ours", () => {
  const pods = [aPod({ id: "bbbbb", owners: [FOREIGN] }), aPod({ id: "ccccc", owners: [] }), aPod({ id: "ddddd" })];
  const seen = anObservation({
    replicas: 1,
    same: true,
    maxUnavailable: 1,
    podsToDelete: ["web-bbbbb", "web-ccccc"],
    pods,
  });
  assert.deepEqual(actionsOf(workPlan(seen).actions, "deletePod"), []);
});

test("everything we make names its owner by a version that is served", () => {
  const seen = anObservation({ replicas: 1, same: true, claimTemplates: [aClaimTemplate()] });
  const [made] = actionsOf(workPlan(seen).actions, "createPod");
  const want = [
    { apiVersion: API_VERSION, kind: KIND, name: "web", uid: UID, controller: true, blockOwnerDeletion: true },
  ];
  for (const manifest of [made?.manifest, made?.claims[0]?.manifest]) {
    const metadata = manifest?.["metadata"] as { ownerReferences?: unknown } | undefined;
    assert.deepEqual(metadata?.ownerReferences, want);
  }
});

test("a place is kept for the pod of a PVC that is adopted: its id comes back with it in the next plan", () => {
  const claimTemplates = [aClaimTemplate()];
  const seen = anObservation({ replicas: 2, same: true, claimTemplates, claims: [aClaim({ owners: [] })] });
  const { actions } = workPlan(seen);
  assert.deepEqual([actionsOf(actions, "adoptClaim").length, actionsOf(actions, "createPod").length], [1, 1]);
});
