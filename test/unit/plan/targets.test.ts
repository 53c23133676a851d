import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import { targets } from "../../../src/plan/targets.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";

const given = { split: undefined, features: featureDefaults, twoRevisions: true };

test("targets: every number of the spec is resolved to pods", () => {
  const { spec } = aCloneSet({
    replicas: 10,
    partition: "25%",
    maxUnavailable: "25%",
    maxSurge: "25%",
    scaleMaxUnavailable: "25%",
  });
  assert.deepEqual(targets(spec, given), {
    replicas: 10,
    partition: 3,
    maxUnavailable: 2,
    maxSurge: 3,
    scaleMaxUnavailable: 3,
    excludePreparingDelete: false,
    mayRollBack: false,
  });
});

test("targets: a recorded split takes the place of the partition", () => {
  const split = { updateRevision: "web-2", oldReplicas: 1, replicas: 2 };
  assert.equal(targets(aCloneSet({ replicas: 7, partition: 0, paused: true }).spec, { ...given, split }).partition, 4);
});

const rollBack = [
  { name: "with the gate and two revisions", gate: true, twoRevisions: true, want: true },
  { name: "not without the gate", gate: false, twoRevisions: true, want: false },
  { name: "not when the current revision is the update revision", gate: true, twoRevisions: false, want: false },
];
for (const { name, gate, twoRevisions, want } of rollBack) {
  test(`targets: pods may move back ${name}`, () => {
    const features = { ...featureDefaults, CloneSetPartitionRollback: gate };
    assert.equal(targets(aCloneSet().spec, { ...given, features, twoRevisions }).mayRollBack, want);
  });
}
