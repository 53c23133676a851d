import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import { chooseExcess, chooseNamed } from "../../../src/plan/scale-down.ts";
import { surgeInUse } from "../../../src/plan/surge.ts";
import { tally } from "../../../src/plan/tally.ts";
import { targets } from "../../../src/plan/targets.ts";
import type { GivenCloneSet } from "../../support/a-cloneset.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";
import { aPod } from "../../support/a-pod.ts";
import { actionsOf, anObservation, members, workPlan } from "../../support/an-observation.ts";
import { inShort, podsInShort } from "../../support/pods-in-short.ts";

function scene(short: string, given: GivenCloneSet) {
  const pods = podsInShort(short);
  const all = members(pods, aCloneSet(given));
  const counts = tally(all, featureDefaults);
  const wanted = targets(aCloneSet(given).spec, { split: undefined, features: featureDefaults, twoRevisions: true });
  const say = (chosen: typeof all) =>
    inShort(
      {
        actions: chosen.map(({ pod }) => ({
          kind: "deletePod",
          pod,
          reason: "scaleDown",
          claims: [],
          ifUnchanged: true,
        })),
        notes: [],
      },
      pods,
    ).replace("scale in ", "");
  return { all, counts, wanted, say };
}

const named = [
  { name: "as many ready ones as maxUnavailable lets go", replicas: 8, maxUnavailable: 1, pods: "6n 2n*", want: "1n*" },
  { name: "surplus pods let more go", replicas: 6, maxUnavailable: 1, pods: "5n 3n*", want: "3n*" },
  { name: "pods that are down let fewer go", replicas: 8, maxUnavailable: 2, pods: "5n 1n✗ 2n*", want: "1n*" },
  { name: "those that are not ready always go", replicas: 8, maxUnavailable: 0, pods: "6n 2n✗*", want: "2n✗*" },
  {
    name: "a named pod that is down uses up the budget as well",
    replicas: 5,
    maxUnavailable: 1,
    pods: "3n 1n* 1n✗*",
    want: "1n✗*",
  },
  {
    name: "one that waits for its hook is not asked again",
    replicas: 5,
    maxUnavailable: 5,
    pods: "4n 1nPD*",
    want: "nothing",
  },
];
for (const { name, pods, want, ...given } of named) {
  test(`named pods: ${name}`, () => {
    const { all, counts, wanted, say } = scene(pods, given);
    assert.equal(say(chooseNamed(all, counts, wanted)), want);
  });
}

const excess = [
  {
    name: "old ones down to the partition, then updated ones",
    replicas: 7,
    partition: 3,
    maxUnavailable: 2,
    pods: "4o 6n",
    want: "1o 2n",
  },
  {
    name: "broken ones first, whatever their revision",
    replicas: 6,
    partition: 4,
    maxUnavailable: 1,
    pods: "4o 3n 1n✗",
    want: "1n✗ 1n",
  },
  {
    name: "broken old ones below the partition too",
    replicas: 4,
    partition: 3,
    maxUnavailable: 1,
    pods: "2o 1o✗ 3n",
    want: "1o✗ 1n",
  },
  {
    name: "excess that is merely surge keeps the usual order",
    replicas: 5,
    maxUnavailable: 1,
    maxSurge: 1,
    pods: "1o 4n 1n✗",
    want: "1o",
  },
  {
    name: "no available pod below replicas − maxUnavailable",
    replicas: 5,
    partition: 2,
    maxUnavailable: 0,
    maxSurge: 3,
    pods: "5o 3n✗",
    want: "nothing",
  },
  {
    name: "ready pods that are not available yet keep nobody up",
    replicas: 3,
    maxUnavailable: 0,
    minReadySeconds: 7200,
    pods: "2o 3n",
    want: "2o",
  },
  {
    name: "nor a pod whose going leaves too few ready ones, though none is available yet",
    replicas: 3,
    maxUnavailable: 0,
    maxSurge: 2,
    minReadySeconds: 7200,
    pods: "3o 2n✗",
    want: "nothing",
  },
  {
    name: "no pod that the next plan would make anew: a removal can bring surge back into use",
    replicas: 5,
    maxUnavailable: 5,
    maxSurge: 1,
    pods: "2o 3n 2n✗",
    want: "1n✗",
  },
  { name: "nothing when there are not too many", replicas: 5, maxUnavailable: 5, pods: "3n 2n✗", want: "nothing" },
];
for (const { name, pods, want, ...given } of excess) {
  test(`scale in: ${name}`, () => {
    const { all, counts, wanted, say } = scene(pods, given);
    const surge = surgeInUse(counts, wanted, 100);
    assert.equal(
      say(
        chooseExcess(all, {
          counts,
          wanted,
          surge,
          surgeable: 100,
          topology: { keys: [], nodeLabels: new Map() },
          features: featureDefaults,
        }).map(({ member }) => member),
      ),
      want,
    );
  });
}

test("named pods: one that is ready, but not available yet, is down already, so its going costs nothing more", () => {
  const fresh = podsInShort("2n 1n*", { readyForSeconds: 5 }).slice(2);
  const pods = [...podsInShort("2n"), ...fresh];
  const given = { replicas: 3, maxUnavailable: 1, minReadySeconds: 10, same: true };
  assert.equal(inShort(workPlan(anObservation({ ...given, pods })), pods), "delete 1n*");
  assert.equal(inShort(workPlan(anObservation({ ...given, maxUnavailable: 0, pods })), pods), "nothing");
});

test("scale in: an available pod does not go for one that is merely ready", () => {
  const old = podsInShort("3o");
  const fresh = podsInShort("3o 2n", { readyForSeconds: 5 }).slice(3);
  const given = { replicas: 3, maxUnavailable: 0, minReadySeconds: 10 };
  assert.equal(inShort(workPlan(anObservation({ ...given, pods: [...old, ...fresh] })), old), "nothing");
});

test("scale in: named pods and hooks under way go first, and the surplus waits for them", () => {
  const pods = podsInShort("4n 1n*");
  assert.equal(
    inShort(workPlan(anObservation({ replicas: 3, maxUnavailable: 0, same: true, pods })), pods),
    "delete 1n*",
  );
});

test("scale in: paused, excess is counted without surge", () => {
  const pods = podsInShort("3o 2n 1n✗");
  const seen = anObservation({ replicas: 5, maxUnavailable: 1, maxSurge: 1, paused: true, pods });
  assert.equal(inShort(workPlan(seen), pods), "scale in 1n✗");
});

test("a named pod goes whatever happens to it meanwhile, unless it goes because it is not ready; a chosen one only as it was seen", () => {
  const pods = [
    aPod({ id: "bbbbb", named: true, ready: false }),
    aPod({ id: "ccccc", named: true }),
    aPod({ id: "ddddd" }),
    aPod({ id: "fffff" }),
    aPod({ id: "ggggg" }),
  ];
  const seen = anObservation({ replicas: 4, maxUnavailable: 1, same: true, pods });
  const forNamed = actionsOf(workPlan(seen).actions, "deletePod");
  assert.deepEqual(
    forNamed.map(({ pod, ifUnchanged }) => [pod.name, ifUnchanged]),
    [
      ["web-bbbbb", true],
      ["web-ccccc", false],
    ],
  );
  const chosen = actionsOf(
    workPlan(anObservation({ replicas: 2, same: true, pods: pods.slice(2) })).actions,
    "deletePod",
  );
  assert.deepEqual(
    chosen.map(({ ifUnchanged }) => ifUnchanged),
    [true],
  );
});

test("a name in podsToDelete asks for the same as the label, spaces around it or not", () => {
  const pods = podsInShort("3n");
  const seen = anObservation({
    replicas: 3,
    same: true,
    maxUnavailable: 1,
    podsToDelete: [" web-bbbbc ", "web-gone"],
    pods,
  });
  assert.deepEqual(
    actionsOf(workPlan(seen).actions, "deletePod").map(({ pod, reason }) => [pod.name, reason]),
    [["web-bbbbc", "podsToDelete"]],
  );
});
