import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerOf, timeMs, timestamp } from "../../../src/api/kubernetes.ts";
import { FOREIGN, OURS } from "../../support/a-pod.ts";

const times = [
  { text: "2026-01-01T12:00:00Z", want: 1767268800000 },
  { text: "2026-01-01T13:00:00+01:00", want: 1767268800000 },
  { text: "2026-01-01T12:00:00.123456Z", want: 1767268800123 },
  { text: "", want: 0 },
  { text: null, want: 0 },
  { text: undefined, want: 0 },
  { text: "yesterday", want: 0 },
];
for (const { text, want } of times) {
  test(`time of ${JSON.stringify(text)}`, () => assert.equal(timeMs(text), want));
}

test("a timestamp is UTC, in whole seconds", () => assert.equal(timestamp(1767268800999), "2026-01-01T12:00:00Z"));

test("the controller of an object is the owner that says so", () => {
  assert.equal(controllerOf([{ ...FOREIGN, controller: false }, OURS]), OURS);
  assert.equal(controllerOf([]), undefined);
});
