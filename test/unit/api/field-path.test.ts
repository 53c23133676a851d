import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldOf } from "../../../src/api/field-path.ts";

const cases: [pointer: string, field: string][] = [
  ["", ""],
  ["/spec", "spec"],
  ["/spec/containers/0/name", "spec.containers[0].name"],
  ["/metadata/labels/example.com~1a~0b", "metadata.labels.example.com/a~b"],
];
for (const [pointer, field] of cases) {
  test(`the field of ${JSON.stringify(pointer)}`, () => assert.equal(fieldOf(pointer), field));
}
