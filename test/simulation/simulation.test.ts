import assert from "node:assert/strict";
import { test } from "node:test";
import { sail } from "./fleet.ts";
import { generate } from "./generate.ts";
import { play } from "./world.ts";

/** How many seeds the normal run plays; `npm run simulate` plays more. */
const SEEDS = Number(process.env["SEEDS"] ?? 1000);

test(`simulation: ${SEEDS} seeds keep every invariant`, async (t) => {
  const { failed, seeds, ms, simulatedMs, requests, faults } = await sail({ from: 1, seeds: SEEDS });
  const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
  t.diagnostic(
    `${seeds} seeds in ${(ms / 1000).toFixed(0)} s, ${(simulatedMs / 3_600_000).toFixed(0)} simulated hours, ${requests} requests, ${struck} faults`,
  );
  const [first] = failed;
  assert.equal(
    first,
    undefined,
    `seed ${first?.seed}: ${first?.violation?.invariant}: ${first?.violation?.what}\nnpm run simulate -- --seed ${first?.seed}`,
  );
});

test("simulation: every kind of fault strikes within 300 seeds", async () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 300; seed++) for (const { kind } of generate(seed).faults) kinds.add(kind);
  assert.equal(kinds.size, 26);
});

test("simulation: a seed played twice gives the same bytes", async () => {
  for (const seed of [1, 7, 42, 101, 205]) {
    const [one, other] = [await play(generate(seed)), await play(generate(seed))];
    assert.equal(one.story.join("\n"), other.story.join("\n"), `seed ${seed}`);
  }
});
