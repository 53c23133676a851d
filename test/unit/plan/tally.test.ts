import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import { tally } from "../../../src/plan/tally.ts";
import { aPod } from "../../support/a-pod.ts";
import { OLD } from "../../support/a-revision.ts";
import { members } from "../../support/an-observation.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

const none = { old: 0, updated: 0 };
const cases = [
  {
    name: "pods are old or updated",
    pods: "3o 2n 1t",
    want: {
      total: 6,
      active: { old: 4, updated: 2 },
      named: none,
      preparingDelete: none,
      unavailable: 0,
      unavailableNamed: 0,
    },
  },
  {
    name: "a named pod that is down is counted as down, but apart",
    pods: "1n 1n✗ 1n✗* 1n*",
    want: {
      total: 4,
      active: { old: 0, updated: 4 },
      named: { old: 0, updated: 2 },
      preparingDelete: none,
      unavailable: 1,
      unavailableNamed: 1,
    },
  },
  {
    name: "a named pod in PreparingDelete is only the latter",
    pods: "1nPD* 1oPD 1n",
    want: {
      total: 3,
      active: { old: 0, updated: 1 },
      named: none,
      preparingDelete: { old: 1, updated: 1 },
      unavailable: 2,
      unavailableNamed: 0,
    },
  },
];
for (const { name, pods, want } of cases) {
  test(`tally: ${name}`, () => assert.deepEqual(tally(members(podsInShort(pods)), featureDefaults), want));
}

test("tally: with PreparingUpdateAsUpdate a pod about to be updated counts as updated", () => {
  const [member] = members([aPod({ revision: OLD, state: "PreparingUpdate" })]);
  assert.ok(member);
  assert.deepEqual(tally([member], featureDefaults).active, { old: 1, updated: 0 });
  assert.deepEqual(tally([member], { ...featureDefaults, PreparingUpdateAsUpdate: true }).active, {
    old: 0,
    updated: 1,
  });
});
