import assert from "node:assert/strict";
import { test } from "node:test";
import type { PriorityStrategy } from "../../../src/api/cloneset.ts";
import { byPriority } from "../../../src/plan/priority.ts";
import { aPod } from "../../support/a-pod.ts";
import { members } from "../../support/an-observation.ts";

/** Indexes into `labels`, in the order of update. */
function order(labels: Record<string, string>[], strategy: Partial<PriorityStrategy>): number[] {
  const all = members(labels.map((own, index) => aPod({ name: String(index), labels: own })));
  return byPriority(all, { weights: [], orderedKeys: [], ...strategy }).map(({ pod }) => Number(pod.name));
}
const when = (labels: Record<string, string>, weight: number) => ({ weight, selector: { matchLabels: labels } });

// The original puts the pod without any key first (1 3 5 0 4 2), contrary to the words of its API.
test("priority by key: earlier keys first, larger numbers first, pods with no key last (the example of the contract)", () => {
  const labels = [{ k1: "a-3" }, {}, { k2: "9" }, { k1: "x12" }, { k1: "none" }, { k1: "7", k2: "9" }];
  assert.deepEqual(order(labels as Record<string, string>[], { orderedKeys: ["k1", "k2"] }), [3, 5, 0, 4, 2, 1]);
});

const cases = [
  {
    name: "the weights of all terms that match add up",
    labels: [{ a: "1" }, { a: "1", b: "1" }, { b: "1" }],
    strategy: { weights: [when({ a: "1" }, 5), when({ b: "1" }, 3)] },
    want: [1, 0, 2],
  },
  {
    name: "equals keep their order",
    labels: [{}, { a: "1" }, {}, { a: "1" }],
    strategy: { weights: [when({ a: "1" }, 1)] },
    want: [1, 3, 0, 2],
  },
  {
    name: "weights make ordered keys idle",
    labels: [{ k: "1" }, { a: "1" }],
    strategy: { weights: [when({ a: "1" }, 1)], orderedKeys: ["k"] },
    want: [1, 0],
  },
  {
    name: "a number beyond what can be counted is 0",
    labels: [{ k: "99999999999999999999" }, { k: "1" }],
    strategy: { orderedKeys: ["k"] },
    want: [1, 0],
  },
  { name: "nothing asked for, nothing changed", labels: [{ k: "1" }, { k: "2" }], strategy: {}, want: [0, 1] },
];
for (const { name, labels, strategy, want } of cases) {
  test(`priority: ${name}`, () => assert.deepEqual(order(labels as Record<string, string>[], strategy), want));
}
