// A node falls silent. Kubernetes can only mark its pods for deletion; whether they still run, nobody knows.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type FakeNodes, RESERVED, startFakeNodes } from "../cluster/fake-node.ts";
import { aCloneSet, type Json } from "../support/e2e/manifests.ts";
import { identityOf, isServing, isTerminating, type Pod } from "../support/e2e/objects.ts";
import { assertUntouched } from "../support/e2e/pod-history.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("node-loss");
/** A node is missed after 50 s, and its pods go 5 s later; forced deletion looks every 20 s. */
const WITHIN_MS = 300_000;

const doomed = await aNode("doomed");
const doomedNode = doomed.names[0] ?? "";
after(async () => {
  // Back from the dead, the node lets its pods end; without it they would stay for ever.
  const back = await aNode("doomed");
  await story.run("delete", "clone", "stateless", "stateful", "--ignore-not-found");
  await story.run("wait", "--for=delete", "pod", "--selector=app in (stateless,stateful)", "--timeout=180s");
  await story.run("delete", "node", ...back.names, ...(await refuge).names);
  await Promise.all([back.stop(), (await refuge).stop()]);
});

await story.apply(
  onReservedNodes(aCloneSet("stateless", { replicas: 3 })),
  onReservedNodes(aCloneSet("stateful", { replicas: 2, claims: true })),
  aCloneSet("elsewhere", { replicas: 2 }),
);
const stateless = await story.settled("stateless", 3);
const stateful = await story.settled("stateful", 2);
const elsewhere = await story.settled("elsewhere", 2);
const claims = (await story.claims("stateful")).map(({ metadata }) => metadata.uid);
const refuge = aNode("refuge");
await refuge;

const watches = {
  stateless: await story.watchPods("stateless"),
  stateful: await story.watchPods("stateful"),
  elsewhere: await story.watchPods("elsewhere", 2),
};

test("while the node is only silent, nobody deletes a pod or makes another one", async () => {
  assert.ok([...stateless, ...stateful].every(({ spec }) => spec.nodeName === doomedNode));
  await doomed.stop();
  await story.eventually(
    "Kubernetes to give the pods up",
    async () => assert.ok((await story.allPods("stateless")).every((pod) => !isServing(pod))),
    WITHIN_MS,
  );
  for (const watch of [watches.stateless, watches.stateful]) {
    await watch.catchUp();
    const early = watch.history().findIndex(isTerminating);
    const before = early < 0 ? watch.history() : watch.history().slice(0, early);
    const known = new Set([...stateless, ...stateful].map(({ metadata }) => metadata.uid));
    assert.ok(
      before.every(({ metadata }) => known.has(metadata.uid)),
      "a pod was made before any was given up",
    );
  }
});

test("pods without claims are replaced at once, under new ids", async () => {
  await story.eventually(
    "three new pods",
    async () => {
      const pods = await story.pods("stateless");
      assert.equal(pods.filter(isServing).length, 3);
      assert.deepEqual(
        namesOf(pods).filter((name) => namesOf(stateless).includes(name)),
        [],
      );
      const { status } = await story.cloneSet("stateless");
      assert.deepEqual([status.replicas, status.availableReplicas, status.terminatingReplicas], [3, 3, 3]);
    },
    WITHIN_MS,
  );
  await watches.stateless.catchUp();
  assert.equal(watches.stateless.everSeen().size, 6, "one new pod for each lost one, and no more");
});

test("pods with claims wait for their node; the status names it, since when, and the way out", async () => {
  const check = async () => {
    const pods = await story.allPods("stateful");
    assert.deepEqual(pods.map(identityOf), stateful.map(identityOf), "the old pods, and no new one");
    assert.ok(pods.every(isTerminating));
    const { status } = await story.cloneSet("stateful");
    assert.deepEqual([status.replicas, status.terminatingReplicas], [0, 2]);
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    assert.equal(ready?.status, "False");
    for (const { metadata } of pods) {
      const since = metadata.deletionTimestamp?.slice(0, "2026-01-01T10:".length) ?? "";
      const said = new RegExp(`${metadata.name}: terminating on node ${doomedNode} since ${since}`);
      assert.match(ready?.message ?? "", said);
    }
    assert.match(ready?.message ?? "", /node\.kubernetes\.io\/out-of-service, or a forced delete/);
  };
  await story.eventually("the status to say so", check, WITHIN_MS);
  await story.remains("the pods wait", check);
});

test("a forced delete brings one back: same id, same claim, on another node", async () => {
  const [forced, waiting] = stateful;
  assert.ok(forced && waiting);
  await story.run("delete", "pod", forced.metadata.name, "--force", "--grace-period=0", "--wait=false");
  await cameBack(forced);
  assert.ok(isTerminating((await story.pod(waiting.metadata.name)) ?? forced), "the other one still waits");
  assert.deepEqual(
    (await story.claims("stateful")).map(({ metadata }) => metadata.uid),
    claims,
  );
});

test("the taint out-of-service brings back all that is left on the node", async () => {
  await story.run("taint", "node", doomedNode, "node.kubernetes.io/out-of-service=failed:NoExecute");
  for (const pod of stateful) await cameBack(pod);
  await story.settled("stateful", 2);
  await story.settled("stateless", 3);
  assert.deepEqual(
    (await story.claims("stateful")).map(({ metadata }) => metadata.uid),
    claims,
  );
  for (const watch of Object.values(watches)) await watch.end();
  assert.equal(watches.stateful.everSeen().size, 4);
  assert.equal(watches.stateful.mostPods(), 2);
  assert.equal(watches.stateless.everSeen().size, 6);
  assertUntouched(watches.elsewhere.history(), elsewhere);
});

/** A node of this story alone: no other scenario's pods are lost with it. */
function aNode(name: string): Promise<FakeNodes> {
  const { kubeconfig } = story.setting;
  return startFakeNodes({ kubeconfig, count: 1, prefix: `${story.namespace}-${name}`, reservedFor: story.namespace });
}

function onReservedNodes(manifest: Json): Json {
  const spec = manifest["spec"] as { template: { spec: Json } & Json } & Json;
  const lost = (key: string) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 });
  const podSpec = {
    ...spec.template.spec,
    nodeSelector: { [RESERVED]: story.namespace },
    tolerations: [
      { key: RESERVED, operator: "Exists" },
      lost("node.kubernetes.io/unreachable"),
      lost("node.kubernetes.io/not-ready"),
    ],
  };
  return { ...manifest, spec: { ...spec, template: { ...spec.template, spec: podSpec } } };
}

async function cameBack(lost: Pod): Promise<void> {
  await story.eventually(
    `${lost.metadata.name} to be back`,
    async () => {
      const pod = await story.pod(lost.metadata.name);
      assert.ok(pod && pod.metadata.uid !== lost.metadata.uid && isServing(pod));
      assert.notEqual(pod.spec.nodeName, doomedNode);
      const claimed = pod.spec.volumes?.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
      assert.deepEqual(claimed, [`data-${lost.metadata.name}`]);
    },
    WITHIN_MS,
  );
}

function namesOf(pods: readonly Pod[]): string[] {
  return pods.map(({ metadata }) => metadata.name);
}
