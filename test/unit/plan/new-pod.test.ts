import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import type { PodTemplate } from "../../../src/api/kubernetes.ts";
import { missingClaims, podManifest } from "../../../src/plan/new-pod.ts";
import type { GivenCloneSet } from "../../support/a-cloneset.ts";
import { aClaimTemplate, aCloneSet, aTemplate, NOW_MS } from "../../support/a-cloneset.ts";
import { NEW } from "../../support/a-revision.ts";

interface Manifest {
  metadata: Record<string, unknown> & { labels: Record<string, string> };
  spec: Record<string, unknown> & { readinessGates?: { conditionType: string }[]; volumes?: { name: string }[] };
}

function manifest(given: GivenCloneSet = {}, features = featureDefaults): Manifest {
  const cloneSet = aCloneSet(given);
  const { template, claimTemplates } = cloneSet.spec;
  const source = { revision: NEW, template, claimTemplates };
  return podManifest(cloneSet, source, "bbbbb", { nowMs: NOW_MS, features }) as unknown as Manifest;
}

const templated: PodTemplate = {
  metadata: { labels: { app: "web", tier: "a" }, annotations: { note: "x" }, finalizers: ["example.com/f"] },
  spec: {
    containers: [{ name: "app", image: "app:v2", env: [{ name: "A", value: "1" }] }],
    volumes: [
      { name: "data", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
    ],
    newerFieldThanThisCode: { kept: true },
  },
};

test("a new pod says which claim templates it was made with only where other ones would re-create it", () => {
  const key = "kruise.io/cloneset-volumeclaimtemplate-hash";
  const made = (isOn: boolean, claimTemplates = [aClaimTemplate()]) => {
    const features = { ...featureDefaults, RecreatePodWhenChangeVCTInCloneSetGate: isOn };
    return manifest({ claimTemplates }, features).metadata["annotations"] as Record<string, string>;
  };
  assert.equal(made(false)[key], undefined);
  assert.equal(made(true)[key], "3636919212");
  assert.equal(made(true, [])[key], "");
});

test("a new pod is the template with our name, labels, owner and volumes", () => {
  assert.deepEqual(
    manifest({ template: templated, claimTemplates: [aClaimTemplate("data"), aClaimTemplate("logs")] }),
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "web-bbbbb",
        generateName: "web-",
        namespace: "shop",
        labels: {
          app: "web",
          tier: "a",
          "controller-revision-hash": NEW,
          "pod-template-hash": "7b4c5d6f8",
          "apps.kruise.io/cloneset-instance-id": "bbbbb",
          "lifecycle.apps.kruise.io/state": "Normal",
        },
        annotations: { note: "x", "lifecycle.apps.kruise.io/timestamp": "2026-01-01T12:00:00Z" },
        finalizers: ["example.com/f"],
        ownerReferences: [
          {
            apiVersion: "apps.kruise.io/v1alpha1",
            kind: "CloneSet",
            name: "web",
            uid: "uid-web",
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        containers: [{ name: "app", image: "app:v2", env: [{ name: "A", value: "1" }] }],
        volumes: [
          { name: "data", persistentVolumeClaim: { claimName: "data-web-bbbbb" } },
          { name: "logs", persistentVolumeClaim: { claimName: "logs-web-bbbbb" } },
          { name: "tmp", emptyDir: {} },
        ],
        newerFieldThanThisCode: { kept: true },
      },
    },
  );
});

const hook = { labelsHandler: { ready: "yes" } };
const gates = [
  { name: "none with ReCreate", given: { type: "ReCreate" }, want: [], state: "Normal" },
  { name: "none with OnDelete", given: { type: "OnDelete" }, want: [], state: "Normal" },
  {
    name: "one with InPlaceIfPossible",
    given: { type: "InPlaceIfPossible" },
    want: ["InPlaceUpdateReady"],
    state: "PreparingNormal",
  },
  {
    name: "one with InPlaceOnly",
    given: { type: "InPlaceOnly" },
    want: ["InPlaceUpdateReady"],
    state: "PreparingNormal",
  },
  {
    name: "none for a preNormal hook, but it waits",
    given: { lifecycle: { preNormal: hook } },
    want: [],
    state: "PreparingNormal",
  },
  {
    name: "none for a hook that leaves pods in service",
    given: { lifecycle: { preDelete: hook } },
    want: [],
    state: "Normal",
  },
  {
    name: "KruisePodReady for a hook that takes pods out of service",
    given: { lifecycle: { preDelete: { ...hook, markPodNotReady: true } } },
    want: ["KruisePodReady"],
    state: "Normal",
  },
  {
    name: "both",
    given: { type: "InPlaceOnly", lifecycle: { inPlaceUpdate: { ...hook, markPodNotReady: true } } },
    want: ["InPlaceUpdateReady", "KruisePodReady"],
    state: "PreparingNormal",
  },
];
for (const { name, given, want, state } of gates) {
  test(`readiness gates of a new pod: ${name}`, () => {
    const { metadata, spec } = manifest(given);
    assert.deepEqual(
      (spec.readinessGates ?? []).map(({ conditionType }) => conditionType),
      want,
    );
    assert.equal(metadata.labels["lifecycle.apps.kruise.io/state"], state);
  });
}

test("readiness gates of the template stay, and ours is not added twice", () => {
  const readinessGates = [{ conditionType: "example.com/lb" }, { conditionType: "InPlaceUpdateReady" }];
  const template = { spec: { ...aTemplate().spec, readinessGates } };
  assert.deepEqual(manifest({ type: "InPlaceOnly", template }).spec.readinessGates, readinessGates);
});

test("the template's own labels never displace ours", () => {
  const labels = {
    app: "web",
    "pod-template-hash": "x",
    "controller-revision-hash": "y",
    "apps.kruise.io/cloneset-instance-id": "z",
  };
  const made = manifest({ template: { ...aTemplate(), metadata: { labels } } }).metadata.labels;
  assert.equal(made["pod-template-hash"], "7b4c5d6f8");
  assert.equal(made["controller-revision-hash"], NEW);
  assert.equal(made["apps.kruise.io/cloneset-instance-id"], "bbbbb");
});

test("with CloneSetShortHash the revision label holds the short hash", () => {
  const { labels } = manifest({}, { ...featureDefaults, CloneSetShortHash: true }).metadata;
  assert.equal(labels["controller-revision-hash"], "7b4c5d6f8");
});

test("a template without metadata makes a pod all the same", () => {
  assert.equal(manifest({ template: { metadata: null, spec: aTemplate().spec } }).metadata["name"], "web-bbbbb");
});

test("without claim templates the volumes are the template's", () => {
  assert.deepEqual(
    manifest({ template: templated }).spec.volumes?.map(({ name }) => name),
    ["data", "tmp"],
  );
});

test("a new claim has the template's labels, the selector's and the id", () => {
  const template = aClaimTemplate();
  template.metadata.labels = { disk: "fast", app: "mine" };
  template.metadata.annotations = { note: "x" };
  const [claim] = missingClaims(aCloneSet(), [template], "bbbbb", new Set());
  assert.deepEqual(claim, {
    name: "data-web-bbbbb",
    manifest: {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name: "data-web-bbbbb",
        namespace: "shop",
        labels: { disk: "fast", app: "web", "apps.kruise.io/cloneset-instance-id": "bbbbb" },
        annotations: { note: "x" },
        ownerReferences: [
          {
            apiVersion: "apps.kruise.io/v1alpha1",
            kind: "CloneSet",
            name: "web",
            uid: "uid-web",
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    },
  });
});

test("a claim that exists is not made again", () => {
  const claims = missingClaims(
    aCloneSet(),
    [aClaimTemplate("a"), aClaimTemplate("b")],
    "bbbbb",
    new Set(["a-web-bbbbb"]),
  );
  assert.deepEqual(
    claims.map(({ name }) => name),
    ["b-web-bbbbb"],
  );
});
