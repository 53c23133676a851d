import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sail } from "./fleet.ts";
import type { Mutation } from "./museum.ts";
import { mistakes, museum } from "./museum.ts";

/** Within so many seeds every hole must be found. */
const SEEDS_MAX = Number(process.env["SEEDS_MAX"] ?? 5000);
const only = process.env["MUTATION"];

test("museum: every edit still finds its place in the source", () => {
  for (const { name, edits } of [...museum, ...mistakes]) {
    for (const { file, find } of edits) {
      const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
      assert.ok(source.includes(find), `${name}: ${file} does not contain ${find}`);
    }
  }
});

test("museum: at least 16 of the 24 known holes, and at least 10 mistakes", () => {
  assert.ok(new Set(museum.flatMap(({ holes }) => holes)).size >= 16);
  assert.ok(mistakes.length >= 10);
});

for (const mutation of [...museum, ...mistakes].filter(({ name }) => only === undefined || name.includes(only))) {
  test(`museum: found: ${title(mutation)}`, async (t) => {
    const { failed, seeds, ms } = await sail({ from: 1, seeds: SEEDS_MAX, mutation });
    const [first] = failed;
    assert.ok(first?.violation, `not found within ${seeds} seeds`);
    t.diagnostic(
      `${seeds} seeds, ${(ms / 1000).toFixed(1)} s: ${first.violation.invariant}: ${first.violation.what.slice(0, 120)}`,
    );
  });
}

function title({ name, holes }: Mutation): string {
  return holes.length > 0 ? `hole ${holes.join(", ")}: ${name}` : name;
}
