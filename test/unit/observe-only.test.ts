import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { featureDefaults } from "../../src/api/features.ts";
import type { KubeObject } from "../../src/kube/resources.ts";
import { emptyCaches } from "../../src/observe/sources.ts";
import { previewOf, previewText } from "../../src/observe-only.ts";
import { FakeClock } from "../support/fake-clock.ts";

const DIRECTORY = join(import.meta.dirname, "../golden/takeover");

/** A CloneSet with all that is its own, as OpenKruise left it; `edit` is what happened since. */
function previewOfFixture(file: string, edit: (cloneSet: Spec) => void = () => {}) {
  const { items } = JSON.parse(readFileSync(join(DIRECTORY, file), "utf8")) as { items: Item[] };
  const caches = emptyCaches(new FakeClock(), (error) => {
    throw error;
  });
  const into = {
    CloneSet: caches.cloneSets,
    Pod: caches.pods,
    PersistentVolumeClaim: caches.claims,
    ControllerRevision: caches.revisions,
  };
  for (const item of items) {
    if (item.kind === "CloneSet") edit(item.spec as Spec);
    into[item.kind].applied(item);
  }
  const given = { nowMs: Date.parse("2026-01-01T12:00:00Z"), features: featureDefaults };
  const foreign = items.filter(({ metadata }) => metadata.ownerReferences?.some(isOld)).length;
  return { found: previewOf(caches, given), foreign };
}

const isOld = ({ apiVersion }: { apiVersion: string }) => apiVersion === "apps.kruise.io/v1beta1";

interface Item extends KubeObject {
  kind: "CloneSet" | "Pod" | "PersistentVolumeClaim" | "ControllerRevision";
  spec?: unknown;
}

interface Spec {
  replicas: number;
}

for (const file of ["settled-recreate.json", "staged-in-place.json", "rolled-back.json"]) {
  test(`taking over ${file}: nothing changes beside the version in owner references`, () => {
    const { found, foreign } = previewOfFixture(file);
    assert.deepEqual(found.changes, []);
    assert.equal(found.cloneSets, 1);
    assert.ok(foreign > 0);
    assert.equal(found.ownerVersions, foreign);
  });
}

test("what would change is named, pod by pod", () => {
  const { found, foreign } = previewOfFixture("settled-recreate.json", (spec) => (spec.replicas -= 1));
  const [change] = found.changes;
  assert.equal(change?.cloneSet, "shop/web");
  assert.match(change.lines.join("\n"), /^delete pod web-\w+ \(scaleDown\)/);
  const summary = previewText(found).trimEnd().split("\n").at(-1);
  assert.equal(
    summary,
    `1 CloneSet with 3 pods; 1 change in 1 CloneSet, beside the version in ${foreign} owner references`,
  );
});
