import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { drawIds, instanceIdOf } from "../../../src/plan/instance-ids.ts";
import { aClaimTemplate } from "../../support/a-cloneset.ts";
import { aClaim, aPod } from "../../support/a-pod.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";

const uid = "uid-web";
const nothing = { cloneSetUid: uid, counter: 0, block: 0, returning: [], spare: [], taken: new Set<string>() };
const first = [0, 1, 2, 3].map((n) => instanceIdOf(uid, n));

test("ids are what they always were: another hash would give pods of old numbers to new ones", () => {
  assert.deepEqual(first, ["8fhll", "z2s5n", "fwbk6", "kll8l"]);
});

test("ids: the same CloneSet and number have the same id, others another", () => {
  assert.equal(instanceIdOf(uid, 7), instanceIdOf(uid, 7));
  assert.notEqual(instanceIdOf(uid, 7), instanceIdOf("uid-other", 7));
});

test("ids: the counter grows by the numbers drawn", () => {
  assert.deepEqual(drawIds(2, nothing), { ids: ["8fhll", "z2s5n"], ahead: [], counter: 2 });
});

test("ids: a taken id is skipped, and its number is used up", () => {
  assert.deepEqual(drawIds(1, { ...nothing, taken: new Set([first[0] ?? ""]) }), {
    ids: [first[1]],
    ahead: [],
    counter: 2,
  });
});

test("ids that come back with their PVCs go first, then spare ones, then fresh ones", () => {
  const drawn = drawIds(3, { ...nothing, returning: ["zzzzz"], spare: ["bbbbb"], taken: new Set(["zzzzz"]) });
  assert.deepEqual(drawn, { ids: ["8fhll", "bbbbb", "zzzzz"], ahead: [], counter: 1 });
  assert.deepEqual(drawIds(1, { ...nothing, returning: ["zzzzz"], spare: ["bbbbb"] }), {
    ids: ["zzzzz"],
    ahead: [],
    counter: 0,
  });
});

test("ids: fresh ones are drawn by the block, and what is left of it is for later pods", () => {
  const drawn = drawIds(1, { ...nothing, block: 3 });
  assert.deepEqual(drawn, { ids: [first[0]], ahead: [first[1], first[2]], counter: 3 });
  const noneNeeded = drawIds(1, { ...nothing, block: 3, spare: ["bbbbb"] });
  assert.deepEqual(noneNeeded, { ids: ["bbbbb"], ahead: [], counter: 0 });
});

test("ids: a spare one that was taken meanwhile is not given out", () => {
  assert.deepEqual(drawIds(1, { ...nothing, spare: ["bbbbb"], taken: new Set(["bbbbb"]) }), {
    ids: [first[0]],
    ahead: [],
    counter: 1,
  });
});

test("ids are unique, of the alphabet, ascending, and never taken ones", () => {
  const anId = fc.integer({ min: 0, max: 60 }).map((n) => instanceIdOf(uid, n));
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.uniqueArray(anId), fc.uniqueArray(anId), (count, counter, taken, spare) => {
      const drawn = drawIds(count, {
        cloneSetUid: uid,
        counter,
        block: 0,
        returning: [],
        spare,
        taken: new Set(taken),
      });
      assert.equal(drawn.ids.length, count);
      assert.equal(new Set(drawn.ids).size, count);
      assert.deepEqual(drawn.ids, [...drawn.ids].sort());
      for (const id of drawn.ids) {
        assert.match(id, /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
        assert.ok(!taken.includes(id), `${id} is taken`);
      }
      assert.ok(drawn.counter >= counter);
    }),
  );
});

// Through the whole plan: who may not have an id, whatever the reason.
const ids = (given: Parameters<typeof anObservation>[0]) => {
  const { actions, reserveCounter } = workPlan(anObservation({ replicas: 1, same: true, ...given }));
  return { ids: actionsOf(actions, "createPod").map(({ instanceId }) => instanceId), reserveCounter };
};
const [id0 = "", id1 = ""] = first;
const claimed = { claimTemplates: [aClaimTemplate()] };
const cases = [
  {
    name: "the counter of the status is where drawing goes on",
    given: { status: { instanceCounter: 1 } },
    want: { ids: [id1], reserveCounter: 2 },
  },
  {
    name: "a name in podsToDelete is never given to a new pod",
    given: { podsToDelete: [`web-${id0}`] },
    want: { ids: [id1], reserveCounter: 2 },
  },
  {
    name: "nor is the name of somebody else's pod",
    given: { foreignNames: [`web-${id0}`] },
    want: { ids: [id1], reserveCounter: 2 },
  },
  {
    name: "nor the id of a terminating pod",
    given: { pods: [aPod({ id: id0, terminating: true })] },
    want: { ids: [id1], reserveCounter: 2 },
  },
  {
    name: "nor the id of a finished pod",
    given: { pods: [aPod({ id: id0, phase: "Failed" })] },
    want: { ids: [id1], reserveCounter: 2 },
  },
  {
    name: "nor the id of a PVC on its way out",
    given: { ...claimed, claims: [aClaim({ id: id0, deleting: true })] },
    want: { ids: [id1], reserveCounter: 2 },
  },
  {
    name: "nor the id of a pod that is released in this very plan",
    given: { pods: [aPod({ id: id0, labels: { app: "other" } })] },
    want: { ids: [id1], reserveCounter: 2 },
  },
  {
    name: "an idle PVC's id comes back, and no number is used up",
    given: { ...claimed, claims: [aClaim({ id: "zzzzz" })] },
    want: { ids: ["zzzzz"], reserveCounter: undefined },
  },
  {
    name: "an idle PVC's id does not come back while its pod is released",
    given: { ...claimed, claims: [aClaim({ id: "zzzzz" })], pods: [aPod({ id: "zzzzz", labels: { app: "other" } })] },
    want: { ids: [id0], reserveCounter: 1 },
  },
  {
    name: "an idle PVC's id does not come back while podsToDelete lists it",
    given: { ...claimed, claims: [aClaim({ id: "zzzzz" })], podsToDelete: ["web-zzzzz"] },
    want: { ids: [id0], reserveCounter: 1 },
  },
  {
    name: "a spare id is used before a number",
    given: { spareIds: ["zzzzz"] },
    want: { ids: ["zzzzz"], reserveCounter: undefined },
  },
  {
    name: "the id of a terminating pod with PVCs waits until the pod is gone",
    given: { ...claimed, claims: [aClaim({ id: "zzzzz" })], pods: [aPod({ id: "zzzzz", terminating: true })] },
    want: { ids: [], reserveCounter: undefined },
  },
  {
    name: "without PVC reuse it does not wait",
    given: {
      ...claimed,
      disablePvcReuse: true,
      claims: [aClaim({ id: "zzzzz" })],
      pods: [aPod({ id: "zzzzz", terminating: true })],
    },
    want: { ids: [id0], reserveCounter: 1 },
  },
];
for (const { name, given, want } of cases) {
  test(`ids: ${name}`, () => assert.deepEqual(ids(given), want));
}
