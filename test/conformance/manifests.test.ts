// test/manifests against a real API server: valid ones are stored as written, invalid ones are refused by name.
// Needs a cluster (KUBECONFIG) and kubectl; applies crds/cloneset.yaml there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";

type CloneSet = {
  metadata: { name: string; generation: number; resourceVersion: string };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
};

const CRD_FILE = fileURLToPath(new URL("../../crds/cloneset.yaml", import.meta.url));
const VALID = new URL("../manifests/valid/", import.meta.url);
const INVALID = new URL("../manifests/invalid/", import.meta.url);
const EXAMPLES = new URL("../../examples/", import.meta.url);
/** Nulls are dropped from a plain request, but server-side apply refuses them. */
const CLIENT_SIDE_ONLY = new Set(["nulls.yaml"]);

const skip = process.env["KUBECONFIG"] ? false : "no cluster: set KUBECONFIG to a file that names one";
const namespace = `manifests-${process.pid}`;

describe("manifests", { skip }, () => {
  before(async () => {
    // Twice: the second time shows that the definition is stored as it was sent.
    assert.match((await kubectl("apply", "-f", CRD_FILE)).output, /(created|configured|unchanged)/);
    assert.match((await kubectl("apply", "-f", CRD_FILE)).output, /unchanged/);
    await kubectl("wait", "--for=condition=Established", "crd/clonesets.apps.kruise.io", "--timeout=30s");
    // As manifests, because the sandbox does not read what "create namespace" sends.
    for (const name of [namespace, `${namespace}-ssa`])
      await kubectlWith(json({ apiVersion: "v1", kind: "Namespace", metadata: { name } }), "create", "-f", "-");
  });
  after(async () => {
    await kubectl("delete", "namespace", namespace, `${namespace}-ssa`, "--wait=false");
  });

  for (const file of yamlFiles(VALID)) {
    test(`valid/${file} is stored as written, and applying it again changes nothing`, async () => {
      await assertAppliesTwice(new URL(file, VALID), namespace, []);
    });
    if (CLIENT_SIDE_ONLY.has(file)) continue;
    test(`valid/${file} likewise, by server-side apply`, async () => {
      await assertAppliesTwice(new URL(file, VALID), `${namespace}-ssa`, ["--server-side"]);
    });
  }

  for (const file of yamlFiles(EXAMPLES)) {
    test(`examples/${file} is accepted`, async () => {
      const result = await kubectl("-n", namespace, "apply", "--dry-run=server", "-f", path(new URL(file, EXAMPLES)));
      assert.equal(result.code, 0, result.output);
    });
  }

  for (const file of yamlFiles(INVALID)) {
    test(`invalid/${file} is refused, and the answer names the field`, async () => {
      const firstLine = readFileSync(new URL(file, INVALID), "utf8").split("\n")[0] ?? "";
      const [, field, text] = /^# want: (\S+): (.+)$/.exec(firstLine) ?? [];
      assert.ok(field && text, `the first line must be "# want: FIELD: TEXT", found ${JSON.stringify(firstLine)}`);
      const result = await kubectl("-n", namespace, "apply", "--dry-run=server", "-f", path(new URL(file, INVALID)));
      assert.notEqual(result.code, 0);
      assert.ok(result.output.includes(field) && result.output.includes(text), result.output);
    });
  }

  test("the selector cannot be changed", async () => {
    await kubectl("-n", namespace, "apply", "-f", path(new URL("minimal.yaml", VALID)));
    const labels = { app: "other" };
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels } } };
    const result = await kubectl("-n", namespace, "patch", "clone", "minimal", "--type=merge", "-p", json({ spec }));
    assert.match(result.output, /spec\.selector: .*cannot be changed after creation/);
  });

  test("a CloneSet that no controller has seen says so in its status", async () => {
    await kubectl("-n", namespace, "apply", "-f", path(new URL("minimal.yaml", VALID)));
    const { status } = await get("minimal", namespace);
    assert.equal(status?.["observedGeneration"], -1);
    assert.equal(status?.["updatedAvailableReplicas"], 0);
  });

  test("kubectl scale works, and refuses a negative number", async () => {
    await kubectl("-n", namespace, "apply", "-f", path(new URL("minimal.yaml", VALID)));
    assert.equal((await kubectl("-n", namespace, "scale", "clone/minimal", "--replicas=4")).code, 0);
    assert.equal((await get("minimal", namespace)).spec["replicas"], 4);
    const patch = json({ spec: { replicas: -1 } });
    const args = ["-n", namespace, "patch", "clone/minimal", "--subresource=scale", "--type=merge", "-p", patch];
    assert.match((await kubectl(...args)).output, /spec\.replicas: .*greater than or equal to 0/);
  });

  test("two server-side appliers share a template, one container each", async () => {
    await kubectl("-n", `${namespace}-ssa`, "apply", "--server-side", "-f", path(new URL("minimal.yaml", VALID)));
    const second = load(readFileSync(new URL("minimal.yaml", VALID), "utf8")) as {
      spec: { template: { spec: object } };
    };
    second.spec.template.spec = { containers: [{ name: "side", image: "side:1.0" }] };
    const args = ["-n", `${namespace}-ssa`, "apply", "--server-side", "--field-manager=second", "-f", "-"];
    const result = await kubectlWith(json(second), ...args);
    assert.equal(result.code, 0, result.output);
    const template = (await get("minimal", `${namespace}-ssa`)).spec["template"] as {
      spec: { containers: { name: string }[] };
    };
    assert.deepEqual(
      template.spec.containers.map(({ name }) => name),
      ["web", "side"],
    );
  });

  test("kubectl explain has words for a field of ours and for one of the pod's", async () => {
    assert.match((await kubectl("explain", "clone.spec.updateStrategy.partition")).output, /old revision/);
    assert.match((await kubectl("explain", "clone.spec.template.spec.containers.image")).output, /image name/);
  });
});

/** Applies twice; the stored spec must be the manifest's plus top-level defaults, at generation 1 throughout. */
async function assertAppliesTwice(file: URL, inNamespace: string, flags: string[]): Promise<void> {
  const sent = load(readFileSync(file, "utf8")) as CloneSet;
  const apply = () => kubectl("-n", inNamespace, "apply", ...flags, "-f", path(file));
  const first = await apply();
  assert.equal(first.code, 0, first.output);
  const stored = await get(sent.metadata.name, inNamespace);
  assert.deepEqual(withoutNulls(stored.spec), withTopLevelDefaults(sent.spec));
  const second = await apply();
  assert.equal(second.code, 0, second.output);
  const again = await get(sent.metadata.name, inNamespace);
  assert.deepEqual(again.spec, stored.spec);
  assert.equal(again.metadata.generation, stored.metadata.generation);
}

function withTopLevelDefaults(sent: Record<string, unknown>): unknown {
  const spec = withoutNulls(sent) as Record<string, object>;
  const updateStrategy = {
    type: "ReCreate",
    partition: 0,
    maxUnavailable: "20%",
    maxSurge: 0,
    ...spec["updateStrategy"],
  };
  return { replicas: 1, revisionHistoryLimit: 10, scaleStrategy: {}, ...spec, updateStrategy };
}

/** Nulls say nothing. Which client sends them on, and which ones the server keeps, differs. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member)]));
}

async function get(name: string, inNamespace: string): Promise<CloneSet> {
  const result = await kubectl("-n", inNamespace, "get", "clone", name, "-o", "json");
  assert.equal(result.code, 0, result.output);
  return JSON.parse(result.stdout) as CloneSet;
}

type Result = { code: number; stdout: string; output: string };

function kubectl(...args: string[]): Promise<Result> {
  return kubectlWith("", ...args);
}

function kubectlWith(stdin: string, ...args: string[]): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<Result>();
  const child = execFile("kubectl", args, { maxBuffer: 16 << 20, timeout: 180_000 }, (error, stdout, stderr) => {
    const code = error === null ? 0 : Number(error.code ?? 1);
    resolve({ code, stdout, output: stdout + stderr });
  });
  child.stdin?.end(stdin);
  return promise;
}

function yamlFiles(directory: URL): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".yaml"))
    .sort();
}

function path(url: URL): string {
  return fileURLToPath(url);
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
