// cpu and memory change in place, with the gate InPlaceWorkloadVerticalScaling: nothing restarts unless the user wants it to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, imageOf, type Json, setImage } from "../support/e2e/manifests.ts";
import { appContainer, identityOf, isServing, type Pod, type Resources, versionOf } from "../support/e2e/objects.ts";
import { courseOf } from "../support/e2e/pod-history.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("resize", { controller: false });
await story.startController({ flags: ["--feature-gates=InPlaceWorkloadVerticalScaling=true"] });

const skip = await story.lacks("/api/v1", "pods/resize");
const small = resources("20m", "32Mi");
const large = resources("40m", "48Mi");

test("more cpu and memory reach the running containers; no pod leaves service", { skip }, async () => {
  await story.apply(aCloneSet("grown", { container: { resources: small } }));
  const before = await story.settled("grown", 3);
  const watch = await story.watchPods("grown", 3);
  await story.patchJson("grown", setResources(large));
  const after = await allHave("grown", large);
  await story.settled("grown", 3);
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  for (const pod of after) assert.equal(appContainer(pod)?.restartCount, 0);
  if (story.setting.containers) {
    for (const { metadata } of after) assert.equal(await memoryLimitInside(metadata.name), 48 * 2 ** 20);
  }
});

test("a container that wants to restart for memory is taken out of service first, one pod at a time", {
  skip,
}, async () => {
  const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
  await story.apply(aCloneSet("restarted", { container: { resources: small, resizePolicy } }));
  const before = await story.settled("restarted", 3);
  const watch = await story.watchPods("restarted", 2);
  await story.patchJson("restarted", setResources(large));
  const after = await allHave("restarted", large);
  await story.settled("restarted", 3);
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  for (const pod of before) {
    const course = courseOf(watch.history(), pod, (each) => {
      return `${isServing(each) ? "serving" : "away"}, ${appContainer(each)?.restartCount} restarts`;
    });
    assert.deepEqual([course[0], course.at(-1)], ["serving, 0 restarts", "serving, 1 restarts"]);
    assert.ok(course.includes("away, 0 restarts"), `restarted while it served: ${course.join("; ")}`);
  }
});

test("what a node has no room for now: the pods serve on as they are, the status says why, and setting it back is enough", {
  skip,
}, async () => {
  // Three times this is more than the real node has; on simulated nodes an annotation says that there is no room.
  const most = resources("1500m", "32Mi");
  const annotations = { "fake-node/resize": "deferred" };
  await story.apply(aCloneSet("greedy", { annotations, container: { resources: small } }));
  const before = await story.settled("greedy", 3);
  const watch = await story.watchPods("greedy", 3);
  await story.patchJson("greedy", setResources(most));
  await story.eventually("the status to say why", async () => {
    const { status, message = "" } = (await failedUpdate("greedy")) ?? {};
    assert.equal(status, "True");
    assert.match(message, /container app.*Deferred/);
  });
  await story.remains("all pods serve", async () => {
    const pods = await story.pods("greedy");
    assert.deepEqual(pods.map(identityOf), before.map(identityOf));
    assert.ok(pods.every(isServing));
  });
  await story.patchJson("greedy", setResources(small));
  await allHave("greedy", small);
  const after = await story.settled("greedy", 3);
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  await story.eventually("the failure to be over", async () => {
    assert.equal((await failedUpdate("greedy"))?.status, "False");
  });
});

test("more than the whole node has: refused, said, and no pod leaves service for it", { skip }, async () => {
  // From 1.36 on the API server refuses it; before, it is the kubelet that says no, and a simulated one goes by an annotation.
  const annotations = { "fake-node/resize": "infeasible" };
  await story.apply(aCloneSet("immense", { replicas: 2, annotations, container: { resources: small } }));
  const before = await story.settled("immense", 2);
  const watch = await story.watchPods("immense", 2);
  await story.patchJson("immense", setResources(resources("20000", "32Mi")));
  await story.eventually("the status to say why", async () => {
    const { status, message = "" } = (await failedUpdate("immense")) ?? {};
    assert.equal(status, "True");
    assert.match(message, /node didn't have enough allocatable resources: cpu|Infeasible/);
  });
  await story.patchJson("immense", setResources(small));
  const after = await story.settled("immense", 2);
  await allHave("immense", small);
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
});

/** Before Kubernetes 1.33. */
const served = skip ? false : "the API server serves pods/resize";
test("an API server that knows no resize: no pod is lost to service for it, and the status says why", {
  skip: served,
}, async () => {
  await story.apply(aCloneSet("early", { replicas: 2, container: { resources: small } }));
  const before = await story.settled("early", 2, "v1");
  await story.patchJson("early", [...setResources(large), ...setImage("v2")]);
  await story.eventually("the status to say why", async () => {
    assert.match((await failedUpdate("early"))?.message ?? "", /the API server does not serve pods\/resize/);
  });
  await story.remains("at most one pod away", async () => {
    assert.ok((await story.pods("early")).filter(isServing).length >= 1);
  });
  await story.patchJson("early", [...setResources(small), ...setImage("v2")]);
  const after = await story.settled("early", 2, "v2");
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
});

test("what the API server refuses: the pod goes back into service as it was, and is updated once it may be", {
  skip,
}, async () => {
  await story.apply(aCloneSet("limited", { container: { resources: small } }));
  const before = await story.settled("limited", 3, "v1");
  const watch = await story.watchPods("limited", 2);
  await story.apply({
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "thirty" },
    spec: { limits: [{ type: "Container", max: { cpu: "30m" } }] },
  });
  await story.eventually("the API server to hold to it", async () => {
    const container = { name: "app", image: imageOf("v1"), resources: large };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "trial" }, spec: { containers: [container] } };
    const { stderr } = await story.kubectl(["create", "--dry-run=server", "-f", "-"], JSON.stringify(pod));
    assert.match(stderr, /maximum cpu usage/);
  });
  // An image in the same edit: the pod must leave service before the refusal is known.
  await story.patchJson("limited", [...setResources(large), ...setImage("v2")]);
  await story.eventually("the status to say who refused what", async () => {
    const failed = await failedUpdate("limited");
    assert.equal(failed?.status, "True");
    assert.match(failed?.message ?? "", /maximum cpu usage per Container is 30m/);
    const event = (await story.events("limited")).find(({ reason }) => reason === "FailedUpdatePodInPlace");
    assert.equal(event?.type, "Warning");
  });
  await story.eventually("all pods to serve", async () => assert.ok((await story.pods("limited")).every(isServing)));
  assert.deepEqual((await story.pods("limited")).map(versionOf), ["v1", "v1", "v1"]);

  await story.run("delete", "limitrange", "thirty");
  const after = await story.settled("limited", 3, "v2");
  await allHave("limited", large);
  await watch.end();
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
});

function resources(cpu: string, memory: string): Resources {
  return { requests: { cpu, memory }, limits: { cpu, memory } };
}

function setResources(value: Resources): Json[] {
  return [{ op: "replace", path: "/spec/template/spec/containers/0/resources", value }];
}

async function failedUpdate(app: string) {
  return (await story.cloneSet(app)).status.conditions?.find(({ type }) => type === "FailedUpdate");
}

/** The pods, once their nodes say that they have it. */
function allHave(app: string, wanted: Resources): Promise<Pod[]> {
  return story.eventually(`${wanted.limits?.["cpu"]} and ${wanted.limits?.["memory"]} in every pod`, async () => {
    const pods = await story.pods(app);
    for (const pod of pods) {
      assert.deepEqual(pod.spec.containers[0]?.resources, wanted);
      assert.deepEqual(appContainer(pod)?.resources, wanted);
    }
    return pods;
  });
}

/** What the kernel says to the process inside, in bytes. */
async function memoryLimitInside(pod: string): Promise<number> {
  const script = "cat /sys/fs/cgroup/memory.max || cat /sys/fs/cgroup/memory/memory.limit_in_bytes";
  return Number(await story.run("exec", pod, "--", "sh", "-c", script));
}
