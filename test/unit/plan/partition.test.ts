import assert from "node:assert/strict";
import { test } from "node:test";
import { SpecError } from "../../../src/api/spec-error.ts";
import { partition } from "../../../src/plan/partition.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";

const cases = [
  { replicas: 9, given: "99%", want: 8, name: "99% of 9 lets one move" },
  { replicas: 10, given: "90%", want: 9, name: "90% of 10" },
  { replicas: 10, given: "1%", want: 1, name: "1% of 10 keeps one" },
  { replicas: 99, given: "100%", want: 99, name: "100% keeps all" },
  { replicas: 999, given: "99.99%", want: 998, name: "99.99% of 999 lets one move" },
  { replicas: 9, given: "0.01%", want: 1, name: "0.01% of 9 keeps one" },
  { replicas: 1, given: "1%", want: 1, name: "1% of a single pod keeps it" },
  { replicas: 1, given: "99%", want: 1, name: "99% of a single pod keeps it" },
  { replicas: 0, given: "99%", want: 0, name: "99% of nothing" },
  { replicas: 10, given: 10, want: 10, name: "a number may keep all" },
  { replicas: 2, given: 5, want: 2, name: "no more than there are" },
  { replicas: 6, given: "100.0%", want: 5, name: 'only "100%" as such keeps all' },
  { replicas: 6, given: "150%", want: 6, name: "a percentage beyond 100 keeps all" },
  { replicas: 5, given: undefined, want: 0, name: "without a partition all move" },
];
for (const { replicas, given, want, name } of cases) {
  test(`partition: ${name}`, () => {
    const { spec } = aCloneSet({ replicas, ...(given === undefined ? {} : { partition: given }) });
    assert.equal(partition(spec), want);
  });
}

test("partition: what cannot be read is refused", () => {
  assert.throws(() => partition(aCloneSet({ partition: "abc" }).spec), SpecError);
});
