// What crds/cloneset.yaml must hold, whatever the Kubernetes version it was generated for.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { load } from "js-yaml";
import { type Crd, POD_SCHEMA_ANNOTATION } from "../../../crds/build-crd.ts";
import { generate } from "../../../crds/generate.ts";
import type { JsonSchema, ValidationRule } from "../../../crds/json-schema.ts";

const CRD_FILE = new URL("../../../crds/cloneset.yaml", import.meta.url);
const INVALID_MANIFESTS = new URL("../../manifests/invalid/", import.meta.url);
/** What an annotation may hold. `kubectl apply` keeps the whole object in one. */
const ANNOTATION_MAX_BYTES = 262_144;

const crd = load(readFileSync(CRD_FILE, "utf8")) as Crd;
const [version] = crd.spec.versions;
assert.ok(version);
const root = version.schema.openAPIV3Schema;

test("the committed CRD is what its inputs make (else run `npm run crd`)", () => {
  assert.ok(generate() === readFileSync(CRD_FILE, "utf8"));
});

test("the CRD fits in the annotation of kubectl apply", () => {
  assert.ok(statSync(CRD_FILE).size < ANNOTATION_MAX_BYTES, `${statSync(CRD_FILE).size} bytes`);
});

test("the CRD has the name, the versions and the subresources that clients know", () => {
  assert.equal(crd.metadata.name, "clonesets.apps.kruise.io");
  assert.deepEqual(crd.spec.names, {
    kind: "CloneSet",
    listKind: "CloneSetList",
    plural: "clonesets",
    singular: "cloneset",
    shortNames: ["clone"],
  });
  assert.deepEqual(
    crd.spec.versions.map(({ name, served, storage }) => ({ name, served, storage })),
    [{ name: "v1alpha1", served: true, storage: true }],
  );
  assert.deepEqual(version.subresources, {
    status: {},
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.labelSelector",
    },
  });
  assert.match(crd.metadata.annotations[POD_SCHEMA_ANNOTATION] ?? "", /^1\.\d+$/);
});

test("kubectl get prints the original's columns, in its order", () => {
  const columns = version.additionalPrinterColumns.map(({ name, type, jsonPath, priority }) => [
    name,
    type,
    jsonPath,
    priority ?? 0,
  ]);
  assert.deepEqual(columns, [
    ["DESIRED", "integer", ".spec.replicas", 0],
    ["UPDATED", "integer", ".status.updatedReplicas", 0],
    ["UPDATED_READY", "integer", ".status.updatedReadyReplicas", 0],
    ["UPDATED_AVAILABLE", "integer", ".status.updatedAvailableReplicas", 0],
    ["READY", "integer", ".status.readyReplicas", 0],
    ["TOTAL", "integer", ".status.replicas", 0],
    ["AGE", "date", ".metadata.creationTimestamp", 0],
    ["CONTAINERS", "string", ".spec.template.spec.containers[*].name", 1],
    ["IMAGES", "string", ".spec.template.spec.containers[*].image", 1],
    ["SELECTOR", "string", ".status.labelSelector", 1],
  ]);
});

test("defaults are set for fields above the template, and for no others", () => {
  const specDefaults: Record<string, unknown> = {};
  visit(schemaAt("spec"), "spec", (schema, path) => {
    if (schema.default !== undefined) specDefaults[path] = schema.default;
  });
  assert.deepEqual(specDefaults, {
    "spec.replicas": 1,
    "spec.revisionHistoryLimit": 10,
    "spec.scaleStrategy": {},
    "spec.updateStrategy": {},
    "spec.updateStrategy.type": "ReCreate",
    "spec.updateStrategy.partition": 0,
    "spec.updateStrategy.maxUnavailable": "20%",
    "spec.updateStrategy.maxSurge": 0,
  });
});

test("a CloneSet the controller has not seen has zeros, and generation -1", () => {
  const counters = ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas", "updatedReadyReplicas"];
  counters.push("updatedAvailableReplicas", "expectedUpdatedReplicas", "terminatingReplicas");
  counters.push("ignoredPodsToDelete", "idleClaims", "instanceCounter");
  const want: Record<string, number> = { observedGeneration: -1 };
  for (const counter of counters) want[counter] = 0;

  assert.deepEqual(schemaAt("status").default, want);
  for (const [name, value] of Object.entries(want)) assert.equal(schemaAt(`status.${name}`).default, value, name);
});

test("every key of a list map is required in its items", () => {
  visit(root, "", (schema, path) => {
    if (schema["x-kubernetes-list-type"] !== "map") return;
    for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
      assert.ok(schema.items?.required?.includes(key), `${path}: ${key}`);
    }
  });
});

const listTypes = [
  { path: "template.spec.containers", want: "map name" },
  { path: "template.spec.initContainers", want: "map name" },
  { path: "template.spec.volumes", want: "map name" },
  { path: "template.spec.topologySpreadConstraints", want: "map topologyKey,whenUnsatisfiable" },
  { path: "template.spec.containers[].env", want: "map name" },
  { path: "template.spec.containers[].volumeMounts", want: "map mountPath" },
  { path: "template.spec.containers[].volumeDevices", want: "map devicePath" },
  { path: "template.spec.containers[].ports", want: "atomic" },
  { path: "template.spec.containers[].resources.claims", want: "atomic" },
  { path: "template.spec.imagePullSecrets", want: "atomic" },
  { path: "template.spec.hostAliases", want: "atomic" },
  { path: "scaleStrategy.podsToDelete", want: "set" },
  { path: "updateStrategy.scatterStrategy", want: "map key,value" },
];
for (const { path, want } of listTypes) {
  test(`list type of spec.${path} is ${want}`, () => {
    const schema = schemaAt(`spec.${path}`);
    const keys = schema["x-kubernetes-list-map-keys"] ?? [];
    assert.equal([schema["x-kubernetes-list-type"], keys.join(",")].join(" ").trim(), want);
  });
}

test("every field has a description", () => {
  visit(root, "", (schema, path) => {
    const isField = path !== "" && !/[\]}]$/.test(path) && !path.startsWith("metadata");
    if (isField) assert.ok(schema.description, path);
  });
});

test("unknown fields are kept only where the pod API has no fixed shape, or nothing is read", () => {
  const open = new Set<string>();
  visit(root, "", (schema, path) => {
    if (schema["x-kubernetes-preserve-unknown-fields"] && schema.pattern === undefined) open.add(path);
  });
  assert.deepEqual(
    [...open].sort(),
    ["spec.template.spec.ephemeralContainers[]", "spec.volumeClaimTemplates[].status"].sort(),
  );
});

/** Every rule, by the field its error names. A new rule needs a line here and a manifest in test/manifests/invalid. */
const ruleFields = [
  "spec.progressDeadlineSeconds",
  "spec.scaleStrategy.maxUnavailable",
  "spec.scaleStrategy.podsToDelete[]",
  "spec.selector",
  "spec.selector",
  "spec.selector.matchExpressions[].values",
  "spec.template.metadata.labels",
  "spec.template.metadata.labels",
  "spec.template.spec.activeDeadlineSeconds",
  "spec.template.spec.ephemeralContainers",
  "spec.template.spec.restartPolicy",
  "spec.updateStrategy.maxSurge",
  "spec.updateStrategy.maxSurge",
  "spec.updateStrategy.maxUnavailable",
  "spec.updateStrategy.maxUnavailable",
  "spec.updateStrategy.partition",
  "spec.updateStrategy.priorityStrategy",
  "spec.updateStrategy.priorityStrategy.orderPriority[].orderedKey",
  "spec.updateStrategy.priorityStrategy.weightPriority[].matchSelector",
  "spec.updateStrategy.priorityStrategy.weightPriority[].matchSelector.matchExpressions[].values",
  "spec.updateStrategy.scatterStrategy[].key",
  "spec.volumeClaimTemplates",
  "spec.volumeClaimTemplates",
  "spec.volumeClaimTemplates[].metadata.name",
];

test("the rules are the ones listed here", () => {
  assert.deepEqual(
    allRules()
      .map(({ field }) => field)
      .sort(),
    ruleFields,
  );
});

test("every rule says what it wants, and has a manifest that breaks it", () => {
  const wants = readdirSync(INVALID_MANIFESTS).map(
    (file) => readFileSync(new URL(file, INVALID_MANIFESTS), "utf8").split("\n")[0] ?? "",
  );
  for (const { rule, field } of allRules()) {
    // A rule on updates cannot be broken by creating one object: test/conformance/manifests.test.ts has it.
    if (rule.rule === "self == oldSelf") continue;
    assert.ok(rule.message, field);
    const isBroken = wants.some((want) => {
      const [path = "", ...text] = want.replace("# want: ", "").split(": ");
      return path.replaceAll(/\[\d+\]/g, "[]") === field && rule.message?.startsWith(text.join(": "));
    });
    // The rule on `values` is one rule in two places; one manifest is enough.
    if (!field.endsWith("matchSelector.matchExpressions[].values")) assert.ok(isBroken, `${field}: ${rule.message}`);
  }
});

function allRules(): { field: string; rule: ValidationRule }[] {
  const rules: { field: string; rule: ValidationRule }[] = [];
  visit(root, "", (schema, path) => {
    for (const rule of schema["x-kubernetes-validations"] ?? []) {
      rules.push({ field: `${path}${rule.fieldPath ?? ""}`.replace(/^\./, ""), rule });
    }
  });
  return rules;
}

/** Calls `see` for a schema and all below it. Items of lists have "[]" in their path, values of maps "{}". */
function visit(schema: JsonSchema, path: string, see: (schema: JsonSchema, path: string) => void): void {
  see(schema, path);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    visit(property, path === "" ? name : `${path}.${name}`, see);
  }
  if (schema.items) visit(schema.items, `${path}[]`, see);
  if (typeof schema.additionalProperties === "object") visit(schema.additionalProperties, `${path}{}`, see);
}

function schemaAt(path: string): JsonSchema {
  let found: JsonSchema | undefined = root;
  for (const step of path.replaceAll("[]", ".[]").split(".")) {
    found = step === "[]" ? found?.items : found?.properties?.[step];
  }
  assert.ok(found, `no schema at ${path}`);
  return found;
}
