// Pods come into a set and leave it by their labels. (What --cascade=orphan leaves is taken in again: see deletion.test.ts.)

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, imageOf, type Json, setImage } from "../support/e2e/manifests.ts";
import { appContainer, ID_LABEL, identityOf, isServing } from "../support/e2e/objects.ts";
import { assertUntouched, courseOf } from "../support/e2e/pod-history.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("adoption");

test("a pod whose label is taken away is released and replaced; it runs on, with its claim", async () => {
  await story.apply(aCloneSet("set", { claims: true, replicas: 2 }));
  const before = await story.settled("set", 2);
  const [leaving, staying] = before;
  assert.ok(leaving && staying);
  const claims = await story.claims("set");
  const watch = await story.watchPods("set", 1);

  // It keeps its other labels, so that it can be found: kubectl debug on a sick pod starts like this.
  await story.run("label", "pod", leaving.metadata.name, "--overwrite", "app=set-under-repair");
  const after = await story.settled("set", 2);
  await watch.end();
  assertUntouched(watch.history(), [staying]);
  const [replacement, ...more] = after.filter(({ metadata }) => metadata.uid !== staying.metadata.uid);
  assert.ok(replacement && more.length === 0);
  assert.notEqual(replacement.metadata.labels?.[ID_LABEL], leaving.metadata.labels?.[ID_LABEL]);

  const released = await story.eventually("the pod to have no owner", async () => {
    const pod = await story.pod(leaving.metadata.name);
    assert.ok(pod);
    assert.equal(pod.metadata.ownerReferences, undefined);
    return pod;
  });
  assert.deepEqual(identityOf(released), identityOf(leaving));
  assert.ok(isServing(released));
  assert.equal(appContainer(released)?.restartCount, 0);
  await story.eventually("a claim more, and none lost", async () => {
    const names = (await story.claims("set")).map(({ metadata }) => metadata.name);
    const wanted = [...claims.map(({ metadata }) => metadata.name), `data-${replacement.metadata.name}`];
    assert.deepEqual(names, wanted.toSorted());
  });

  await story.run("scale", "clone", "set", "--replicas=3");
  const ids = (await story.settled("set", 3)).map(({ metadata }) => metadata.labels?.[ID_LABEL]);
  assert.ok(!ids.includes(leaving.metadata.labels?.[ID_LABEL]), "the id of the released pod is not given again");

  await story.run("delete", "clone", "set", "--timeout=180s");
  await story.eventually("the set's own pods to go", async () => assert.deepEqual(await story.allPods("set"), []));
  const left = await story.pod(leaving.metadata.name);
  assert.ok(left && isServing(left));
  assert.deepEqual(identityOf(left), identityOf(leaving));
});

test("released and taken in again: it is the set's own pod as before", async () => {
  await story.apply(aCloneSet("back"));
  const before = await story.settled("back", 3);
  const [away] = before;
  assert.ok(away);
  // Nobody is to take its place meanwhile.
  await story.patchSpec("back", { scaleStrategy: { maxUnavailable: 0 } });
  await story.run("label", "pod", away.metadata.name, "--overwrite", "app=back-under-repair");
  await story.eventually("the pod to be released, and missed", async () => {
    assert.equal((await story.pod(away.metadata.name))?.metadata.ownerReferences, undefined);
    assert.equal((await story.cloneSet("back")).status.replicas, 2);
    const events = await story.events("back");
    assert.ok(events.some(({ reason, type }) => reason === "ScaleUpLimited" && type === "Warning"));
  });

  await story.run("label", "pod", away.metadata.name, "--overwrite", "app=back");
  const after = await story.settled("back", 3, "v1");
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  const { uid } = (await story.cloneSet("back")).metadata;
  for (const pod of after) {
    assert.equal(pod.metadata.ownerReferences?.[0]?.uid, uid);
    assert.equal(appContainer(pod)?.restartCount, 0);
  }
  await story.patchJson("back", setImage("v2"));
  const updated = await story.settled("back", 3, "v2");
  assert.deepEqual(updated.map(identityOf), before.map(identityOf), "updated in place like the others");
});

test("a pod of one's own making with the set's labels is taken in", async () => {
  await story.apply(aPod("handmade", { app: "mixed" }));
  await story.eventually("the pod to serve", async () => {
    const pod = await story.pod("handmade");
    assert.ok(pod && isServing(pod));
  });
  const watch = await story.watchPods("mixed", 1);
  await story.apply(aCloneSet("mixed", { replicas: 3 }));
  const after = await story.settled("mixed", 3, "v1");
  await watch.end();
  assert.ok(watch.mostPods() <= 3, "it counts from the start: no pod more than wanted was made");
  const { uid } = (await story.cloneSet("mixed")).metadata;
  for (const { metadata } of after) assert.equal(metadata.ownerReferences?.[0]?.uid, uid);
  const handmade = watch.history().find(({ metadata }) => metadata.name === "handmade");
  assert.ok(handmade);
  const owners = courseOf(watch.history(), handmade, ({ metadata }) => metadata.ownerReferences?.[0]?.uid);
  assert.deepEqual(owners, [undefined, uid]);
});

const withoutReplicaSets = story.setting.sandbox ? "the sandbox has no ReplicaSets" : false;

test("another owner's pods are left alone, though they have the labels and their names are listed", {
  skip: withoutReplicaSets,
}, async () => {
  const labels = { app: "shared", kind: "replica-set" };
  await story.apply({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "others" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec() },
    },
  });
  const theirs = await story.eventually("two pods of the other owner", async () => {
    const pods = await story.pods("shared");
    assert.equal(pods.filter(isServing).length, 2);
    return pods;
  });
  const watch = await story.watchPods("shared", 2);
  const podsToDelete = theirs.map(({ metadata }) => metadata.name);
  await story.apply(aCloneSet("shared", { replicas: 2, scaleStrategy: { podsToDelete } }));
  await story.eventually("two pods of the set beside them", async () => {
    const { status } = await story.cloneSet("shared");
    assert.deepEqual([status.replicas, status.availableReplicas, status.ignoredPodsToDelete], [2, 2, 2]);
  });
  await story.run("scale", "clone", "shared", "--replicas=0");
  await story.eventually("the set's own pods to go", async () => {
    assert.deepEqual((await story.allPods("shared")).map(identityOf), theirs.map(identityOf));
  });
  await watch.end();
  assertUntouched(watch.history(), theirs);
});

function aPod(name: string, labels: Record<string, string>): Json {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: podSpec() };
}

function podSpec(): Json {
  const readinessProbe = { httpGet: { path: "/version", port: 8080 }, periodSeconds: 1, failureThreshold: 10 };
  return { terminationGracePeriodSeconds: 2, containers: [{ name: "app", image: imageOf("v1"), readinessProbe }] };
}
