/** Dashboards and alerts are PromQL that parses, over metrics that exist. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parser } from "@prometheus-io/lezer-promql";
import { load } from "js-yaml";
import { Registry } from "prom-client";
import { DASHBOARDS } from "../../../deploy/dashboards/dashboards.ts";
import { cloneSetSeries } from "../../../src/observe/clone-set-series.ts";

const text = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** Those of the page about metrics, which a test compares with the program, and one for each number of a CloneSet. */
async function known(): Promise<Set<string>> {
  const named = [...text("docs/metrics.md").matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name = ""]) => name);
  const registry = new Registry();
  cloneSetSeries(registry, { cloneSets: { all: () => [] } as never }, () => true);
  const series = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  return new Set([...named, ...named.map((name) => `${name}_bucket`), ...series]);
}

interface Rules {
  groups: { rules: { alert: string; expr: string }[] }[];
}
const expressions = [
  ...DASHBOARDS.flatMap(({ uid, panels, variables }) => [
    ...panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ where: `${uid}: ${title}`, expr }))),
    ...variables.map(({ name, metric }) => ({ where: `${uid}: ${name}`, expr: metric })),
  ]),
  ...(load(text("deploy/chart/files/alerts.yaml")) as Rules).groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
  ),
];

/** Names of metrics, and whether everything parses. */
function read(expr: string): { metrics: string[]; errors: number } {
  const found = { metrics: [] as string[], errors: 0 };
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) found.errors += 1;
      if (type.name === "Identifier") found.metrics.push(expr.slice(from, to));
    },
  });
  return found;
}

test("what does not parse, and what does not exist, would be seen", () => {
  assert.equal(read("sum(rate(leader[5m])").errors, 1);
  assert.deepEqual(read("sum(rate(leader[5m]))"), { metrics: ["leader"], errors: 0 });
});

for (const { where, expr } of expressions) {
  test(`PromQL of ${where}`, async () => {
    const { metrics, errors } = read(expr);
    assert.equal(errors, 0, expr);
    assert.notEqual(metrics.length, 0);
    const exists = await known();
    assert.deepEqual(
      metrics.filter((name) => !exists.has(name)),
      [],
    );
  });
}
