import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { TestContext } from "node:test";
import { after, describe, test } from "node:test";
import { Crew } from "./crew.ts";
import { sail } from "./fleet.ts";
import type { Mutation } from "./museum.ts";
import { HOLES, mistakes, museum, withoutSwitch } from "./museum.ts";
import type { Scenario } from "./scenario.ts";
import { NORMAL, ONE_IN } from "./seeds.ts";

/**
 * MUTATION=text   only those whose title contains the text
 * MUSEUM=search   plays the seeds from 1 on; otherwise the one that found it last time goes first
 * MUSEUM=record   the same, and writes down which seed was the first
 */
const only = process.env["MUTATION"] ?? "";
const mode = process.env["MUSEUM"] ?? "";

const recordFile = new URL("museum-seeds.json", import.meta.url);
const recorded = JSON.parse(readFileSync(recordFile, "utf8")) as Record<string, number>;

test("museum: every edit still finds its place in the source", () => {
  for (const { name, edits } of [...museum, ...mistakes]) {
    for (const { file, find } of edits) {
      const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
      assert.ok(source.includes(find), `${name}: ${file} does not contain ${find}`);
    }
  }
});

test("museum: at least 16 of the known holes have a switch, the others a reason, and there are at least 10 mistakes", () => {
  const switched = new Set(museum.flatMap(({ holes }) => holes));
  assert.ok(switched.size >= 16, `${switched.size} holes have a switch`);
  for (let hole = 1; hole <= HOLES; hole++)
    assert.equal(switched.has(hole), withoutSwitch[hole] === undefined, `hole ${hole}`);
  assert.ok(mistakes.length >= 10);
});

// One thread for each, so that the seeds are played in order and the number of the first that finds it means something.
describe("museum: found by a seed of the normal run", { concurrency: availableParallelism() }, () => {
  for (const mutation of [...museum, ...mistakes].filter((_, i) => i % ONE_IN === 0)) {
    const { name, holes } = mutation;
    const title = holes.length > 0 ? `hole ${holes.join(", ")}: ${name}` : `mistake: ${name}`;
    if (!title.includes(only)) continue;
    test(`museum: ${title}`, (t) =>
      mutation.case === undefined ? foundBySeed(t, mutation) : foundByCase(t, mutation, mutation.case));
  }
  if (mode === "record") after(() => writeFileSync(recordFile, `${JSON.stringify(recorded, null, 2)}\n`));
});

async function foundBySeed(t: TestContext, mutation: Mutation): Promise<void> {
  const known = mode === "" ? recorded[mutation.name] : undefined;
  const again = known === undefined ? [] : (await sail({ from: known, seeds: 1, mutation, workers: 1 })).failed;
  const { failed } =
    again.length > 0 ? { failed: again } : await sail({ from: 1, seeds: NORMAL, mutation, workers: 1 });
  const [first] = failed;
  assert.ok(first, `not found within ${NORMAL} seeds`);
  assert.ok(first.seed <= NORMAL, `found by seed ${first.seed}, which is not one of the normal run`);
  recorded[mutation.name] = first.seed;
  const { invariant, what } = first.violation;
  const moved = known === undefined || known === first.seed ? "" : ` (it was ${known}: MUSEUM=record writes that down)`;
  t.diagnostic(`found by seed ${first.seed}${moved}: ${invariant}: ${what.slice(0, 120)}`);
}

async function foundByCase(t: TestContext, mutation: Mutation, file: string): Promise<void> {
  const { scenario } = JSON.parse(readFileSync(new URL(`cases/${file}`, import.meta.url), "utf8")) as {
    scenario: Scenario;
  };
  const crew = new Crew({ workers: 1, mutation });
  try {
    const { violation } = await crew.play(scenario);
    assert.ok(violation, `not found by ${file}`);
    t.diagnostic(`found by ${file}: ${violation.invariant}: ${violation.what.slice(0, 120)}`);
  } finally {
    await crew.dismiss();
  }
}
