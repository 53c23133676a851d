// An image that does not exist stops the rollout where it can do no more harm; setting it back repairs what is broken.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { appContainer, type CloneSet, identityOf, isServing, type Pod, versionOf } from "../support/e2e/objects.ts";
import { assertUntouched } from "../support/e2e/pod-history.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("broken");
const BAD = "bad";

test("a bad image stops within maxUnavailable, says why, and is repaired in place when it is set back", async () => {
  await story.apply(aCloneSet("web", { replicas: 4, spec: { progressDeadlineSeconds: 5 } }));
  const before = await story.settled("web", 4, "v1");
  const watch = await story.watchPods("web", 3);

  await story.patchJson("web", setImage(BAD));
  await oneIsBroken("web", 4);
  await story.remains("only one pod is broken", () => oneIsBroken("web", 4));

  await story.eventually("the conditions to say what is wrong", async () => {
    const cloneSet = await story.cloneSet("web");
    const [broken] = (await story.pods("web")).filter((pod) => versionOf(pod) === BAD);
    const ready = condition(cloneSet, "Ready");
    assert.equal(ready.status, "False");
    assert.ok(broken && ready.message?.includes(broken.metadata.name), `which pod? ${ready.message}`);
    assert.match(ready.message ?? "", /cannot pull image local\/app:bad/);
    assert.equal(condition(cloneSet, "Available").status, "True");
    const progressing = condition(cloneSet, "Progressing");
    assert.deepEqual([progressing.status, progressing.reason], ["False", "ProgressDeadlineExceeded"]);
    assert.equal(condition(cloneSet, "Stalled").status, "True");
  });

  if (story.setting.containers) {
    const [broken] = (await story.pods("web")).filter((pod) => versionOf(pod) === BAD);
    const events = await story.events(broken?.metadata.name ?? "");
    assert.ok(
      events.some(({ type, message }) => type === "Warning" && message.includes("local/app:bad")),
      "the pod's own events tell of the image, too",
    );
  }

  await story.patchJson("web", setImage("v1"));
  const after = await story.settled("web", 4, "v1");
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf), "repaired in place, nothing deleted");
  await story.eventually("the conditions to be fine again", async () => {
    const cloneSet = await story.cloneSet("web");
    const found = ["Ready", "Available", "Stalled", "Progressing"].map((type) => condition(cloneSet, type).status);
    assert.deepEqual(found, ["True", "True", "False", "True"]);
  });
  await story.remains("no pod is touched that was never broken", async () => {
    const restarts = (await story.pods("web")).map((pod) => appContainer(pod)?.restartCount ?? 0);
    assert.equal(restarts.filter((count) => count > 0).length, 1, `restarts: ${restarts.join()}`);
  });
});

test("a broken canary is repaired when the template is set back, whatever the partition says", async () => {
  await story.apply(aCloneSet("canary"));
  const before = await story.settled("canary", 3, "v1");
  await story.patchSpec("canary", { updateStrategy: { partition: 2 } });
  await story.patchJson("canary", setImage(BAD));
  await oneIsBroken("canary", 3);

  await story.patchJson("canary", setImage("v1"));
  const after = await story.settled("canary", 3, "v1");
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
});

test("set back while one of two canaries is broken: the broken one moves, the other is held by the partition", async () => {
  await story.apply(aCloneSet("half", { replicas: 4 }));
  const before = await story.settled("half", 4, "v1");
  await story.patchSpec("half", { updateStrategy: { partition: 2 } });
  await story.patchJson("half", setImage("v2"));
  const atV2 = async () => (await story.pods("half")).filter((pod) => versionOf(pod) === "v2");
  const [sick, sound] = await story.eventually("two canaries in service", async () => {
    const canaries = await atV2();
    assert.equal(canaries.filter(isServing).length, 2);
    assert.equal((await story.cloneSet("half")).status.updatedAvailableReplicas, 2);
    return canaries;
  });
  assert.ok(sick && sound);
  const watch = await story.watchPods("half", 3);
  await breakPod(sick);

  await story.patchJson("half", setImage("v1"));
  await story.eventually("the broken one to be at v1 again", async () => {
    assert.deepEqual((await atV2()).map(identityOf), [identityOf(sound)]);
  });
  await mendPod(sick);
  const split = async () => {
    assert.deepEqual((await story.settled("half", 4)).map(identityOf), before.map(identityOf));
    assert.deepEqual((await atV2()).map(identityOf), [identityOf(sound)]);
  };
  await story.eventually("all in service", split);
  await story.remains("the sound canary stays where the partition holds it", split);
  const others = before.filter(({ metadata }) => metadata.uid !== sick.metadata.uid);
  await watch.end();
  assertUntouched(watch.history(), others);
  assert.equal(watch.everSeen().size, 4);
});

test("from a bad image on to a good one: the broken pod goes first", async () => {
  await story.apply(aCloneSet("onward"));
  const before = await story.settled("onward", 3, "v1");
  const watch = await story.watchPods("onward", 2);
  await story.patchJson("onward", setImage(BAD));
  await oneIsBroken("onward", 3);

  await story.patchJson("onward", setImage("v2"));
  const after = await story.settled("onward", 3, "v2");
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
});

test("a set that never worked gets going when its image is mended", async () => {
  await story.apply(aCloneSet("stillborn", { version: BAD }));
  const before = await story.eventually("three pods that cannot start", async () => {
    const pods = await story.pods("stillborn");
    assert.equal(pods.filter((pod) => !isServing(pod) && pod.status.phase === "Pending").length, 3);
    return pods;
  });
  await story.patchJson("stillborn", setImage("v1"));
  const after = await story.settled("stillborn", 3, "v1");
  assert.deepEqual(uids(after), uids(before));
});

async function oneIsBroken(app: string, replicas: number): Promise<void> {
  await story.eventually("one broken pod, and the others in service", async () => {
    const pods = await story.pods(app);
    const broken = pods.filter((pod) => versionOf(pod) === BAD);
    assert.equal(broken.length, 1);
    assert.ok(broken.every((pod) => !isServing(pod)));
    assert.equal(pods.filter(isServing).length, replicas - 1);
    const { updatedReplicas, availableReplicas } = (await story.cloneSet(app)).status;
    assert.deepEqual({ updatedReplicas, availableReplicas }, { updatedReplicas: 1, availableReplicas: replicas - 1 });
  });
}

/** Has a pod fail its readiness probe until its container starts anew, or on a simulated node until it is mended. */
async function breakPod({ metadata: { name } }: Pod): Promise<void> {
  if (story.setting.containers) await story.run("exec", name, "--", "rm", "/srv/version");
  else await story.run("annotate", "pod", name, "fake-node/ready=false");
  await story.eventually(`${name} to be out of service`, async () => {
    const pod = await story.pod(name);
    assert.ok(pod && !isServing(pod));
  });
}

async function mendPod({ metadata: { name } }: Pod): Promise<void> {
  if (!story.setting.containers) await story.run("annotate", "pod", name, "fake-node/ready-");
}

function condition({ status }: CloneSet, wanted: string) {
  const found = status.conditions?.find(({ type }) => type === wanted);
  assert.ok(found, `no condition ${wanted}`);
  return found;
}

function uids(pods: Pod[]): string[] {
  return pods.map(({ metadata }) => metadata.uid);
}
