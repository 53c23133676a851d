// What a Deployment does with its ReplicaSets, step by step.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonMap, StoredObject } from "../../../src/sandbox/objects.ts";
import { statusOf } from "../../../src/sandbox/pods.ts";
import type { Step } from "../../../src/sandbox/rollout.ts";
import { isComplete, rolloutSteps, setsOf, strategyOf } from "../../../src/sandbox/rollout.ts";
import { deploymentStatus } from "../../../src/sandbox/rollout-status.ts";
import { replicasOf } from "../../../src/sandbox/workloads.ts";

const START = "2026-01-01T00:00:00Z";
const startMs = Date.parse(START);

function anObject(
  kind: string,
  name: string,
  rest: { metadata?: object; spec: JsonMap; status?: JsonMap },
): StoredObject {
  const { metadata = {}, ...parts } = rest;
  const meta = { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: "1", creationTimestamp: START };
  return { apiVersion: "apps/v1", kind, metadata: { ...meta, generation: 1, ...metadata }, ...parts };
}

const templateOf = (image: string) => ({ metadata: { labels: { app: "web" } }, spec: { containers: [{ image }] } });

function aDeployment(spec: JsonMap = {}, status: JsonMap = {}): StoredObject {
  const selector = { matchLabels: { app: "web" } };
  const all = { replicas: 4, progressDeadlineSeconds: 600, selector, template: templateOf("v2"), ...spec };
  return anObject("Deployment", "web", { spec: all, status });
}

/** A set whose controller has seen everything; `available` of its pods are. */
function aSet(image: string, replicas: number, more: { available?: number; revision?: number; status?: JsonMap } = {}) {
  const { available = replicas, revision = Number(image.slice(1)), status = {} } = more;
  return anObject("ReplicaSet", `web-${image}`, {
    metadata: { annotations: { "deployment.kubernetes.io/revision": String(revision) } },
    spec: { replicas, template: templateOf(image) },
    status: { observedGeneration: 1, replicas, readyReplicas: available, availableReplicas: available, ...status },
  });
}

function inShort(step: Step): string {
  if (step.kind === "create") return `create ${Number((step.set["spec"] as JsonMap)["replicas"])}`;
  const { name } = step.set.metadata;
  if (step.kind === "delete") return `delete ${name}`;
  const { spec, metadata } = step.change as { spec?: { replicas?: number }; metadata?: { annotations: object } };
  return spec?.replicas === undefined
    ? `note on ${name} ${JSON.stringify(metadata?.annotations)}`
    : `scale ${name} to ${spec.replicas}`;
}

const strategies: {
  name: string;
  replicas: number;
  rollingUpdate: JsonMap;
  want: [surge: number, unavailable: number];
}[] = [
  {
    name: "surge rounds up, unavailability down",
    replicas: 5,
    rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
    want: [2, 1],
  },
  {
    name: "numbers are taken as they are",
    replicas: 5,
    rollingUpdate: { maxSurge: 3, maxUnavailable: 0 },
    want: [3, 0],
  },
  {
    name: "what rounds to nothing still moves",
    replicas: 3,
    rollingUpdate: { maxSurge: 0, maxUnavailable: "10%" },
    want: [0, 1],
  },
  {
    name: "no more than all may be unavailable",
    replicas: 2,
    rollingUpdate: { maxSurge: 0, maxUnavailable: 5 },
    want: [0, 2],
  },
];
for (const { name, replicas, rollingUpdate, want } of strategies) {
  test(`strategy: ${name}`, () => {
    const { maxSurge, maxUnavailable } = strategyOf(aDeployment({ replicas, strategy: { rollingUpdate } }));
    assert.deepEqual([maxSurge, maxUnavailable], want);
  });
}

const QUARTER = { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } } };
const RECREATE = { strategy: { type: "Recreate" } };
const situations: { name: string; spec?: JsonMap; sets: StoredObject[]; want: string[] }[] = [
  { name: "a new Deployment has all its pods at once", sets: [], want: ["create 4"] },
  { name: "a new template starts with what may surge", sets: [aSet("v1", 4)], want: ["create 1"] },
  {
    name: "old pods go while new ones come up",
    sets: [aSet("v1", 4), aSet("v2", 1, { available: 0 })],
    want: ["scale web-v1 to 3"],
  },
  {
    name: "it waits while as many are missing as may be",
    sets: [aSet("v1", 3), aSet("v2", 2, { available: 0 })],
    want: [],
  },
  { name: "room for a new one is taken first", sets: [aSet("v1", 3), aSet("v2", 1)], want: ["scale web-v2 to 2"] },
  {
    name: "old pods that are not available go first, whatever the age of their set",
    sets: [aSet("v0", 3), aSet("v1", 1, { available: 0 }), aSet("v2", 1)],
    want: ["scale web-v0 to 2", "scale web-v1 to 0"],
  },
  {
    name: "scaled down: the new set at once",
    spec: { replicas: 1 },
    sets: [aSet("v2", 4)],
    want: ["scale web-v2 to 1"],
  },
  {
    name: "paused: the only set with pods follows",
    spec: { paused: true, replicas: 6 },
    sets: [aSet("v1", 4), aSet("v2", 0)],
    want: ["scale web-v1 to 6"],
  },
  {
    name: "paused in the middle: nothing moves",
    spec: { paused: true },
    sets: [aSet("v1", 3), aSet("v2", 2)],
    want: [],
  },
  { name: "paused and new: nothing is made", spec: { paused: true }, sets: [], want: [] },
  { name: "recreate: first the old ones go", spec: RECREATE, sets: [aSet("v1", 4)], want: ["scale web-v1 to 0"] },
  {
    name: "recreate: a pod that is going is waited for",
    spec: RECREATE,
    sets: [aSet("v1", 0, { status: { terminatingReplicas: 1 } })],
    want: [],
  },
  {
    name: "recreate: a set whose status is old news is waited for",
    spec: RECREATE,
    sets: [aSet("v1", 0, { status: { observedGeneration: 0 } })],
    want: [],
  },
  { name: "recreate: then the new ones come, all at once", spec: RECREATE, sets: [aSet("v1", 0)], want: ["create 4"] },
  {
    name: "back to an old template: its set gets the next revision",
    sets: [aSet("v2", 4, { revision: 1 }), aSet("v3", 0, { revision: 2 })],
    want: ['note on web-v2 {"deployment.kubernetes.io/revision":"3"}'],
  },
  {
    name: "done: the oldest revisions beyond the limit are forgotten",
    spec: { revisionHistoryLimit: 1 },
    sets: [aSet("v0", 0), aSet("v1", 0), aSet("v2", 4)],
    want: ["delete web-v0"],
  },
  {
    name: "not done: nothing is forgotten",
    spec: { revisionHistoryLimit: 0 },
    sets: [aSet("v1", 0), aSet("v2", 4, { available: 3 })],
    want: [],
  },
];
for (const { name, spec = {}, sets, want } of situations) {
  test(`rollout: ${name}`, () => {
    const deployment = aDeployment({ ...QUARTER, ...spec });
    assert.deepEqual(rolloutSteps(deployment, setsOf(deployment, sets)).map(inShort), want);
  });
}

test("rollout: the label of the hash is no difference, another label is one", () => {
  const labelled = (labels: object) => {
    const set = aSet("v2", 4);
    const template = { ...templateOf("v2"), metadata: { labels: { app: "web", ...labels } } };
    return { ...set, spec: { ...(set["spec"] as JsonMap), template } };
  };
  const deployment = aDeployment(QUARTER);
  const found = (labels: object) => setsOf(deployment, [labelled(labels)]).current?.metadata.name;
  assert.deepEqual([found({ "pod-template-hash": "x" }), found({ more: "x" })], ["web-v2", undefined]);
});
test("rollout: a Deployment that is being deleted does nothing", () => {
  const deployment = aDeployment(QUARTER);
  const going = { ...deployment, metadata: { ...deployment.metadata, deletionTimestamp: START } };
  assert.deepEqual(rolloutSteps(going, setsOf(going, [])), []);
});

test("rollout: pods stay within the bounds, and it ends", () => {
  const bounds = fc
    .record({ maxSurge: fc.nat(3), maxUnavailable: fc.nat(3) })
    .filter(({ maxSurge, maxUnavailable }) => maxSurge + maxUnavailable > 0);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      bounds,
      fc.infiniteStream(fc.boolean()),
      (replicas, rollingUpdate, luck) => {
        const deployment = aDeployment({ replicas, strategy: { type: "RollingUpdate", rollingUpdate } });
        const { maxSurge, maxUnavailable } = strategyOf(deployment);
        let sets = [aSet("v1", replicas)];
        for (let round = 0; !isComplete(deployment, setsOf(deployment, sets)); round++) {
          assert.ok(round < 1000, "still moving after 1000 rounds");
          for (const step of rolloutSteps(deployment, setsOf(deployment, sets))) sets = after(step, sets);
          // Between the steps, one pod or none of each set comes up.
          sets = sets.map((set) => {
            const wanted = replicasOf(set);
            const up = Math.min(wanted, available(set) + Number(luck.next().value));
            return aSet(set.metadata.name.slice(4), wanted, { available: up });
          });
          const total = sets.reduce((sum, set) => sum + replicasOf(set), 0);
          const up = sets.reduce((sum, set) => sum + available(set), 0);
          assert.ok(total <= replicas + maxSurge, `${total} pods, at most ${replicas + maxSurge}`);
          assert.ok(up >= replicas - maxUnavailable, `${up} available, at least ${replicas - maxUnavailable}`);
        }
      },
    ),
  );
});

const available = (set: StoredObject) => Number(statusOf(set)["availableReplicas"]);

function after(step: Step, sets: StoredObject[]): StoredObject[] {
  if (step.kind === "create")
    return [...sets, aSet("v2", Number((step.set["spec"] as JsonMap)["replicas"]), { available: 0 })];
  if (step.kind === "delete") return sets.filter((set) => set !== step.set);
  const { replicas } = step.change["spec"] as { replicas?: number };
  return sets.map((set) =>
    set.metadata.name === step.set.metadata.name && replicas !== undefined
      ? aSet(set.metadata.name.slice(4), replicas, { available: Math.min(replicas, available(set)) })
      : set,
  );
}

const progressing = (reason: string, set: string, status = "True") => ({
  type: "Progressing",
  status,
  reason,
  message: `ReplicaSet "${set}" is progressing.`,
  lastUpdateTime: START,
  lastTransitionTime: START,
});
const tellings: {
  name: string;
  spec?: JsonMap;
  status?: JsonMap;
  sets: StoredObject[];
  afterSeconds?: number;
  want: [reason: string | undefined, againInSeconds: number | undefined];
}[] = [
  {
    name: "a set that is new",
    sets: [aSet("v2", 4, { available: 0, status: { replicas: 0 } })],
    want: ["NewReplicaSetCreated", 600],
  },
  {
    name: "pods that came up",
    status: { conditions: [progressing("NewReplicaSetCreated", "web-v2")] },
    sets: [aSet("v2", 4, { available: 1 })],
    afterSeconds: 60,
    want: ["ReplicaSetUpdated", 600],
  },
  {
    name: "nothing new",
    status: { replicas: 4, updatedReplicas: 4, conditions: [progressing("ReplicaSetUpdated", "web-v2")] },
    sets: [aSet("v2", 4, { available: 0 })],
    afterSeconds: 60,
    want: ["ReplicaSetUpdated", 540],
  },
  {
    name: "nothing new for too long",
    status: { replicas: 4, updatedReplicas: 4, conditions: [progressing("ReplicaSetUpdated", "web-v2")] },
    sets: [aSet("v2", 4, { available: 0 })],
    afterSeconds: 600,
    want: ["ProgressDeadlineExceeded", undefined],
  },
  {
    name: "late, and then it moves",
    status: {
      replicas: 4,
      updatedReplicas: 4,
      conditions: [progressing("ProgressDeadlineExceeded", "web-v2", "False")],
    },
    sets: [aSet("v2", 4, { available: 1 })],
    afterSeconds: 900,
    want: ["ReplicaSetUpdated", 600],
  },
  { name: "all is there", sets: [aSet("v1", 0), aSet("v2", 4)], want: ["NewReplicaSetAvailable", undefined] },
  {
    name: "a pod that fails after the rollout starts no new one",
    status: { conditions: [progressing("NewReplicaSetAvailable", "web-v2")] },
    sets: [aSet("v2", 4, { available: 3 })],
    want: ["NewReplicaSetAvailable", undefined],
  },
  { name: "paused", spec: { paused: true }, sets: [aSet("v1", 4)], want: ["DeploymentPaused", undefined] },
  {
    name: "nobody set a deadline",
    spec: { progressDeadlineSeconds: undefined },
    sets: [aSet("v2", 4)],
    want: [undefined, undefined],
  },
];
for (const { name, spec = {}, status = {}, sets, afterSeconds = 0, want } of tellings) {
  test(`progress: ${name}`, () => {
    const deployment = aDeployment({ ...QUARTER, ...spec }, status);
    const told = deploymentStatus(deployment, setsOf(deployment, sets), startMs + afterSeconds * 1000);
    const conditions = told.status["conditions"] as { type: string; reason: string }[];
    const { reason } = conditions.find(({ type }) => type === "Progressing") ?? {};
    assert.deepEqual([reason, told.againInMs === undefined ? undefined : told.againInMs / 1000], want);
  });
}
