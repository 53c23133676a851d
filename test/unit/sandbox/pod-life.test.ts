import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../src/sandbox/kubelet/pod.ts";
import type { Moments } from "../../../src/sandbox/kubelet/scene.ts";
import { nextStep } from "../../../src/sandbox/pod-life.ts";

/** Plays a pod's life; one line for each status that is written, with its time in seconds. */
function story(annotations: Record<string, string>, seconds: number): string[] {
  const moments: Moments = new Map();
  let pod: Pod = {
    metadata: { name: "web", uid: "u", resourceVersion: "1", generation: 1, annotations },
    spec: { nodeName: "node-1", containers: [{ name: "app", image: "app:v1" }] },
    status: { phase: "Pending" },
  };
  const lines: string[] = [];
  let ids = 0;
  for (let nowMs = 0; nowMs <= seconds * 1000; ) {
    const step = nextStep(pod, {
      nowMs,
      moments,
      habits: { readyAfterMs: 0, terminateAfterMs: 0, resizeAfterMs: 0, badImages: new Set() },
      hostIp: "172.16.0.1",
      newPodIp: () => "10.0.0.1",
      newContainerId: () => String((ids += 1)),
    });
    if (step.kind === "remove") break;
    if (step.kind === "patchStatus") {
      pod = { ...pod, status: { ...pod.status, ...(step.patch["status"] as Pod["status"]) } };
      const [app] = pod.status.containerStatuses ?? [];
      const state = app?.state.running ? "running" : app?.state.waiting?.reason;
      lines.push(`${nowMs / 1000} s: ${pod.status.phase}, ${state}, restarts ${app?.restartCount}`);
    }
    nowMs += Number.isFinite(step.againInMs) ? Math.max(step.againInMs, 1) : 1e9;
  }
  return lines;
}

test("an image takes its time to be pulled", () => {
  assert.deepEqual(story({ "fake-node/pull-after": "3s" }, 10), [
    "0 s: Pending, ContainerCreating, restarts 0",
    "3 s: Running, running, restarts 0",
  ]);
});
test("a container that fails again and again waits twice as long each time", () => {
  assert.deepEqual(story({ "fake-node/crash-after": "1s" }, 33), [
    "0 s: Running, running, restarts 0",
    "1 s: Running, CrashLoopBackOff, restarts 0",
    "11 s: Running, running, restarts 1",
    "12 s: Running, CrashLoopBackOff, restarts 1",
    "32 s: Running, running, restarts 2",
    "33 s: Running, CrashLoopBackOff, restarts 2",
  ]);
});
test("the wait may be told", () => {
  assert.deepEqual(story({ "fake-node/crash-after": "1s", "fake-node/crash-back-off": "2s" }, 3), [
    "0 s: Running, running, restarts 0",
    "1 s: Running, CrashLoopBackOff, restarts 0",
    "3 s: Running, running, restarts 1",
  ]);
});
