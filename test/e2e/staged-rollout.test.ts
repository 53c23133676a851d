// A rollout goes as far as `partition` lets it, rests while it is paused, and goes on when told to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { identityOf, type Pod, versionOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("rollout");

test("partition holds pods back, as a number and as a percentage", async () => {
  await story.apply(aCloneSet("staged"));
  const before = await story.settled("staged", 3, "v1");
  const watch = await story.watchPods("staged", 2);

  await story.patchSpec("staged", { updateStrategy: { partition: 2 } });
  await story.patchJson("staged", setImage("v2"));
  await exactly("staged", 1, "v2");
  await story.eventually("the status to say that a canary stands, which is what the user asked for", async () => {
    const { status } = await story.cloneSet("staged");
    assert.equal(status.expectedUpdatedReplicas, 1);
    assert.notEqual(status.currentRevision, status.updateRevision);
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    assert.deepEqual([ready?.status, ready?.reason], ["True", "PartitionReached"]);
  });

  // 33 % of 3 is 0.99, and what is held back is rounded up: one pod stays.
  await story.patchSpec("staged", { updateStrategy: { partition: "33%" } });
  await exactly("staged", 2, "v2");

  await story.patchSpec("staged", { updateStrategy: { partition: 0 } });
  const after = await story.settled("staged", 3, "v2");
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  await watch.end();
});

test("paused stops the rollout and lets it go on", async () => {
  await story.apply(aCloneSet("held"));
  await story.settled("held", 3, "v1");

  await story.patchSpec("held", { updateStrategy: { paused: true } });
  await story.patchJson("held", setImage("v2"));
  await exactly("held", 0, "v2");

  await story.patchSpec("held", { updateStrategy: { paused: false, partition: 2 } });
  await exactly("held", 1, "v2");

  // In the middle: what is updated stays so, what is not waits, and a new pod does not change the split.
  await story.patchSpec("held", { updateStrategy: { paused: true, partition: 0 } });
  await exactly("held", 1, "v2");
  await story.eventually("the status to say that it is paused", async () => {
    const ready = (await story.cloneSet("held")).status.conditions?.find(({ type }) => type === "Ready");
    assert.equal(ready?.reason, "Paused");
  });
  await story.run("delete", "pod", "--wait=false", oldOne(await story.pods("held")).metadata.name);
  await exactly("held", 1, "v2");

  await story.patchSpec("held", { updateStrategy: { paused: false } });
  await story.settled("held", 3, "v2");
});

/** So many of the three pods come to run that version, and it stays at that. */
async function exactly(app: string, count: number, version: string): Promise<void> {
  const check = async () => {
    const versions = (await story.settled(app, 3)).map(versionOf);
    assert.equal(
      versions.filter((found) => found === version).length,
      count,
      `want ${count} at ${version}: ${versions.join()}`,
    );
  };
  await story.eventually(`${count} of 3 pods of ${app} at ${version}`, check);
  await story.remains(`${count} of 3 pods of ${app} at ${version}`, check);
}

function oldOne(pods: Pod[]): Pod {
  const pod = pods.find((each) => versionOf(each) === "v1");
  assert.ok(pod, "there is a pod at v1");
  return pod;
}
