import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerStatus, Pod } from "../../../src/api/pod.ts";
import { inPlaceProgress } from "../../../src/inplace/progress.ts";
import type { InPlaceGrace, InPlaceState, LastContainerStatus } from "../../../src/inplace/state.ts";
import { formatGrace, formatState } from "../../../src/inplace/state.ts";
import { aContainer, aPod, is, running } from "./a-pod.ts";

const STATE = "apps.kruise.io/inplace-update-state";
const GRACE = "apps.kruise.io/inplace-update-grace";
const T0 = Date.parse("2026-07-01T08:00:00Z");

function aState(more: Partial<InPlaceState> = {}): InPlaceState {
  return {
    revision: "web-new",
    updateTimestamp: "2026-07-01T08:00:00Z",
    lastContainerStatuses: {},
    updateEnvFromMetadata: false,
    updateResources: false,
    updateImages: true,
    nextContainerImages: {},
    nextContainerRefMetadata: {},
    nextContainerResources: {},
    containersRequiredReady: [],
    containerBatchesRecord: [],
    ...more,
  };
}

/** A pod at web-new whose container main was patched from `last` to `image`, and is now as `status` says. */
function patched(
  image: string,
  last: LastContainerStatus,
  status: ContainerStatus | undefined,
  more: Partial<Pod> = {},
): Pod {
  return aPod({
    labels: { "controller-revision-hash": "web-new" },
    annotations: { [STATE]: formatState(aState({ lastContainerStatuses: { main: last } })) },
    generation: 2,
    observedGeneration: 1,
    containers: [aContainer("main", image)],
    containerStatuses: status ? [status] : [],
    ...more,
  });
}

const old = { imageID: "sha-1", containerID: "c-1" };
const status = (more: Partial<ContainerStatus>): ContainerStatus =>
  running("main", "i:1", { imageID: "sha-1", containerID: "c-1", ...more });
const noGenerations = { generation: 0, observedGeneration: 0 };
const seen = { generation: 2, observedGeneration: 2 };

const cases: { name: string; pod: Pod; waits?: RegExp }[] = [
  { name: "nothing has happened yet", pod: patched("i:2", old, status({})), waits: /has not restarted yet/ },
  {
    name: "the status is for the new generation, but the container is the old one",
    pod: patched("i:2", old, status({}), seen),
    waits: /has not restarted yet/,
  },
  {
    name: "the old container was stopped",
    pod: patched("i:2", old, status({ state: "terminated", reason: "Completed" })),
    waits: /not running \(Completed\)/,
  },
  {
    name: "the image cannot be pulled",
    pod: patched("i:2", old, status({ state: "waiting", reason: "ImagePullBackOff", message: "no such tag" })),
    waits: /not running \(ImagePullBackOff: no such tag\)/,
  },
  { name: "no status at all", pod: patched("i:2", old, undefined), waits: /has not reported it/ },
  {
    name: "a crash restarted it with the old image, before the node saw the patch",
    pod: patched("i:2", old, status({ containerID: "c-2" })),
    waits: /still with the old image/,
  },
  {
    name: "the same, on a server that counts no generations",
    pod: patched("i:2", old, status({ containerID: "c-2" }), noGenerations),
    waits: /still with the old image/,
  },

  {
    name: "docker: names as in the spec, pullable ids",
    pod: patched(
      "i:2",
      { imageID: "docker-pullable://i@sha256:1", containerID: "docker://1" },
      running("main", "i:2", { imageID: "docker-pullable://i@sha256:2", containerID: "docker://2" }),
    ),
  },
  {
    name: "containerd: full names",
    pod: patched(
      "i:2",
      { imageID: "docker.io/library/i@sha256:1", containerID: "containerd://1" },
      running("main", "docker.io/library/i:2", {
        imageID: "docker.io/library/i@sha256:2",
        containerID: "containerd://2",
      }),
    ),
  },
  {
    name: "CRI-O: full names, image ids with a digest",
    pod: patched(
      "i:2",
      { imageID: "docker.io/library/i@sha256:1", containerID: "cri-o://1" },
      running("main", "docker.io/library/i:2", { imageID: "docker.io/library/i@sha256:2", containerID: "cri-o://2" }),
    ),
  },
  {
    name: "a runtime that names images by id",
    pod: patched(
      "i:2",
      { imageID: "sha256:1", containerID: "c-1" },
      running("main", "sha256:22", { imageID: "sha256:22", containerID: "c-2" }),
    ),
  },
  {
    name: "same digest, new tag, docker: the name says so",
    pod: patched("i:2", old, status({ containerID: "c-2", image: "i:2" }), noGenerations),
  },
  {
    name: "same digest, new tag, containerd: the full name says so",
    pod: patched("i:2", old, status({ containerID: "c-2", image: "docker.io/library/i:2" }), noGenerations),
  },
  {
    name: "same digest, new tag, reported under the old tag: the generation says so",
    pod: patched("i:2", old, status({ containerID: "c-2", image: "docker.io/library/i:1" }), seen),
  },
  {
    name: "same digest, new tag, reported as an image id: the generation says so",
    pod: patched("i:2", old, status({ containerID: "c-2", image: "sha256:11" }), seen),
  },
  {
    name: "from a tag to the digest of the same image",
    pod: patched(
      "i@sha256:1",
      old,
      status({ containerID: "c-2", image: "docker.io/library/i@sha256:1" }),
      noGenerations,
    ),
  },
  {
    name: "the pod's own spec image counts, not that of the revision (a registry rewriter)",
    pod: patched("mirror.example/i:2", old, status({ containerID: "c-2", image: "mirror.example/i:2" }), noGenerations),
  },

  {
    name: "not started at patch time, and still not",
    pod: patched(
      "i:2",
      { imageID: "", containerID: "" },
      status({ state: "waiting", imageID: "", containerID: "", reason: "ContainerCreating" }),
    ),
    waits: /not running \(ContainerCreating\)/,
  },
  {
    name: "not started at patch time: the first running container counts",
    pod: patched("i:2", { imageID: "", containerID: "" }, status({}), seen),
  },
  {
    name: "the same, with an image id on record",
    pod: patched("i:2", { imageID: "sha-1", containerID: "" }, status({}), seen),
  },
  {
    name: "the same, with the wanted name before the node has said what it saw",
    pod: patched("i:1", { imageID: "", containerID: "" }, status({})),
  },
  {
    name: "the same, on a server that counts no generations",
    pod: patched("i:2", { imageID: "", containerID: "" }, status({}), noGenerations),
  },
  {
    name: "not started at patch time: the node started the old image before it saw the patch",
    pod: patched("i:2", { imageID: "", containerID: "" }, status({})),
    waits: /started before the node saw the new image/,
  },
  {
    name: "taken over: the same image id and the old name",
    pod: patched("i:2", { imageID: "sha-1" }, status({ containerID: "c-2" }), seen),
    waits: /still runs the old image/,
  },
  { name: "taken over: another image id", pod: patched("i:2", { imageID: "sha-1" }, status({ imageID: "sha-2" })) },
  {
    name: "taken over: the wanted name",
    pod: patched("i", { imageID: "sha-1" }, status({ image: "docker.io/library/i:latest" })),
  },
  {
    name: "taken over: another image id is enough, running or not",
    pod: patched("i:2", { imageID: "sha-1" }, status({ imageID: "sha-2", state: "waiting" })),
  },

  {
    name: "an update taken back before the node acted: the container keeps running",
    pod: patched("i:1", { ...old, sameImage: true }, status({}), seen),
  },
  {
    name: "the same, before the node has seen it",
    pod: patched("i:1", { ...old, sameImage: true }, status({})),
    waits: /has not restarted yet/,
  },
  {
    name: "the same, on a server that counts no generations",
    pod: patched("i:1", { ...old, sameImage: true }, status({}), noGenerations),
  },
  {
    name: "taken back after the node acted",
    pod: patched("i:1", { ...old, sameImage: true }, status({ containerID: "c-3" }), seen),
  },

  {
    name: "a container that the pod no longer has",
    pod: aPod({ annotations: { [STATE]: formatState(aState({ lastContainerStatuses: { other: old } })) } }),
  },
  { name: "no container was recorded (metadata only)", pod: aPod({ annotations: { [STATE]: formatState(aState()) } }) },
  { name: "no state at all", pod: aPod() },
  {
    name: "a native sidecar",
    pod: patched("i:2", old, status({ containerID: "c-2", imageID: "sha-2" }), {
      annotations: {
        [STATE]: formatState(aState({ lastContainerStatuses: { native: { imageID: "n-1", containerID: "n-1" } } })),
      },
      initContainers: [aContainer("native", "n:2")],
      initContainerStatuses: [running("native", "n:1", { imageID: "n-1", containerID: "n-1" })],
    }),
    waits: /has not restarted yet/,
  },
];
for (const { name, pod, waits } of cases) {
  test(`in-place progress, ${waits ? "waiting" : "done"}: ${name}`, () => {
    const progress = inPlaceProgress(pod, T0);
    assert.equal(progress.kind, waits ? "waiting" : "done");
    if (waits && progress.kind === "waiting") assert.match(progress.why, waits);
  });
}

const resources = (cpu: string | number): object => ({
  resources: { limits: { cpu, memory: "1Gi" }, requests: { cpu } },
});
const resizing = (spec: string | number, actual: string | number, more: Partial<Pod> = {}): Pod =>
  aPod({
    annotations: {
      [STATE]: formatState(
        aState({ updateResources: true, containerBatchesRecord: [{ timestamp: "t", containers: ["main"] }] }),
      ),
    },
    containers: [
      { ...aContainer("main", "i:1"), ...resources(spec) },
      { ...aContainer("injected", "x"), ...resources(1) },
    ],
    containerStatuses: [running("main", "i:1", resources(actual)), running("injected", "x")],
    ...more,
  });

test("a resize is done when the node reports the amounts, however written; other containers do not count", () => {
  assert.deepEqual(inPlaceProgress(resizing("2", "2000m"), T0), { kind: "done" });
  assert.deepEqual(inPlaceProgress(resizing("2", "1"), T0), {
    kind: "waiting",
    container: "main",
    why: "the node reports limits.cpu 1, want 2",
  });
  const pending = { PodResizePending: is("True", { reason: "Infeasible", message: "node has 1 cpu" }) };
  const stuck = inPlaceProgress(resizing("2", "1", { conditions: pending }), T0);
  assert.ok(stuck.kind === "waiting" && stuck.why.endsWith("(Infeasible: node has 1 cpu)"));
});

test("a resize that the node fails in does not hold up the pod", () => {
  const failing = { PodResizeInProgress: is("True", { reason: "Error", message: "memory in use" }) };
  const failed = inPlaceProgress(resizing("2", "1", { conditions: failing }), T0);
  assert.ok(failed.kind === "waiting" && failed.resizePending && failed.why.endsWith("(Error: memory in use)"));
  const going = { PodResizeInProgress: is("True") };
  assert.equal("resizePending" in inPlaceProgress(resizing("2", "1", { conditions: going }), T0), false);
});

test("the next batch follows when the containers of this one are ready", () => {
  const state = aState({ nextContainerImages: { side: "s:2" }, containersRequiredReady: ["main"] });
  const pod = (ready: boolean): Pod =>
    aPod({ annotations: { [STATE]: formatState(state) }, containerStatuses: [running("main", "i:2", { ready })] });
  assert.deepEqual(inPlaceProgress(pod(true), T0), { kind: "nextBatch", state });
  const waiting = inPlaceProgress(pod(false), T0);
  assert.ok(waiting.kind === "waiting" && waiting.container === "main");
});

test("a next batch of nothing but resources is one too", () => {
  const state = aState({
    nextContainerResources: { side: { limits: { cpu: "1" } } },
    containersRequiredReady: ["main"],
  });
  assert.deepEqual(inPlaceProgress(aPod({ annotations: { [STATE]: formatState(state) } }), T0), {
    kind: "nextBatch",
    state,
  });
});

const grace: InPlaceGrace = {
  revision: "web-new",
  containerImages: { main: "i:2" },
  containerRefMetadata: {},
  containerResources: {},
  labels: {},
  annotations: {},
  finalizers: { add: [], remove: [] },
  updateEnvFromMetadata: false,
  graceSeconds: 30,
};
const inGrace = (more: Partial<Pod> = {}): Pod =>
  aPod({
    labels: { "controller-revision-hash": "web-new" },
    annotations: { [STATE]: formatState(aState()), [GRACE]: formatGrace(grace) },
    ...more,
  });

test("the grace period runs from the update's start, to the second", () => {
  assert.deepEqual(inPlaceProgress(inGrace(), T0 + 29_999), { kind: "graceRunning", untilMs: T0 + 30_000 });
  assert.deepEqual(inPlaceProgress(inGrace(), T0 + 30_000), { kind: "graceOver", grace, state: aState() });
});

test("a grace period that begins in the future: a little waits, an hour is no time that anybody can go by", () => {
  assert.deepEqual(inPlaceProgress(inGrace(), T0 - 10_000), { kind: "graceRunning", untilMs: T0 + 30_000 });
  // The clock was set back, or the leader before had one that was ahead.
  for (const nowMs of [T0 - 10_001, T0 - 3_600_000])
    assert.deepEqual(inPlaceProgress(inGrace(), nowMs), { kind: "graceAhead", grace, state: aState() });
});

test("a grace annotation for a revision that the pod is no longer on is stale", () => {
  assert.deepEqual(inPlaceProgress(inGrace({ labels: { "controller-revision-hash": "web-other" } }), T0), {
    kind: "graceStale",
  });
  assert.equal(
    inPlaceProgress(inGrace({ labels: { "controller-revision-hash": "new" } }), T0).kind,
    "graceRunning",
    "a short label",
  );
});

test("what cannot be read is told, pod by pod", () => {
  const noState = inPlaceProgress(inGrace({ annotations: { [GRACE]: formatGrace(grace) } }), T0);
  assert.equal(noState.kind, "unreadable");
  assert.equal(inPlaceProgress(aPod({ annotations: { [STATE]: "{" } }), T0).kind, "unreadable");
  assert.equal(inPlaceProgress(aPod({ annotations: { [GRACE]: "{" } }), T0).kind, "unreadable");
});
