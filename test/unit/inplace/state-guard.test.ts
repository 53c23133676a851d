import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../src/api/pod.ts";
import { intoService } from "../../../src/inplace/patch.ts";
import { endsItsState, guardedOperations } from "../../../src/inplace/state-guard.ts";
import { NOW_MS } from "../../support/a-cloneset.ts";
import { aPod } from "../../support/a-pod.ts";

/** A new pod of an in-place strategy, as it is once a node has it. */
function newPod(more: Partial<Pod> = {}): Pod {
  const pod = aPod({ state: "PreparingNormal", gated: true, gate: "absent", ready: false });
  const annotations = { "lifecycle.apps.kruise.io/timestamp": "2026-01-01T00:00:00Z" };
  return {
    ...pod,
    annotations,
    conditions: { ...pod.conditions, PodScheduled: pod.conditions["Ready"] },
    ...more,
  } as Pod;
}

const cases: { name: string; pod: Pod; state?: "Normal"; want?: true }[] = [
  { name: "a new pod that becomes Normal", pod: newPod(), state: "Normal", want: true },
  { name: "not while a hook keeps the pod in its state: a second copy would do it again", pod: newPod() },
  {
    name: "not without conditions: the list to add to does not exist",
    pod: newPod({ conditions: {} }),
    state: "Normal",
  },
  { name: "not without annotations: likewise", pod: newPod({ annotations: {} }), state: "Normal" },
  {
    name: "not where the condition exists: it would be there twice",
    pod: newPod({ conditions: { InPlaceUpdateReady: { status: "False", lastTransitionMs: 0 } } }),
    state: "Normal",
  },
];
for (const { name, pod, state, want = false } of cases) {
  test(`a patch guarded by the state it ends: ${name}`, () => {
    const patch = intoService(pod, { nowMs: NOW_MS, state });
    assert.ok(patch);
    assert.equal(endsItsState(pod, patch), want);
  });
}

test("a guarded patch tests uid and state, and adds what the merge patch would", () => {
  const patch = intoService(newPod(), { state: "Normal", nowMs: NOW_MS });
  assert.ok(patch);
  const at = new Date(NOW_MS).toISOString().replace(".000", "");
  assert.deepEqual(guardedOperations("uid-1", "PreparingNormal", patch), [
    { op: "test", path: "/metadata/uid", value: "uid-1" },
    { op: "test", path: "/metadata/labels/lifecycle.apps.kruise.io~1state", value: "PreparingNormal" },
    { op: "add", path: "/metadata/labels/lifecycle.apps.kruise.io~1state", value: "Normal" },
    { op: "add", path: "/metadata/annotations/lifecycle.apps.kruise.io~1timestamp", value: at },
    {
      op: "add",
      path: "/status/conditions/-",
      value: { type: "InPlaceUpdateReady", status: "True", reason: "", message: "", lastTransitionTime: at },
    },
  ]);
});
