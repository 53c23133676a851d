// What cannot be carried out is refused by the API server itself, with the path of the field. No webhook runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, type Json } from "../support/e2e/manifests.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("input", { controller: false });

const [container] = (aCloneSet("x")["spec"] as { template: { spec: { containers: Json[] } } }).template.spec.containers;

const canary = { matchLabels: { canary: "yes" } };

/** `says`: what else the message must hold, so that the user knows what to write instead. */
const cases: { name: string; spec: Json; field: string; says?: string }[] = [
  {
    name: "a typo in the pod template",
    spec: {
      template: {
        metadata: { labels: { app: "bad" } },
        spec: { containers: [{ ...container, imagePullPolicyy: "Always" }] },
      },
    },
    field: "spec.template.spec.containers[0].imagePullPolicyy",
  },
  {
    name: "a selector that does not match the template's labels",
    spec: { selector: { matchLabels: { app: "other" } } },
    field: "spec.template.metadata.labels",
  },
  { name: 'partition "abc"', spec: { updateStrategy: { partition: "abc" } }, field: "spec.updateStrategy.partition" },
  { name: "negative replicas", spec: { replicas: -1 }, field: "spec.replicas" },
  {
    name: "a weight beyond 100",
    spec: { updateStrategy: { priorityStrategy: { weightPriority: [{ weight: 101, matchSelector: canary }] } } },
    field: "spec.updateStrategy.priorityStrategy.weightPriority[0].weight",
    says: "should be less than or equal to 100",
  },
  {
    name: "a weight for no pods in particular",
    spec: { updateStrategy: { priorityStrategy: { weightPriority: [{ weight: 1, matchSelector: {} }] } } },
    field: "spec.updateStrategy.priorityStrategy.weightPriority[0].matchSelector",
    says: "must not be empty",
  },
  {
    name: "weights and ordered keys together",
    spec: {
      updateStrategy: {
        priorityStrategy: {
          weightPriority: [{ weight: 1, matchSelector: canary }],
          orderPriority: [{ orderedKey: "shard" }],
        },
      },
    },
    field: "spec.updateStrategy.priorityStrategy",
    says: "either weightPriority or orderPriority, not both",
  },
  {
    name: "the same scatter term twice",
    spec: {
      updateStrategy: {
        scatterStrategy: [
          { key: "zone", value: "a" },
          { key: "zone", value: "a" },
        ],
      },
    },
    field: "spec.updateStrategy.scatterStrategy[1]",
    says: "Duplicate value",
  },
  {
    name: "maxSurge with InPlaceOnly",
    spec: { updateStrategy: { type: "InPlaceOnly", maxSurge: 1 } },
    field: "spec.updateStrategy.maxSurge",
    says: "must be 0 with type InPlaceOnly",
  },
  {
    name: "neither maxSurge nor maxUnavailable",
    spec: { updateStrategy: { maxSurge: 0, maxUnavailable: 0 } },
    field: "spec.updateStrategy.maxUnavailable",
    says: "must not be 0 while maxSurge is 0 too",
  },
  {
    name: "maxSurge without a per cent sign",
    spec: { updateStrategy: { maxSurge: "5" } },
    field: "spec.updateStrategy.maxSurge",
    says: 'a percentage of replicas (such as "20%"',
  },
  {
    name: "a negative maxSurge",
    spec: { updateStrategy: { maxSurge: -1 } },
    field: "spec.updateStrategy.maxSurge",
    says: "an integer from 0",
  },
  {
    name: "a strategy that does not exist",
    spec: { updateStrategy: { type: "InPlace" } },
    field: "spec.updateStrategy.type",
    says: '"InPlaceIfPossible"',
  },
  {
    name: "a hook that is no list of finalizers",
    spec: { lifecycle: { preDelete: { finalizersHandler: "example.com/drain" } } },
    field: "spec.lifecycle.preDelete.finalizersHandler",
    says: "must be of type array",
  },
  {
    name: "a hook that does not exist",
    spec: { lifecycle: { preStop: { markPodNotReady: true } } },
    field: "spec.lifecycle.preStop",
    says: "unknown field",
  },
  {
    name: "a grace period below zero",
    spec: { updateStrategy: { inPlaceUpdateStrategy: { gracePeriodSeconds: -1 } } },
    field: "spec.updateStrategy.inPlaceUpdateStrategy.gracePeriodSeconds",
    says: "greater than or equal to 0",
  },
];

for (const { name, spec, field, says = "" } of cases) {
  test(`${name} is refused`, async () => {
    const manifest = JSON.stringify(aCloneSet("bad", { spec }));
    const { code, stdout, stderr } = await story.kubectl(["apply", "-f", "-"], manifest);
    assert.notEqual(code, 0, `kubectl apply succeeded: ${stdout}`);
    assert.ok(stderr.includes(field), `want the field ${field} in: ${stderr}`);
    assert.ok(stderr.includes(says), `want ${says} in: ${stderr}`);
  });
}

test("an edit that goes wrong leaves the CloneSet as it was", async () => {
  await story.apply(aCloneSet("good"));
  const { metadata, spec } = await story.cloneSet("good");
  const patch = JSON.stringify({ spec: { replicas: -1 } });
  const { code, stderr } = await story.kubectl(["patch", "clone", "good", "--type=merge", "-p", patch]);
  assert.notEqual(code, 0);
  assert.ok(stderr.includes("spec.replicas"), stderr);
  const after = await story.cloneSet("good");
  assert.deepEqual(after.spec, spec);
  assert.equal(after.metadata.generation, metadata.generation);
});
