import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloneSet } from "../../../src/api/cloneset.ts";
import type { Claim, ObjectRef, Pod } from "../../../src/api/pod.ts";
import { LastLook } from "../../../src/apply/last-look.ts";
import type { Caches } from "../../../src/observe/caches.ts";
import type { Action, RefreshReason } from "../../../src/plan/actions.ts";
import type { GivenCloneSet } from "../../support/a-cloneset.ts";
import { aCloneSet, NOW_MS } from "../../support/a-cloneset.ts";
import { aClaim, aPod } from "../../support/a-pod.ts";
import { anObservation, workPlan } from "../../support/an-observation.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

/** The caches as far as a last look asks them; a test changes the lists. */
function aLook(given: GivenCloneSet, held: { pods: Pod[]; claims?: Claim[]; cloneSet?: CloneSet }) {
  const cloneSet = aCloneSet(given);
  const clock = new FakeClock(NOW_MS);
  const caches = {
    pods: {
      byOwner: () => held.pods,
      getByUid: (uid: string) => held.pods.find((pod) => pod.uid === uid),
    },
    cloneSets: { getByUid: () => held.cloneSet },
    claims: { getByUid: (uid: string) => held.claims?.find((claim) => claim.uid === uid) },
  } as unknown as Caches;
  const { statusInput } = workPlan(anObservation({ ...given, pods: [] }));
  const look = new LastLook({ caches, clock }, cloneSet, statusInput.targets);
  return { look, clock, says: (action: Action) => look.objection(action)?.message };
}

const removal = (pod: ObjectRef, claims: ObjectRef[] = []): Action => ({
  kind: "deletePod",
  pod,
  reason: "scaleDown",
  claims,
  ifUnchanged: true,
});
const update = (pod: ObjectRef): Action => ({ kind: "updatePodInPlace", pod, revision: "web-2", patches: [] });
const refresh = (pod: ObjectRef, why: RefreshReason): Action => ({ kind: "refreshPod", pod, patches: [], why });
const creation = (name: string): Action => ({
  kind: "createPod",
  name,
  instanceId: name.slice(-5),
  revision: "web-2",
  manifest: {},
  claims: [],
});

const floor: { name: string; action: (pod: ObjectRef) => Action; withheld: boolean }[] = [
  { name: "a deletion", action: (pod) => removal(pod), withheld: true },
  { name: "an update in place", action: update, withheld: true },
  { name: "asking a preDelete hook", action: (pod) => refresh(pod, "PreparingDelete"), withheld: true },
  { name: "asking an update hook", action: (pod) => refresh(pod, "PreparingUpdate"), withheld: true },
  { name: "putting a pod into service", action: (pod) => refresh(pod, "Normal"), withheld: false },
];
for (const { name, action, withheld } of floor) {
  test(`last look, floor: ${name} beyond the budget is ${withheld ? "" : "not "}withheld`, () => {
    const pods = podsInShort("3n");
    const { says } = aLook({ replicas: 3, maxUnavailable: 1 }, { pods });
    const [first, second] = pods.map((pod) => says(action(pod)));
    assert.equal(first, undefined);
    assert.equal(second, withheld ? "web-bbbbc is one of 2 available pods, and 2 are to stay" : undefined);
  });
}

test("last look, floor: a pod that broke since the plan was made uses up the budget", () => {
  const held = { pods: podsInShort("2n 1n✗") };
  const [first] = held.pods;
  assert.ok(first);
  const { look } = aLook({ replicas: 3, maxUnavailable: 1 }, held);
  assert.equal(look.objection(update(first))?.rule, "floor");
});

test("last look, floor: a pod that is down may go at any time", () => {
  const pods = podsInShort("2n 1n✗");
  const { says } = aLook({ replicas: 3, maxUnavailable: 1 }, { pods });
  assert.deepEqual(
    pods.slice(2).map((pod) => says(removal(pod))),
    [undefined],
  );
});

test("last look, floor: pods are counted anew as time goes on, without those that this pass took out", async () => {
  const held = { pods: podsInShort("5n") };
  const [a, b, c] = held.pods;
  assert.ok(a && b && c);
  const { says, clock } = aLook({ replicas: 5, maxUnavailable: 2 }, held);
  assert.equal(says(update(a)), undefined);
  held.pods = held.pods.map((pod) => (pod === c ? { ...pod, phase: "Failed" } : pod));
  await clock.advance(10);
  assert.equal(says(update(b)), "web-bbbbc is one of 3 available pods, and 3 are to stay");
});

test("last look, floor: what was put off is asked again, and others may have broken meanwhile", async () => {
  const held = { pods: podsInShort("5n") };
  const [a, b, c, d] = held.pods;
  assert.ok(a && b && c && d);
  const { says, clock } = aLook({ replicas: 5, maxUnavailable: 2 }, held);
  const first = [a, b].map((pod) => says(removal(pod)));
  const second = [a, b].map((pod) => says(removal(pod)));
  assert.deepEqual([first, second], [Array(2).fill(undefined), Array(2).fill(undefined)]);
  held.pods = held.pods.map((pod) => (pod === c ? { ...pod, phase: "Failed" } : pod));
  await clock.advance(10);
  assert.equal(says(removal(a)), "web-bbbbb is one of 3 available pods, and 3 are to stay");
  held.pods = held.pods.map((pod) => (pod.uid === a.uid ? { ...pod, phase: "Failed" } : pod));
  await clock.advance(10);
  assert.deepEqual(
    [says(removal(a)), says(removal(d))],
    [undefined, "web-bbbbf is one of 2 available pods, and 3 are to stay"],
  );
});

test("last look, surge: a creation that was put off is asked again, and takes one place", () => {
  const held = { pods: podsInShort("2n") };
  const { says } = aLook({ replicas: 3 }, held);
  const first = [says(creation("web-xxxxx")), says(creation("web-xxxxx"))];
  assert.deepEqual(first, [undefined, undefined]);
  held.pods = [...held.pods, aPod({ name: "web-xxxxx", id: "xxxxx" })];
  assert.equal(says(creation("web-xxxxx")), undefined);
});

test("last look: an edit or a deletion of the CloneSet overtakes what was planned before", () => {
  const pods = podsInShort("3n");
  const [pod] = pods;
  assert.ok(pod);
  const cloneSet = aCloneSet({ replicas: 3 });
  const now: { name: string; cloneSet: CloneSet | undefined }[] = [
    { name: "unchanged", cloneSet: { ...cloneSet, resourceVersion: "99" } },
    { name: "edited", cloneSet: { ...cloneSet, generation: cloneSet.generation + 1 } },
    { name: "on its way out", cloneSet: { ...cloneSet, deleting: true } },
    { name: "gone", cloneSet: undefined },
  ];
  const actions = [
    creation("web-xxxxx"),
    removal(pod),
    update(pod),
    refresh(pod, "PreparingDelete"),
    refresh(pod, "Normal"),
  ];
  const overtaken = now.map((held) => {
    const { look } = aLook({ replicas: 3 }, { pods, ...(held.cloneSet && { cloneSet: held.cloneSet }) });
    return [held.name, ...actions.map((action) => look.isOvertaken(action))];
  });
  assert.deepEqual(overtaken, [
    ["unchanged", false, false, false, false, false],
    ["edited", true, true, true, true, false],
    ["on its way out", true, true, true, true, false],
    ["gone", true, true, true, true, false],
  ]);
});

test("last look, surge: never more than replicas and maxSurge, those under way included", () => {
  const held = { pods: podsInShort("2n") };
  const { says, look } = aLook({ replicas: 3, maxSurge: 1 }, held);
  assert.deepEqual(
    ["web-xxxxx", "web-zzzzz"].map((name) => says(creation(name))),
    [undefined, undefined],
  );
  // The first one has come into the cache.
  held.pods = [...held.pods, aPod({ name: "web-xxxxx", id: "xxxxx" })];
  assert.deepEqual(look.objection(creation("web-wwwww")), {
    rule: "surge",
    message: "4 pods are there or being made, and 4 may be",
  });
});

test("last look, surge: pods on their way out take no place where they are not counted", () => {
  const pods = podsInShort("2n 1nPD");
  const of = (excludePreparingDelete: boolean) =>
    aLook({ replicas: 3, excludePreparingDelete }, { pods }).look.objection(creation("web-xxxxx"))?.rule;
  assert.deepEqual([of(true), of(false)], [undefined, "surge"]);
});

test("last look, claims: a PVC goes only with the pod of its id, and only if nobody else uses it", () => {
  const own = aClaim({ id: "bbbbb" });
  const pod = aPod({ id: "bbbbb", ready: false });
  const user = { ...aPod({ id: "ccccc" }), claimNames: [own.name] };
  const given = { replicas: 1, maxUnavailable: 1 };
  const says = (claim: Claim, pods: Pod[]) => aLook(given, { pods, claims: [claim] }).says(removal(pod, [claim]));
  assert.equal(says(own, [pod]), undefined);
  assert.equal(
    says({ ...own, labels: { ...own.labels, ...aClaim({ id: "zzzzz" }).labels } }, [pod]),
    "PVC data-web-bbbbb carries another instance id than pod web-bbbbb",
  );
  assert.equal(says(own, [pod, user]), "PVC data-web-bbbbb is used by pod web-ccccc, too");
});
