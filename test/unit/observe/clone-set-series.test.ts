import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { Cache } from "../../../src/kube/cache.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import { cloneSetSeries } from "../../../src/observe/clone-set-series.ts";
import { Trimmer } from "../../../src/observe/trim.ts";
import type { GivenCloneSet } from "../../support/a-cloneset.ts";
import { aWireCloneSet, NOW_MS } from "../../support/a-cloneset.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** The samples that a scrape shows, without namespace and name. */
async function scrape(given: GivenCloneSet, isLeading = true): Promise<Record<string, string>> {
  const trimmer = new Trimmer();
  const cloneSets = new Cache({ clock: new FakeClock(NOW_MS), trim: (raw) => trimmer.cloneSet(raw) });
  const wire = aWireCloneSet(given) as unknown as KubeObject;
  cloneSets.applied({ ...wire, metadata: { ...wire.metadata, creationTimestamp: "2026-01-01T12:00:00Z" } });
  const registry = new Registry();
  cloneSetSeries(registry, { cloneSets }, () => isLeading);
  const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("kruise_"));
  return Object.fromEntries(
    lines.map((line) => {
      const [name = "", value = ""] = line.replace('namespace="shop",cloneset="web"', "").replace("{}", "").split(" ");
      return [name.replace("kruise_cloneset_", "").replace("{,", "{"), value];
    }),
  );
}

test("series: numbers of spec and status, percentages as pods", async () => {
  const shown = await scrape({
    replicas: 10,
    partition: "25%",
    maxUnavailable: "20%",
    maxSurge: "15%",
    generation: 7,
    status: {
      observedGeneration: 6,
      replicas: 11,
      readyReplicas: 9,
      availableReplicas: 8,
      updatedReplicas: 3,
      updatedReadyReplicas: 2,
      updatedAvailableReplicas: 1,
      expectedUpdatedReplicas: 7,
      conditions: [{ type: "Ready", status: "False" }],
    },
  });
  assert.deepEqual(shown, {
    created: String(NOW_MS / 1000),
    metadata_generation: "7",
    spec_paused: "0",
    spec_replicas: "10",
    spec_strategy_partition: "3",
    spec_strategy_rollingupdate_max_surge: "2",
    spec_strategy_rollingupdate_max_unavailable: "2",
    'spec_strategy_type{type="ReCreate"}': "1",
    'status_condition{condition="Ready",status="false"}': "1",
    'status_condition{condition="Ready",status="true"}': "0",
    'status_condition{condition="Ready",status="unknown"}': "0",
    status_observed_generation: "6",
    status_replicas: "11",
    status_replicas_available: "8",
    status_replicas_expected_updated: "7",
    status_replicas_ready: "9",
    status_replicas_unavailable: "2",
    status_replicas_updated: "3",
    status_replicas_updated_available: "1",
    status_replicas_updated_ready: "2",
  });
});

test("series: a number that the spec does not give is left out, the others are there", async () => {
  const shown = await scrape({ maxUnavailable: "some" });
  assert.equal(shown["spec_strategy_rollingupdate_max_unavailable"], undefined);
  assert.equal(shown["spec_replicas"], "3");
});

test("series: who does not lead serves none", async () => assert.deepEqual(await scrape({}, false), {}));
