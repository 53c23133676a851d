import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "./scenario.ts";
import { stories } from "./stories.ts";
import { play } from "./world.ts";

/**
 * Every story is played once as it is, and then once more for each place where its controller can die: before each write,
 * and after each write before its answer. Whoever comes next must finish the story, and keep every invariant on the way.
 * And once for each place where the server begins to refuse patches of pods.
 */
for (const { name, scenario } of stories) {
  test(`crash points: ${name}`, async (t) => {
    const calm = await play(scenario);
    assert.equal(calm.violation, undefined, `without a fault: ${calm.violation?.invariant}: ${calm.violation?.what}`);
    const { writes } = calm.figures;
    for (let nth = 0; nth < writes; nth++) {
      const refused = { nth, count: 4, only: "PATCH pods" };
      for (const fault of [
        { kind: "F1", nth, downMs: 100 },
        { kind: "F2", nth, downMs: 100 },
        { kind: "F14", ...refused },
      ] as Fault[]) {
        const { kind } = fault;
        const faults = [fault];
        const { violation, story } = await play({ ...scenario, faults });
        assert.equal(
          violation,
          undefined,
          `${kind} at write ${nth}: ${violation?.invariant}: ${violation?.what}\n${story.join("\n")}`,
        );
      }
    }
    t.diagnostic(`${3 * writes} points`);
  });
}
