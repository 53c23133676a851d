import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "./small-states.ts";
import { configs, explore, startStates } from "./small-states.ts";

/** Pods at most, surge included. Five with PODS=5, which takes minutes. */
const most = Number(process.env["PODS"] ?? 3);

test(`every state of up to ${most} pods, under every spec: no plan undercuts the floor, exceeds the ceiling or leads nowhere`, (t) => {
  const startedMs = performance.now();
  const starts = startStates(most);
  const specs = configs(most);
  let [states, plans] = [0, 0];
  const findings: Finding[] = [];
  for (const config of specs) {
    const explored = explore(config, starts);
    states += explored.states;
    plans += explored.plans;
    findings.push(...explored.findings);
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  t.diagnostic(
    `${specs.length} specs, ${starts.length} start states, ${states} states reached, ${plans} plans, ${seconds} s`,
  );
  assert.deepEqual(findings.slice(0, 5), [], `${findings.length} findings`);
});
