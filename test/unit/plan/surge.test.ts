import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import { SpecError } from "../../../src/api/spec-error.ts";
import { maxSurge } from "../../../src/plan/max-surge.ts";
import { surgeInUse } from "../../../src/plan/surge.ts";
import { tally } from "../../../src/plan/tally.ts";
import { targets } from "../../../src/plan/targets.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";
import { members } from "../../support/an-observation.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

const limits = [
  { name: "a percentage rounds up", replicas: 5, maxSurge: "50%", want: 3 },
  { name: "none by default", replicas: 5, want: 0 },
  { name: "none while paused", replicas: 5, maxSurge: 3, paused: true, want: 0 },
  { name: "none with OnDelete", replicas: 5, maxSurge: 3, type: "OnDelete", want: 0 },
];
for (const { name, want, ...given } of limits) {
  test(`maxSurge: ${name}`, () => assert.equal(maxSurge(aCloneSet(given).spec), want));
}

test("maxSurge: what cannot be read is refused", () => {
  assert.throws(() => maxSurge(aCloneSet({ maxSurge: "many" }).spec), SpecError);
});

const cases = [
  {
    name: "nothing to move, nothing named: none",
    replicas: 6,
    maxSurge: 2,
    maxUnavailable: 1,
    pods: "6n",
    want: { pods: 0, old: 0 },
  },
  {
    name: "as many as pods are to be re-created, up to maxSurge",
    replicas: 6,
    maxSurge: 2,
    maxUnavailable: 0,
    pods: "6o",
    want: { pods: 2, old: 0 },
  },
  {
    name: "no more than are left to move",
    replicas: 6,
    maxSurge: 3,
    maxUnavailable: 0,
    pods: "2o 4n",
    want: { pods: 2, old: 0 },
  },
  {
    name: "none for pods that are patched in place",
    replicas: 6,
    maxSurge: 2,
    maxUnavailable: 1,
    pods: "6o",
    surgeable: 0,
    want: { pods: 0, old: 0 },
  },
  {
    name: "only for those that must be re-created",
    replicas: 6,
    maxSurge: 3,
    maxUnavailable: 1,
    pods: "6o",
    surgeable: 1,
    want: { pods: 1, old: 0 },
  },
  {
    name: "for named pods beyond what may go at once",
    replicas: 6,
    maxSurge: 1,
    maxUnavailable: 1,
    pods: "4n 2n*",
    want: { pods: 1, old: 0 },
  },
  {
    name: "not for named pods that may go at once",
    replicas: 6,
    maxSurge: 2,
    maxUnavailable: 2,
    pods: "4n 2n*",
    want: { pods: 0, old: 0 },
  },
  {
    name: "stand-ins for old pods below the partition are old",
    replicas: 5,
    partition: 2,
    maxSurge: 2,
    maxUnavailable: 0,
    pods: "2o* 3n",
    want: { pods: 2, old: 2 },
  },
  {
    name: "named updated pods are stood in for by updated ones first",
    replicas: 5,
    partition: 2,
    maxSurge: 2,
    maxUnavailable: 0,
    pods: "1o 1o* 2n 1n*",
    want: { pods: 2, old: 1 },
  },
];
for (const { name, pods, want, surgeable = 100, ...given } of cases) {
  test(`surge in use: ${name}`, () => {
    const wanted = targets(aCloneSet(given).spec, { split: undefined, features: featureDefaults, twoRevisions: true });
    assert.deepEqual(surgeInUse(tally(members(podsInShort(pods)), featureDefaults), wanted, surgeable), want);
  });
}
