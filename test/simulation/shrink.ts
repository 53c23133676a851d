import type { Scenario, Step } from "./scenario.ts";
import type { Run } from "./world.ts";
import { play } from "./world.ts";

const TRIES_MAX = 300;

/**
 * The smallest scenario found that breaks the same invariant: fewer faults first, then fewer steps, then one CloneSet.
 * Halves are taken out before single ones.
 */
export async function shrink(scenario: Scenario, invariant: string): Promise<{ scenario: Scenario; run: Run }> {
  let best = scenario;
  let bestRun = await play(scenario);
  let tries = 0;
  const attempt = async (candidate: Scenario): Promise<boolean> => {
    if (tries++ >= TRIES_MAX) return false;
    const run = await play(candidate);
    if (run.violation?.invariant !== invariant) return false;
    best = candidate;
    bestRun = run;
    return true;
  };
  const fewer = async <T>(listOf: (from: Scenario) => readonly T[], put: (from: Scenario, list: T[]) => Scenario) => {
    for (let size = Math.ceil(listOf(best).length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < listOf(best).length; ) {
        const list = listOf(best).filter((_, i) => i < at || i >= at + size);
        if (!(await attempt(put(best, list)))) at += size;
      }
    }
  };
  await fewer(
    ({ faults }) => faults,
    (from, faults) => ({ ...from, faults }),
  );
  // The last word stays: without it a cluster may have every right not to come to rest.
  const isLast = (step: Step) => step.kind === "patch" && step.why === "last word";
  await fewer(
    ({ steps }) => steps.filter((step) => !isLast(step)),
    (from, steps) => ({ ...from, steps: [...steps, ...from.steps.filter(isLast)] }),
  );
  if (best.cloneSets.length > 1) {
    const [first] = best.cloneSets;
    if (first)
      await attempt({ ...best, cloneSets: [first], steps: best.steps.filter(({ cloneSet }) => cloneSet === 0) });
  }
  // Without the lease two controllers act at once, which breaks what nothing promises to keep.
  const needsLease = best.faults.some(({ kind }) => kind === "F4" || kind === "F5");
  if (best.leaderElection && !needsLease) await attempt({ ...best, leaderElection: false });
  return { scenario: best, run: bestRun };
}
