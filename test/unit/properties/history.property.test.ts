import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { History } from "../../support/model/history.ts";
import { anyHistory } from "../../support/model/history.ts";
import { runs } from "../../support/runs.ts";
import { invariants } from "./invariants.ts";
import type { Deeds, Verdicts } from "./play.ts";
import { DEATHS, FOLLOWS, play, QUIET, REST, STILL } from "./play.ts";

// Section 10 of the behaviour contract over whole histories: a cluster in memory, nodes that are quick or slow, users who
// edit, others who delete, a server that refuses, a controller that dies. No. 1 is replaced by the rule that the cache has
// seen our last write (tested with the cache), and no. 2 is dropped: one plan may mix.

/** The same histories for the same commit: new ones are what `npm run properties` is for. */
const seed = Number(process.env["SEED"] ?? 1);
const judged = new Map<string, Verdicts>();
const deeds: Deeds = new Map();

/** Every property tries the same histories, so each is played once. */
function verdictsOn(history: History): Verdicts {
  const key = JSON.stringify(history);
  const known = judged.get(key);
  if (known) return known;
  const verdicts = play(history, deeds);
  judged.set(key, verdicts);
  return verdicts;
}

for (const name of [...Object.keys(invariants), REST, STILL, QUIET, DEATHS, FOLLOWS]) {
  test(name, () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const broken = verdictsOn(history).get(name);
        assert.equal(broken, undefined, broken);
      }),
      { numRuns: runs(), seed },
    );
  });
}

test("the histories hold what the invariants speak of", () => {
  const often = [
    ...["createPod", "deletePod scaleDown", "deletePod podsToDelete", "deletePod recreateUpdate", "deletePod finished"],
    ...["updatePodInPlace", "refreshPod graceOver", "refreshPod nextBatch", "refreshPod release", "adoptPod"],
    "adopted as one of a revision",
    ...["createRevision", "patchRevision", "deleteRevision", "patchClaim", "deleteClaim", "interrupted", "throttled"],
    ...["PreparingNormal → Normal", "Normal → PreparingUpdate", "PreparingUpdate → Updating", "Updating → Normal"],
    ...["Updating → Updated", "Updated → Normal", "Normal → PreparingDelete"],
  ];
  const seldom = ["PreparingDelete → PreparingNormal", "PreparingUpdate → Normal", "deletePod hookDone"];
  // A few runs, as while looking for one failure, need not hold everything.
  const wanted = runs() < 200 ? [] : runs() < 1000 ? often : [...often, ...seldom];
  assert.deepEqual(
    wanted.filter((deed) => !deeds.has(deed)),
    [],
  );
});
