// What cannot be carried out is refused by the API server itself, with the path of the field. No webhook runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, type Json } from "../support/e2e/manifests.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("input", { controller: false });

const [container] = (aCloneSet("x")["spec"] as { template: { spec: { containers: Json[] } } }).template.spec.containers;

const cases: { name: string; spec: Json; field: string }[] = [
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
];

for (const { name, spec, field } of cases) {
  test(`${name} is refused`, async () => {
    const manifest = JSON.stringify(aCloneSet("bad", { spec }));
    const { code, stdout, stderr } = await story.kubectl(["apply", "-f", "-"], manifest);
    assert.notEqual(code, 0, `kubectl apply succeeded: ${stdout}`);
    assert.ok(stderr.includes(field), `want the field ${field} in: ${stderr}`);
  });
}

test("an edit that goes wrong leaves the CloneSet as it was", async () => {
  await story.apply(aCloneSet("good"));
  const before = await story.cloneSet("good");
  const patch = JSON.stringify({ spec: { replicas: -1 } });
  const { code, stderr } = await story.kubectl(["patch", "clone", "good", "--type=merge", "-p", patch]);
  assert.notEqual(code, 0);
  assert.ok(stderr.includes("spec.replicas"), stderr);
  assert.deepEqual(await story.cloneSet("good"), before);
});
