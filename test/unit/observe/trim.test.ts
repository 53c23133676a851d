import assert from "node:assert/strict";
import { test } from "node:test";
import { Trimmer } from "../../../src/observe/trim.ts";
import { aWireCloneSet } from "../../support/a-cloneset.ts";
import { FOREIGN, OURS } from "../../support/a-pod.ts";

const metadata = {
  name: "web-a",
  namespace: "shop",
  uid: "uid-a",
  resourceVersion: "5",
  generation: 2,
  creationTimestamp: "2026-01-01T11:00:00Z",
  labels: { app: "web" },
  annotations: { "controller.kubernetes.io/pod-deletion-cost": "3", "example.com/huge": "x".repeat(9999) },
  ownerReferences: [OURS],
  managedFields: [{ manager: "kubelet" }],
};
const wire = {
  metadata,
  spec: {
    nodeName: "n1",
    readinessGates: [{ conditionType: "InPlaceUpdateReady" }],
    containers: [{ name: "app", image: "app:v1", resources: {}, env: [{ name: "SECRET", value: "s3cret" }] }],
    initContainers: [{ name: "side", image: "side:v1", resources: { limits: { cpu: "1" } } }],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: "data-web-a" } },
      { name: "tmp", emptyDir: {} },
    ],
  },
  status: {
    phase: "Running",
    observedGeneration: 2,
    conditions: [
      {
        type: "Ready",
        status: "False",
        reason: "X",
        message: "m".repeat(999),
        lastTransitionTime: "2026-01-01T11:30:00Z",
      },
      { type: "Initialized", status: "True" },
    ],
    containerStatuses: [
      {
        name: "app",
        image: "app:v1",
        imageID: "id",
        containerID: "c1",
        ready: false,
        restartCount: 4,
        state: { waiting: { reason: "CrashLoopBackOff" } },
      },
    ],
  },
};

test("trim: a pod keeps what the rules look at, and nothing else", () => {
  const pod = new Trimmer().pod(wire);
  assert.deepEqual(pod.annotations, { "controller.kubernetes.io/pod-deletion-cost": "3" });
  assert.deepEqual(pod.containers, [{ name: "app", image: "app:v1" }]);
  assert.deepEqual(pod.initContainers, [{ name: "side", image: "side:v1", resources: { limits: { cpu: "1" } } }]);
  assert.deepEqual(pod.claimNames, ["data-web-a"]);
  assert.deepEqual(pod.readinessGates, ["InPlaceUpdateReady"]);
  assert.deepEqual(Object.keys(pod.conditions), ["Ready"]);
  assert.equal(pod.conditions["Ready"]?.lastTransitionMs, Date.parse("2026-01-01T11:30:00Z"));
  assert.equal(pod.containerStatuses[0]?.state, "waiting");
  assert.equal(pod.containerStatuses[0]?.reason, "CrashLoopBackOff");
  assert.ok(!("deletedMs" in pod));
  assert.ok(!JSON.stringify(pod).includes("s3cret"));
});

test("trim: a pod is about a kilobyte, whatever it carries", () => {
  const size = JSON.stringify(new Trimmer().pod(wire)).length;
  assert.ok(size < 2000, `${size} bytes`);
});

test("trim: a pod that nobody controls is kept whole, so that it can be asked what it is made from", () => {
  const { labels, annotations } = metadata;
  const pod = new Trimmer().pod({ ...wire, metadata: { ...metadata, ownerReferences: [] } });
  assert.deepEqual(pod.asTemplate, { metadata: { labels, annotations, finalizers: [] }, spec: wire.spec });
  assert.equal(new Trimmer().pod(wire).asTemplate, undefined);
});

test("trim: of somebody else's pod name and owner are enough", () => {
  const pod = new Trimmer().pod({ ...wire, metadata: { ...metadata, ownerReferences: [FOREIGN] } });
  assert.deepEqual([pod.name, pod.owners, pod.containers, pod.labels], ["web-a", [FOREIGN], [], {}]);
});

test("trim: a terminating pod says since when", () => {
  const pod = new Trimmer().pod({ ...wire, metadata: { ...metadata, deletionTimestamp: "2026-01-01T11:59:00Z" } });
  assert.equal(pod.deletedMs, Date.parse("2026-01-01T11:59:00Z"));
});

test("trim: a pod that was never touched by a kubelet is Pending", () => {
  const pod = new Trimmer().pod({ metadata: { name: "web-a" } });
  assert.deepEqual([pod.phase, pod.nodeName, pod.containerStatuses], ["Pending", undefined, []]);
});

test("trim: a claim, a revision and a CloneSet", () => {
  const trimmer = new Trimmer();
  const claim = trimmer.claim({
    metadata: { ...metadata, deletionTimestamp: "2026-01-01T11:59:00Z" },
    status: { phase: "Bound" },
  });
  assert.deepEqual([claim.deleting, claim.phase, claim.ownerUids], [true, "Bound", [OURS.uid]]);
  const template = { spec: { containers: [{ name: "app", image: "app:v1" }] } };
  const revision = trimmer.revision({
    metadata,
    revision: 7,
    data: { spec: { template: { $patch: "replace", ...template } } },
  });
  assert.deepEqual([revision.revision, revision.template], [7, template]);
  assert.equal(trimmer.revision({ metadata }).template, undefined);
  assert.equal(trimmer.cloneSet(aWireCloneSet({ replicas: 4 })).spec.replicas, 4);
});
