import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireCloneSet } from "../../../src/api/convert.ts";
import { fromV1alpha1, statusFromWire } from "../../../src/api/convert.ts";

const metadata = { name: "web", namespace: "shop", uid: "u", resourceVersion: "5", generation: 2 };
const bare: WireCloneSet = { metadata };

test("convert: what is absent has the documented default", () => {
  const { spec } = fromV1alpha1(bare);
  assert.deepEqual(
    { ...spec, template: undefined, selector: undefined },
    {
      replicas: 1,
      selector: undefined,
      template: undefined,
      claimTemplates: [],
      minReadySeconds: 0,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: undefined,
      scaleStrategy: { podsToDelete: [], maxUnavailable: undefined, reusePvcs: true, excludePreparingDelete: false },
      updateStrategy: {
        type: "ReCreate",
        partition: 0,
        maxUnavailable: "20%",
        maxSurge: 0,
        paused: false,
        priority: { weights: [], orderedKeys: [] },
        scatter: [],
        gracePeriodSeconds: 0,
      },
      lifecycle: {},
    },
  );
});

test("convert: null is the same as absent", () => {
  const nulls: WireCloneSet = {
    metadata,
    spec: {
      replicas: null,
      scaleStrategy: null,
      updateStrategy: null,
      lifecycle: null,
      volumeClaimTemplates: null,
      minReadySeconds: null,
    },
  };
  assert.deepEqual(fromV1alpha1(nulls).spec, fromV1alpha1({ metadata, spec: {} }).spec);
});

test("convert: zeros and false are values, not absence", () => {
  const { spec } = fromV1alpha1({
    metadata,
    spec: {
      replicas: 0,
      revisionHistoryLimit: 0,
      scaleStrategy: { maxUnavailable: 0 },
      updateStrategy: { maxUnavailable: 0 },
    },
  });
  assert.deepEqual(
    [spec.replicas, spec.revisionHistoryLimit, spec.scaleStrategy.maxUnavailable, spec.updateStrategy.maxUnavailable],
    [0, 0, 0, 0],
  );
});

const cases: {
  name: string;
  wire: WireCloneSet;
  read: (of: ReturnType<typeof fromV1alpha1>) => unknown;
  want: unknown;
}[] = [
  {
    name: "PVCs are reused unless that is switched off",
    wire: { metadata, spec: { scaleStrategy: { disablePVCReuse: true } } },
    read: ({ spec }) => spec.scaleStrategy.reusePvcs,
    want: false,
  },
  {
    name: "OnDelete has neither partition nor surge",
    wire: {
      metadata,
      spec: { updateStrategy: { type: "OnDelete", partition: 3, maxSurge: 2, maxUnavailable: "30%" } },
    },
    read: ({ spec: { updateStrategy: u } }) => [u.partition, u.maxSurge, u.maxUnavailable],
    want: [0, 0, "30%"],
  },
  {
    name: "an empty type is the default one",
    wire: { metadata, spec: { updateStrategy: { type: "" } } },
    read: ({ spec }) => spec.updateStrategy.type,
    want: "ReCreate",
  },
  {
    name: "a deadline of 2147483647 is none",
    wire: { metadata, spec: { progressDeadlineSeconds: 2147483647 } },
    read: ({ spec }) => spec.progressDeadlineSeconds,
    want: undefined,
  },
  {
    name: "the label leaves pods in PreparingDelete out",
    wire: { metadata: { ...metadata, labels: { "apps.kruise.io/cloneset-scaling-exclude-preparing-delete": "true" } } },
    read: ({ spec }) => spec.scaleStrategy.excludePreparingDelete,
    want: true,
  },
  {
    name: 'only the value "true" does',
    wire: { metadata: { ...metadata, labels: { "apps.kruise.io/cloneset-scaling-exclude-preparing-delete": "1" } } },
    read: ({ spec }) => spec.scaleStrategy.excludePreparingDelete,
    want: false,
  },
  {
    name: "a deletionTimestamp says that it is being deleted",
    wire: { metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
    read: ({ deleting }) => deleting,
    want: true,
  },
  {
    name: "weights and ordered keys",
    wire: {
      metadata,
      spec: {
        updateStrategy: {
          priorityStrategy: {
            weightPriority: [{ weight: 5, matchSelector: { matchLabels: { a: "1" } } }],
            orderPriority: [{ orderedKey: "k" }],
          },
        },
      },
    },
    read: ({ spec }) => spec.updateStrategy.priority,
    want: { weights: [{ weight: 5, selector: { matchLabels: { a: "1" } } }], orderedKeys: ["k"] },
  },
  {
    name: "a hook without handlers is a hook",
    wire: { metadata, spec: { lifecycle: { preDelete: {} } } },
    read: ({ spec }) => spec.lifecycle,
    want: { preDelete: { labelsHandler: {}, finalizersHandler: [], markPodNotReady: false } },
  },
];
for (const { name, wire, read, want } of cases) {
  test(`convert: ${name}`, () => assert.deepEqual(read(fromV1alpha1(wire)), want));
}

test("convert: a status never written is zeros, and never observed", () => {
  const status = statusFromWire(undefined);
  assert.equal(status.observedGeneration, -1);
  assert.deepEqual(
    [status.replicas, status.instanceCounter, status.collisionCount, status.updateRevision],
    [0, 0, 0, ""],
  );
  assert.deepEqual(status.conditions, []);
  assert.ok(!("pausedSplit" in status));
});

test("convert: a status is read back as it was written", () => {
  const pausedSplit = { updateRevision: "web-1", oldReplicas: 1, replicas: 2 };
  const written = { ...statusFromWire(undefined), observedGeneration: 4, instanceCounter: 9, pausedSplit };
  assert.deepEqual(statusFromWire(written), written);
  assert.ok(!("pausedSplit" in statusFromWire({ ...written, pausedSplit: null })));
});
