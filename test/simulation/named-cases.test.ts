import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Scenario } from "./scenario.ts";
import { play } from "./world.ts";

/** What once went wrong, as short as it could be made. `found` is what the mistake did when it was still there. */
interface Case {
  name: string;
  found: string;
  scenario: Scenario;
}

const folder = new URL("cases/", import.meta.url);

for (const file of readdirSync(folder)) {
  const { name, scenario } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Case;
  test(`named case: never again: ${name}`, async () => {
    const { violation, story } = await play(scenario);
    assert.equal(violation, undefined, `${violation?.invariant}: ${violation?.what}\n${story.join("\n")}`);
  });
}
