import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClaimTemplate } from "../../../src/api/kubernetes.ts";
import { claimTemplatesHash, hashOfClaims, shortPart } from "../../../src/revision/hash.ts";
import { golden } from "./golden.ts";

for (const { name, templates, hash } of golden<{ name: string; templates: ClaimTemplate[] | null; hash: string }>(
  "claim-templates.json",
)) {
  test(`hash of claim templates as in Go: ${name}`, () => assert.equal(hashOfClaims(templates ?? []), hash));
}

test("no claim templates have an empty hash on record", () => assert.equal(claimTemplatesHash([]), ""));

const shortParts = [
  ["web-668d9555ff", "668d9555ff"],
  ["a-b-c", "c"],
  ["668d9555ff", "668d9555ff"],
  ["", ""],
] as const;
for (const [revision, want] of shortParts) {
  test(`the short part of "${revision}" is "${want}"`, () => assert.equal(shortPart(revision), want));
}
