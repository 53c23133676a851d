import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import { scaleUp } from "../../../src/plan/scale-up.ts";
import { tally } from "../../../src/plan/tally.ts";
import { targets } from "../../../src/plan/targets.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";
import { actionsOf, anObservation, members, workPlan } from "../../support/an-observation.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

const cases = [
  { name: "what is missing", replicas: 5, pods: "2n", want: { needed: 3, create: 3, createOld: 0 } },
  { name: "nothing when there are enough", replicas: 2, pods: "5n", want: { needed: 0, create: 0, createOld: 0 } },
  {
    name: "old pods up to the partition",
    replicas: 10,
    partition: 4,
    pods: "3o 2n",
    want: { needed: 5, create: 5, createOld: 1 },
  },
  {
    name: "no more old ones than are created",
    replicas: 3,
    partition: 3,
    pods: "2n",
    want: { needed: 1, create: 1, createOld: 1 },
  },
  {
    name: "surge comes on top",
    replicas: 3,
    pods: "3o",
    surge: { pods: 2, old: 1 },
    want: { needed: 2, create: 2, createOld: 0 },
  },
  {
    name: "fewer while pods are down",
    replicas: 9,
    scaleMaxUnavailable: 3,
    pods: "5n 1n✗",
    want: { needed: 3, create: 2, createOld: 0 },
  },
  {
    name: "a named pod that is down is down too",
    replicas: 9,
    scaleMaxUnavailable: 3,
    pods: "5n 1n✗*",
    want: { needed: 3, create: 2, createOld: 0 },
  },
  {
    name: "none while too many are down",
    replicas: 9,
    scaleMaxUnavailable: 1,
    pods: "3n 2n✗",
    want: { needed: 4, create: 0, createOld: 0 },
  },
  {
    name: "a pod that is being adopted and is down counts at once",
    replicas: 9,
    scaleMaxUnavailable: 3,
    pods: "5n",
    returning: 2,
    arrivingDown: 2,
    want: { needed: 4, create: 1, createOld: 0 },
  },
  {
    name: "the place of a pod that will come back is taken",
    replicas: 5,
    pods: "2n",
    returning: 2,
    want: { needed: 3, create: 1, createOld: 0 },
  },
  {
    name: "more may come back than are missing",
    replicas: 3,
    pods: "2n",
    returning: 2,
    want: { needed: 1, create: 0, createOld: 0 },
  },
  {
    name: "a pod on its way out keeps its place",
    replicas: 5,
    pods: "4n 1nPD",
    want: { needed: 0, create: 0, createOld: 0 },
  },
  {
    name: "unless such pods are left out",
    replicas: 5,
    excludePreparingDelete: true,
    pods: "4n 1nPD",
    want: { needed: 1, create: 1, createOld: 0 },
  },
];
for (const { name, pods, want, surge = { pods: 0, old: 0 }, returning = 0, arrivingDown = 0, ...given } of cases) {
  test(`scale up: ${name}`, () => {
    const wanted = targets(aCloneSet(given).spec, { split: undefined, features: featureDefaults, twoRevisions: true });
    const coming = { placesTaken: returning, arrivingDown };
    assert.deepEqual(scaleUp(tally(members(podsInShort(pods)), featureDefaults), wanted, surge, coming), want);
  });
}

test("scale up: a slip of the pen in replicas makes a plan like any other, and the next one goes on", () => {
  const { actions, reserveCounter = 0, drawnAhead } = workPlan(anObservation({ replicas: 2_147_483_647, same: true }));
  const created = actionsOf(actions, "createPod");
  assert.equal(created.length, 1000);
  assert.equal(
    created.length + drawnAhead.length,
    new Set([...created.map((one) => one.instanceId), ...drawnAhead]).size,
  );
  assert.ok(reserveCounter <= 11_000, `${reserveCounter} numbers drawn`);
});
