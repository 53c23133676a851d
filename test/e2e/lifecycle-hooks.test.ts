// Hooks: another program (here: the test) is asked before a pod is deleted, updated or put into service, and lets go of it.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { aCloneSet, type Json, setImage } from "../support/e2e/manifests.ts";
import { identityOf, isServing, isTerminating, isTrue, type Pod, stateOf, versionOf } from "../support/e2e/objects.ts";
import { assertUntouched, courseOf } from "../support/e2e/pod-history.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("hooks");
const DRAIN = "example.com/drain";
const TRAFFIC = "example.com/traffic";
const REGISTERED = "example.com/registered";

test("preDelete by finalizer: a pod leaves service, waits for its handler, and only then is deleted", async (t) => {
  const preDelete = { finalizersHandler: [DRAIN], markPodNotReady: true };
  await story.apply(
    withTemplate(aCloneSet("drained", { spec: { lifecycle: { preDelete } } }), { finalizers: [DRAIN] }),
  );
  letGoAtTheEnd(t, "drained");
  const before = await story.settled("drained", 3);
  const watch = await story.watchPods("drained", 2);

  await story.run("scale", "clone", "drained", "--replicas=2");
  const leaving = await theOneIn("drained", "PreparingDelete");
  const others = before.filter(({ metadata }) => metadata.uid !== leaving.metadata.uid);
  await story.remains("the pod is out of service and is not deleted", async () => {
    const pods = await story.allPods("drained");
    assert.deepEqual(pods.map(identityOf), before.map(identityOf));
    assert.ok(!pods.some(isTerminating));
    const serving = pods.filter(isServing).map(({ metadata }) => metadata.uid);
    assert.ok(serving.length === 3 || !serving.includes(leaving.metadata.uid));
  });
  await story.eventually("the pod to be out of service", async () => {
    const pod = await story.pod(leaving.metadata.name);
    assert.ok(pod && !isTrue(pod.status.conditions, "Ready") && !isTrue(pod.status.conditions, "KruisePodReady"));
  });
  await story.eventually("the status to say that it is there, and does not count as available", async () => {
    const { status } = await story.cloneSet("drained");
    assert.deepEqual([status.replicas, status.availableReplicas], [3, 2]);
  });

  await letGo(leaving, DRAIN);
  const after = await story.settled("drained", 2);
  await watch.end();
  assert.deepEqual(after.map(identityOf), others.map(identityOf));
  assertUntouched(watch.history(), others);
  assert.deepEqual(courseOf(watch.history(), leaving, stateOf), ["Normal", "PreparingDelete"]);
  for (const pod of watch.history().filter(isTerminating)) {
    assert.ok(!pod.metadata.finalizers?.includes(DRAIN), "deleted before its handler had let go of it");
  }
});

test("preDelete taken back: raised again, the set keeps the pod that still waits for its handler", async (t) => {
  const preDelete = { labelsHandler: { [DRAIN]: "wanted" } };
  const labels = { app: "kept", [DRAIN]: "wanted" };
  await story.apply(withTemplate(aCloneSet("kept", { spec: { lifecycle: { preDelete } } }), { labels }));
  letGoAtTheEnd(t, "kept");
  const before = await story.settled("kept", 3);
  const watch = await story.watchPods("kept", 3);

  await story.run("scale", "clone", "kept", "--replicas=2");
  const chosen = await theOneIn("kept", "PreparingDelete");
  await story.run("scale", "clone", "kept", "--replicas=3");
  const after = await story.settled("kept", 3);
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  assert.deepEqual(courseOf(watch.history(), chosen, stateOf), [
    "Normal",
    "PreparingDelete",
    "PreparingNormal",
    "Normal",
  ]);
  assert.equal(watch.everSeen().size, 3, "nobody was made in its place");
});

test("inPlaceUpdate by label: each pod is updated once its traffic is gone, and counts once it is back", async (t) => {
  const inPlaceUpdate = { labelsHandler: { [TRAFFIC]: "on" }, markPodNotReady: true };
  const labels = { app: "asked", [TRAFFIC]: "on" };
  await story.apply(withTemplate(aCloneSet("asked", { spec: { lifecycle: { inPlaceUpdate } } }), { labels }));
  const before = await story.settled("asked", 3, "v1");
  const isAway = (pod: Pod) => stateOf(pod) !== "Normal";
  const watch = await story.watchPods("asked", 2, isAway);

  await story.patchJson("asked", setImage("v2"));
  const first = await theOneIn("asked", "PreparingUpdate");
  await story.eventually("the pod to be out of service", async () => {
    const pod = await story.pod(first.metadata.name);
    assert.ok(pod && !isServing(pod) && !isTrue(pod.status.conditions, "KruisePodReady"));
  });
  await story.remains("everything waits for the first pod's handler", async () => {
    const pods = await story.pods("asked");
    assert.deepEqual(pods.map(versionOf), ["v1", "v1", "v1"]);
    assert.equal(pods.filter(isAway).length, 1);
  });

  await setTraffic(first, "off");
  await theOneIn("asked", "Updated");
  const notCounted = async () => {
    const pods = await story.pods("asked");
    assert.deepEqual(pods.filter(isAway).map(stateOf), ["Updated"]);
    assert.deepEqual(pods.map(versionOf).toSorted(), ["v1", "v1", "v2"]);
    const { updatedReplicas, updatedAvailableReplicas } = (await story.cloneSet("asked")).status;
    assert.deepEqual([updatedReplicas, updatedAvailableReplicas], [1, 0]);
  };
  await story.eventually("the status to say that it is updated", notCounted);
  await story.remains("updated, in service, and still not counted: nobody else is taken out", notCounted);
  await setTraffic(first, "on");

  for (const turn of ["second", "third"]) {
    const next = await story.eventually(`the ${turn} pod to be asked for`, async () => {
      const [pod] = (await story.pods("asked")).filter((each) => stateOf(each) === "PreparingUpdate");
      assert.ok(pod);
      return pod;
    });
    await setTraffic(next, "off");
    await theOneIn("asked", "Updated");
    await setTraffic(next, "on");
  }
  const after = await story.settled("asked", 3, "v2");
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  assert.equal(watch.mostCounted(), 1, "one pod at a time");
  const story_ = ["Normal", "PreparingUpdate", "Updating", "Updated", "Normal"];
  for (const pod of before) {
    assert.deepEqual(courseOf(watch.history(), pod, stateOf), story_);
    const course = courseOf(watch.history(), pod, (each) => `${versionOf(each)} ${each.metadata.labels?.[TRAFFIC]}`);
    assert.deepEqual(course, ["v1 on", "v1 off", "v2 off", "v2 on"], "the image changed while no traffic came in");
  }
  t.diagnostic(`${watch.history().length} versions of the pods were seen`);
});

test("preNormal: a new pod counts once its handler has registered it, and the rollout waits for that", async () => {
  const preNormal = { labelsHandler: { [REGISTERED]: "yes" } };
  const updateStrategy = { type: "ReCreate", maxUnavailable: 1 };
  await story.apply(aCloneSet("registered", { replicas: 2, updateStrategy, spec: { lifecycle: { preNormal } } }));
  const born = await story.eventually("two pods that are ready", async () => {
    const pods = await story.pods("registered");
    assert.equal(pods.filter(isServing).length, 2);
    return pods;
  });
  await story.remains("ready, and not available", async () => {
    const { availableReplicas } = (await story.cloneSet("registered")).status;
    assert.deepEqual(
      [availableReplicas, ...(await story.pods("registered")).map(stateOf)],
      [0, "PreparingNormal", "PreparingNormal"],
    );
  });
  for (const pod of born) await register(pod);
  const before = await story.settled("registered", 2, "v1");
  assert.deepEqual(before.map(stateOf), ["Normal", "Normal"]);

  const watch = await story.watchPods("registered", 1);
  await story.patchJson("registered", setImage("v2"));
  const first = await theReady("registered", "v2");
  await story.remains("the other pod stays until the new one counts", async () => {
    assert.deepEqual((await story.pods("registered")).map(versionOf).toSorted(), ["v1", "v2"]);
  });
  await register(first);
  const second = await story.eventually("the other pod to be re-created", async () => {
    const pod = (await story.pods("registered")).find(({ metadata }) => metadata.uid !== first.metadata.uid);
    assert.ok(pod && versionOf(pod) === "v2");
    return pod;
  });
  await register(second);
  await story.settled("registered", 2, "v2");
  await watch.end();
  assert.equal(watch.mostPods(), 2);
});

/** The only pod in that state. */
function theOneIn(app: string, state: string): Promise<Pod> {
  return story.eventually(`one pod in state ${state}`, async () => {
    const [pod, ...more] = (await story.pods(app)).filter((each) => stateOf(each) === state);
    assert.ok(pod);
    assert.equal(more.length, 0);
    return pod;
  });
}

function theReady(app: string, version: string): Promise<Pod> {
  return story.eventually(`a ready pod at ${version}`, async () => {
    const pod = (await story.pods(app)).find((each) => versionOf(each) === version && isServing(each));
    assert.ok(pod);
    return pod;
  });
}

function withTemplate(manifest: Json, metadata: Json): Json {
  const spec = manifest["spec"] as Json;
  const template = spec["template"] as { metadata: Json };
  return { ...manifest, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, ...metadata } } } };
}

async function setTraffic({ metadata: { name } }: Pod, value: "on" | "off"): Promise<void> {
  await story.run("label", "pod", name, "--overwrite", `${TRAFFIC}=${value}`);
}

async function register({ metadata: { name } }: Pod): Promise<void> {
  await story.run("label", "pod", name, `${REGISTERED}=yes`);
}

/** What the handler of a preDelete hook does when it has finished: takes its finalizer, or its label, off the pod. */
async function letGo({ metadata: { name, finalizers = [] } }: Pod, handler: string): Promise<void> {
  const left = finalizers.filter((finalizer) => finalizer !== handler);
  const metadata = { finalizers: left, labels: { [handler]: null } };
  await story.run("patch", "pod", name, "--type=merge", "-p", JSON.stringify({ metadata }));
}

/** Pods that nobody lets go of would hold up the end of the namespace. */
function letGoAtTheEnd(t: TestContext, app: string): void {
  t.after(async () => {
    await story.run("delete", "clone", app, "--wait=false");
    await story.eventually("the pods to go", async () => {
      const pods = await story.allPods(app);
      for (const pod of pods) await letGo(pod, DRAIN);
      assert.equal(pods.length, 0);
    });
  });
}
