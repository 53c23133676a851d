import assert from "node:assert/strict";
import { test } from "node:test";
import type { IntOrPercent } from "../../../src/api/cloneset.ts";
import { fromV1alpha1 } from "../../../src/api/convert.ts";
import type { Goal } from "../../../src/cli/promotion.ts";
import { promotedPartition } from "../../../src/cli/promotion.ts";

const next: Goal = { kind: "next" };
const full: Goal = { kind: "full" };
const to = (updated: IntOrPercent): Goal => ({ kind: "to", updated });

const cases: { name: string; replicas: number; partition: IntOrPercent; goal: Goal; want: IntOrPercent }[] = [
  { name: "to a number of pods", replicas: 10, partition: 10, goal: to(3), want: 7 },
  { name: "to more pods than there are", replicas: 10, partition: 10, goal: to(12), want: 0 },
  { name: "to a share, which stays one", replicas: 10, partition: "100%", goal: to("60%"), want: "40%" },
  {
    name: "to a fraction, without the noise of floating point",
    replicas: 1000,
    partition: "100%",
    goal: to("0.1%"),
    want: "99.9%",
  },
  { name: "to all of them is the number 0", replicas: 10, partition: "100%", goal: to("100%"), want: 0 },
  { name: "full", replicas: 10, partition: "40%", goal: full, want: 0 },
  { name: "next: the first pod", replicas: 20, partition: "100%", goal: next, want: 19 },
  { name: "next: from one pod to a tenth", replicas: 20, partition: 19, goal: next, want: "90%" },
  { name: "next: from a tenth to a quarter", replicas: 20, partition: "90%", goal: next, want: "75%" },
  { name: "next: to a half", replicas: 20, partition: "75%", goal: next, want: "50%" },
  { name: "next: to the end", replicas: 20, partition: "50%", goal: next, want: 0 },
  { name: "next of a small set skips the steps that are no step", replicas: 3, partition: 2, goal: next, want: 0 },
  { name: "next at the end", replicas: 3, partition: 0, goal: next, want: 0 },
];
for (const { name, replicas, partition, goal, want } of cases) {
  test(`promote: ${name}`, () => assert.equal(promotedPartition(aSpec(replicas, partition), goal), want));
}

test("promote never takes pods back", () => {
  assert.throws(() => promotedPartition(aSpec(10, "40%"), to(5)), /step back: the partition allows 6 of 10/);
});

function aSpec(replicas: number, partition: IntOrPercent) {
  return fromV1alpha1({ metadata: { name: "web" }, spec: { replicas, updateStrategy: { partition } } }).spec;
}
