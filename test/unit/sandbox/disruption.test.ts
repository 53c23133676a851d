// What a disruption budget counts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetStatus } from "../../../src/sandbox/disruption.ts";
import type { StoredObject } from "../../../src/sandbox/objects.ts";

const AT = "2026-01-01T00:00:00Z";

function pod(name: string, metadata: object = {}): StoredObject {
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: AT }];
  return { metadata: { name, ...metadata }, status: { phase: "Running", conditions } } as unknown as StoredObject;
}

function statusOf(pods: StoredObject[], disruptedPods: Record<string, string> = {}) {
  const budget = { metadata: { name: "a", generation: 1 }, spec: { minAvailable: 2 }, status: { disruptedPods } };
  return budgetStatus(budget as unknown as StoredObject, pods, {
    expectedPods: pods.length,
    nowMs: Date.parse(AT),
  });
}

test("three that are ready: one may go", () => {
  assert.equal(statusOf([pod("a-1"), pod("a-2"), pod("a-3")]).disruptionsAllowed, 1);
});

test("one that was evicted counts as gone before it is being deleted", () => {
  const { currentHealthy, disruptionsAllowed } = statusOf([pod("a-1"), pod("a-2"), pod("a-3")], { "a-1": AT });
  assert.deepEqual([currentHealthy, disruptionsAllowed], [2, 0]);
});

test("one that is being deleted counts as gone though it is still ready", () => {
  const going = pod("a-1", { deletionTimestamp: AT });
  const { currentHealthy, disruptionsAllowed, disruptedPods } = statusOf([going, pod("a-2"), pod("a-3")], {
    "a-1": AT,
  });
  assert.deepEqual([currentHealthy, disruptionsAllowed, disruptedPods], [2, 0, undefined]);
});
