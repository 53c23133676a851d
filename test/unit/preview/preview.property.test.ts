/** What the preview says comes true: the same edit, once played forward, once carried out by the controller. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { label } from "../../../src/api/constants.ts";
import { featureDefaults } from "../../../src/api/features.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import type { Fate } from "../../../src/preview/preview.ts";
import { fates, preview } from "../../../src/preview/preview.ts";
import type { Start } from "../../../src/preview/world.ts";
import type { JsonMap } from "../../../src/sandbox/objects.ts";
import { Lab } from "../../support/lab.ts";

const RUNS = Number(process.env["RUNS"] ?? 25);

interface Given {
  claims: boolean;
  before: { replicas: number; strategy: JsonMap; change: Change };
  after: { replicas: number; strategy: JsonMap; change: Change; named: number };
}
type Change = "none" | "image" | "label" | "env" | "imageAndEnv";

const count = (max: number) => fc.nat({ max });
const strategy: fc.Arbitrary<JsonMap> = fc
  .record({
    type: fc.constantFrom("InPlaceIfPossible", "InPlaceIfPossible", "ReCreate", "InPlaceOnly", "OnDelete"),
    partition: fc.oneof(fc.constant(0), count(4), fc.constantFrom("50%", "100%")),
    maxUnavailable: fc.oneof(fc.constantFrom(1, 2), fc.constant("50%"), fc.constant(0)),
    maxSurge: fc.oneof(fc.constant(0), fc.constantFrom(1, 2)),
    paused: fc.constantFrom(false, false, false, true),
  })
  .filter(({ maxUnavailable, maxSurge }) => maxUnavailable !== 0 || maxSurge !== 0)
  // The server refuses others.
  .filter(({ type, maxSurge }) => type !== "InPlaceOnly" || maxSurge === 0);
const change = fc.constantFrom<Change>("none", "image", "image", "label", "env", "imageAndEnv");
const given: fc.Arbitrary<Given> = fc.record({
  claims: fc.boolean(),
  before: fc.record({ replicas: count(4), strategy, change: fc.constant<Change>("none") }),
  after: fc.record({ replicas: count(5), strategy, change, named: count(2) }),
});

const template = (what: Change): JsonMap => ({
  metadata: { labels: { app: "web", ...(what === "label" ? { tier: "front" } : {}) } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "app",
        image: what.startsWith("image") ? "app:v2" : "app:v1",
        env: what === "env" || what === "imageAndEnv" ? [{ name: "LEVEL", value: "7" }] : [],
      },
    ],
  },
});
const claimTemplates = [
  { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
];

/** Everything the preview starts from. */
function snapshot(lab: Lab): Start {
  const list = (path: string) => lab.send("GET", path)["items"] as KubeObject[];
  return structuredClone({
    cloneSet: lab.cloneSet("web"),
    pods: list("/api/v1/namespaces/shop/pods"),
    claims: list("/api/v1/namespaces/shop/persistentvolumeclaims"),
    revisions: list("/apis/apps/v1/namespaces/shop/controllerrevisions"),
  });
}

/** What became of each pod: it is the same one, with another revision or not, or it is gone. */
function observed(before: Start, lab: Lab): Record<string, string> {
  const now = new Map(lab.pods().map((pod) => [pod.metadata.uid, pod]));
  return Object.fromEntries(
    before.pods.map(({ metadata }) => {
      const pod = now.get(metadata.uid ?? "");
      if (pod === undefined) return [metadata.name, "gone"];
      const moved = pod.metadata.labels?.[label.revision] !== metadata.labels?.[label.revision];
      return [metadata.name, moved ? "inPlace" : "kept"];
    }),
  );
}

const inShort = (fate: Fate): string => (fate.kind === "recreated" || fate.kind === "removed" ? "gone" : fate.kind);

test("what the preview says comes true", async () => {
  await fc.assert(
    fc.asyncProperty(given, async ({ claims, before, after }) => {
      const lab = await Lab.start();
      try {
        const volumeClaimTemplates = claims ? claimTemplates : [];
        lab.create("web", {
          ...{ replicas: before.replicas, selector: { matchLabels: { app: "web" } }, volumeClaimTemplates },
          ...{ template: template(before.change), updateStrategy: { ...before.strategy, partition: 0, paused: false } },
        });
        await lab.pass(60);
        const start = snapshot(lab);
        const podsToDelete = start.pods.slice(0, after.named).map(({ metadata }) => metadata.name);
        const edit = {
          ...{ replicas: after.replicas, template: template(after.change), updateStrategy: after.strategy },
          scaleStrategy: { podsToDelete },
        };
        lab.edit("web", edit);
        const edited = structuredClone(lab.cloneSet("web")) as unknown as Start["cloneSet"];
        const told = preview({ ...start, cloneSet: edited }, { features: featureDefaults, nowMs: lab.clock.nowMs() });
        await lab.pass(200);
        const predicted = Object.fromEntries([...fates(told, start)].map(([name, fate]) => [name, inShort(fate)]));
        assert.notEqual(told.end, "endless");
        assert.deepEqual(predicted, observed(start, lab), JSON.stringify(told));
        const created = told.steps.flatMap(({ moves }) => moves).filter(({ kind }) => kind === "create").length;
        const names = new Set(start.pods.map(({ metadata }) => metadata.uid));
        const alive = lab.pods().filter(({ metadata }) => !names.has(metadata.uid)).length;
        assert.ok(created >= alive, `${created} pods foretold, ${alive} are new`);
      } finally {
        await lab.stop();
      }
    }),
    { numRuns: RUNS },
  );
});
