import assert from "node:assert/strict";
import { test } from "node:test";
import { scattered } from "../../../src/plan/scatter.ts";
import { aPod } from "../../support/a-pod.ts";
import { members } from "../../support/an-observation.ts";

const term = { key: "group", value: "a" };

/** Numbers of pods; `matching` carry the label, `candidates` are to be updated, in that order. */
function scatter(
  { pods, matching, candidates }: { pods: number; matching: number[]; candidates: number[] },
  terms = [term],
): number[] {
  const all = members(
    Array.from({ length: pods }, (_, index) =>
      aPod({ name: String(index), labels: matching.includes(index) ? { group: "a" } : { other: "b" } }),
    ),
  );
  const chosen = candidates.flatMap((index) => all[index] ?? []);
  return scattered(chosen, terms, all).map(({ pod }) => Number(pod.name));
}

const upTo = (end: number) => Array.from({ length: end }, (_, index) => index);
const cases = [
  {
    name: "0-2 of 10 match",
    pods: 10,
    matching: [0, 1, 2],
    candidates: upTo(10),
    want: [0, 3, 4, 5, 6, 1, 7, 8, 9, 2],
  },
  {
    name: "a mix of all pods that differs from that of the candidates",
    pods: 12,
    matching: [2, 3, 6, 7, 8],
    candidates: [2, 3, 6, 0, 1, 4, 5, 9, 10],
    want: [0, 1, 2, 4, 5, 3, 9, 10, 6],
  },
  { name: "0-3 of 6 match", pods: 6, matching: [0, 1, 2, 3], candidates: upTo(6), want: [0, 1, 4, 2, 5, 3] },
  { name: "one that matches is not spread", pods: 5, matching: [0], candidates: upTo(5), want: [0, 1, 2, 3, 4] },
  { name: "one other is not spread", pods: 4, matching: [0, 1, 2], candidates: upTo(4), want: [0, 1, 2, 3] },
];
for (const { name, want, ...given } of cases) {
  test(`scatter: ${name}`, () => assert.deepEqual(scatter(given), want));
}

test("scatter: a term that no candidate matches is left out", () => {
  const given = { pods: 10, matching: [0, 1, 2], candidates: upTo(10) };
  assert.deepEqual(scatter(given, [{ key: "group", value: "z" }, term]), scatter(given));
});
