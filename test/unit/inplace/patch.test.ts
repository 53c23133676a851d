import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, PodTemplate } from "../../../src/api/kubernetes.ts";
import type { Pod } from "../../../src/api/pod.ts";
import type { InPlaceUpdate } from "../../../src/inplace/can-update.ts";
import type { PodPatch } from "../../../src/inplace/patch.ts";
import {
  dropGrace,
  endGrace,
  intoService,
  launchPriority,
  needsReadyConditions,
  nextBatch,
  repairTemplateHash,
  restartGrace,
  startUpdate,
} from "../../../src/inplace/patch.ts";
import { inPlaceProgress } from "../../../src/inplace/progress.ts";
import { readState } from "../../../src/inplace/state.ts";
import { aContainer, aPod, is, running } from "./a-pod.ts";

const STATE = "apps.kruise.io/inplace-update-state";
const GRACE = "apps.kruise.io/inplace-update-grace";
const NOW = Date.parse("2026-07-01T08:00:00Z");
const AT = "2026-07-01T08:00:00Z";

const template = (...containers: { name: string; image: string; priority?: number }[]): PodTemplate => ({
  spec: {
    containers: containers.map(({ name, image, priority }) => ({
      name,
      image,
      ...(priority !== undefined && { env: [{ name: "KRUISE_CONTAINER_PRIORITY", value: String(priority) }] }),
    })),
  },
});
const target = { name: "web-new", label: "web-new", template: template({ name: "main", image: "i:2" }) };
const toNew = { target, gracePeriodSeconds: 0, nowMs: NOW };

function anUpdate(more: Partial<InPlaceUpdate> = {}): InPlaceUpdate {
  return {
    images: { main: "i:2" },
    oldImages: { main: "i:1" },
    resources: {},
    labels: {},
    annotations: {},
    finalizers: { add: [], remove: [] },
    envFromMetadata: false,
    drains: true,
    ...more,
  };
}

/** The pod after these patches, as far as the tests look: metadata, images, conditions; statuses stay. */
function after(pod: Pod, patches: PodPatch[]): Pod {
  let next = pod;
  for (const { body } of patches) {
    const { metadata = {}, spec = {}, status = {} } = body as Record<string, Record<string, unknown>>;
    const merged = (before: Readonly<Record<string, string>>, change: unknown): Record<string, string> =>
      Object.fromEntries(
        Object.entries({ ...before, ...(change as object) }).filter(([, value]) => value !== null),
      ) as Record<string, string>;
    const images = new Map(
      ((spec["containers"] ?? []) as { name: string; image?: string }[]).map(({ name, image }) => [name, image]),
    );
    const conditions = (
      (status["conditions"] ?? []) as {
        type: string;
        status: string;
        reason: string;
        message: string;
        lastTransitionTime: string;
      }[]
    ).map(({ type, lastTransitionTime, ...rest }) => [
      type,
      { ...rest, lastTransitionMs: Date.parse(lastTransitionTime) },
    ]);
    next = {
      ...next,
      labels: merged(next.labels, metadata["labels"]),
      annotations: merged(next.annotations, metadata["annotations"]),
      containers: next.containers.map((container) => ({
        ...container,
        image: images.get(container.name) ?? container.image,
      })),
      conditions: { ...next.conditions, ...Object.fromEntries(conditions) },
    };
  }
  return next;
}

function stateOf(pod: Pod): ReturnType<typeof readState> & { kind: "found" } {
  const state = readState(pod);
  assert.ok(state.kind === "found");
  return state;
}

const metadataOf = ({ body }: PodPatch): { labels: JsonObject; annotations: JsonObject } & JsonObject =>
  body["metadata"] as never;

test("a gated pod: out of service in one patch, then image, labels and record in one", () => {
  const { patches, foreignImages } = startUpdate(
    aPod(),
    anUpdate({ labels: { a: "1", b: null }, annotations: { c: "2" } }),
    toNew,
  );
  assert.deepEqual(foreignImages, []);
  assert.deepEqual(patches, [
    {
      subresource: "status",
      body: {
        status: {
          conditions: [
            {
              type: "InPlaceUpdateReady",
              status: "False",
              reason: "StartInPlaceUpdate",
              message: "",
              lastTransitionTime: AT,
            },
            {
              type: "Ready",
              status: "False",
              reason: "ReadinessGatesNotReady",
              message: 'the status of pod readiness gate "InPlaceUpdateReady" is not "True", but False',
              lastTransitionTime: AT,
            },
          ],
        },
      },
    },
    {
      subresource: "",
      body: {
        metadata: {
          labels: {
            a: "1",
            b: null,
            "controller-revision-hash": "web-new",
            "pod-template-hash": "new",
            "lifecycle.apps.kruise.io/state": "Updating",
          },
          annotations: {
            c: "2",
            "lifecycle.apps.kruise.io/timestamp": AT,
            [STATE]:
              `{"revision":"web-new","updateTimestamp":"${AT}","lastContainerStatuses":{"main":{"imageID":"id-of-i:1","containerID":"containerd://main-1"}},` +
              `"updateImages":true,"containerBatchesRecord":[{"timestamp":"${AT}","containers":["main"]}]}`,
          },
        },
        spec: { containers: [{ name: "main", image: "i:2" }] },
      },
    },
  ]);
});

test("a pod whose containers are not ready keeps its Ready condition", () => {
  const conditions = { InPlaceUpdateReady: is("True"), ContainersReady: is("False"), Ready: is("False") };
  const first = startUpdate(aPod({ conditions }), anUpdate(), toNew).patches[0] as PodPatch;
  assert.deepEqual(
    (first.body["status"] as { conditions: { type: string }[] }).conditions.map(({ type }) => type),
    ["InPlaceUpdateReady"],
  );
});

test("a pod that an interrupted update took out of service needs no second patch for that", () => {
  const conditions = {
    InPlaceUpdateReady: is("False", { reason: "StartInPlaceUpdate" }),
    ContainersReady: is("True"),
    Ready: is("False"),
  };
  assert.deepEqual(
    startUpdate(aPod({ conditions }), anUpdate(), toNew).patches.map(({ subresource }) => subresource),
    [""],
  );
});

test("a pod without the gate, and an update that does not drain, are patched without a status write", () => {
  const ungated = startUpdate(aPod({ readinessGates: [] }), anUpdate(), toNew);
  assert.deepEqual(
    ungated.patches.map(({ subresource }) => subresource),
    [""],
  );
  const resize = anUpdate({ images: {}, oldImages: {}, resources: { main: { limits: { cpu: "2" } } }, drains: false });
  const { patches } = startUpdate(aPod(), resize, toNew);
  assert.deepEqual(
    patches.map(({ subresource }) => subresource),
    ["resize", ""],
  );
  assert.deepEqual(patches[0]?.body, { spec: { containers: [{ name: "main", resources: { limits: { cpu: "2" } } }] } });
  assert.equal(patches[1]?.body["spec"], undefined);
  assert.equal(stateOf(after(aPod(), patches)).value.updateResources, true);
});

test("a resize and an image: the image follows when the node has resized the pod, ready or not", () => {
  const update = anUpdate({ resources: { main: { limits: { cpu: "2" } } } });
  const { patches } = startUpdate(aPod(), update, toNew);
  assert.deepEqual(
    patches.map(({ subresource }) => subresource),
    ["status", "resize", ""],
  );
  assert.equal(patches[2]?.body["spec"], undefined, "no image yet");
  const main = { ...aContainer("main", "i:1"), resources: { limits: { cpu: "2" } } };
  const resizing = { ...after(aPod(), patches), containers: [main] };
  assert.equal(inPlaceProgress(resizing, NOW).kind, "waiting");
  const limits = (cpu: string) => [running("main", "i:1", { ready: false, resources: { limits: { cpu } } })];
  const resized = { ...resizing, containerStatuses: limits("2") };
  const refused = {
    ...resizing,
    containerStatuses: limits("1"),
    conditions: { ...resizing.conditions, PodResizePending: is("True", { reason: "Infeasible" }) },
  };
  for (const pod of [resized, refused]) {
    const progress = inPlaceProgress(pod, NOW);
    assert.ok(progress.kind === "nextBatch");
    const next = nextBatch(pod, progress, { template: target.template, nowMs: NOW }).patches;
    assert.deepEqual(
      next.map(({ subresource, body }) => [subresource, body["spec"]]),
      [["", { containers: [{ name: "main", image: "i:2" }] }]],
    );
    const updated = after(pod, next);
    assert.equal(stateOf(updated).value.lastContainerStatuses["main"]?.containerID, "containerd://main-1");
    assert.equal(inPlaceProgress(updated, NOW).kind, "waiting");
  }
});

test("injected and missing containers are not touched; sidecars go to their own list; identity stays", () => {
  const pod = aPod({
    containers: [aContainer("injected", "x"), aContainer("main", "i:1")],
    initContainers: [aContainer("native", "n:1")],
  });
  const update = anUpdate({
    images: { main: "i:2", gone: "g:2", native: "n:2" },
    labels: { "apps.kruise.io/cloneset-instance-id": null, "apps.kruise.io/specified-delete": "true" },
  });
  const patch = startUpdate(pod, update, toNew).patches.at(-1) as PodPatch;
  assert.deepEqual(patch.body["spec"], {
    containers: [{ name: "main", image: "i:2" }],
    initContainers: [{ name: "native", image: "n:2" }],
  });
  assert.deepEqual(Object.keys(metadataOf(patch).labels), [
    "controller-revision-hash",
    "pod-template-hash",
    "lifecycle.apps.kruise.io/state",
  ]);
  assert.deepEqual(Object.keys(stateOf(after(pod, [patch])).value.lastContainerStatuses), ["main", "native"]);
});

test("finalizers are added and removed one by one", () => {
  const patch = startUpdate(aPod(), anUpdate({ finalizers: { add: ["x/a"], remove: ["x/b"] } }), toNew).patches.at(
    -1,
  ) as PodPatch;
  const metadata = metadataOf(patch);
  assert.deepEqual([metadata["finalizers"], metadata["$deleteFromPrimitiveList/finalizers"]], [["x/a"], ["x/b"]]);
});

test("a container that has not started is recorded as such", () => {
  const pod = aPod({ containerStatuses: [] });
  const next = after(pod, startUpdate(pod, anUpdate(), toNew).patches);
  assert.deepEqual(stateOf(next).value.lastContainerStatuses, { main: { imageID: "", containerID: "" } });
});

test("the legacy state goes when a new one is written", () => {
  const patch = startUpdate(aPod({ annotations: { "inplace-update-state": "{}" } }), anUpdate(), toNew).patches.at(
    -1,
  ) as PodPatch;
  assert.equal(metadataOf(patch).annotations["inplace-update-state"], null);
});

test("an image that is there already is not patched and not waited for", () => {
  const pod = aPod({ containers: [aContainer("main", "i:2")] });
  const writes = startUpdate(pod, anUpdate(), toNew);
  assert.equal(writes.patches.at(-1)?.body["spec"], undefined);
  assert.deepEqual(writes.foreignImages, []);
  assert.deepEqual(inPlaceProgress(after(pod, writes.patches), NOW), { kind: "done" });
});

test("a pod whose image is not its revision's is patched, and named", () => {
  const pod = aPod({ containers: [aContainer("main", "mirror.example/i:1")] });
  const writes = startUpdate(pod, anUpdate(), toNew);
  assert.deepEqual(writes.foreignImages, [{ container: "main", podImage: "mirror.example/i:1", revisionImage: "i:1" }]);
  assert.deepEqual(writes.patches.at(-1)?.body["spec"], { containers: [{ name: "main", image: "i:2" }] });
  const fullName = aPod({ containers: [aContainer("main", "docker.io/library/i:1")] });
  assert.deepEqual(startUpdate(fullName, anUpdate(), toNew).foreignImages, []);
});

test("grace period: everything but the change itself in one patch, then the change when it is over", () => {
  const update = anUpdate({ labels: { a: "1" }, annotations: { b: null }, finalizers: { add: ["x/a"], remove: [] } });
  const started = startUpdate(aPod(), update, { target, gracePeriodSeconds: 30, nowMs: NOW });
  assert.equal(started.requeueAfterMs, 30_000);
  assert.deepEqual(
    started.patches.map(({ subresource }) => subresource),
    ["status"],
  );
  const metadata = metadataOf(started.patches[0] as PodPatch);
  assert.deepEqual(metadata.labels, {
    "controller-revision-hash": "web-new",
    "pod-template-hash": "new",
    "lifecycle.apps.kruise.io/state": "Updating",
  });
  assert.deepEqual(Object.keys(metadata.annotations), ["lifecycle.apps.kruise.io/timestamp", STATE, GRACE]);
  assert.equal(
    metadata.annotations[STATE],
    `{"revision":"web-new","updateTimestamp":"${AT}","lastContainerStatuses":null,"updateImages":true}`,
  );

  const pod = after(aPod(), started.patches);
  assert.equal(pod.containers[0]?.image, "i:1");
  assert.equal(inPlaceProgress(pod, NOW + 1000).kind, "graceRunning");
  const over = inPlaceProgress(pod, NOW + 30_000);
  assert.ok(over.kind === "graceOver");
  const ended = endGrace(pod, over, { template: target.template, nowMs: NOW + 30_000 });
  assert.equal(ended.patches.length, 1);
  const patch = ended.patches[0] as PodPatch;
  assert.equal(patch.subresource, "");
  assert.deepEqual(patch.body["spec"], { containers: [{ name: "main", image: "i:2" }] });
  assert.deepEqual(metadataOf(patch).labels, { a: "1" });
  assert.deepEqual(metadataOf(patch)["finalizers"], ["x/a"]);
  assert.equal(metadataOf(patch).annotations[GRACE], null);
  assert.equal(metadataOf(patch).annotations["b"], null);
  const state = stateOf(after(pod, ended.patches)).value;
  assert.equal(state.updateTimestamp, AT);
  assert.deepEqual(state.containerBatchesRecord, [{ timestamp: "2026-07-01T08:00:30Z", containers: ["main"] }]);
  assert.equal(inPlaceProgress(after(pod, ended.patches), NOW + 30_000).kind, "waiting");
});

test("grace period that seems to begin in an hour: it begins anew, and is then as long as ever", () => {
  const HOUR_MS = 3_600_000;
  const { patches } = startUpdate(aPod(), anUpdate(), { target, gracePeriodSeconds: 30, nowMs: NOW + HOUR_MS });
  const pod = after(aPod(), patches);
  const ahead = inPlaceProgress(pod, NOW);
  assert.ok(ahead.kind === "graceAhead");
  const restart = restartGrace(pod, ahead, NOW);
  assert.equal(restart.subresource, "");
  assert.deepEqual(Object.keys(restart.body), ["metadata"]);
  const restarted = after(pod, [restart]);
  assert.deepEqual(stateOf(restarted).value, { ...stateOf(pod).value, updateTimestamp: AT });
  assert.equal(restarted.annotations[GRACE], pod.annotations[GRACE]);
  assert.deepEqual(inPlaceProgress(restarted, NOW + 29_999), { kind: "graceRunning", untilMs: NOW + 30_000 });
  assert.equal(inPlaceProgress(restarted, NOW + 30_000).kind, "graceOver");
});

test("grace period of a pod without the gate: no status write", () => {
  const { patches } = startUpdate(aPod({ readinessGates: [] }), anUpdate(), {
    target,
    gracePeriodSeconds: 30,
    nowMs: NOW,
  });
  assert.deepEqual(
    patches.map(({ subresource }) => subresource),
    [""],
  );
  assert.ok(GRACE in metadataOf(patches[0] as PodPatch).annotations);
});

test("a stale grace annotation alone is dropped, under whatever key", () => {
  assert.deepEqual(dropGrace(aPod({ annotations: { [GRACE]: "x", "inplace-update-grace": "y", other: "z" } })), {
    subresource: "",
    body: { metadata: { annotations: { [GRACE]: null, "inplace-update-grace": null } } },
  });
});

const three = template(
  { name: "a", image: "a:2", priority: 10 },
  { name: "b", image: "b:2" },
  { name: "c", image: "c:2", priority: -1 },
);
const podOfThree = aPod({
  containers: [aContainer("a", "a:1"), aContainer("b", "b:1"), aContainer("c", "c:1")],
  containerStatuses: [running("a", "a:1"), running("b", "b:1"), running("c", "c:1")],
});
const updateOfThree = anUpdate({
  images: { a: "a:2", b: "b:2", c: "c:2" },
  oldImages: { a: "a:1", b: "b:1", c: "c:1" },
});
const restarted = (pod: Pod, name: string): Pod => ({
  ...pod,
  containerStatuses: pod.containerStatuses.map((status) =>
    status.name === name ? running(name, `${name}:2`, { containerID: `${name}-2` }) : status,
  ),
});

test("launch priorities: batch by batch, highest first, unset is 0", () => {
  let pod = after(
    podOfThree,
    startUpdate(podOfThree, updateOfThree, { ...toNew, target: { name: "web-new", label: "web-new", template: three } })
      .patches,
  );
  const story: string[] = [];
  for (const name of ["a", "b", "c"]) {
    const state = stateOf(pod).value;
    story.push(
      `patched ${state.containerBatchesRecord.at(-1)?.containers.join()}, then ${Object.keys(state.nextContainerImages).join()}; wait for ${state.containersRequiredReady.join()}`,
    );
    assert.equal(inPlaceProgress(pod, NOW).kind, "waiting");
    pod = restarted(pod, name);
    const progress = inPlaceProgress(pod, NOW);
    if (progress.kind === "nextBatch")
      pod = after(pod, nextBatch(pod, progress, { template: three, nowMs: NOW }).patches);
  }
  assert.deepEqual(story, [
    "patched a, then b,c; wait for a",
    "patched b, then c; wait for b",
    "patched c, then ; wait for ",
  ]);
  assert.deepEqual(inPlaceProgress(pod, NOW), { kind: "done" });
  assert.deepEqual(
    pod.containers.map(({ image }) => image),
    ["a:2", "b:2", "c:2"],
  );
  assert.ok(!stateOf(pod).value.containersRequiredReady.length);
});

test("a next batch of nothing but resources is sent", () => {
  const update = anUpdate({
    images: { a: "a:2" },
    oldImages: { a: "a:1" },
    resources: { c: { limits: { cpu: "2" } } },
  });
  let pod = after(
    podOfThree,
    startUpdate(podOfThree, update, { ...toNew, target: { name: "web-new", label: "web-new", template: three } })
      .patches,
  );
  pod = restarted(pod, "a");
  const progress = inPlaceProgress(pod, NOW);
  assert.ok(progress.kind === "nextBatch");
  const { patches } = nextBatch(pod, progress, { template: three, nowMs: NOW });
  assert.deepEqual(patches[0], {
    subresource: "resize",
    body: { spec: { containers: [{ name: "c", resources: { limits: { cpu: "2" } } }] } },
  });
});

test("a resize and an image, and other containers later: these wait for the ones before them", () => {
  const update = anUpdate({
    images: { a: "a:2", b: "b:2" },
    oldImages: { a: "a:1", b: "b:1" },
    resources: { a: { limits: { cpu: "2" } } },
  });
  const { patches } = startUpdate(podOfThree, update, {
    ...toNew,
    target: { name: "web-new", label: "web-new", template: three },
  });
  const pod = after(podOfThree, patches);
  const { value } = stateOf(pod);
  assert.deepEqual([value.nextContainerImages, value.containersRequiredReady], [{ a: "a:2", b: "b:2" }, []]);
  const next = nextBatch(pod, { kind: "nextBatch", state: value }, { template: three, nowMs: NOW }).patches;
  const then = stateOf(after(pod, next)).value;
  assert.deepEqual([then.nextContainerImages, then.containersRequiredReady], [{ b: "b:2" }, ["a"]]);
});

test("containers that share a label through their env go in one batch", () => {
  const state = {
    ...stateOf(after(aPod(), startUpdate(aPod(), anUpdate(), toNew).patches)).value,
    nextContainerRefMetadata: { b: { labels: { x: "1" } }, c: { labels: { x: "1" }, annotations: { y: "2" } } },
  };
  const { patches } = nextBatch(podOfThree, { kind: "nextBatch", state }, { template: three, nowMs: NOW });
  const metadata = metadataOf(patches[0] as PodPatch);
  assert.deepEqual(metadata.labels, { x: "1" });
  assert.equal(metadata.annotations["y"], "2");
  assert.deepEqual(stateOf(after(podOfThree, patches)).value.containerBatchesRecord.at(-1)?.containers, ["b", "c"]);
});

const priorities = [
  { value: "10", want: 10 },
  { value: "-5", want: -5 },
  { value: "high", want: 0 },
  { value: "", want: 0 },
  { value: undefined, want: 0 },
];
for (const { value, want } of priorities) {
  test(`the launch priority of ${JSON.stringify(value)} is ${want}`, () => {
    const env = [{ name: "KRUISE_CONTAINER_PRIORITY", value }];
    assert.equal(launchPriority({ spec: { containers: [{ name: "a", env }] } }, "a"), want);
    assert.equal(launchPriority(undefined, "a"), 0);
  });
}

test("another target in mid-update: batches to come and containers that have not restarted belong to the new update", () => {
  const first = after(
    podOfThree,
    startUpdate(podOfThree, updateOfThree, { ...toNew, target: { name: "web-new", label: "web-new", template: three } })
      .patches,
  );
  const third = {
    name: "web-third",
    label: "web-third",
    template: template({ name: "a", image: "a:2" }, { name: "b", image: "b:2" }, { name: "c", image: "c:3" }),
  };
  const writes = startUpdate(first, anUpdate({ images: { c: "c:3" }, oldImages: { c: "c:2" } }), {
    ...toNew,
    target: third,
  });
  assert.deepEqual(writes.foreignImages, [], "c:1 is explained: its batch had not come");
  const pod = after(first, writes.patches);
  assert.deepEqual(
    pod.containers.map(({ image }) => image),
    ["a:2", "b:2", "c:3"],
  );
  assert.deepEqual(Object.keys(stateOf(pod).value.lastContainerStatuses).sort(), ["a", "b", "c"]);
  const bAndC = restarted(restarted(pod, "b"), "c");
  const progress = inPlaceProgress(bAndC, NOW);
  assert.ok(progress.kind === "waiting" && progress.container === "a");
});

for (const containerID of ["containerd://main-1", "containerd://main-2"]) {
  test(`an update taken back before the node acted is done once the node has seen it, in ${containerID}`, () => {
    const patched = after(aPod(), startUpdate(aPod(), anUpdate(), toNew).patches);
    const containerStatuses = patched.containerStatuses.map((status) => ({ ...status, containerID }));
    const first = { ...patched, containerStatuses, generation: 2, observedGeneration: 1 };
    const back = anUpdate({ images: { main: "i:1" }, oldImages: { main: "i:2" } });
    const writes = startUpdate(first, back, {
      ...toNew,
      target: { name: "web-old", label: "web-old", template: template({ name: "main", image: "i:1" }) },
    });
    const pod = after(first, writes.patches);
    assert.equal(pod.containers[0]?.image, "i:1");
    assert.equal(stateOf(pod).value.lastContainerStatuses["main"]?.sameImage, true);
    assert.equal(inPlaceProgress({ ...pod, generation: 3, observedGeneration: 2 }, NOW).kind, "waiting");
    assert.equal(inPlaceProgress({ ...pod, generation: 3, observedGeneration: 3 }, NOW).kind, "done");
  });
}

test("taken back, too: the container had not started, then did with the image that is wanted again", () => {
  const unstarted = aPod({ containerStatuses: [] });
  const patched = after(unstarted, startUpdate(unstarted, anUpdate(), toNew).patches);
  const started = { ...patched, containerStatuses: [running("main", "i:1")], generation: 2, observedGeneration: 1 };
  const back = anUpdate({ images: { main: "i:1" }, oldImages: { main: "i:2" } });
  const old = { name: "web-old", label: "web-old", template: template({ name: "main", image: "i:1" }) };
  const pod = after(started, startUpdate(started, back, { ...toNew, target: old }).patches);
  assert.equal(inPlaceProgress({ ...pod, generation: 3, observedGeneration: 1 }, NOW).kind, "waiting");
  assert.equal(inPlaceProgress({ ...pod, generation: 3, observedGeneration: 3 }, NOW).kind, "done", "nothing restarts");
});

test("an ordinary update never counts as taken back, whatever name the runtime reports", () => {
  const pod = aPod({ containerStatuses: [running("main", "i:2")] });
  const next = after(pod, startUpdate(pod, anUpdate(), toNew).patches);
  assert.equal(stateOf(next).value.lastContainerStatuses["main"]?.sameImage, undefined);
});

const service = [
  {
    name: "a new pod: the gate and the state in one status patch",
    pod: aPod({ conditions: {}, labels: { "lifecycle.apps.kruise.io/state": "PreparingNormal" } }),
    state: "Normal",
    want: {
      subresource: "status",
      body: {
        metadata: {
          labels: { "lifecycle.apps.kruise.io/state": "Normal" },
          annotations: { "lifecycle.apps.kruise.io/timestamp": AT },
        },
        status: {
          conditions: [{ type: "InPlaceUpdateReady", status: "True", reason: "", message: "", lastTransitionTime: AT }],
        },
      },
    },
  },
  {
    name: "the gate alone",
    pod: aPod({ conditions: { InPlaceUpdateReady: is("False", { reason: "StartInPlaceUpdate" }) } }),
    state: undefined,
    want: {
      subresource: "status",
      body: {
        status: {
          conditions: [{ type: "InPlaceUpdateReady", status: "True", reason: "", message: "", lastTransitionTime: AT }],
        },
      },
    },
  },
  {
    name: "a True with a reason is made plain, and keeps its time",
    pod: aPod({ conditions: { InPlaceUpdateReady: is("True", { reason: "x" }) } }),
    state: undefined,
    want: {
      subresource: "status",
      body: {
        status: {
          conditions: [
            {
              type: "InPlaceUpdateReady",
              status: "True",
              reason: "",
              message: "",
              lastTransitionTime: "1970-01-01T00:00:01Z",
            },
          ],
        },
      },
    },
  },
  {
    name: "the not-ready switch without condition; with one it is its writers'",
    pod: aPod({ readinessGates: ["KruisePodReady"], conditions: {} }),
    state: undefined,
    want: {
      subresource: "status",
      body: {
        status: {
          conditions: [{ type: "KruisePodReady", status: "True", reason: "", message: "", lastTransitionTime: AT }],
        },
      },
    },
  },
  {
    name: "nothing to write",
    pod: aPod({
      readinessGates: ["InPlaceUpdateReady", "KruisePodReady"],
      conditions: { InPlaceUpdateReady: is("True"), KruisePodReady: is("False") },
    }),
    state: "Normal",
    want: undefined,
  },
  {
    name: "a pod without the gate: its state alone, no status write",
    pod: aPod({ readinessGates: [], conditions: {}, labels: { "lifecycle.apps.kruise.io/state": "Updating" } }),
    state: "Updated",
    want: {
      subresource: "",
      body: {
        metadata: {
          labels: { "lifecycle.apps.kruise.io/state": "Updated" },
          annotations: { "lifecycle.apps.kruise.io/timestamp": AT },
        },
      },
    },
  },
] as const;
for (const { name, pod, state, want } of service) {
  test(`into service: ${name}`, () => {
    assert.deepEqual(intoService(pod, { state, nowMs: NOW }), want);
    assert.equal(needsReadyConditions(pod), want !== undefined && "status" in want.body);
  });
}

const hashes = [
  { labels: { "controller-revision-hash": "web-new" }, want: "new" },
  { labels: { "controller-revision-hash": "web-new", "pod-template-hash": "old" }, want: "new" },
  { labels: { "controller-revision-hash": "new", "pod-template-hash": "new" }, want: undefined },
  { labels: {}, want: undefined },
];
for (const { labels, want } of hashes) {
  test(`pod-template-hash of ${JSON.stringify(labels)}: ${want ?? "nothing to repair"}`, () => {
    const patch = repairTemplateHash(aPod({ labels }));
    assert.deepEqual(patch, want && { subresource: "", body: { metadata: { labels: { "pod-template-hash": want } } } });
  });
}
