// Two controllers, one leader: when it dies in the middle of a rollout the other one takes over, and nobody notices.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { identityOf, versionOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const PODS = 50;
const story = await Story.begin("takeover", { controller: false });

const first = await story.startController({ elected: true });
await story.eventually("the first controller to lead", () => assert.ok(first.isLeading));
const second = await story.startController({ elected: true });

test("the leader is killed during a rollout", async (t) => {
  // Slow enough that the rollout is under way for a while.
  const annotations = { "fake-node/ready-after": "500ms" };
  const updateStrategy = { type: "InPlaceIfPossible", maxUnavailable: "10%" };
  await story.apply(aCloneSet("web", { replicas: PODS, annotations, updateStrategy }));
  const before = await story.settled("web", PODS, "v1");
  const watch = await story.watchPods("web", PODS - PODS / 10);

  // The last pods have to wait for the test, so that the rollout cannot be over before the leader is killed.
  await story.patchSpec("web", { updateStrategy: { partition: PODS / 10 } });
  await story.patchJson("web", setImage("v2"));
  await story.eventually("the rollout to be under way", async () => {
    const updated = (await story.pods("web")).filter((pod) => versionOf(pod) === "v2").length;
    assert.ok(updated >= PODS / 5, `${updated} updated`);
  });
  assert.ok(!second.isLeading, "there was one leader");
  const killedMs = Date.now();
  await first.crash();
  const left = (await story.pods("web")).filter((pod) => versionOf(pod) === "v1").length;
  await story.patchSpec("web", { updateStrategy: { partition: 0 } });

  await story.eventually("the other controller to lead", () => assert.ok(second.isLeading));
  t.diagnostic(`${left} of ${PODS} pods were left to update; the other led ${(Date.now() - killedMs) / 1000} s later`);
  const after = await story.settled("web", PODS, "v2");
  await watch.end();
  t.diagnostic(`at the worst moment ${watch.fewestServing()} of ${PODS} pods served`);
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  assert.equal(watch.everSeen().size, PODS);
  assert.equal(watch.mostPods(), PODS);
});

test("a leader that is told to stop hands over at once", async (t) => {
  const next = await story.startController({ elected: true });
  assert.ok(!next.isLeading);
  const stoppedMs = Date.now();
  assert.equal(await second.stop(), "exit code 0");
  await story.eventually("the next controller to lead", () => assert.ok(next.isLeading));
  t.diagnostic(`the next one led ${(Date.now() - stoppedMs) / 1000} s later`);
  await story.run("scale", "clone", "web", `--replicas=${PODS + 1}`);
  await story.settled("web", PODS + 1, "v2");
});
