import assert from "node:assert/strict";
import { test } from "node:test";
import { waitingFor, whyUnavailable } from "../../../src/plan/waiting.ts";
import { NOW_MS } from "../../support/a-cloneset.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";
import { members } from "../../support/an-observation.ts";

const down = { ready: false, readyForSeconds: 600 };
const stuck = (reason: string, restartCount = 0): GivenPod => ({
  ...down,
  container: { state: "waiting", reason, restartCount },
});

const texts: { name: string; pod: GivenPod; minReadySeconds?: number; want: string }[] = [
  {
    name: "an image that cannot be pulled",
    pod: stuck("ErrImagePull"),
    want: "container app cannot pull image app:v2 (ErrImagePull) since 2026-01-01T11:50:00Z",
  },
  {
    name: "the same, in its pause",
    pod: stuck("ImagePullBackOff"),
    want: "container app cannot pull image app:v2 (ImagePullBackOff) since 2026-01-01T11:50:00Z",
  },
  {
    name: "a crash loop",
    pod: stuck("CrashLoopBackOff", 7),
    want: "container app does not stay up with image app:v2 (CrashLoopBackOff, 7 restarts) since 2026-01-01T11:50:00Z",
  },
  {
    name: "anything else that keeps a container from running",
    pod: stuck("CreateContainerConfigError"),
    want: "container app is not running (CreateContainerConfigError) since 2026-01-01T11:50:00Z",
  },
  {
    name: "a container that is being created is no trouble",
    pod: { ...stuck("ContainerCreating"), phase: "Pending" },
    want: "starting",
  },
  { name: "not scheduled", pod: { ...down, node: "" }, want: "not scheduled yet" },
  {
    name: "an update under way",
    pod: { ...down, state: "Updating" },
    want: "being updated in place since 2026-01-01T11:50:00Z",
  },
  {
    name: "a hook",
    pod: { state: "PreparingUpdate", readyForSeconds: 600 },
    want: "in lifecycle state PreparingUpdate since 2026-01-01T11:50:00Z",
  },
  {
    name: "minReadySeconds",
    pod: { readyForSeconds: 4 },
    minReadySeconds: 10,
    want: "ready, available at 2026-01-01T12:00:06Z",
  },
  { name: "ready, but not settled", pod: { state: "PreparingNormal" }, want: "ready, not yet settled" },
  { name: "simply not ready", pod: down, want: "not ready since 2026-01-01T11:50:00Z" },
];
for (const { name, pod, minReadySeconds = 0, want } of texts) {
  test(`why a pod is unavailable: ${name}`, () => {
    assert.equal(whyUnavailable(aPod(pod), minReadySeconds, NOW_MS).text, want);
  });
}

test("why a pod is unavailable: the scheduler's own words", () => {
  const pod = aPod({ ...down, node: "" });
  const PodScheduled = { status: "False", message: "0/3 nodes are available: insufficient cpu.", lastTransitionMs: 0 };
  const unscheduled = { ...pod, conditions: { ...pod.conditions, PodScheduled } };
  assert.equal(
    whyUnavailable(unscheduled, 0, NOW_MS).text,
    "not scheduled (0/3 nodes are available: insufficient cpu.)",
  );
});

const given = { minReadySeconds: 0, maxUnavailable: 2, nowMs: NOW_MS };

test("waiting for: nothing, when all are available", () => {
  assert.equal(waitingFor(members([aPod()]), [], given), undefined);
});

test("waiting for: the worst first, three by name, the rest by number", () => {
  const pods = [
    aPod({ name: "a", phase: "Pending", ready: false }),
    aPod({ name: "b", ...stuck("CrashLoopBackOff", 2) }),
    aPod({ name: "c", phase: "Pending", ready: false }),
    aPod({ name: "d", ...down, node: "" }),
    aPod({ name: "e" }),
  ];
  assert.equal(
    waitingFor(members(pods), [], given),
    "waiting for b: container app does not stay up with image app:v2 (CrashLoopBackOff, 2 restarts) since 2026-01-01T11:50:00Z; d: not scheduled yet; a: starting; and 1 more; 4 unavailable, 2 allowed",
  );
});

test("waiting for: pods that are named and may not go, with the budget that holds them", () => {
  const pods = members([aPod({ name: "a", named: true }), aPod({ name: "b" })]);
  assert.equal(
    waitingFor(pods, [], { ...given, maxUnavailable: 0 }),
    "waiting for a: named for deletion, still available; 0 unavailable, 0 allowed",
  );
});

test("waiting for: a pod whose place is kept, its node, since when, and the way out", () => {
  assert.equal(
    waitingFor([], [aPod({ name: "web-a", node: "n7", terminating: true })], given),
    "waiting for web-a: terminating on node n7 since 2026-01-01T11:59:00Z; its id and volumes come back when it is gone" +
      " (if the node is lost: the taint node.kubernetes.io/out-of-service, or a forced delete)",
  );
});

test("waiting for: the text does not change with the minutes", () => {
  const pods = members([aPod(stuck("ErrImagePull")), aPod({ ...down, name: "x" })]);
  assert.equal(waitingFor(pods, [], given), waitingFor(pods, [], { ...given, nowMs: NOW_MS + 3_600_000 }));
});
