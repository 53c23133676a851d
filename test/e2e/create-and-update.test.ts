// Three pods with a claim each come up; a new image is patched into them while they keep name, uid, address and data.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { appContainer, ID_LABEL, identityOf, isTrue, REVISION_LABEL, versionOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("update");

test("a CloneSet brings up its pods, each with an id and a claim of its own", async () => {
  await story.apply(aCloneSet("web", { claims: true }));
  const pods = await story.settled("web", 3, "v1");
  const { metadata, status } = await story.cloneSet("web");

  for (const { metadata: pod } of pods) {
    const id = pod.labels?.[ID_LABEL] ?? "";
    assert.match(id, /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    assert.equal(pod.name, `web-${id}`);
    assert.equal(pod.labels?.[REVISION_LABEL], status.updateRevision);
  }
  const claims = await story.claims("web");
  assert.deepEqual(
    claims.map(({ metadata: claim }) => claim.name),
    pods.map(({ metadata: pod }) => `data-${pod.name}`),
  );
  const owner = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "web", uid: metadata.uid };
  for (const [index, claim] of claims.entries()) {
    assert.equal(claim.metadata.labels?.[ID_LABEL], pods[index]?.metadata.labels?.[ID_LABEL]);
    const reference = { ...owner, controller: true, blockOwnerDeletion: true };
    assert.deepEqual(claim.metadata.ownerReferences, [reference]);
    assert.deepEqual(pods[index]?.metadata.ownerReferences, [reference]);
    assert.equal(claim.status.phase, "Bound");
  }

  const [header = "", row = ""] = (await story.run("get", "clone")).split("\n");
  const columns = ["NAME", "DESIRED", "UPDATED", "UPDATED_READY", "UPDATED_AVAILABLE", "READY", "TOTAL", "AGE"];
  assert.deepEqual(header.trim().split(/\s+/), columns);
  assert.deepEqual(row.trim().split(/\s+/).slice(0, -1), ["web", "3", "3", "3", "3", "3", "3"]);
  await story.run("wait", "clone/web", "--for=condition=Ready", "--timeout=180s");
});

test("a new image is patched into the running pods", async () => {
  await story.apply(aCloneSet("patched", { claims: true }));
  const before = await story.settled("patched", 3, "v1");
  const claimsBefore = await story.claims("patched");
  const revisionBefore = (await story.cloneSet("patched")).status.updateRevision;
  const watch = await story.watchPods("patched", 2);

  await story.patchJson("patched", setImage("v2"));
  const after = await story.settled("patched", 3, "v2");
  await watch.end();

  assert.deepEqual(after.map(identityOf), before.map(identityOf), "the same pods, at the same addresses");
  assert.deepEqual([...watch.everSeen()].toSorted(), before.map(({ metadata }) => metadata.uid).toSorted());
  const { status } = await story.cloneSet("patched");
  assert.notEqual(status.updateRevision, revisionBefore);
  assert.equal(status.currentRevision, status.updateRevision);
  for (const [index, pod] of after.entries()) {
    const container = appContainer(pod);
    assert.equal(container?.restartCount, 1);
    assert.equal(versionOf(pod), "v2");
    assert.notEqual(container?.imageID, before[index] && appContainer(before[index])?.imageID);
    assert.equal(pod.metadata.labels?.[REVISION_LABEL], status.updateRevision);
    assert.ok(isTrue(pod.status.conditions, "InPlaceUpdateReady"));
    if (story.setting.containers) {
      const answer = await story.run("exec", pod.metadata.name, "--", "wget", "-qO-", "http://127.0.0.1:8080/version");
      assert.equal(answer.trim(), "v2", "the process inside is the new image's");
    }
  }
  assert.deepEqual(
    (await story.claims("patched")).map(({ metadata }) => metadata.uid),
    claimsBefore.map(({ metadata }) => metadata.uid),
  );
  await story.eventually("an event for each pod", async () => {
    const events = (await story.events("patched")).filter(({ reason }) => reason === "SuccessfulUpdatePodInPlace");
    for (const { metadata } of after) {
      assert.ok(events.some(({ message, type }) => type === "Normal" && message.includes(metadata.name)));
    }
  });
});

test("new labels and annotations of the template reach the pods without a restart", async () => {
  await story.apply(aCloneSet("labelled", { annotations: { team: "blue" } }));
  const before = await story.settled("labelled", 3);

  const metadata = { labels: { tier: "front" }, annotations: { team: "green" } };
  await story.patchSpec("labelled", { template: { metadata } });
  const after = await story.eventually("the new labels on every pod", async () => {
    const pods = await story.pods("labelled");
    for (const pod of pods) {
      assert.equal(pod.metadata.labels?.["tier"], "front");
      assert.equal(pod.metadata.annotations?.["team"], "green");
    }
    return pods;
  });
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  for (const pod of await story.settled("labelled", 3)) assert.equal(appContainer(pod)?.restartCount, 0);
});

test("the same image under another tag: the update ends although the image id does not change", async () => {
  await story.apply(aCloneSet("retagged"));
  const before = await story.settled("retagged", 3, "v1");

  await story.patchJson("retagged", setImage("v1-retag"));
  const after = await story.settled("retagged", 3, "v1-retag");

  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  for (const [index, pod] of after.entries()) {
    assert.equal(appContainer(pod)?.imageID, before[index] && appContainer(before[index])?.imageID);
    assert.ok(isTrue(pod.status.conditions, "InPlaceUpdateReady"));
  }
});
