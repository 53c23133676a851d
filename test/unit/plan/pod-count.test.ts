import assert from "node:assert/strict";
import { test } from "node:test";
import type { IntOrPercent } from "../../../src/api/cloneset.ts";
import { SpecError } from "../../../src/api/spec-error.ts";
import { podCount } from "../../../src/plan/pod-count.ts";

const cases: { value: IntOrPercent; of: number; up: number; down: number; name: string }[] = [
  { value: 0, of: 10, up: 0, down: 0, name: "0 is 0" },
  { value: 7, of: 5, up: 7, down: 7, name: "a number may be larger than the whole" },
  { value: "0%", of: 10, up: 0, down: 0, name: "0% is 0" },
  { value: "20%", of: 3, up: 1, down: 0, name: "20% of 3 lies between 0 and 1" },
  { value: "50%", of: 4, up: 2, down: 2, name: "what comes out even is not rounded" },
  { value: "12.5%", of: 16, up: 2, down: 2, name: "percentages may have decimals" },
  { value: "0.01%", of: 9, up: 1, down: 0, name: "a trace rounds up to a pod" },
  { value: "99.99%", of: 999, up: 999, down: 998, name: "almost all of 999" },
  { value: "7%", of: 100, up: 7, down: 7, name: "7% of 100 is 7, which floating point would round up to 8" },
  { value: "100%", of: 0, up: 0, down: 0, name: "all of nothing is nothing" },
  { value: "150%", of: 10, up: 15, down: 15, name: "more than all is allowed here" },
];
for (const { value, of, up, down, name } of cases) {
  test(`podCount: ${name}`, () => {
    assert.equal(podCount(value, { of, round: "up", field: "f" }), up);
    assert.equal(podCount(value, { of, round: "down", field: "f" }), down);
  });
}

const unusable: IntOrPercent[] = [
  "abc",
  "",
  "5",
  "%",
  "-5%",
  "20 %",
  " 20%",
  "1e2%",
  "12.%",
  ".5%",
  "20%%",
  -1,
  1.5,
  Number.NaN,
];
for (const value of unusable) {
  test(`podCount: ${JSON.stringify(value)} is refused, not guessed at`, () => {
    assert.throws(
      () => podCount(value, { of: 10, round: "up", field: "spec.updateStrategy.partition" }),
      (error) => {
        assert.ok(error instanceof SpecError);
        assert.equal(error.field, "spec.updateStrategy.partition");
        assert.match(error.message, /^Cannot use spec.updateStrategy.partition: want an integer >= 0 or a percentage/);
        return true;
      },
    );
  });
}
