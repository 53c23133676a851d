import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { toV1alpha1 } from "../../../src/cli/convert/clone-set.ts";
import { assertGolden } from "../../support/golden.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";

const RE_CREATE = { type: "ReCreate" };
const NO_REUSE = { disablePVCReuse: true };

const cases: { name: string; spec: object; want: object; labels?: object; annotations?: object; notes?: number }[] = [
  { name: "nothing given", spec: {}, want: { scaleStrategy: NO_REUSE, updateStrategy: RE_CREATE } },
  {
    name: "reuse, and PreparingDelete left out",
    spec: { scaleStrategy: { enablePVCReuse: true, excludePreparingDelete: true, podsToDelete: ["a"] } },
    want: { scaleStrategy: { podsToDelete: ["a"] }, updateStrategy: RE_CREATE },
    labels: { "apps.kruise.io/cloneset-scaling-exclude-preparing-delete": "true" },
    notes: 1,
  },
  {
    name: "no reuse said aloud",
    spec: { scaleStrategy: { enablePVCReuse: false } },
    want: { scaleStrategy: NO_REUSE, updateStrategy: RE_CREATE },
  },
  {
    name: "a flat strategy",
    spec: {
      updateStrategy: {
        type: "RollingUpdate",
        rollingUpdate: { podUpdatePolicy: "InPlaceIfPossible", partition: "30%", maxSurge: 1, paused: true },
      },
    },
    want: {
      scaleStrategy: NO_REUSE,
      updateStrategy: { type: "InPlaceIfPossible", partition: "30%", maxSurge: 1, paused: true },
    },
  },
  {
    name: "OnDelete keeps its numbers",
    spec: { updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 3, paused: true } } },
    want: { scaleStrategy: NO_REUSE, updateStrategy: { type: "OnDelete", partition: 3, paused: true } },
    notes: 1,
  },
  {
    name: "a grace period, and images downloaded ahead",
    spec: {
      updateStrategy: {
        rollingUpdate: {
          podUpdatePolicy: "InPlaceOnly",
          inPlaceUpdateStrategy: {
            gracePeriodSeconds: 9,
            imagePreDownloadParallelism: "30%",
            imagePreDownloadTimeoutSeconds: 7,
            imagePreDownloadMinUpdatedReadyPods: 2,
          },
        },
      },
    },
    want: {
      scaleStrategy: NO_REUSE,
      updateStrategy: { type: "InPlaceOnly", inPlaceUpdateStrategy: { gracePeriodSeconds: 9 } },
    },
    annotations: {
      "apps.kruise.io/image-predownload-parallelism": "30%",
      "apps.kruise.io/image-predownload-timeout-seconds": "7",
      "apps.kruise.io/image-predownload-min-updated-ready-pods": "2",
    },
    notes: 3,
  },
  {
    name: "an empty in-place strategy disappears",
    spec: { updateStrategy: { rollingUpdate: { inPlaceUpdateStrategy: { gracePeriodSeconds: 0 } } } },
    want: { scaleStrategy: NO_REUSE, updateStrategy: RE_CREATE },
  },
  {
    name: "a policy that nobody knows, and a field of v1alpha1",
    spec: { updateStrategy: { partition: 1, rollingUpdate: { podUpdatePolicy: "Sometimes" } } },
    want: { scaleStrategy: NO_REUSE, updateStrategy: { partition: 1, type: "ReCreate" } },
    notes: 2,
  },
];
for (const { name, spec, want, labels, annotations, notes = 0 } of cases) {
  test(`convert: ${name}`, () => {
    const metadata = { name: "web", ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
    const result = toV1alpha1({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "CloneSet",
      metadata: { name: "web" },
      spec,
    });
    assert.deepEqual(result.object, { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", metadata, spec: want });
    assert.equal(result.notes.length, notes, result.notes.join("\n"));
  });
}

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
});
after(() => plugin.close());

const STORED = `apiVersion: apps.kruise.io/v1beta1
kind: CloneSet
metadata:
  name: web
  uid: 4d1c
  resourceVersion: "12"
  annotations: { kubectl.kubernetes.io/last-applied-configuration: "{}", team: shop }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      podUpdatePolicy: InPlaceIfPossible
      partition: 1
      inPlaceUpdateStrategy: { imagePreDownloadTimeoutSeconds: 60 }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: "app:v1" }] }
status: { replicas: 3 }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec: { maxReplicas: 9, scaleTargetRef: { apiVersion: apps.kruise.io/v1beta1, kind: CloneSet, name: web } }
---
kind: Service
`;

test("convert: the binary, in both forms, and what cannot be read", async (t) => {
  const file = join(plugin.folder, "web.yaml");
  writeFileSync(file, STORED);
  const broken = join(plugin.folder, "broken.yaml");
  writeFileSync(broken, "a: [\n");
  const text = await plugin.transcript(
    `convert -f ${file}`,
    `convert -f ${broken}`,
    `convert -f ${file} -o csv`,
    "convert",
  );
  assertGolden(t, "cli/convert.txt", text);
  const { stdout } = await plugin.run(`convert -f ${file} -o json`);
  const yaml = await plugin.run("lint -f - -o name", { input: stdout });
  assert.equal(yaml.stdout, "-:1:hpa-and-replicas\n", "what was converted passes the rules");
});
