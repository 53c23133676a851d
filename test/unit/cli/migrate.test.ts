// What a migration between Deployment and CloneSet consists of: pure rules. That pods survive it, and that it can be stopped
// anywhere, is shown in migrate-stopped.test.ts and in the end-to-end tests.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Autoscaler } from "../../../src/cli/autoscalers.ts";
import type { CloneSetObject } from "../../../src/cli/cluster.ts";
import { adoption, held } from "../../../src/cli/migrate/adoption.ts";
import { againstTheController } from "../../../src/cli/migrate/attendance.ts";
import { keepers } from "../../../src/cli/migrate/keepers.ts";
import type { Migration } from "../../../src/cli/migrate/migration.ts";
import { migrationIn } from "../../../src/cli/migrate/migration.ts";
import {
  againstAdoption,
  againstClaimants,
  againstCloneSet,
  againstDeployment,
  againstOtherTemplate,
} from "../../../src/cli/migrate/objections.ts";
import { doing } from "../../../src/cli/migrate/plan-text.ts";
import type { Live } from "../../../src/cli/migrate/steps.ts";
import { isHalfway, overtaken, remaining } from "../../../src/cli/migrate/steps.ts";
import { toCloneSet } from "../../../src/cli/migrate/to-clone-set.ts";
import { toDeployment } from "../../../src/cli/migrate/to-deployment.ts";
import type { Claimant, Deployment } from "../../../src/cli/migrate/workloads.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "app:v1" }] } };

function aDeployment(
  spec: Partial<Deployment["spec"]> = {},
  metadata: Partial<KubeObject["metadata"]> = {},
): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", uid: "d", generation: 2, ...metadata },
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template, ...spec },
    status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3 },
  };
}

const owned = (kind: string, name: string, uid: string) => [
  { apiVersion: "apps/v1", kind, name, uid, controller: true },
];
const aPod = (name: string, ownerReferences?: KubeObject["metadata"]["ownerReferences"]): KubeObject => ({
  metadata: {
    name,
    labels: { app: "web", "pod-template-hash": "abc" },
    ...(ownerReferences ? { ownerReferences } : {}),
  },
});

const selector = { matchLabels: { app: "web" } };

/** A pod as it runs, made by a ReplicaSet. */
function runningPod(name: string, image: string): KubeObject {
  const { metadata } = aPod(name, owned("ReplicaSet", "web-abc", "r"));
  const ready = { type: "Ready", status: "True", lastTransitionTime: "2026-03-01T11:00:00Z" };
  const container = { name: "app", image, imageID: image, ready: true, restartCount: 0 };
  return {
    metadata: { ...metadata, uid: name, namespace: "default", creationTimestamp: "2026-03-01T11:00:00Z" },
    spec: { containers: [{ name: "app", image }], nodeName: "n" },
    status: { phase: "Running", conditions: [ready], containerStatuses: [container] },
  } as KubeObject;
}

/** As the server has it when it was just made. */
function justMade({ status: _none, ...cloneSet }: CloneSetObject): CloneSetObject {
  return { ...cloneSet, metadata: { ...cloneSet.metadata, uid: "c", creationTimestamp: "2026-03-01T12:00:00Z" } };
}

describe("a CloneSet of a Deployment", () => {
  const strategies: { name: string; spec: Partial<Deployment["spec"]>; want: object; notes?: RegExp }[] = [
    { name: "says nothing", spec: { replicas: 4 }, want: { maxUnavailable: "25%", maxSurge: "25%" } },
    {
      name: "says nothing and is small",
      spec: {},
      want: { maxUnavailable: "25%", maxSurge: "25%" },
      notes: /with maxUnavailable 25% none of 3 pods may be away: an update makes an extra pod/,
    },
    {
      name: "has numbers of its own",
      spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 2 } } },
      want: { maxUnavailable: 0, maxSurge: 2 },
      notes: /with maxUnavailable 0 none of 3/,
    },
    {
      name: "re-creates",
      spec: { strategy: { type: "Recreate" } },
      want: { maxUnavailable: "100%" },
      notes: /side by side/,
    },
    {
      name: "is paused",
      spec: { paused: true },
      want: { maxUnavailable: "25%", maxSurge: "25%", paused: true },
      notes: /resume/,
    },
  ];
  for (const { name, spec, want, notes } of strategies) {
    test(`its strategy, when the Deployment ${name}`, () => {
      const made = toCloneSet(aDeployment(spec));
      assert.deepEqual(made.cloneSet.spec?.updateStrategy, { type: "InPlaceIfPossible", ...want });
      if (notes) assert.match(made.notes.join("\n"), notes);
      else assert.deepEqual(made.notes, []);
    });
  }

  test("keeps template, selector, replicas and times; drops what is said about the Deployment itself", () => {
    const { cloneSet } = toCloneSet(
      aDeployment(
        { minReadySeconds: 5, revisionHistoryLimit: 3, progressDeadlineSeconds: 60 },
        {
          labels: { team: "shop", "argocd.argoproj.io/instance": "shop", "applyset.kubernetes.io/part-of": "set" },
          annotations: {
            "deployment.kubernetes.io/revision": "7",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web",
            "argocd.argoproj.io/sync-wave": "2",
            "kubernetes.io/change-cause": "new logo",
          },
        },
      ),
    );
    const { updateStrategy: _, ...spec } = cloneSet.spec ?? {};
    assert.deepEqual(spec, {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template,
      minReadySeconds: 5,
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: 60,
    });
    assert.deepEqual(cloneSet.metadata, {
      name: "web",
      namespace: "shop",
      labels: { team: "shop" },
      annotations: { "argocd.argoproj.io/sync-wave": "2", "kubernetes.io/change-cause": "new logo" },
    });
  });
});

describe("a Deployment of a CloneSet", () => {
  const cloneSet = wireCloneSet({
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: "web" } },
      template,
      updateStrategy: { maxUnavailable: 1, partition: 2 },
      scaleStrategy: { maxUnavailable: 1 },
    },
  });

  test("its ReplicaSet selects the pods by the hash they carry", () => {
    const { replicaSet, deployment } = toDeployment(cloneSet, { before: undefined, hash: "abc" });
    const labels = { app: "web", "pod-template-hash": "abc" };
    assert.equal(replicaSet.metadata.name, `${cloneSet.metadata.name}-abc`);
    assert.deepEqual(replicaSet.spec.selector, { matchLabels: labels });
    assert.deepEqual(replicaSet.spec.template?.metadata?.labels, labels);
    assert.deepEqual([replicaSet.spec.replicas, deployment.spec.replicas], [4, 4]);
    assert.deepEqual(deployment.spec.template, template, "apart from the hash the two are the same");
  });

  test("the Deployment that was lends metadata and strategy, the CloneSet says the rest", () => {
    const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    const before = aDeployment({ strategy, replicas: 9 }, { annotations: { "example.com/team": "shop" } });
    const { deployment } = toDeployment(cloneSet, { before, hash: "abc" });
    assert.deepEqual(deployment.spec.strategy, strategy);
    assert.equal(deployment.spec.replicas, 4);
    assert.deepEqual(deployment.metadata.annotations, { "example.com/team": "shop" });
    const alone = toDeployment(cloneSet, { before: undefined, hash: "abc" }).deployment;
    assert.deepEqual(alone.spec.strategy, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } });
  });

  test("no deadline stays none: a Deployment that says nothing has one of ten minutes", () => {
    const deadline = (progressDeadlineSeconds?: number) => {
      const given = wireCloneSet({ spec: progressDeadlineSeconds === undefined ? {} : { progressDeadlineSeconds } });
      return toDeployment(given, { before: undefined, hash: "abc" }).deployment.spec.progressDeadlineSeconds;
    };
    assert.deepEqual([deadline(), deadline(2_147_483_647), deadline(90)], [2_147_483_647, 2_147_483_647, 90]);
  });

  test("what has no place in a Deployment is named", () => {
    const { notes } = toDeployment(cloneSet, { before: undefined, hash: "abc" });
    assert.deepEqual(notes, ["a Deployment has no scaleStrategy.maxUnavailable, updateStrategy.partition: lost"]);
  });
});

describe("what is still to be done", () => {
  const deployment = aDeployment();
  const replicaSet: KubeObject = { kind: "ReplicaSet", metadata: { name: "web-abc", uid: "r", resourceVersion: "7" } };
  const cloneSet: KubeObject = { kind: "CloneSet", metadata: { name: "web", uid: "c", generation: 2 } };
  const deleting = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
  });
  const ofDeployment = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences: owned("Deployment", "web", "d") },
  });
  const autoscaler = (kind: string, apiVersion: string, ownerReferences = owned("", "", "").slice(1)): Autoscaler => ({
    metadata: { name: "web", ownerReferences },
    spec: { scaleTargetRef: { apiVersion, kind, name: "web" } },
  });
  const migration: Migration = {
    direction: "toCloneSet",
    state: "underWay",
    selector: "app=web",
    letGo: [
      { kind: "Deployment", name: "web", uid: "d" },
      { kind: "ReplicaSet", name: "web-abc", uid: "r" },
    ],
    generation: 2,
    create: [{ apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", metadata: { name: "web" } }],
    retarget: {
      from: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      to: { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "web" },
    },
    clear: [],
    deployment: undefined,
  };
  const back: Migration = {
    ...migration,
    direction: "toDeployment",
    letGo: [{ kind: "CloneSet", name: "web", uid: "c" }],
    create: [
      toDeployment(wireCloneSet(), { before: undefined, hash: "abc" }).replicaSet,
      { kind: "Deployment", metadata: { name: "web" } },
    ],
    retarget: { from: migration.retarget.to, to: migration.retarget.from },
    clear: [{ kind: "ControllerRevision", name: "web-1", uid: "v" }],
  };
  const withHash = (hash: string, pod: KubeObject): KubeObject => ({
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, "pod-template-hash": hash } },
  });
  const rival = owned("ReplicaSet", "other-x", "o");
  const mine = aPod("web-1", owned("CloneSet", "web", "c"));
  const lost = aPod("web-1");
  const cases: {
    name: string;
    migration: Migration;
    live: Partial<Live>;
    want: string[];
    begun: boolean;
    stop?: RegExp;
  }[] = [
    {
      name: "nothing was done",
      migration,
      live: { objects: [deployment, replicaSet], autoscalers: [autoscaler("Deployment", "apps/v1")] },
      want: ["letGo d", "letGo r", "create CloneSet", "retarget CloneSet"],
      begun: false,
    },
    {
      name: "garbage collection is at work",
      migration,
      live: { objects: [deleting(deployment), ofDeployment(replicaSet)] },
      want: ["awaitGone d, 1 left", "letGo r", "create CloneSet"],
      begun: true,
    },
    {
      name: "the Deployment was made again under its name",
      migration,
      live: { objects: [{ ...deployment, metadata: { ...deployment.metadata, uid: "d2" } }, replicaSet] },
      want: ["letGo r", "create CloneSet"],
      begun: false,
      stop: /deployment\.apps\/web was made again meanwhile/,
    },
    {
      name: "the Deployment was made again when the CloneSet was there",
      migration,
      live: {
        objects: [{ ...deployment, metadata: { ...deployment.metadata, uid: "d2" } }, cloneSet],
        pods: [mine],
      },
      want: [],
      begun: false,
      stop: /made again/,
    },
    {
      name: "the Deployment was edited",
      migration,
      live: { objects: [{ ...deployment, metadata: { ...deployment.metadata, generation: 3 } }, replicaSet] },
      want: ["letGo d", "letGo r", "create CloneSet"],
      begun: false,
      stop: /was edited meanwhile, nothing was changed/,
    },
    { name: "all were let go", migration, live: { pods: [lost] }, want: ["create CloneSet"], begun: true },
    {
      name: "the CloneSet does not have all pods",
      migration,
      live: { objects: [cloneSet], pods: [mine, lost], autoscalers: [autoscaler("Deployment", "apps/v1beta1")] },
      want: ["awaitTaken 1 pods", "retarget CloneSet"],
      begun: true,
    },
    {
      name: "an autoscaler of another, of another group, and one that has an owner",
      migration,
      live: {
        objects: [cloneSet],
        pods: [mine],
        autoscalers: [
          autoscaler("StatefulSet", "apps/v1"),
          autoscaler("Deployment", "example.com/v1"),
          autoscaler("Deployment", "apps/v1", owned("ScaledObject", "web", "k")),
        ],
      },
      want: [],
      begun: true,
    },
    {
      name: "back: nothing was done",
      migration: back,
      live: { objects: [cloneSet, { kind: "ControllerRevision", metadata: { name: "web-1", uid: "v" } }] },
      want: ["letGo c", "create ReplicaSet", "create Deployment", "clear v"],
      begun: false,
    },
    {
      name: "back: the ReplicaSet does not have all pods; it gets a Deployment only then",
      migration: back,
      live: { objects: [replicaSet], pods: [lost, lost] },
      want: ["awaitTaken 2 pods", "create Deployment"],
      begun: true,
    },
    {
      name: "back: the Deployment has not found its ReplicaSet",
      migration: back,
      live: { objects: [replicaSet, deployment], pods: [aPod("web-1", owned("ReplicaSet", "web-abc", "r"))] },
      want: ["awaitTaken 1 ReplicaSet"],
      begun: true,
    },
    {
      name: "back: the CloneSet has pods with a hash that the ReplicaSet does not select",
      migration: back,
      live: { objects: [cloneSet], pods: [mine, withHash("x", mine), withHash("y", aPod("web-9", rival))] },
      want: ["letGo c", "label 1 with abc", "create ReplicaSet", "create Deployment"],
      begun: false,
    },
    {
      name: "back: the ReplicaSet has served its time, and the Deployment has another",
      migration: back,
      live: { objects: [deployment], pods: [withHash("new", aPod("web-9", rival))] },
      want: [],
      begun: true,
    },
    {
      name: "back: all is done",
      migration: back,
      live: {
        objects: [
          { ...replicaSet, metadata: { ...replicaSet.metadata, ownerReferences: owned("Deployment", "web", "d") } },
          deployment,
        ],
        pods: [aPod("web-1", owned("ReplicaSet", "web-abc", "r"))],
      },
      want: [],
      begun: true,
    },
  ];
  for (const { name, migration: given, live, want, begun, stop } of cases) {
    test(name, () => {
      const seen = { objects: [], pods: [], autoscalers: [], ...live };
      const steps = remaining(given, seen);
      const said = steps.map((step) => {
        switch (step.kind) {
          case "create":
            return `create ${step.object.kind}`;
          case "awaitTaken":
            return `awaitTaken ${step.left} ${step.what}`;
          case "retarget":
            return `retarget ${step.to.kind}`;
          case "awaitGone":
            return `awaitGone ${step.object.uid}, ${step.left} left`;
          case "label":
            return `label ${step.pods.length} with ${step.hash}`;
          case "letGo":
          case "clear":
            return `${step.kind} ${step.object.uid}`;
        }
      });
      assert.deepEqual(said, want);
      assert.equal(isHalfway(given, seen), begun);
      if (stop) assert.match(overtaken(given, seen)?.why ?? "", stop);
      else assert.equal(overtaken(given, seen), undefined);
      for (const step of steps) assert.match(doing(step), /^(delete|wait until|create|label|let) /);
    });
  }
});

describe("what stands against it", () => {
  const flag = " -n shop";
  const pods = [1, 2, 3].map((i) => aPod(`web-${i}`, owned("ReplicaSet", "web-abc", "r")));
  const ready = { pods, cloneSet: undefined, flag };
  const status = { observedGeneration: 2, replicas: 3, updatedReplicas: 3 };
  const forward: { name: string; deployment?: Deployment; given?: object; want: RegExp | undefined }[] = [
    { name: "nothing", want: undefined },
    {
      name: "an edit nobody has seen",
      deployment: { ...aDeployment(), status: { ...status, observedGeneration: 1 } },
      want: /rollout is not done/,
    },
    {
      name: "old pods",
      deployment: { ...aDeployment(), status: { ...status, updatedReplicas: 1 } },
      want: /1 of 3 pods/,
    },
    {
      name: "too many pods",
      deployment: { ...aDeployment(), status: { ...status, replicas: 4 } },
      want: /there are 4/,
    },
    { name: "no status yet", deployment: { ...aDeployment(), status: {} }, want: /0 of 3/ },
    {
      name: "an owner",
      deployment: aDeployment({}, { ownerReferences: owned("App", "shop", "a") }),
      want: /belongs to App shop/,
    },
    {
      name: "deletion",
      deployment: aDeployment({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      want: /being deleted/,
    },
    { name: "a CloneSet", given: { cloneSet: wireCloneSet({}) }, want: /web exists already/ },
    { name: "a pod of nobody", given: { pods: [...pods, aPod("web-debug")] }, want: /leaves alone.*: web-debug$/ },
  ];
  for (const { name, deployment = aDeployment(), given, want } of forward) {
    test(`a CloneSet: ${name}`, () => {
      const found = againstCloneSet(deployment, { ...ready, ...given });
      if (want === undefined) assert.deepEqual(found, []);
      else assert.match(found.map(({ why }) => why).join("\n"), want);
      for (const { next } of found) assert.notEqual(next, "");
    });
  }

  const settled = (spec: NonNullable<Parameters<typeof wireCloneSet>[0]>["spec"] = {}, own = status) =>
    wireCloneSet({ spec: { replicas: 3, template, selector: { matchLabels: { app: "web" } }, ...spec }, status: own });
  const free = { pods, strangers: [], deployment: undefined, replicaSets: [], before: undefined, flag };
  const gated = (inPlaceReady: string, metadata: Partial<KubeObject["metadata"]> = {}) => ({
    metadata: { ...aPod("web-9").metadata, ...metadata },
    spec: { readinessGates: [{ conditionType: "InPlaceUpdateReady" }], containers: [] },
    status: { conditions: [{ type: "InPlaceUpdateReady", status: inPlaceReady }] },
  });
  const adopted = { pods, before: aDeployment() };
  const none = { ...status, updatedReplicas: 0 };
  const backward: { name: string; cloneSet?: ReturnType<typeof settled>; given?: object; want: RegExp | undefined }[] =
    [
      { name: "nothing", want: undefined },
      {
        name: "an edit that nobody has seen",
        cloneSet: settled({}, { ...status, observedGeneration: 0 }),
        want: /has not seen its last edit/,
      },
      { name: "a rollout", cloneSet: settled({}, { ...status, updatedReplicas: 2 }), want: /2 of 3 pods/ },
      {
        name: "PVCs",
        cloneSet: settled({ volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }] }),
        want: /PVCs/,
      },
      {
        name: "a hook before deletion",
        cloneSet: settled({ lifecycle: { preDelete: { finalizersHandler: ["x/y"] } } }),
        want: /preDelete/,
      },
      { name: "a Deployment", given: { deployment: aDeployment() }, want: /exists already/ },
      { name: "a ReplicaSet", given: { replicaSets: [{ metadata: { name: "web-old" } }] }, want: /web-old/ },
      { name: "a pod that is leaving", given: { pods: pods.slice(1) }, want: /rollout is not done/ },
      {
        name: "a pod that is out of service for an update",
        given: { pods: [...pods.slice(1), gated("False")] },
        want: /only the controller brings them back: web-9/,
      },
      { name: "a pod that is back in service", given: { pods: [...pods.slice(1), gated("True")] }, want: undefined },
      {
        name: "a pod that a hook holds",
        given: {
          pods: [...pods.slice(1), gated("True", { labels: { "lifecycle.apps.kruise.io/state": "Updating" } })],
        },
        want: /only the controller brings them back/,
      },
      {
        name: "finalizers of hooks",
        cloneSet: settled({ lifecycle: { inPlaceUpdate: { finalizersHandler: ["x/y"] } } }),
        given: { pods: [...pods.slice(1), gated("True", { finalizers: ["x/y"] })] },
        want: /nobody would take the hooks' finalizers off its pods.*: web-9/,
      },
      { name: "a pod of nobody", given: { strangers: [aPod("web-debug")] }, want: /leaves alone: web-debug/ },
      {
        name: "pods that are the Deployment's as they came, with the template as it was",
        cloneSet: settled({}, none),
        given: adopted,
        want: undefined,
      },
      {
        name: "pods that are the Deployment's as they came, with another template",
        cloneSet: settled(
          { template: { ...template, spec: { containers: [{ name: "app", image: "app:v2" }] } } },
          none,
        ),
        given: adopted,
        want: /0 of 3 pods are up to date/,
      },
    ];
  for (const { name, cloneSet = settled(), given, want } of backward) {
    test(`a Deployment: ${name}`, () => {
      const found = againstDeployment(cloneSet, { ...free, ...given });
      if (want === undefined) assert.deepEqual(found, []);
      else assert.match(found.map(({ why }) => why).join("\n"), want);
      for (const { next } of found) assert.notEqual(next, "");
    });
  }

  const claimant = (kind: string, name: string, uid: string, matchLabels: Record<string, string>): Claimant => ({
    kind,
    metadata: { name, uid },
    spec: { selector: { matchLabels } },
  });
  test("others that select the pods would take them while nobody owns them", () => {
    const others = [
      claimant("Deployment", "web", "d", { app: "web" }),
      claimant("ReplicaSet", "web-abc", "r", { app: "web", "pod-template-hash": "abc" }),
      claimant("ReplicaSet", "other-x", "x", { app: "web", "pod-template-hash": "x" }),
      claimant("Deployment", "shop", "s", { app: "shop" }),
      { kind: "DaemonSet", metadata: { name: "none" } },
    ];
    const own = [
      { kind: "Deployment", name: "web", uid: "d" },
      { kind: "ReplicaSet", name: "web-abc", uid: "r" },
    ];
    const labels = [{ app: "web" }, { app: "web", "pod-template-hash": "abc" }];
    assert.deepEqual(againstClaimants(others, { own, labels }), []);
    const twins = [...others, claimant("Deployment", "twin", "t", { app: "web" })];
    assert.match(againstClaimants(twins, { own, labels })[0]?.why ?? "", /select them, too.*: deployment\.apps\/twin$/);
    const late = [...others, claimant("CloneSet", "late", "l", { "pod-template-hash": "abc" })];
    assert.match(againstClaimants(late, { own, labels })[0]?.why ?? "", /: cloneset\.apps\.kruise\.io\/late$/);
  });

  test("a CloneSet that the controller would not carry out", () => {
    const taken = [1, 2].map((i) => runningPod(`web-${i}`, "app:v1"));
    const named = (name: string) => wireCloneSet({ name, spec: { replicas: 2, selector, template }, status: {} });
    const fine = adoption(justMade(named("web")), taken, NOW_MS);
    assert.deepEqual(fine, { refused: undefined, touched: [] });
    const long = adoption(justMade(named("w".repeat(60))), taken, NOW_MS);
    assert.match(againstAdoption(long)[0]?.why ?? "", /metadata\.name: want at most 52 characters/);
    const odd = [...taken.slice(1), runningPod("web-odd", "app:v3")];
    assert.deepEqual(adoption(justMade(named("web")), odd, NOW_MS).touched, ["web-odd"]);
    assert.deepEqual(adoption(held(justMade(named("web"))), odd, NOW_MS).touched, []);
  });

  test("a template that the server changes in the Deployment alone", () => {
    const { replicaSet, deployment } = toDeployment(wireCloneSet(), { before: undefined, hash: "abc" });
    assert.deepEqual(againstOtherTemplate({ replicaSet, deployment }), []);
    const spec = { ...deployment.spec, template: { ...template, metadata: { labels: { app: "web", by: "policy" } } } };
    assert.match(
      againstOtherTemplate({ replicaSet, deployment: { ...deployment, spec } })[0]?.why ?? "",
      /every pod would be replaced/,
    );
  });

  const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
  const lease = (renewTime: string, holderIdentity = "somebody") => ({
    metadata: { name: "cloneset-controller" },
    spec: { holderIdentity, renewTime, leaseDurationSeconds: 15 },
  });
  const fresh = lease("2026-03-01T11:59:55Z");
  const stale = lease("2026-03-01T11:50:00Z");
  const absent = { kind: "absent" } as const;
  const leases: {
    name: string;
    leases: Parameters<typeof againstTheController>[0];
    kruise?: Parameters<typeof againstTheController>[1];
    want: RegExp | undefined;
  }[] = [
    { name: "one is at work", leases: { kind: "found", value: [stale, fresh] }, want: undefined },
    { name: "it stopped", leases: { kind: "found", value: [stale] }, want: /no controller would adopt/ },
    {
      name: "it gave its lease back",
      leases: { kind: "found", value: [lease("2026-03-01T11:59:55Z", "")] },
      want: /no controller/,
    },
    { name: "there was never one", leases: { kind: "found", value: [] }, want: /no controller/ },
    { name: "leases are not for the caller", leases: { kind: "forbidden" }, want: /may not read leases/ },
    {
      name: "OpenKruise's",
      leases: { kind: "found", value: [fresh] },
      kruise: { kind: "found", value: fresh },
      want: /OpenKruise/,
    },
  ];
  for (const { name, leases: given, kruise = absent, want } of leases) {
    test(`controllers: ${name}`, () => {
      const found = againstTheController(given, kruise, NOW_MS);
      if (want === undefined) assert.deepEqual(found, []);
      else assert.match(found[0]?.why ?? "", want);
    });
  }
});

test("who would make it again is read from the marks that they leave", () => {
  const annotations = {
    "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web",
    "meta.helm.sh/release-name": "shop-release",
  };
  const labels = { "kustomize.toolkit.fluxcd.io/name": "shop-flux", "helm.toolkit.fluxcd.io/name": "shop-hr" };
  assert.deepEqual(keepers({ name: "web", annotations }), ["Argo CD application shop", "Helm release shop-release"]);
  assert.deepEqual(keepers({ name: "web", labels }), ["Flux Kustomization shop-flux", "Flux HelmRelease shop-hr"]);
  assert.deepEqual(keepers({ name: "web" }), []);
});

test("a ConfigMap that no migration has written is left alone", () => {
  const labels = { "app.kubernetes.io/managed-by": "kubectl-cloneset" };
  const named = { name: "web-migration" };
  const whole = { direction: "toCloneSet", state: "done", selector: "app=web", letGo: [], create: [], retarget: {} };
  const data = { "migration.json": JSON.stringify(whole) };
  assert.deepEqual(migrationIn({ metadata: { ...named, labels }, data }), whole);
  assert.throws(() => migrationIn({ metadata: named, data }), /configmap\/web-migration is somebody else's/);
  for (const text of ["{nope", "{}", "[1]", "null"]) {
    const broken = { metadata: { ...named, labels }, data: { "migration.json": text } };
    assert.throws(() => migrationIn(broken), /has no migration under migration\.json/);
  }
  assert.throws(() => migrationIn({ metadata: { ...named, labels } }), /has no migration/);
});
