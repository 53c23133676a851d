import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCrd, type OwnDefinitions } from "../../../crds/build-crd.ts";
import type { JsonSchema, SchemaMap } from "../../../crds/json-schema.ts";

const NOTHING: OwnDefinitions = { replace: {}, change: {} };

test("a reference is replaced by its definition, and the members beside it win", () => {
  const built = build({ $ref: "Pod", description: "Ours." }, { Pod: { type: "object", description: "Theirs." } });
  assert.deepEqual(built, { description: "Ours.", type: "object" });
});

test("the server's way to describe a reference is understood", () => {
  const server = {
    Pod: {
      type: "object",
      properties: { spec: { allOf: [{ $ref: "#/components/schemas/Spec" }], description: "The." } },
    },
    Spec: { type: "object" },
  };
  assert.deepEqual(build({ $ref: "Pod" }, server).properties, { spec: { description: "The.", type: "object" } });
});

test("defaults of the server are dropped", () => {
  assert.deepEqual(build({ $ref: "A" }, { A: { type: "string", default: "" } }), { type: "string" });
});

test("a list map whose key is not required becomes atomic", () => {
  const list = (required: string[]): JsonSchema => ({
    type: "array",
    items: { type: "object", required },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port", "protocol"],
  });
  assert.equal(build({ $ref: "L" }, { L: list(["port"]) })["x-kubernetes-list-type"], "atomic");
  assert.equal(build({ $ref: "L" }, { L: list(["port", "protocol"]) })["x-kubernetes-list-type"], "map");
});

test("an optional enum takes the empty string too, as the pod API does; a required one does not", () => {
  const policy: JsonSchema = { type: "string", enum: ["Always"] };
  const server = { C: { type: "object", required: ["operator"], properties: { policy, operator: policy } } };
  const built = build({ $ref: "C" }, server).properties;
  assert.deepEqual(built?.["policy"]?.enum, ["Always", ""]);
  assert.deepEqual(built?.["operator"]?.enum, ["Always"]);
});

test("our definitions replace and change the server's", () => {
  const own: OwnDefinitions = {
    replace: { Time: { type: "string", format: "date-time" } },
    change: { Pod: { properties: { at: { description: "When." } }, required: null } },
  };
  const server: SchemaMap = {
    Pod: { type: "object", required: ["at"], properties: { at: { $ref: "Time" } } },
  };
  const built = build({ $ref: "Pod" }, server, own);
  assert.deepEqual(built, {
    type: "object",
    properties: { at: { description: "When.", type: "string", format: "date-time" } },
  });
});

const mistakes: { name: string; schema: JsonSchema; own?: OwnDefinitions; want: RegExp }[] = [
  { name: "a reference to nothing", schema: { $ref: "Nobody" }, want: /no definition Nobody/ },
  {
    name: "a change of nothing",
    schema: { type: "object" },
    own: { replace: {}, change: { Nobody: {} } },
    want: /Cannot change Nobody/,
  },
  {
    name: "a removal of what is not there",
    schema: { $ref: "A", enum: null } as unknown as JsonSchema,
    want: /Cannot remove .*enum/,
  },
  {
    name: "a member nobody knows",
    schema: { type: "object", oneOf: [] } as JsonSchema,
    want: /do not know the member oneOf/,
  },
];
for (const { name, schema, own, want } of mistakes) {
  test(`${name} stops the build`, () => {
    assert.throws(() => build(schema, { A: { type: "object" } }, own), want);
  });
}

test("the annotation names the Kubernetes minor of the pod API", () => {
  const crd = buildCrd(baseWith({ type: "object" }), NOTHING, { kubernetesVersion: "v1.36.3+x", definitions: {} });
  assert.equal(crd.metadata.annotations["apps.kruise.io/pod-template-schema"], "1.36");
  assert.throws(
    () => buildCrd(baseWith({}), NOTHING, { kubernetesVersion: "unversioned", definitions: {} }),
    /want one/,
  );
});

function build(schema: JsonSchema, definitions: SchemaMap, own = NOTHING): JsonSchema {
  const crd = buildCrd(baseWith(schema), own, { kubernetesVersion: "v1.36.0", definitions });
  return crd.spec.versions[0]?.schema.openAPIV3Schema ?? {};
}

function baseWith(schema: JsonSchema): unknown {
  const versions = [{ name: "v1alpha1", schema: { openAPIV3Schema: schema } }];
  return { metadata: { annotations: {} }, spec: { versions } };
}
