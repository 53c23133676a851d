// When pods are re-created, when that is refused, and how a set changes over from one way to the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { appContainer, identityOf, isTrue, type Pod, stateOf, versionOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("recreate");

test("ReCreate: a new image means new pods with new ids and new claims", async () => {
  await story.apply(aCloneSet("replaced", { claims: true, updateStrategy: { type: "ReCreate", maxUnavailable: 1 } }));
  const before = await story.settled("replaced", 3, "v1");
  const watch = await story.watchPods("replaced", 2);
  await story.patchJson("replaced", setImage("v2"));
  const after = await story.settled("replaced", 3, "v2");
  await watch.end();
  assert.deepEqual(shared(before, after), []);
  await story.eventually("the claims of the old pods to go", async () => {
    const names = (await story.claims("replaced")).map(({ metadata }) => metadata.name);
    assert.deepEqual(
      names,
      after.map(({ metadata }) => `data-${metadata.name}`),
    );
  });
  for (const pod of after) assert.equal(appContainer(pod)?.restartCount, 0);
});

test("InPlaceIfPossible: what cannot be patched is re-created, and the next image is patched again", async () => {
  await story.apply(aCloneSet("mixed"));
  const before = await story.settled("mixed", 3, "v1");
  const watch = await story.watchPods("mixed", 2);
  await story.apply(aCloneSet("mixed", { version: "v2", env: { MODE: "loud" } }));
  const between = await story.settled("mixed", 3, "v2");
  assert.deepEqual(shared(before, between), []);
  await story.patchJson("mixed", setImage("v3"));
  const after = await story.settled("mixed", 3, "v3");
  await watch.end();
  assert.deepEqual(after.map(identityOf), between.map(identityOf));
});

/** An installed controller has its webhook, which refuses the edit itself. */
const skip = story.setting.installed;
test("InPlaceOnly refuses what cannot be patched, and says so", { skip }, async () => {
  const updateStrategy = { type: "InPlaceOnly", maxUnavailable: 1 };
  await story.apply(aCloneSet("strict", { updateStrategy }));
  const before = await story.settled("strict", 3, "v1");

  await story.apply(aCloneSet("strict", { updateStrategy, version: "v2", env: { MODE: "loud" } }));
  await story.eventually("condition and event", async () => {
    const { status } = await story.cloneSet("strict");
    const failed = status.conditions?.find(({ type }) => type === "FailedUpdate");
    assert.equal(failed?.status, "True");
    assert.match(failed?.message ?? "", /env/);
    assert.ok(isTrue(status.conditions, "Stalled"));
    const warnings = (await story.events("strict")).filter(({ type }) => type === "Warning");
    assert.ok(warnings.some(({ message }) => /InPlaceOnly/.test(message) && /env/.test(message)));
  });
  await story.remains("the pods as they were", async () => {
    const pods = await story.pods("strict");
    assert.deepEqual(pods.map(identityOf), before.map(identityOf));
    assert.deepEqual(pods.map(versionOf), ["v1", "v1", "v1"]);
    assert.ok(pods.every((pod) => isTrue(pod.status.conditions, "Ready")));
  });

  // Size is another matter than revision.
  await story.run("scale", "clone", "strict", "--replicas=4");
  const known = before.map(({ metadata }) => metadata.name);
  const fourth = await story.eventually("a fourth pod", async () => {
    const [name, ...more] = (await story.pods("strict"))
      .map(({ metadata }) => metadata.name)
      .filter((one) => !known.includes(one));
    assert.ok(name !== undefined && more.length === 0);
    return name;
  });
  // Its env is that of the refused edit, and cannot be patched back: so it is the one to go.
  const scaleStrategy = { podsToDelete: [fourth] };
  await story.apply(aCloneSet("strict", { updateStrategy, scaleStrategy, version: "v2", replicas: 3 }));
  const after = await story.settled("strict", 3, "v2");
  assert.equal(shared(before, after).length, 3);
  await story.eventually("the conditions to be fine again", async () => {
    const { conditions } = (await story.cloneSet("strict")).status;
    assert.deepEqual(
      ["Ready", "Stalled", "FailedUpdate"].map((type) => isTrue(conditions, type)),
      [true, false, false],
    );
  });
});

test("switched from ReCreate to InPlaceIfPossible: pods without the gate are patched one at a time", async () => {
  await story.apply(aCloneSet("switched", { replicas: 4, updateStrategy: { type: "ReCreate", maxUnavailable: 2 } }));
  const before = await story.settled("switched", 4, "v1");
  await story.patchSpec("switched", { updateStrategy: { type: "InPlaceIfPossible" } });
  await story.remains("a switch alone changes no pod", async () => {
    assert.deepEqual((await story.pods("switched")).map(identityOf), before.map(identityOf));
  });

  const isUpdating = (pod: Pod) => stateOf(pod) === "Updating";
  const watch = await story.watchPods("switched", 2, isUpdating);
  await story.patchJson("switched", setImage("v2"));
  const after = await story.settled("switched", 4, "v2");
  await watch.end();
  assert.equal(watch.mostCounted(), 1, "two could be down, but only one is patched at a time");
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  await story.eventually("a warning that these pods cannot be drained", async () => {
    const events = await story.events("switched");
    assert.ok(events.some(({ type, reason }) => type === "Warning" && reason === "InPlaceWithoutReadinessGate"));
  });

  // New pods have the gate.
  await story.run("scale", "clone", "switched", "--replicas=5");
  const grown = await story.settled("switched", 5, "v2");
  assert.equal(grown.filter((pod) => isTrue(pod.status.conditions, "InPlaceUpdateReady")).length, 1);
});

/** The uids of pods that are in both. */
function shared(before: Pod[], after: Pod[]): string[] {
  const uids = new Set(after.map(({ metadata }) => metadata.uid));
  return before.map(({ metadata }) => metadata.uid).filter((uid) => uids.has(uid));
}
