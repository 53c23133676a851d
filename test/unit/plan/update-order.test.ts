import assert from "node:assert/strict";
import { test } from "node:test";
import type { UpdateStrategy } from "../../../src/api/cloneset.ts";
import { annotation } from "../../../src/api/constants.ts";
import { inUpdateOrder } from "../../../src/plan/update-order.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";
import { members } from "../../support/an-observation.ts";

// In each row "b" moves before "a", for that reason alone; the reasons stand in their order of weight.
const pairs: { name: string; a: GivenPod; b: GivenPod }[] = [
  { name: "one that waits for its hook before all others", a: { node: "" }, b: { state: "PreparingUpdate" } },
  {
    name: "not assigned to a node before assigned",
    a: { node: "n1", phase: "Pending" },
    b: { node: "", phase: "Running" },
  },
  { name: "Pending before Unknown", a: { phase: "Unknown", ready: false }, b: { phase: "Pending", ready: false } },
  { name: "Unknown before Running", a: { ready: false }, b: { phase: "Unknown", ready: false } },
  { name: "not ready before ready", a: { state: "PreparingNormal" }, b: { ready: false } },
  { name: "ready since later", a: { readyForSeconds: 100 }, b: { readyForSeconds: 50 } },
  { name: "restarted more often", a: { restarts: 1 }, b: { restarts: 2 } },
  {
    name: "between equals, sidecars that restarted more often",
    a: { restarts: 2, sidecarRestarts: 0 },
    b: { restarts: 2, sidecarRestarts: 1 },
  },
  { name: "created later", a: { createdSecondsAgo: 100 }, b: { createdSecondsAgo: 50 } },
];
function order(
  pods: Record<string, GivenPod>,
  strategy: Partial<Pick<UpdateStrategy, "priority" | "scatter">> = {},
): string[] {
  const all = members(Object.entries(pods).map(([name, given]) => aPod({ name, ...given })));
  const given = { strategy: { priority: { weights: [], orderedKeys: [] }, scatter: [], ...strategy }, all };
  return inUpdateOrder(all, given).map(({ pod }) => pod.name);
}

for (const { name, a, b } of pairs) {
  test(`update order: ${name}`, () => {
    assert.deepEqual(order({ a, b }), ["b", "a"]);
    assert.deepEqual(order({ b, a }), ["b", "a"]);
  });
}

test("update order: deletion cost and lifecycle state play no part", () => {
  const dear = { annotations: { [annotation.deletionCost]: "100" }, readyForSeconds: 10 };
  assert.deepEqual(order({ a: { state: "PreparingNormal", readyForSeconds: 20 }, b: dear }), ["b", "a"]);
});

test("update order: the user's priority comes before all but pods that wait for their hook", () => {
  const first = { weights: [{ weight: 5, selector: { matchLabels: { shard: "1" } } }], orderedKeys: [] };
  const pods: Record<string, GivenPod> = {
    a: { ready: false },
    b: { labels: { shard: "1" } },
    c: { state: "PreparingUpdate" },
  };
  assert.deepEqual(order(pods, { priority: first }), ["c", "b", "a"]);
});
