/** What Argo CD, Flux and Helm say of CloneSets, from every version of them that the controller really wrote. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonMap, StoredObject } from "../../../src/sandbox/objects.ts";
import { runLua } from "../../support/argo-lua.ts";
import { argoBuiltIn, kstatus } from "../../support/health-checks.ts";
import { Lab } from "../../support/lab.ts";

const template = (image: string, more: JsonMap = {}): JsonMap => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "app", image, ...more }] },
});
const spec = (updateStrategy: JsonMap = {}, more: JsonMap = {}): JsonMap => ({
  replicas: 3,
  selector: { matchLabels: { app: "web" } },
  template: template("app:v1"),
  updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: 1, ...updateStrategy },
  ...more,
});

interface Story {
  name: string;
  first: JsonMap;
  annotations?: Record<string, string>;
  /** One after the other, each when the one before has come to rest. */
  edits?: JsonMap[];
  /** What each says while the last edit is carried out, repetitions left out: the last one is what it says at rest. */
  argo: string[];
  kstatus: string[];
  /** The check that Argo CD brings along. Its "Degraded" in mid-rollout is what ours is for. */
  builtIn: string[];
}

const rollout = { argo: ["Progressing", "Healthy"], kstatus: ["InProgress", "Current"] };
const stories: Story[] = [
  { name: "created", first: spec(), ...rollout, builtIn: ["Progressing", "Healthy", "Degraded", "Healthy"] },
  { name: "zero replicas", first: spec({}, { replicas: 0 }), ...rollout, builtIn: ["Progressing", "Healthy"] },
  {
    name: "an image in place",
    first: spec(),
    edits: [{ template: template("app:v2") }],
    ...rollout,
    builtIn: ["Progressing", "Degraded", "Healthy"],
  },
  {
    name: "with a surge pod",
    first: spec({ type: "ReCreate", maxSurge: 1, maxUnavailable: 0 }),
    edits: [{ template: template("app:v2") }],
    ...rollout,
    builtIn: ["Progressing", "Degraded", "Healthy"],
  },
  {
    name: "scaled out",
    first: spec(),
    edits: [{ replicas: 5 }],
    ...rollout,
    builtIn: ["Progressing", "Healthy", "Degraded", "Healthy"],
  },
  { name: "scaled in", first: spec(), edits: [{ replicas: 1 }], ...rollout, builtIn: ["Progressing", "Healthy"] },
  {
    name: "a partition is reached",
    first: spec({ partition: 2 }),
    edits: [{ template: template("app:v2") }],
    argo: ["Progressing", "Suspended"],
    kstatus: ["InProgress", "Current"],
    builtIn: ["Progressing", "Suspended"],
  },
  {
    name: "a partition is reached, and the user wants to hear Healthy",
    first: spec({ partition: 2 }),
    annotations: { "apps.kruise.io/argocd-partition-reached": "Healthy" },
    edits: [{ template: template("app:v2") }],
    ...rollout,
    builtIn: ["Progressing", "Suspended"],
  },
  {
    name: "a partition from the start holds nothing back",
    first: spec({ partition: 2 }),
    ...rollout,
    builtIn: ["Progressing", "Healthy", "Degraded", "Healthy"],
  },
  {
    name: "paused in the middle",
    first: spec({ partition: 1 }),
    edits: [{ template: template("app:v2") }, { updateStrategy: { paused: true, partition: 0 } }],
    argo: ["Progressing", "Suspended"],
    kstatus: ["InProgress"],
    builtIn: ["Progressing", "Suspended"],
  },
  {
    name: "an image that cannot be pulled",
    first: spec(),
    edits: [{ template: template("app:bad") }],
    argo: ["Progressing", "Degraded"],
    kstatus: ["InProgress"],
    builtIn: ["Progressing", "Degraded"],
  },
  {
    name: "an image that cannot be pulled, behind a partition",
    first: spec({ partition: 2 }),
    edits: [{ template: template("app:bad") }],
    argo: ["Progressing", "Degraded"],
    kstatus: ["InProgress"],
    builtIn: ["Progressing", "Suspended"],
  },
  {
    name: "a deadline that passes",
    first: spec({}, { progressDeadlineSeconds: 30 }),
    edits: [{ template: template("app:bad") }],
    argo: ["Progressing", "Degraded"],
    kstatus: ["InProgress", "Failed"],
    builtIn: ["Progressing", "Degraded"],
  },
  {
    name: "a change that in-place only cannot carry out",
    first: spec({ type: "InPlaceOnly" }),
    edits: [{ template: template("app:v1", { workingDir: "/srv" }) }],
    argo: ["Progressing", "Degraded"],
    kstatus: ["InProgress", "Failed"],
    builtIn: ["Progressing", "Degraded"],
  },
];

/** Repetitions left out. */
const steps = (said: readonly string[]): string[] => said.filter((one, i) => one !== said[i - 1]);

const ownHealth = async (cloneSet: StoredObject): Promise<string> =>
  ((await runLua("health.lua", cloneSet)) as { status: string }).status;

for (const { name, first, annotations, edits = [], ...want } of stories) {
  test(`health: ${name}`, async () => {
    const lab = await Lab.start();
    let written: StoredObject[] = [];
    lab.onCloneSet((cloneSet) => written.push(cloneSet));
    lab.create("web", first, annotations);
    await lab.pass(90);
    for (const edit of edits) {
      written = [];
      lab.edit("web", edit);
      await lab.pass(400);
    }
    await lab.stop();
    const argo = await Promise.all(written.map(ownHealth));
    assert.deepEqual(steps(argo), want.argo, "Argo CD with our script");
    assert.deepEqual(steps(written.map(kstatus)), want.kstatus, "kstatus");
    assert.deepEqual(steps(written.map(argoBuiltIn)), want.builtIn, "Argo CD's own script");
  });
}

test("health: while it is deleted", async () => {
  const lab = await Lab.start();
  lab.create("web", spec());
  await lab.pass(90);
  const cloneSet = lab.cloneSet("web");
  const going = { ...cloneSet, metadata: { ...cloneSet.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
  await lab.stop();
  assert.equal(await ownHealth(going), "Progressing");
  assert.equal(kstatus(going), "Terminating");
});

test("health: a status that another controller wrote, without our conditions", async () => {
  const counts = { observedGeneration: 2, replicas: 3, availableReplicas: 3, updatedAvailableReplicas: 3 };
  const of = (status: JsonMap, updateStrategy: JsonMap = { partition: 0 }) =>
    ownHealth({
      metadata: { generation: 2 },
      spec: { replicas: 3, updateStrategy },
      status,
    } as unknown as StoredObject);
  assert.equal(await of({ ...counts, updatedReplicas: 3, expectedUpdatedReplicas: 3 }), "Healthy");
  assert.equal(await of({ ...counts, updatedReplicas: 1, expectedUpdatedReplicas: 3 }), "Progressing");
  assert.equal(await of({ ...counts, updatedReplicas: 1, expectedUpdatedReplicas: 1 }, { partition: 2 }), "Suspended");
});
