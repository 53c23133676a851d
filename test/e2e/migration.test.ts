// docs/taking-over.md by one command: a Deployment's pods get a CloneSet for their owner and a Deployment again, and run on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, type Json, setImage } from "../support/e2e/manifests.ts";
import { appContainer, isServing, type Meta, type Pod, versionOf } from "../support/e2e/objects.ts";
import { PluginProcess } from "../support/e2e/plugin-process.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("migration", { controller: false });
if (!story.setting.installed) await story.startController({ elected: true });
const APPS = `/apis/apps/v1/namespaces/${story.namespace}`;
const HPAS = `/apis/autoscaling/v2/namespaces/${story.namespace}/horizontalpodautoscalers`;
const HELD = "example.com/held";
const migrate = (...args: string[]) => PluginProcess.start(story, ["migrate", ...args]).end;

test("there and back: the same pods in the same containers, and the autoscaler follows", async () => {
  const before = await deployed("web", { annotations: { "example.com/team": "shop" } });
  await story.apply({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web" },
    spec: {
      minReplicas: 3,
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    },
  });
  const watch = await story.watchPods("web", 3);

  const dry = await migrate("--from=deployment/web", "--dry-run");
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stderr, /^ +1\. keep all .*\n +2\. delete deployment\.apps\/web,.*\n +3\. delete replicaset/m);
  assert.deepEqual(await owners("web"), ["ReplicaSet", "ReplicaSet", "ReplicaSet"]);

  const there = await migrate("--from=deployment/web");
  assert.equal(there.code, 0, there.stderr);
  assert.equal(there.stdout, "deployment.apps/web migrated to cloneset.apps.kruise.io/web\n");
  const adopted = await story.settled("web", 3, "v1");
  assert.deepEqual(lives(adopted), lives(before));
  assert.equal(await scaled(), "CloneSet");
  assert.deepEqual(await names("replicasets"), []);
  const again = await migrate("--from=deployment/web");
  assert.deepEqual(
    [again.code, again.stdout],
    [0, "cloneset.apps.kruise.io/web unchanged: there is no Deployment of this name\n"],
  );

  const back = await migrate("--from=deployment/web", "--back");
  assert.equal(back.code, 0, back.stderr);
  await story.run("rollout", "status", "deployment/web", "--timeout=180s");
  assert.deepEqual(lives(await story.allPods("web")), lives(before));
  assert.equal(await scaled(), "Deployment");
  assert.deepEqual(await names("controllerrevisions"), []);
  const { metadata } = await story.api.get<{ metadata: Meta }>(`${APPS}/deployments/web`);
  assert.equal(metadata.annotations?.["example.com/team"], "shop");
  await watch.end();
  assert.deepEqual([...watch.everSeen()].toSorted(), Object.keys(lives(before)).toSorted(), "there were no other pods");
});

test("after a rollout in place the way back keeps what the CloneSet did", async () => {
  await deployed("shop");
  assert.equal((await migrate("--from=deploy/shop", "-y")).code, 0);
  await story.settled("shop", 3, "v1");
  await story.patchJson("shop", [...setImage("v2"), { op: "add", path: "/spec/updateStrategy/partition", value: 1 }]);
  await story.eventually("two pods to be updated, and the status to say so", async () => {
    const { status, metadata } = await story.cloneSet("shop");
    assert.deepEqual([status.observedGeneration, status.updatedAvailableReplicas], [metadata.generation, 2]);
  });
  const early = await migrate("--from=deploy/shop", "--back");
  assert.equal(early.code, 1);
  assert.match(early.stderr, /^error: cloneset\.apps\.kruise\.io\/shop stays what it is: its rollout is not done/);
  await story.patchSpec("shop", { updateStrategy: { partition: 0 } });
  const updated = await story.settled("shop", 3, "v2");
  const back = await migrate("--from=deploy/shop", "--back");
  assert.equal(back.code, 0, back.stderr);
  await story.run("rollout", "status", "deployment/shop", "--timeout=180s");
  const pods = await story.allPods("shop");
  assert.deepEqual(lives(pods), lives(updated));
  assert.ok(pods.every((pod) => versionOf(pod) === "v2"));
});

test("a pod that is not what the template says is held, not replaced, and goes back as it came", async () => {
  const before = await deployed("odd");
  const [odd] = before;
  assert.ok(odd);
  await story.run("set", "image", `pod/${odd.metadata.name}`, "app=local/app:v3");
  await story.eventually("the pod to serve with another version", async () => {
    const now = await story.pod(odd.metadata.name);
    assert.ok(now && versionOf(now) === "v3" && appContainer(now)?.restartCount === 1 && isServing(now));
  });
  const there = await migrate("--from=deployment/odd");
  assert.equal(there.code, 0, there.stderr);
  assert.match(there.stderr, new RegExp(`^Note: .*a partition of 100% holds them: ${odd.metadata.name};`, "m"));
  await story.eventually("the CloneSet to have all pods", async () => {
    assert.deepEqual(await owners("odd"), ["CloneSet", "CloneSet", "CloneSet"]);
    const { status, metadata } = await story.cloneSet("odd");
    assert.deepEqual([status.observedGeneration, status.updatedReplicas], [metadata.generation, 2]);
  });
  const held = lives(await story.allPods("odd"));
  assert.deepEqual(Object.keys(held), Object.keys(lives(before)));

  await story.patchSpec("odd", { replicas: 4 });
  await story.eventually("the CloneSet to have a pod of its own, with a hash of its own", async () => {
    const { status, metadata } = await story.cloneSet("odd");
    assert.deepEqual([status.observedGeneration, status.readyReplicas], [metadata.generation, 4]);
  });
  const all = lives(await story.allPods("odd"));
  assert.deepEqual({ ...all, ...held }, all);
  const back = await migrate("--from=deployment/odd", "--back");
  assert.equal(back.code, 0, back.stderr);
  await story.run("rollout", "status", "deployment/odd", "--timeout=180s");
  assert.deepEqual(lives(await story.allPods("odd")), all);
});

test("what it must not begin: a stranger's pod, a rollout under way, names that are taken", async () => {
  await deployed("guard");
  const [pod] = await story.pods("guard");
  assert.ok(pod);
  const { containers } = pod.spec as { containers: { name: string; image: string }[] };
  const stranger = { name: "guard-debug", labels: { app: "guard" } };
  const spec = { containers: containers.map(({ name, image }) => ({ name, image })), terminationGracePeriodSeconds: 0 };
  await story.apply({ apiVersion: "v1", kind: "Pod", metadata: stranger, spec });
  const refused = await migrate("--from=deployment/guard", "-y");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /would adopt pods that the Deployment leaves alone.*: guard-debug\nNext: /);
  await story.run("delete", "pod", "guard-debug");

  await story.run("patch", "deployment", "guard", "-p", JSON.stringify({ spec: { paused: true } }));
  await story.run("set", "image", "deployment/guard", "app=local/app:v2");
  await story.eventually("the edit to be seen, and nothing done about it", async () => {
    const { metadata, status } = await story.api.get<{ metadata: Meta; status: Json }>(`${APPS}/deployments/guard`);
    assert.deepEqual([status["observedGeneration"], status["updatedReplicas"] ?? 0], [metadata.generation, 0]);
  });
  const halfway = await migrate("--from=deployment/guard", "-y");
  assert.match(
    halfway.stderr,
    /its rollout is not done: 0 of 3 pods are up to date, and there are 3\nNext: kubectl rollout status/,
  );
  await story.run("rollout", "resume", "deployment/guard");

  await story.apply({ ...aCloneSet("guard", { replicas: 0 }), spec: { ...guarded(), replicas: 0 } });
  const taken = await migrate("--from=deployment/guard", "-y");
  assert.match(taken.stderr, /cloneset\.apps\.kruise\.io\/guard exists already/);
  const volumes = aCloneSet("disks", { replicas: 1, claims: true });
  await story.apply(volumes);
  await story.settled("disks", 1, "v1");
  const disks = await migrate("--from=deployment/disks", "--back");
  assert.match(disks.stderr, /it has volumeClaimTemplates: a Deployment has no PVCs for each pod/);
});

test("another Deployment that selects the same pods stands against it", async () => {
  const pods = await deployed("twin");
  const { template } = (aCloneSet("twin") as { spec: { template: Json } }).spec;
  const other = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "other" } };
  await story.apply({ ...other, spec: { replicas: 0, selector: { matchLabels: { app: "twin" } }, template } });
  const refused = await migrate("--from=deployment/twin", "-y");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /taken by others that select them, too.*deployment\.apps\/other/);
  assert.deepEqual(lives(await story.allPods("twin")), lives(pods));
});

test("a Deployment that somebody makes again in the middle keeps its pods, and may go again", async () => {
  const path = `${APPS}/deployments/again`;
  // Held until the test lets go of it, so that the next one comes at once.
  const before = await deployed("again", { finalizers: [HELD] });
  const migrating = PluginProcess.start(story, ["migrate", "--from=deployment/again", "-y"]);
  await story.eventually("the Deployment to be on its way out, and to have let go of its ReplicaSet", async () => {
    const { metadata } = await story.api.get<{ metadata: Meta }>(path);
    assert.ok(metadata.deletionTimestamp);
    assert.deepEqual(metadata.finalizers, [HELD]);
  });
  migrating.pause();
  await story.api.patch(path, { metadata: { finalizers: null } });
  await story.api.post(`${APPS}/deployments`, aDeployment("again"));
  migrating.resume();
  const { code, stderr } = await migrating.end;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^error: deployment\.apps\/again was made again meanwhile, and wants pods, too$/m);
  await story.run("rollout", "status", "deployment/again", "--timeout=180s");
  assert.deepEqual(lives(await story.allPods("again")), lives(before));
  const there = await migrate("--from=deployment/again", "-y");
  assert.equal(there.code, 0, there.stderr);
  assert.deepEqual(lives(await story.settled("again", 3, "v1")), lives(before));
});

/** A CloneSet of other pods. */
function guarded(): Json {
  return (aCloneSet("guarded") as { spec: Json }).spec;
}

/** A Deployment whose rollout is done, and its pods. */
async function deployed(name: string, metadata: Json = {}): Promise<Pod[]> {
  await story.apply(aDeployment(name, metadata));
  await story.run("rollout", "status", `deployment/${name}`, "--timeout=180s");
  return await story.allPods(name);
}

function aDeployment(name: string, metadata: Json = {}): Json {
  const { replicas, selector, template } = (aCloneSet(name) as { spec: Json }).spec;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, ...metadata },
    spec: { replicas, selector, template },
  };
}

/** What would change if a pod were replaced or restarted: uid → its container's id. */
function lives(pods: readonly Pod[]): Record<string, string | undefined> {
  return Object.fromEntries(
    pods
      .map(({ metadata, status }) => [metadata.uid, status.containerStatuses?.[0]?.containerID] as const)
      .toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

/** The kinds that control the pods. */
async function owners(app: string): Promise<(string | undefined)[]> {
  return (await story.pods(app)).map(({ metadata }) => metadata.ownerReferences?.[0]?.kind);
}

async function scaled(): Promise<string> {
  const { spec } = await story.api.get<{ spec: { scaleTargetRef: { kind: string } } }>(`${HPAS}/web`);
  return spec.scaleTargetRef.kind;
}

/** Of the objects of this kind that are about `web`. */
async function names(plural: string): Promise<string[]> {
  const { items } = await story.api.get<{ items: { metadata: Meta }[] }>(`${APPS}/${plural}?labelSelector=app%3Dweb`);
  return items.map(({ metadata }) => metadata.name);
}
