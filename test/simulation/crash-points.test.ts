import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Crew } from "./crew.ts";
import type { Fault } from "./scenario.ts";
import { ONE_IN } from "./seeds.ts";
import { stories } from "./stories.ts";

const crew = new Crew();
after(() => crew.dismiss());

/**
 * Every story is played once as it is, and then once more for each place where its controller can die: before each write,
 * and after each write before its answer. Whoever comes next must finish the story, and keep every invariant on the way.
 * And once for each place where the server begins to refuse patches of pods.
 */
for (const { name, scenario } of stories) {
  test(`crash points: ${name}`, async (t) => {
    const calm = await crew.play(scenario);
    assert.equal(calm.violation, undefined, `without a fault: ${calm.violation?.invariant}: ${calm.violation?.what}`);
    const points = Array.from({ length: calm.figures.writes }, (_, nth): Fault[] => [
      { kind: "F1", nth, downMs: 100 },
      { kind: "F2", nth, downMs: 100 },
      { kind: "F14", nth, count: 4, only: "PATCH pods" },
    ])
      .flat()
      .filter((_, i) => i % ONE_IN === 0);
    await Promise.all(
      points.map(async (fault) => {
        const { violation, story } = await crew.play({ ...scenario, faults: [fault] });
        const what = `${violation?.invariant}: ${violation?.what}\n${story.join("\n")}`;
        assert.equal(violation, undefined, `${JSON.stringify(fault)}: ${what}`);
      }),
    );
    t.diagnostic(`${points.length} points`);
  });
}
