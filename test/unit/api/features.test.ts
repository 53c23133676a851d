import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults, parseFeatures } from "../../../src/api/features.ts";
import { SpecError } from "../../../src/api/spec-error.ts";

const cases = [
  { text: "", want: {} },
  { text: "CloneSetShortHash=true", want: { CloneSetShortHash: true } },
  { text: " CloneSetShortHash=true , PreparingUpdateAsUpdate=false,", want: { CloneSetShortHash: true } },
  { text: "CloneSetShortHash=true,CloneSetShortHash=false", want: {} },
];
for (const { text, want } of cases) {
  test(`features: ${JSON.stringify(text)}`, () =>
    assert.deepEqual(parseFeatures(text), { ...featureDefaults, ...want }));
}

for (const text of [
  "Unknown=true",
  "CloneSetShortHash",
  "CloneSetShortHash=yes",
  "CloneSetShortHash=true=false",
  "=true",
  "toString=true",
]) {
  test(`features: ${JSON.stringify(text)} is refused`, () => assert.throws(() => parseFeatures(text), SpecError));
}
