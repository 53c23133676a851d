// Replicas change by kubectl, by the scale subresource and by an autoscaler; named pods go first; budgets are honoured.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, type Json } from "../support/e2e/manifests.ts";
import { appContainer, identityOf, type Pod } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("scale");

test("the pod that podsToDelete names goes, with its claim, and nobody writes the user's spec", async () => {
  const manifest = aCloneSet("named", { claims: true });
  await story.apply(manifest);
  const [first, chosen, last] = await story.settled("named", 3);
  assert.ok(first && chosen && last);
  const claimsBefore = await story.claims("named");
  const before = await story.cloneSet("named");

  const scaleStrategy = { podsToDelete: [chosen.metadata.name] };
  const wanted = { replicas: 2, scaleStrategy };
  await story.apply({ ...manifest, spec: { ...(manifest["spec"] as Json), ...wanted } });
  const left = await story.settled("named", 2);
  assert.deepEqual(left.map(identityOf), [first, last].map(identityOf));
  for (const pod of left) assert.equal(appContainer(pod)?.restartCount, 0);
  await story.eventually("the claim of the named pod to go, and no other", async () => {
    assert.deepEqual(
      (await story.claims("named")).map(({ metadata }) => metadata.uid),
      [claimsBefore[0], claimsBefore[2]].map((claim) => claim?.metadata.uid),
    );
  });

  await story.eventually("the status to say that the name means nobody any more", async () => {
    assert.equal((await story.cloneSet("named")).status.ignoredPodsToDelete, 1);
  });
  const after = await story.cloneSet("named");
  assert.equal(after.metadata.generation, (before.metadata.generation ?? 0) + 1, "one edit, the user's");
  assert.deepEqual(after.spec, { ...before.spec, ...wanted });
  const ours = after.metadata.managedFields?.filter(({ manager }) => manager.includes("cloneset-controller"));
  assert.deepEqual(
    ours?.map(({ subresource }) => subresource),
    ["status"],
  );

  // From Git, the same manifest again and again; the name stays in it for good.
  assert.match(await story.apply({ ...manifest, spec: { ...(manifest["spec"] as Json), ...wanted } }), /unchanged/);
  await story.run("scale", "clone", "named", "--replicas=3");
  const grown = await story.settled("named", 3);
  assert.ok(
    grown.every(({ metadata }) => metadata.name !== chosen.metadata.name),
    "the listed name is not given again",
  );
});

test("a pod labelled for deletion is replaced", async () => {
  await story.apply(aCloneSet("labelled", { claims: true }));
  const [chosen, ...others] = await story.settled("labelled", 3);
  assert.ok(chosen);
  await story.run("label", "pod", chosen.metadata.name, "apps.kruise.io/specified-delete=true");
  await story.eventually("the labelled pod to be replaced", async () => {
    const pods = await story.settled("labelled", 3);
    assert.ok(!pods.some(({ metadata }) => metadata.uid === chosen.metadata.uid));
    for (const { metadata } of others) assert.ok(pods.some((pod) => pod.metadata.uid === metadata.uid));
  });
});

test("kubectl scale, and the scale subresource with its selector", async () => {
  await story.apply(aCloneSet("sized"));
  await story.settled("sized", 3);
  await story.run("scale", "clone", "sized", "--replicas=5");
  const grown = await story.settled("sized", 5);
  await story.run("scale", "clone", "sized", "--replicas=2");
  const shrunk = await story.settled("sized", 2);
  for (const pod of shrunk) assert.ok(uids(grown).includes(pod.metadata.uid));

  const path = `/apis/apps.kruise.io/v1alpha1/namespaces/${story.namespace}/clonesets/sized/scale`;
  const scale = await story.api.get<{ spec: Json; status: Json }>(path);
  assert.deepEqual(scale.spec, { replicas: 2 });
  assert.deepEqual(scale.status, { replicas: 2, selector: "app=sized" });
  await story.api.patch(path, { spec: { replicas: 0 } });
  await story.settled("sized", 0);
});

/** Autoscalers and disruption budgets come to know a new kind of object within half a minute, and look again in as much. */
const WITHIN_MS = 300_000;
const withoutAutoscaler = story.setting.sandbox ? "nobody scales in the sandbox" : false;

test("a HorizontalPodAutoscaler finds the CloneSet and sets its size", { skip: withoutAutoscaler }, async () => {
  await story.apply(aCloneSet("auto", { replicas: 1 }));
  await story.settled("auto", 1);
  const scaleTargetRef = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "auto" };
  // Without a metrics server an autoscaler can do one thing: raise the size to its lower limit.
  await story.apply({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "auto" },
    spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 4 },
  });
  const size = async () => (await story.cloneSet("auto")).spec.replicas;
  await story.eventually("the autoscaler to act", async () => assert.equal(await size(), 2), WITHIN_MS);
  await story.settled("auto", 2);
});

test("a PodDisruptionBudget counts the pods, and eviction is refused and granted by it", async () => {
  await story.apply(aCloneSet("guarded"), {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "guarded" },
    spec: { minAvailable: "100%", selector: { matchLabels: { app: "guarded" } } },
  });
  const pods = await story.settled("guarded", 3);
  const [chosen] = pods;
  assert.ok(chosen);
  await budget({ expectedPods: 3, currentHealthy: 3, disruptionsAllowed: 0 });
  const refused = await evict(chosen);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /disruption budget/);
  assert.equal((await story.pod(chosen.metadata.name))?.metadata.deletionTimestamp, undefined);

  await story.run("patch", "pdb", "guarded", "--type=merge", "-p", '{"spec":{"minAvailable":2}}');
  await budget({ expectedPods: 3, currentHealthy: 3, disruptionsAllowed: 1 });
  const granted = await evict(chosen);
  assert.equal(granted.code, 0, granted.stderr);
  await story.eventually("the evicted pod to be replaced", async () => {
    assert.ok(!uids(await story.settled("guarded", 3)).includes(chosen.metadata.uid));
  });
  await budget({ expectedPods: 3, currentHealthy: 3, disruptionsAllowed: 1 });
});

async function budget(wanted: { expectedPods: number; currentHealthy: number; disruptionsAllowed: number }) {
  const path = `/apis/policy/v1/namespaces/${story.namespace}/poddisruptionbudgets/guarded`;
  const check = async () => {
    const { status } = await story.api.get<{ status: typeof wanted }>(path);
    const { expectedPods, currentHealthy, disruptionsAllowed } = status;
    assert.deepEqual({ expectedPods, currentHealthy, disruptionsAllowed }, wanted);
  };
  await story.eventually("the disruption budget to count the pods", check, WITHIN_MS);
}

function evict({ metadata: { name } }: Pod) {
  const { namespace } = story;
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  return story.kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
}

function uids(pods: Pod[]): string[] {
  return pods.map(({ metadata }) => metadata.uid);
}
