// What the chart renders, without a cluster.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import { CHART, findOrBuildHelm, runProgram } from "./helm.ts";

const helm = await findOrBuildHelm((line) => console.error(line));
const NAMESPACE = "cloneset-system";
const IMAGE = "image.repository=registry.example/cloneset-controller";

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
}

/** @throws with helm's words if the chart cannot be rendered */
async function render(...args: string[]): Promise<Manifest[]> {
  const { code, stdout, stderr } = await runProgram(helm, [
    "template",
    "x",
    CHART,
    `--namespace=${NAMESPACE}`,
    ...args,
  ]);
  if (code !== 0) throw new Error(stderr);
  return (loadAll(stdout) as (Manifest | null)[]).filter((manifest) => manifest !== null);
}

function one(manifests: Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  assert.equal(found.length, 1, `one ${kind} ${name ?? ""}`);
  return found[0] as Manifest;
}

interface PodSpec {
  securityContext: object;
  containers: { image: string; args: string[]; securityContext: object; volumeMounts?: object[] }[];
  priorityClassName?: string;
}

function podSpec(manifests: Manifest[]): PodSpec {
  return (one(manifests, "Deployment").spec as { template: { spec: PodSpec } }).template.spec;
}

const kinds = (manifests: Manifest[]) => new Set(manifests.map(({ kind }) => kind));

const CLUSTER_WIDE = [
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "MutatingWebhookConfiguration",
  "PriorityClass",
  "ValidatingWebhookConfiguration",
];

for (const file of readdirSync(join(CHART, "ci"))) {
  test(`helm lint, and one manifest per object, with ${file}`, async () => {
    const values = `--values=${join(CHART, "ci", file)}`;
    const linted = await runProgram(helm, ["lint", "--strict", CHART, values]);
    assert.equal(linted.code, 0, linted.stdout + linted.stderr);
    const names = (await render(values)).map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    assert.deepEqual(names, [...new Set(names)]);
  });
}

test("pods meet the level restricted, and write nothing", async () => {
  const { securityContext, containers } = podSpec(await render(`--set=${IMAGE}`));
  assert.deepEqual(securityContext, {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
  });
  for (const container of containers) {
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
});

test("the CustomResourceDefinition outlives the release, unless told otherwise", async () => {
  const policy = (manifests: Manifest[]) =>
    one(manifests, "CustomResourceDefinition").metadata.annotations?.["helm.sh/resource-policy"];
  assert.equal(policy(await render(`--set=${IMAGE}`)), "keep");
  assert.equal(policy(await render(`--set=${IMAGE},crds.keep=false`)), undefined);
  assert.ok(!kinds(await render(`--set=${IMAGE},crds.enabled=false`)).has("CustomResourceDefinition"));
});

test("one namespace: Roles only, and nothing outside the two namespaces", async () => {
  const manifests = await render(`--values=${join(CHART, "ci", "single-namespace-values.yaml")}`);
  assert.deepEqual(
    CLUSTER_WIDE.filter((kind) => kinds(manifests).has(kind)),
    [],
  );
  assert.equal(one(manifests, "Role", "cloneset-controller").metadata.namespace, "shop");
  assert.ok(podSpec(manifests).containers[0]?.args.includes("--namespace=shop"));
  assert.ok(manifests.every(({ metadata: { namespace = "" } }) => ["shop", NAMESPACE].includes(namespace)));
});

test("cert-manager: certificates come from a volume, and no right to Secrets or webhook configurations is left", async () => {
  const manifests = await render(`--set=${IMAGE},webhook.certManager.enabled=true`);
  const [container] = podSpec(manifests).containers;
  assert.ok(container?.args.includes("--webhook-cert-dir=/certificates"));
  assert.equal(container?.volumeMounts?.length, 1);
  for (const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]) {
    const { annotations = {} } = one(manifests, kind).metadata;
    assert.equal(annotations["cert-manager.io/inject-ca-from"], `${NAMESPACE}/cloneset-webhook`);
  }
  assert.ok(!JSON.stringify(manifests.filter(({ kind }) => kind.endsWith("Role"))).includes("secrets"));
  const issuer = { kind: "Issuer", name: "cloneset-webhook" };
  assert.deepEqual(one(manifests, "Certificate").spec?.["issuerRef"], issuer);

  const withIssuer = await render(
    `--set=${IMAGE},webhook.certManager.enabled=true`,
    '--set-json=webhook.certManager.issuerRef={"kind":"ClusterIssuer","name":"internal"}',
  );
  assert.ok(!kinds(withIssuer).has("Issuer"));
});

test("without the webhook: no Service, no configurations, no rights for it", async () => {
  const manifests = await render(`--set=${IMAGE},webhook.enabled=false`);
  assert.deepEqual(
    manifests.filter(({ kind, metadata }) => /Webhook|Certificate/.test(kind) || metadata.name === "cloneset-webhook"),
    [],
  );
});

test("where no PriorityClass can be made, pods ask for none but one that exists", async () => {
  const name = async (more: string) => podSpec(await render(`--set=${IMAGE}${more}`)).priorityClassName;
  const alone = ",watchNamespace=shop,webhook.enabled=false";
  assert.equal(await name(""), "cloneset-controller");
  assert.equal(await name(alone), undefined);
  assert.equal(await name(`${alone},priorityClass.create=false,priorityClass.name=high`), "high");
});

test("what is being deleted waits for no webhook; whether it may be deleted is asked before", async () => {
  const manifests = await render(`--set=${IMAGE}`);
  const webhooks = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].flatMap(
    (kind) =>
      (one(manifests, kind) as unknown as { webhooks: { name: string; matchConditions?: object[] }[] }).webhooks,
  );
  assert.deepEqual(
    webhooks.map(({ name, matchConditions }) => [name.split(".")[0], matchConditions?.length ?? 0]),
    [
      ["defaults", 1],
      ["rules", 1],
      ["protection", 0],
    ],
  );
});

test("one replica has no PodDisruptionBudget, which would only hold up drains", async () => {
  assert.ok(kinds(await render(`--set=${IMAGE}`)).has("PodDisruptionBudget"));
  assert.ok(!kinds(await render(`--set=${IMAGE},replicas=1`)).has("PodDisruptionBudget"));
});

test("a digest wins over the tag, and the version of the app is the tag", async () => {
  const image = async (more: string) => podSpec(await render(`--set=${IMAGE}${more}`)).containers[0]?.image;
  assert.equal(await image(""), "registry.example/cloneset-controller:0.1.0");
  assert.equal(await image(",image.tag=next"), "registry.example/cloneset-controller:next");
  const digest = `sha256:${"0".repeat(64)}`;
  assert.equal(await image(`,image.digest=${digest}`), `registry.example/cloneset-controller@${digest}`);
});

const refused = [
  { name: "no image", set: "replicas=2", says: /image\.repository: say where/ },
  {
    name: "a tag in the repository",
    set: "image.repository=localhost:5000/a:v1",
    says: /want no tag, found localhost/,
  },
  { name: "a misspelt value", set: `${IMAGE},replica=2`, says: /replica/ },
  { name: "a wrong kind of value", set: `${IMAGE},webhook.failurePolicy=fail`, says: /failurePolicy/ },
  {
    name: "Roles alone with certificates of its own",
    set: `${IMAGE},watchNamespace=shop`,
    says: /webhook\.certManager\.enabled=true or webhook\.enabled=false/,
  },
  {
    name: "a ServiceMonitor that finds nothing",
    set: `${IMAGE},metrics.service=false,metrics.serviceMonitor.enabled=true`,
    says: /metrics\.service=true/,
  },
];
for (const { name, set, says } of refused) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(render(`--set=${set}`), (error: Error) => says.test(error.message));
  });
}
