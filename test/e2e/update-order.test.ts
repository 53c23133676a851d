// Which pods move first: those that the user's strategy puts first, as they are moved one at a time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, type Json, setImage } from "../support/e2e/manifests.ts";
import { identityOf, type Pod, versionOf } from "../support/e2e/objects.ts";
import { orderOf } from "../support/e2e/pod-history.ts";
import { Story } from "../support/e2e/story.ts";

const TEMPLATE_HASH = "pod-template-hash";

const story = await Story.begin("order");

test("weightPriority: the heavier pods first; weights of several terms add up", async () => {
  const terms = [
    { weight: 40, matchSelector: { matchLabels: { tier: "gold" } } },
    { weight: 30, matchSelector: { matchExpressions: [{ key: "region", operator: "In", values: ["north", "west"] }] } },
    { weight: 20, matchSelector: { matchLabels: { tier: "silver" } } },
  ];
  // 70, 40, 30, 20, 0
  const order = await rollOut("weighed", { priorityStrategy: { weightPriority: terms } }, [
    { tier: "silver" },
    {},
    { tier: "gold", region: "west" },
    { region: "north" },
    { tier: "gold", region: "south" },
  ]);
  assert.deepEqual(order, ["gold west", "gold south", "north", "silver", ""]);
});

test("orderPriority: keyed pods first, an earlier key before a later one, the larger number first", async () => {
  const orderPriority = [{ orderedKey: "shard" }, { orderedKey: "replica" }];
  const order = await rollOut("ordered", { priorityStrategy: { orderPriority } }, [
    { replica: "r-10" },
    {},
    { shard: "s-9" },
    { shard: "s-10" },
    { replica: "r-2" },
  ]);
  assert.deepEqual(order, ["s-10", "s-9", "r-10", "r-2", ""]);
});

test("scatterStrategy: pods of one sort are not moved in a row, though their priority is the same", async () => {
  const weightPriority = [{ weight: 100, matchSelector: { matchLabels: { zone: "a" } } }];
  const zones = [{}, {}, {}, { zone: "a" }, { zone: "a" }, { zone: "a" }];
  const inARow = await rollOut("grouped", { priorityStrategy: { weightPriority } }, zones);
  assert.deepEqual(inARow, ["a", "a", "a", "", "", ""]);
  const scatterStrategy = [{ key: "zone", value: "a" }];
  const scattered = await rollOut("scattered", { priorityStrategy: { weightPriority }, scatterStrategy }, zones);
  // The last pod of zone a is kept for the end; with one left of either sort there is nothing more to scatter.
  assert.deepEqual(scattered, ["a", "", "a", "a", "", ""]);
});

/** Labels the pods, rolls a new image out one pod at a time, and tells what the pods were labelled, in the order they moved. */
async function rollOut(app: string, strategy: Json, labels: Record<string, string>[]): Promise<string[]> {
  const updateStrategy = { type: "InPlaceIfPossible", maxUnavailable: 1, ...strategy };
  await story.apply(aCloneSet(app, { replicas: labels.length, updateStrategy }));
  const before = await story.settled(app, labels.length, "v1");
  for (const [index, { metadata }] of before.entries()) {
    const pairs = Object.entries(labels[index] ?? {}).map(([key, value]) => `${key}=${value}`);
    if (pairs.length > 0) await story.run("label", "pod", metadata.name, ...pairs);
  }
  await controllerToCatchUp(before.at(-1));
  await story.settled(app, labels.length, "v1");
  const watch = await story.watchPods(app, labels.length - 1);
  await story.patchJson(app, setImage("v2"));
  const after = await story.settled(app, labels.length, "v2");
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  return orderOf(watch.history(), (pod) => versionOf(pod) === "v2").map(saidOf);
}

/** Changes the pod in a way that the controller sets right: then it has seen what was done to any pod before. No pod leaves service. */
async function controllerToCatchUp(pod: Pod | undefined): Promise<void> {
  assert.ok(pod);
  const { name, labels } = pod.metadata;
  await story.run("label", "pod", name, "--overwrite", `${TEMPLATE_HASH}=other`);
  await story.eventually("the controller to put the label right", async () => {
    const now = await story.pod(name);
    assert.equal(now?.metadata.labels?.[TEMPLATE_HASH], labels?.[TEMPLATE_HASH]);
  });
}

/** The values of the labels that a scenario put on the pod. */
function saidOf({ metadata: { labels = {} } }: Pod): string {
  return ["tier", "region", "shard", "replica", "zone"].flatMap((key) => labels[key] ?? []).join(" ");
}
