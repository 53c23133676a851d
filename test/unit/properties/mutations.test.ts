import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mutations } from "../../mutations/mutations.ts";

test("mutations: every edit still finds its place in the source, once", () => {
  for (const { name, file, find } of mutations) {
    const source = readFileSync(new URL(`../../../src/${file}`, import.meta.url), "utf8");
    assert.equal(source.split(find).length, 2, `${name}: ${file} does not contain this just once: ${find}`);
  }
});
