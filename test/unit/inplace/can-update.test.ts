import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodTemplate } from "../../../src/api/kubernetes.ts";
import type { InPlaceOptions, InPlaceUpdate } from "../../../src/inplace/can-update.ts";
import { canUpdateInPlace } from "../../../src/inplace/can-update.ts";

interface Parts {
  labels?: object;
  annotations?: object;
  finalizers?: string[];
  main?: object;
  side?: object;
  init?: object;
  spec?: object;
}

/** Containers main and side, a native sidecar and an init container, with changes to any of them. */
function aTemplate({ labels, annotations, finalizers, main, side, init, spec }: Parts = {}): PodTemplate {
  return {
    metadata: {
      labels: { app: "web", ...labels },
      ...(annotations && { annotations: { ...annotations } }),
      ...(finalizers && { finalizers }),
    },
    spec: {
      initContainers: [
        { name: "init", image: "init:1", ...init },
        { name: "native", image: "n:1", restartPolicy: "Always" },
      ],
      containers: [
        { name: "main", image: "i:1", ...main },
        { name: "side", image: "s:1", ...side },
      ],
      ...spec,
    },
  };
}

const RESIZE: InPlaceOptions = { resize: true, recreateOnClaimChange: false };
const DEFAULT: InPlaceOptions = { resize: false, recreateOnClaimChange: false };
const nothing: InPlaceUpdate = {
  images: {},
  oldImages: {},
  resources: {},
  labels: {},
  annotations: {},
  finalizers: { add: [], remove: [] },
  envFromMetadata: false,
  drains: false,
};
const limits = (cpu: string, memory = "1Gi"): object => ({
  resources: { limits: { cpu, memory }, requests: { cpu: "100m", memory: "64Mi" } },
});
const fed = (kind: "labels" | "annotations", more: object = {}): object => ({
  env: [{ name: "CONFIG", valueFrom: { fieldRef: { fieldPath: `metadata.${kind}['config']` } } }],
  ...more,
});

const possible: {
  name: string;
  old: PodTemplate;
  target: PodTemplate;
  options?: InPlaceOptions;
  want: Partial<InPlaceUpdate>;
}[] = [
  {
    name: "an image",
    old: aTemplate(),
    target: aTemplate({ main: { image: "i:2" } }),
    want: { images: { main: "i:2" }, oldImages: { main: "i:1" } },
  },
  {
    name: "images of several containers",
    old: aTemplate(),
    target: aTemplate({ main: { image: "i:2" }, side: { image: "s:2" } }),
    want: { images: { main: "i:2", side: "s:2" }, oldImages: { main: "i:1", side: "s:1" } },
  },
  {
    name: "the image of a native sidecar",
    old: aTemplate(),
    target: aTemplate({
      spec: {
        initContainers: [
          { name: "init", image: "init:1" },
          { name: "native", image: "n:2", restartPolicy: "Always" },
        ],
      },
    }),
    want: { images: { native: "n:2" }, oldImages: { native: "n:1" } },
  },
  {
    name: "an image, with defaults and other notations on one side",
    old: aTemplate({
      main: { imagePullPolicy: "Always", resources: { limits: { cpu: "1000m" } } },
      spec: { dnsPolicy: "ClusterFirst", securityContext: {} },
    }),
    target: aTemplate({ main: { image: "i:2", resources: { limits: { cpu: 1 } } } }),
    want: { images: { main: "i:2" }, oldImages: { main: "i:1" } },
  },
  {
    name: "labels and annotations: set, changed, removed, and no other key named",
    old: aTemplate({ labels: { gone: "1", same: "2" }, annotations: { a: "1", b: "2" } }),
    target: aTemplate({ labels: { same: "2", "new": "3" }, annotations: { a: "9" } }),
    want: { labels: { gone: null, new: "3" }, annotations: { b: null, a: "9" } },
  },
  {
    name: "the last annotation goes: only that key is removed",
    old: aTemplate({ annotations: { a: "1" } }),
    target: aTemplate(),
    want: { annotations: { a: null } },
  },
  {
    name: "finalizers",
    old: aTemplate({ finalizers: ["x/a", "x/b"] }),
    target: aTemplate({ finalizers: ["x/b", "x/c"] }),
    want: { finalizers: { add: ["x/c"], remove: ["x/a"] } },
  },
  {
    name: "the env of a container that gets an image anyway",
    old: aTemplate({ annotations: { config: "1" }, main: fed("annotations") }),
    target: aTemplate({ annotations: { config: "2" }, main: fed("annotations", { image: "i:2" }) }),
    want: { annotations: { config: "2" }, images: { main: "i:2" }, oldImages: { main: "i:1" }, envFromMetadata: true },
  },
  {
    name: "an annotation that env names, but only next to a literal value or for an injector",
    old: aTemplate({ annotations: { config: "1" } }),
    target: aTemplate({ annotations: { config: "2" } }),
    want: { annotations: { config: "2" } },
  },
  {
    name: "amounts of cpu and memory, as written; nothing restarts, so the pod is not drained",
    old: aTemplate({ main: limits("1"), side: limits("2") }),
    target: aTemplate({ main: limits("1500m", "2048Mi"), side: limits("2") }),
    options: RESIZE,
    want: { resources: { main: { limits: { cpu: "1500m", memory: "2048Mi" } } }, drains: false },
  },
  {
    name: "amounts where the container restarts for it: drained",
    old: aTemplate({
      main: { ...limits("1"), resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] },
    }),
    target: aTemplate({
      main: { ...limits("2"), resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] },
    }),
    options: RESIZE,
    want: { resources: { main: { limits: { cpu: "2" } } }, drains: true },
  },
  {
    name: "amounts where another resource would restart: not drained",
    old: aTemplate({
      main: { ...limits("1"), resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] },
    }),
    target: aTemplate({
      main: { ...limits("2"), resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] },
    }),
    options: RESIZE,
    want: { resources: { main: { limits: { cpu: "2" } } }, drains: false },
  },
  {
    name: "a limit whose request is implied: both change",
    old: aTemplate({ main: { resources: { limits: { cpu: "1", memory: "1Gi" } } } }),
    target: aTemplate({ main: { resources: { limits: { cpu: "2", memory: "1Gi" } } } }),
    options: RESIZE,
    want: { resources: { main: { limits: { cpu: "2" }, requests: { cpu: "2" } } }, drains: false },
  },
  {
    name: "nothing",
    old: aTemplate(),
    target: aTemplate({ spec: { restartPolicy: "Always" } }),
    want: { drains: false },
  },
];
for (const { name, old, target, options = DEFAULT, want } of possible) {
  test(`in place: ${name}`, () => {
    const changesSomething = Object.keys(want).some((key) => key !== "drains");
    assert.deepEqual(canUpdateInPlace({ template: old }, { template: target }, options), {
      possible: true,
      update: { ...nothing, drains: changesSomething, ...want },
    });
  });
}

const C = "spec.template.spec.containers";
const refused: {
  name: string;
  old: PodTemplate;
  target: PodTemplate;
  options?: InPlaceOptions;
  field: string;
  why: RegExp;
}[] = [
  {
    name: "env",
    old: aTemplate(),
    target: aTemplate({ side: { env: [{ name: "A", value: "1" }] } }),
    field: `${C}[side].env`,
    why: /new pod/,
  },
  {
    name: "an image beside a probe",
    old: aTemplate(),
    target: aTemplate({ main: { image: "i:2", livenessProbe: { exec: {} } } }),
    field: `${C}[main].livenessProbe`,
    why: /new pod/,
  },
  {
    name: "the first of two fields is named",
    old: aTemplate(),
    target: aTemplate({ main: { args: ["a"] }, spec: { hostname: "h" } }),
    field: `${C}[main].args`,
    why: /new pod/,
  },
  {
    name: "a pull policy that is given on both sides",
    old: aTemplate({ main: { imagePullPolicy: "Always" } }),
    target: aTemplate({ main: { imagePullPolicy: "Never" } }),
    field: `${C}[main].imagePullPolicy`,
    why: /new pod/,
  },
  {
    name: "a container more",
    old: aTemplate(),
    target: aTemplate({ spec: { containers: [...aTemplate().spec.containers, { name: "more", image: "m" }] } }),
    field: C,
    why: /"more" was added/,
  },
  {
    name: "a container less",
    old: aTemplate(),
    target: aTemplate({ spec: { containers: [{ name: "main", image: "i:1" }] } }),
    field: C,
    why: /"side" was removed/,
  },
  {
    name: "a container renamed",
    old: aTemplate(),
    target: aTemplate({ main: { name: "app" } }),
    field: C,
    why: /"main" was renamed to "app"/,
  },
  {
    name: "containers in another order",
    old: aTemplate(),
    target: aTemplate({ spec: { containers: aTemplate().spec.containers.toReversed() } }),
    field: C,
    why: /order/,
  },
  {
    name: "no image any more",
    old: aTemplate(),
    target: aTemplate({ main: { image: "" } }),
    field: `${C}[main].image`,
    why: /names no image/,
  },
  {
    name: "the image of an init container",
    old: aTemplate(),
    target: aTemplate({ init: { image: "init:2" } }),
    field: "spec.template.spec.initContainers[init].image",
    why: /does not run again/,
  },
  {
    name: "an init container more",
    old: aTemplate(),
    target: aTemplate({ spec: { initContainers: [] } }),
    field: "spec.template.spec.initContainers",
    why: /was removed/,
  },
  {
    name: "volumes",
    old: aTemplate(),
    target: aTemplate({ spec: { volumes: [{ name: "v" }] } }),
    field: "spec.template.spec.volumes",
    why: /new pod/,
  },
  {
    name: "a toleration",
    old: aTemplate(),
    target: aTemplate({ spec: { tolerations: [{ key: "k" }] } }),
    field: "spec.template.spec.tolerations",
    why: /new pod/,
  },
  {
    name: "a field of the pod inside another",
    old: aTemplate({ spec: { securityContext: { fsGroup: 1 } } }),
    target: aTemplate({ spec: { securityContext: { fsGroup: 2 } } }),
    field: "spec.template.spec.securityContext",
    why: /new pod/,
  },
  {
    name: "cpu without the switch",
    old: aTemplate({ main: limits("1") }),
    target: aTemplate({ main: limits("2") }),
    field: `${C}[main].resources.limits.cpu`,
    why: /switched off/,
  },
  {
    name: "an amount that was not there",
    old: aTemplate(),
    target: aTemplate({ main: limits("2") }),
    options: RESIZE,
    field: `${C}[main].resources`,
    why: /was there before/,
  },
  {
    name: "an amount beside others",
    old: aTemplate({ main: { resources: { requests: { cpu: 1 } } } }),
    target: aTemplate({ main: { resources: { requests: { cpu: 1, memory: "1Gi" } } } }),
    options: RESIZE,
    field: `${C}[main].resources.requests.memory`,
    why: /was there before/,
  },
  {
    name: "another resource",
    old: aTemplate({ main: { resources: { limits: { "nvidia.com/gpu": 1 } } } }),
    target: aTemplate({ main: { resources: { limits: { "nvidia.com/gpu": 2 } } } }),
    options: RESIZE,
    field: `${C}[main].resources.limits.nvidia.com/gpu`,
    why: /only cpu and memory/,
  },
  {
    name: "another quality of service",
    old: aTemplate({
      spec: {
        initContainers: [],
        containers: [
          { name: "main", image: "i:1", resources: { limits: { cpu: 1, memory: 1 }, requests: { cpu: 1, memory: 1 } } },
        ],
      },
    }),
    target: aTemplate({
      spec: {
        initContainers: [],
        containers: [
          { name: "main", image: "i:1", resources: { limits: { cpu: 2, memory: 1 }, requests: { cpu: 1, memory: 1 } } },
        ],
      },
    }),
    options: RESIZE,
    field: `${C}[main].resources`,
    why: /from Guaranteed to Burstable/,
  },
  {
    name: "an annotation that the env of an unchanged container reads",
    old: aTemplate({ annotations: { config: "1" }, main: fed("annotations") }),
    target: aTemplate({ annotations: { config: "2" }, main: fed("annotations") }),
    field: "spec.template.metadata.annotations[config]",
    why: /"main".*"CONFIG"/,
  },
  {
    name: "a label that two containers read, of which one gets an image",
    old: aTemplate({ labels: { config: "1" }, main: fed("labels"), side: fed("labels") }),
    target: aTemplate({ labels: { config: "2" }, main: fed("labels", { image: "i:2" }), side: fed("labels") }),
    field: "spec.template.metadata.labels[config]",
    why: /"side"/,
  },
  {
    name: "a label that a native sidecar reads",
    old: aTemplate({
      labels: { config: "1" },
      spec: { initContainers: [{ name: "native", image: "n:1", restartPolicy: "Always", ...fed("labels") }] },
    }),
    target: aTemplate({
      labels: { config: "2" },
      spec: { initContainers: [{ name: "native", image: "n:1", restartPolicy: "Always", ...fed("labels") }] },
    }),
    field: "spec.template.metadata.labels[config]",
    why: /"native"/,
  },
  {
    name: "a removed label that env reads",
    old: aTemplate({ labels: { config: "1" }, main: fed("labels") }),
    target: aTemplate({ main: fed("labels") }),
    field: "spec.template.metadata.labels[config]",
    why: /"main"/,
  },
];
for (const { name, old, target, options = DEFAULT, field, why } of refused) {
  test(`not in place: ${name}`, () => {
    const verdict = canUpdateInPlace({ template: old }, { template: target }, options);
    assert.ok(!verdict.possible);
    assert.equal(verdict.field, field);
    assert.match(verdict.why, why);
  });
}

test("an env variable of a sidecar injector holds nothing up", () => {
  const main = {
    env: [{ name: "SIDECARSET_VERSION", valueFrom: { fieldRef: { fieldPath: "metadata.labels['config']" } } }],
  };
  const verdict = canUpdateInPlace(
    { template: aTemplate({ labels: { config: "1" }, main }) },
    { template: aTemplate({ labels: { config: "2" }, main }) },
    DEFAULT,
  );
  assert.ok(verdict.possible);
});

const claims = [
  { old: "1", target: "2", recreateOnClaimChange: true, possible: false },
  { old: "", target: "2", recreateOnClaimChange: true, possible: false },
  { old: "1", target: "1", recreateOnClaimChange: true, possible: true },
  { old: undefined, target: "2", recreateOnClaimChange: true, possible: true },
  { old: "1", target: undefined, recreateOnClaimChange: true, possible: true },
  { old: "1", target: "2", recreateOnClaimChange: false, possible: true },
];
for (const { old, target, recreateOnClaimChange, possible: want } of claims) {
  test(`claim templates ${old} → ${target}, ${recreateOnClaimChange ? "" : "not "}re-creating: ${want ? "in place" : "not in place"}`, () => {
    const template = aTemplate();
    const verdict = canUpdateInPlace(
      { template, claimTemplatesHash: old },
      { template, claimTemplatesHash: target },
      { resize: false, recreateOnClaimChange },
    );
    assert.equal(verdict.possible, want);
    if (!verdict.possible) assert.equal(verdict.field, "spec.volumeClaimTemplates");
  });
}
