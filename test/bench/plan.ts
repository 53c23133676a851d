/** What does one pass cost before anything is written, and does it grow faster than the number of pods? */
import { featureDefaults } from "../../src/api/features.ts";
import type { Caches } from "../../src/observe/caches.ts";
import { observe } from "../../src/observe/observe.ts";
import { plan } from "../../src/plan/plan.ts";
import type { Stage } from "./synthetic.ts";
import { filledCaches, NAMESPACE } from "./synthetic.ts";
import { median, short, table } from "./table.ts";
import { threadMs } from "./usage.ts";

export interface PlanOptions {
  /** The smaller number of pods; the larger one is ten times as many. */
  pods: number;
  repeat: number;
}

interface Case {
  name: string;
  replicas: (pods: number) => number;
  /** The stage of the n-th of `pods` pods. */
  stage: (n: number, pods: number) => Stage;
}

const CASES: Case[] = [
  { name: "steady", replicas: (pods) => pods, stage: () => "updated" },
  {
    name: "mid-rollout",
    replicas: (pods) => pods,
    stage: (n, pods) => (n < pods * 0.4 ? "updated" : n < pods * 0.5 ? "updating" : "old"),
  },
  { name: "scale out x2", replicas: (pods) => pods * 2, stage: () => "updated" },
  { name: "scale in to 10%", replicas: (pods) => Math.round(pods / 10), stage: () => "updated" },
];
const WARM_UPS = 20;

export function planBenchmark({ pods, repeat }: PlanOptions): void {
  const rows = CASES.map((given) => {
    const small = measure(given, pods, repeat);
    const large = measure(given, pods * 10, repeat);
    return [
      given.name,
      short(small.observe + small.plan),
      short(small.plan),
      short(small.actions),
      short((small.plan * 1000) / pods),
      short(large.observe + large.plan),
      short(large.plan),
      short(large.actions),
      short((large.plan * 1000) / (pods * 10)),
      short(large.plan / small.plan),
    ];
  });
  const head = [pods, pods * 10].flatMap((count) => [
    `${short(count)} pods: pass ms`,
    "plan ms",
    "actions",
    "plan µs/pod",
  ]);
  console.log(table(["case", ...head, "growth x10"], rows));
}

/** Medians of the CPU time. Unit: ms. */
function measure(given: Case, pods: number, repeat: number): { observe: number; plan: number; actions: number } {
  const stages = Array.from({ length: pods }, (_, n) => given.stage(n, pods));
  const caches = filledCaches(given.replicas(pods), stages);
  for (let i = 0; i < WARM_UPS; i++) pass(caches);
  const passes = Array.from({ length: repeat }, () => pass(caches));
  return {
    observe: median(passes.map((each) => each.observe)),
    plan: median(passes.map((each) => each.plan)),
    actions: passes[0]?.actions ?? 0,
  };
}

function pass(caches: Caches): { observe: number; plan: number; actions: number } {
  const startMs = threadMs();
  const given = { nowMs: Date.now(), features: featureDefaults, spareIds: [], refusals: new Map() };
  const seen = observe(caches, { namespace: NAMESPACE, name: "web" }, given);
  if (seen === undefined) throw new Error("the CloneSet is not in the cache");
  const observedMs = threadMs();
  const planned = plan(seen);
  const endMs = threadMs();
  if (planned.kind !== "work") throw new Error(`the plan is ${planned.kind}, want work`);
  return { observe: observedMs - startMs, plan: endMs - observedMs, actions: planned.actions.length };
}
