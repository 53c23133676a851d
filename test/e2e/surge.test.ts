// maxSurge: extra pods stand in for those that go, never more of them than allowed, and none is left at the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, type Json, setImage } from "../support/e2e/manifests.ts";
import { identityOf, isTerminating, isTrue, type Pod, versionOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("surge");
/** Pods with this gate are not ready before the test says so. */
const GATE = "example.com/open";
const gated: Json = { op: "add", path: "/spec/template/spec/readinessGates", value: [{ conditionType: GATE }] };

test("ReCreate with maxSurge: new pods first, then old ones go; nobody is ever missing", async (t) => {
  const updateStrategy = { type: "ReCreate", maxUnavailable: 0, maxSurge: 2 };
  await story.apply(aCloneSet("stood-in", { replicas: 4, claims: true, updateStrategy }));
  const before = await story.settled("stood-in", 4, "v1");
  const watch = await story.watchPods("stood-in", 4);

  await story.patchJson("stood-in", [...setImage("v2"), gated]);
  await story.eventually("two extra pods", async () => assert.equal((await story.pods("stood-in")).length, 6));
  await openUntilAllAre("stood-in", "v2");
  const after = await story.settled("stood-in", 4, "v2");
  await watch.end();
  assert.equal(watch.mostPods(), 6, "two more than replicas at the fullest moment, and never a third");
  assert.deepEqual(kept(before, after), [], "every pod was re-created");
  assert.equal(watch.everSeen().size, 8, "one new pod for each old one, and no pod for nothing");
  await story.eventually("the claims of the old pods to go", async () => {
    const names = (await story.claims("stood-in")).map(({ metadata }) => metadata.name);
    assert.deepEqual(
      names,
      after.map(({ metadata }) => `data-${metadata.name}`),
    );
  });
  t.diagnostic(`at the worst moment ${watch.fewestServing()} of 4 pods served`);
});

test("in place with maxUnavailable 0: an extra pod makes room for the patches, and one pod less is kept", async () => {
  const updateStrategy = { type: "InPlaceIfPossible", maxUnavailable: 0, maxSurge: 1 };
  await story.apply(aCloneSet("relieved", { updateStrategy }));
  const before = await story.settled("relieved", 3, "v1");
  const watch = await story.watchPods("relieved", 3);

  await story.patchJson("relieved", setImage("v2"));
  const after = await story.settled("relieved", 3, "v2");
  await watch.end();
  assert.equal(watch.mostPods(), 4);
  assert.equal(watch.everSeen().size, 4, "one extra pod, once");
  assert.equal(kept(before, after).length, 2, "the extra pod stays in the place of the last old one");
});

test("in place with room in maxUnavailable: no extra pod, whatever maxSurge allows", async () => {
  const updateStrategy = { type: "InPlaceIfPossible", maxUnavailable: 1, maxSurge: 2 };
  await story.apply(aCloneSet("roomy", { updateStrategy }));
  const before = await story.settled("roomy", 3, "v1");
  const watch = await story.watchPods("roomy", 2);

  await story.patchJson("roomy", setImage("v2"));
  const after = await story.settled("roomy", 3, "v2");
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  assert.equal(watch.everSeen().size, 3);
});

test("a named pod is replaced before it goes, where maxUnavailable leaves no room", async () => {
  const updateStrategy = { type: "InPlaceIfPossible", maxUnavailable: 0, maxSurge: 1 };
  await story.apply(aCloneSet("succeeded", { updateStrategy }));
  const before = await story.settled("succeeded", 3);
  const [chosen] = before;
  assert.ok(chosen);
  const watch = await story.watchPods("succeeded", 3);

  await story.patchSpec("succeeded", { scaleStrategy: { podsToDelete: [chosen.metadata.name] } });
  await story.eventually("the named pod to be replaced", async () => {
    const pods = await story.settled("succeeded", 3);
    assert.ok(!pods.some(({ metadata }) => metadata.uid === chosen.metadata.uid));
  });
  await watch.end();
  assert.equal(watch.mostPods(), 4);
  assert.deepEqual(leaversOf(watch.history()), [chosen.metadata.name], "nobody else went");
});

test("paused while an extra pod is starting: it goes again, and no old pod does", async () => {
  const updateStrategy = { type: "ReCreate", maxUnavailable: 0, maxSurge: 1 };
  await story.apply(aCloneSet("paused", { replicas: 2, updateStrategy }));
  const before = await story.settled("paused", 2, "v1");
  const watch = await story.watchPods("paused", 2);
  await story.patchJson("paused", [...setImage("v2"), gated]);
  await story.eventually("the extra pod", async () => {
    assert.deepEqual((await story.pods("paused")).map(versionOf).toSorted(), ["v1", "v1", "v2"]);
  });
  await story.patchSpec("paused", { updateStrategy: { paused: true } });
  const held = await story.settled("paused", 2);
  assert.deepEqual(held.map(identityOf), before.map(identityOf));
  await story.remains("the old pods, and they alone", async () => {
    assert.deepEqual((await story.pods("paused")).map(identityOf), before.map(identityOf));
  });
  await story.patchSpec("paused", { updateStrategy: { paused: false } });
  await openUntilAllAre("paused", "v2");
  const after = await story.settled("paused", 2, "v2");
  await watch.end();
  assert.equal(watch.mostPods(), 3);
  assert.deepEqual(kept(before, after), []);
});

/** Lets gated pods be ready, those that come later too, until all pods have that version. */
async function openUntilAllAre(app: string, version: string): Promise<void> {
  await story.eventually(`all pods at ${version}, and open`, async () => {
    const pods = await story.pods(app);
    for (const pod of pods) if (versionOf(pod) === version && !isTrue(pod.status.conditions, GATE)) await open(pod);
    assert.ok(pods.every((pod) => versionOf(pod) === version && isTrue(pod.status.conditions, GATE)));
  });
}

async function open({ metadata: { name } }: Pod): Promise<void> {
  const path = `/api/v1/namespaces/${story.namespace}/pods/${name}/status`;
  const conditions = [{ type: GATE, status: "True" }];
  await story.api.patch(path, { status: { conditions } }, "application/strategic-merge-patch+json");
}

/** The uids of pods that are in both. */
function kept(before: Pod[], after: Pod[]): string[] {
  const uids = new Set(after.map(({ metadata }) => metadata.uid));
  return before.map(({ metadata }) => metadata.uid).filter((uid) => uids.has(uid));
}

function leaversOf(history: readonly Pod[]): string[] {
  return [...new Set(history.filter(isTerminating).map(({ metadata }) => metadata.name))];
}
