import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertGolden } from "../../support/golden.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
});
after(() => plugin.close());

const web = ({
  name = "web",
  replicas = "",
  spec = "",
  image = "app:v1",
  apiVersion = "apps.kruise.io/v1alpha1",
} = {}) => `
apiVersion: ${apiVersion}
kind: CloneSet
metadata: { name: ${name} }
spec:
  ${replicas}
  selector: { matchLabels: { app: ${name} } }
  ${spec}
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: app, image: "${image}", ports: [{ name: http, containerPort: 80 }] }] }
`;

const service = (app: string, targetPort: string) => `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: ${app} }, ports: [{ port: 80, targetPort: ${targetPort} }] }
`;

const budget = (name: string, spec: string) => `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: ${name} }
spec: { ${spec}, selector: { matchLabels: { app: web } } }
`;

const scaler = (name: string, version: string) => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name} }
spec: { maxReplicas: 9, scaleTargetRef: { apiVersion: apps.kruise.io/${version}, kind: CloneSet, name: ${name} } }
`;

/** Writes the documents into one file of the folder `lint`, and returns its path. */
function file(name: string, ...documents: string[]): string {
  const path = join(plugin.folder, "lint", name);
  mkdirSync(join(plugin.folder, "lint"), { recursive: true });
  writeFileSync(path, documents.map((text) => text.replaceAll(/^\s*\n/gm, "")).join("---\n"));
  return path;
}

test("lint: a good manifest, broken ones, and every form of output", async (t) => {
  const good = file("good.yaml", web(), service("web", "http"), budget("web", "maxUnavailable: 1"));
  const bad = file(
    "bad.yaml",
    web({ replicas: "replicas: -1", spec: "updateStrategy: { partition: 20%x, typ: ReCreate }", image: "" }),
    web({ name: "old", apiVersion: "apps.kruise.io/v1beta1" }),
    web({ name: "odd", replicas: "replicas: 2", spec: "updateStrategy: { partition: 5 }", image: "app" }),
  );
  const broken = file("broken.yaml", "kind: CloneSet\n", "spec: [\n", "- 1\n");
  const none = join(plugin.folder, "none");
  mkdirSync(none);
  const text = await plugin.transcript(
    `lint -f ${good}`,
    `lint -f ${bad}`,
    `lint -f ${broken}`,
    `lint -f ${bad} ${good} -o table`,
    `lint -f ${bad} -o name`,
    `lint -f ${bad} -o json`,
    `lint -f ${bad} -o sarif`,
    "lint",
    "lint -f /nowhere",
    `lint -f ${none}`,
    `lint -f ${good} -o csv`,
  );
  // Columns are as wide as the path of the folder.
  assertGolden(t, "cli/lint.txt", text.replaceAll(/\b {3,}\b/g, "   "));
});

test("lint: what the manifests of one input say about each other", async (t) => {
  const path = file(
    "neighbours.yaml",
    web({ replicas: "replicas: 2" }),
    budget("all", "minAvailable: 2"),
    budget("share", "minAvailable: 51%"),
    budget("some", "maxUnavailable: 50%"),
    service("web", "grpc"),
    service("wob", "http"),
    scaler("web", "v1alpha1"),
    scaler("wob", "v1beta1"),
    web({ name: "web" })
      .replace("CloneSet", "Deployment")
      .replace("apps.kruise.io/v1alpha1", "apps/v1")
      .replace("name: web", "name: other"),
    web(),
  );
  const blocked = file("blocked.yaml", web({ replicas: "replicas: 2" }), budget("share", "minAvailable: 51%"));
  const alone = file("alone.yaml", service("nobody", "http"), budget("web", "maxUnavailable: 0"));
  const text = await plugin.transcript(`lint -f ${path}`, `lint -f ${blocked}`, `lint -f ${alone}`);
  assertGolden(t, "cli/lint-neighbours.txt", text);
});

test("lint reads folders and standard input, and needs no cluster", async () => {
  const env = { KUBECONFIG: "/nowhere" };
  const input = web({ replicas: "replicas: -1" });
  const { code, stdout } = await plugin.run("lint -f -", { input, env });
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^-:2: error: CloneSet\/web: spec\.replicas: Invalid value: -1: must be at least 0 \(schema\)\n/,
  );
  file("one.yaml", web());
  const folder = await plugin.run(`lint -f ${join(plugin.folder, "lint")} -o name`, { env });
  assert.match(folder.stdout, /bad\.yaml:1:schema\n[\s\S]*neighbours\.yaml/);
});
