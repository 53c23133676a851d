import assert from "node:assert/strict";
import { test } from "node:test";
import { goesWell } from "../../../src/preview/good-luck.ts";

const cases: { name: string; state: Record<string, unknown>; ready: boolean }[] = [
  { name: "running, and its probe has not succeeded yet", state: { running: {} }, ready: true },
  { name: "about to start", state: { waiting: { reason: "ContainerCreating" } }, ready: true },
  { name: "waiting for init containers", state: { waiting: { reason: "PodInitializing" } }, ready: true },
  { name: "broken with the image it has", state: { waiting: { reason: "CrashLoopBackOff" } }, ready: false },
  { name: "ended with the image it has", state: { terminated: { reason: "Error" } }, ready: false },
];

for (const { name, state, ready } of cases) {
  test(`what goes well: a container that is ${name} ${ready ? "gets ready" : "stays so"}`, () => {
    const status = { name: "app", image: "app:v1", containerID: "c-1", restartCount: 2, ready: false, state };
    const pod = {
      metadata: { name: "web-1" },
      spec: { nodeName: "n", containers: [{ name: "app", image: "app:v1" }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }], containerStatuses: [status] },
    };
    const later = goesWell(pod, { lifecycle: {}, nowMs: 0 });
    const isReady = later?.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");
    assert.equal(isReady, ready);
    assert.equal(later?.status?.containerStatuses?.[0]?.restartCount, 2, "nothing restarts for that");
  });
}
