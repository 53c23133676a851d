// A pod that is lost comes back with its id and its volumes; with disablePVCReuse both are new.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet } from "../support/e2e/manifests.ts";
import { ID_LABEL, type Pod } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("lost");
const withoutContainers = story.setting.containers ? false : "needs real containers";

test("a deleted pod is replaced under the same id, with the same claim", async () => {
  await story.apply(aCloneSet("kept", { claims: true }));
  const [lost] = await story.settled("kept", 3);
  assert.ok(lost);
  const claims = await claimUids("kept");
  await story.run("delete", "pod", "--wait=false", lost.metadata.name);
  const back = await replacementOf("kept", lost);
  assert.equal(back.metadata.name, lost.metadata.name);
  assert.equal(back.metadata.labels?.[ID_LABEL], lost.metadata.labels?.[ID_LABEL]);
  assert.deepEqual(claimNames(back), [`data-${lost.metadata.name}`]);
  assert.deepEqual(await claimUids("kept"), claims, "no claim came or went");
});

test("what the lost pod had written is there for its successor", { skip: withoutContainers }, async () => {
  await story.apply(aCloneSet("written", { claims: true, replicas: 2 }));
  const pods = await story.settled("written", 2);
  for (const { metadata } of pods) await inPod(metadata.name, `echo "kept by ${metadata.name}" > /data/file`);
  for (const { metadata } of pods) await story.run("delete", "pod", "--wait=false", metadata.name);
  for (const pod of pods) {
    const back = await replacementOf("written", pod, 2);
    assert.equal((await inPod(back.metadata.name, "cat /data/file")).trim(), `kept by ${pod.metadata.name}`);
  }
});

test("a pod that failed is removed, and its id and claim come back", async () => {
  await story.apply(aCloneSet("failed", { claims: true }));
  const [lost] = await story.settled("failed", 3);
  assert.ok(lost);
  const claims = await claimUids("failed");
  await fail(lost);
  const back = await replacementOf("failed", lost);
  assert.equal(back.metadata.name, lost.metadata.name);
  assert.deepEqual(await claimUids("failed"), claims);
});

test("disablePVCReuse: the claim goes with its pod, and the replacement has a new id and a new claim", async () => {
  await story.apply(aCloneSet("fresh", { claims: true, scaleStrategy: { disablePVCReuse: true } }));
  const [lost] = await story.settled("fresh", 3);
  assert.ok(lost);
  await story.run("delete", "pod", "--wait=false", lost.metadata.name);
  const pods = await story.eventually("a replacement under another name", async () => {
    const found = await story.settled("fresh", 3);
    assert.ok(!found.some(({ metadata }) => metadata.name === lost.metadata.name));
    return found;
  });
  await story.eventually("one claim for each pod, and none of the lost one", async () => {
    const names = (await story.claims("fresh")).map(({ metadata }) => metadata.name);
    assert.deepEqual(
      names,
      pods.map(({ metadata }) => `data-${metadata.name}`),
    );
  });
});

/** Ends a pod in phase Failed: a kubelet does so at a pod's deadline, a simulated node when an annotation asks for it. */
async function fail({ metadata: { name } }: Pod): Promise<void> {
  if (story.setting.containers) await story.run("patch", "pod", name, "-p", '{"spec":{"activeDeadlineSeconds":1}}');
  else await story.run("annotate", "pod", name, "fake-node/phase=Failed");
}

function replacementOf(app: string, lost: Pod, replicas = 3): Promise<Pod> {
  return story.eventually(`a successor of ${lost.metadata.name}`, async () => {
    const pods = await story.settled(app, replicas);
    assert.ok(!pods.some(({ metadata }) => metadata.uid === lost.metadata.uid), "the lost pod is still there");
    const id = lost.metadata.labels?.[ID_LABEL];
    const found = pods.find(({ metadata }) => metadata.labels?.[ID_LABEL] === id);
    assert.ok(found, `no pod has the id ${id}`);
    return found;
  });
}

async function claimUids(app: string): Promise<string[]> {
  return (await story.claims(app)).map(({ metadata }) => metadata.uid);
}

function claimNames(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}

function inPod(name: string, script: string): Promise<string> {
  return story.run("exec", name, "--", "sh", "-c", script);
}
