import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Crew } from "./crew.ts";
import { sail } from "./fleet.ts";
import { generate } from "./generate.ts";
import { SEEDS } from "./seeds.ts";
import { play } from "./world.ts";

test(`simulation: ${SEEDS} seeds keep every invariant, and every kind of fault strikes`, async (t) => {
  const { failed, seeds, ms, simulatedMs, requests, faults } = await sail({ from: 1, seeds: SEEDS });
  const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
  t.diagnostic(
    `${seeds} seeds in ${(ms / 1000).toFixed(0)} s, ${(simulatedMs / 3_600_000).toFixed(0)} simulated hours, ${requests} requests, ${struck} faults`,
  );
  const [first] = failed;
  assert.equal(
    first,
    undefined,
    `seed ${first?.seed}: ${first?.violation.invariant}: ${first?.violation.what}\nnpm run simulate -- --seed ${first?.seed}`,
  );
  const kinds = Array.from({ length: 26 }, (_, i) => `F${i + 1}`);
  assert.deepEqual(
    kinds.filter((kind) => faults[kind] === undefined),
    [],
    "these did not strike",
  );
});

const crew = new Crew({ workers: 1 });
after(() => crew.dismiss());

test("simulation: a seed played twice, here and in another thread, gives the same bytes", async () => {
  for (const seed of [1, 7, 42, 101, 205]) {
    const [one, other] = [await play(generate(seed)), await crew.play(generate(seed))];
    assert.equal(one.story.join("\n"), other.story.join("\n"), `seed ${seed}`);
  }
});
