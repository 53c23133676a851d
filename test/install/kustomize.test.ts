// Is deploy/kustomize what the chart makes?

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import { CHART, runProgram } from "./helm.ts";
import { generated, renderText } from "./kustomize.ts";

const KUSTOMIZE = fileURLToPath(new URL("../../deploy/kustomize/", import.meta.url));
const IMAGE = "--set=image.repository=cloneset-controller";

test("the written files are up to date", async () => {
  const stale = (await generated()).filter(
    ({ file, text }) => !existsSync(file) || readFileSync(file, "utf8") !== text,
  );
  assert.deepEqual(
    stale.map(({ file }) => file.pathname),
    [],
    "run npm run kustomize",
  );
});

const cases: { directory: string; values: string[] }[] = [
  { directory: "base", values: [] },
  { directory: "overlays/cert-manager", values: ["--set=webhook.certManager.enabled=true"] },
  { directory: "overlays/without-webhook", values: ["--set=webhook.enabled=false"] },
  { directory: "overlays/single-namespace", values: [`--values=${CHART}ci/single-namespace-values.yaml`] },
];
for (const { directory, values } of cases) {
  test(`${directory} comes to the same objects as the chart with ${values.join(" ") || "its defaults"}`, async () => {
    const built = await runProgram("kubectl", ["kustomize", join(KUSTOMIZE, directory)]);
    assert.equal(built.code, 0, built.stderr);
    const fromKustomize = byName(built.stdout);
    // A chart cannot make the namespace it is installed in.
    fromKustomize.delete("Namespace  cloneset-system");
    const fromChart = byName(await renderText([...values, IMAGE]));
    assert.deepEqual([...fromKustomize.keys()].toSorted(), [...fromChart.keys()].toSorted());
    for (const [name, manifest] of fromChart) assert.deepEqual(fromKustomize.get(name), manifest, name);
  });
}

test("no overlay is left out", () => {
  const overlays = readdirSync(join(KUSTOMIZE, "overlays")).map((name) => `overlays/${name}`);
  assert.deepEqual(
    overlays,
    cases
      .map(({ directory }) => directory)
      .filter((directory) => directory !== "base")
      .toSorted(),
  );
});

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: { template?: { metadata?: { labels?: Record<string, string> } } };
}

/** Without the labels by which helm knows its own. */
function byName(text: string): Map<string, Manifest> {
  const manifests = (loadAll(text) as (Manifest | null)[]).filter((manifest) => manifest !== null);
  for (const { metadata, spec } of manifests) {
    for (const labels of [metadata.labels, spec?.template?.metadata?.labels]) {
      delete labels?.["helm.sh/chart"];
      delete labels?.["app.kubernetes.io/managed-by"];
    }
  }
  return new Map(
    manifests.map((manifest) => [
      `${manifest.kind} ${manifest.metadata.namespace ?? ""} ${manifest.metadata.name}`,
      manifest,
    ]),
  );
}
