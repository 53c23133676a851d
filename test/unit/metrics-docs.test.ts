import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Decisions } from "../../src/apply/decisions.ts";
import { Metrics } from "../../src/kube/metrics.ts";
import type { Caches } from "../../src/observe/caches.ts";
import { podStates } from "../../src/observe/pod-states.ts";
import { WebhookMetrics } from "../../webhook/metrics.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** `name` → "labels: meaning" of each row of the table. */
function documented(): Map<string, string> {
  const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const rows = page.slice(page.indexOf("## Metrics")).matchAll(/^\| `(\w+)` \| (.*?) ?\| (.*) \|$/gm);
  return new Map([...rows].map(([, name = "", labels = "", help = ""]) => [name, `${labels.trim()}: ${help}`]));
}

test("docs/metrics.md lists every metric with its labels and what it says of itself, and no other", () => {
  const metrics = new Metrics();
  const caches = { cloneSets: { all: () => [] } } as unknown as Caches;
  // They register their metrics themselves.
  void new Decisions(metrics.registry);
  podStates(metrics.registry, caches, new FakeClock());
  void new WebhookMetrics(metrics.registry);
  const known = metrics.registry.getMetricsAsArray() as unknown as {
    name: string;
    help: string;
    labelNames: string[];
  }[];
  metrics.close();
  assert.deepEqual(
    Object.fromEntries(documented()),
    Object.fromEntries(
      known.map(({ name, help, labelNames }) => [name, `${labelNames.map((one) => `\`${one}\``).join(", ")}: ${help}`]),
    ),
  );
});
