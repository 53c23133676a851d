// Makes the CustomResourceDefinition: the hand-written base, with schemas of the pod API put in.
// Pure: same inputs, same output.

import type { JsonSchema, SchemaMap } from "./json-schema.ts";
import { type PodApi, refName } from "./pod-api.ts";

/** crds/definitions.yaml: what we say ourselves about definitions. */
export type OwnDefinitions = {
  /** Stand instead of the server's definition of that name, or are new. */
  replace: SchemaMap;
  /** Merged over the server's definition of that name; null removes a member. */
  change: { [name: string]: unknown };
};

export type Crd = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> };
  spec: {
    group: string;
    scope: string;
    names: { kind: string; listKind: string; plural: string; singular: string; shortNames: string[] };
    versions: CrdVersion[];
  };
};

export type CrdVersion = {
  name: string;
  served: boolean;
  storage: boolean;
  subresources: { status: object; scale: Record<string, string> };
  additionalPrinterColumns: { name: string; type: string; jsonPath: string; priority?: number; description?: string }[];
  schema: { openAPIV3Schema: JsonSchema };
};

/** Says which Kubernetes minor the template schema is of: newer pod fields are dropped by the server. */
export const POD_SCHEMA_ANNOTATION = "apps.kruise.io/pod-template-schema";

/** Members in the order they are written; one that is not listed is a mistake or news, and stops the build. */
const WRITTEN_MEMBERS = [
  "description",
  "type",
  "format",
  "nullable",
  "default",
  "enum",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "maxItems",
  "maxProperties",
  "required",
  "properties",
  "additionalProperties",
  "items",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
] as const satisfies (keyof JsonSchema)[];

const KNOWN_MEMBERS: ReadonlySet<string> = new Set(WRITTEN_MEMBERS);

/** Members of the server's document that a CRD has no place for, or that we do not want (defaults). */
const DROPPED_MEMBERS = new Set([
  "default",
  "x-kubernetes-patch-merge-key",
  "x-kubernetes-patch-strategy",
  "x-kubernetes-unions",
  "x-kubernetes-group-version-kind",
]);

/**
 * Builds the CRD.
 *
 * @throws {Error} if a reference, a member or a change points at nothing
 */
export function buildCrd(base: unknown, own: OwnDefinitions, podApi: PodApi): Crd {
  const crd = structuredClone(base) as Crd;
  const definitions = ownAndServerDefinitions(own, podApi);
  crd.metadata.annotations[POD_SCHEMA_ANNOTATION] = minorOf(podApi.kubernetesVersion);
  for (const version of crd.spec.versions) {
    version.schema.openAPIV3Schema = resolve(version.schema.openAPIV3Schema, definitions, version.name);
  }
  return crd;
}

/** The schema with every reference replaced by what it names, and its members in one order. */
function resolve(schema: JsonSchema, definitions: SchemaMap, path: string): JsonSchema {
  let full = schema;
  if (schema.$ref !== undefined) {
    const definition = definitions[refName(schema.$ref)];
    if (definition === undefined) throw new Error(`Cannot resolve ${path}: no definition ${schema.$ref}`);
    const { $ref: _, ...beside } = schema;
    // The referenced definition may lie several references deep, so it is resolved before the merge.
    full = merge(resolve(definition, definitions, path), beside, path) as JsonSchema;
  }
  const unknown = Object.keys(full).filter((member) => !KNOWN_MEMBERS.has(member));
  if (unknown.length > 0) throw new Error(`Cannot use ${path}: do not know the member ${unknown.join(", ")}`);

  const written = WRITTEN_MEMBERS.filter((member) => full[member] !== undefined);
  const result: JsonSchema = Object.fromEntries(written.map((member) => [member, full[member]]));
  if (full.properties) result.properties = resolveAll(full.properties, definitions, path);
  if (full.items) result.items = resolve(full.items, definitions, `${path}[]`);
  if (typeof full.additionalProperties === "object") {
    result.additionalProperties = resolve(full.additionalProperties, definitions, `${path}{}`);
  }
  return result;
}

function resolveAll(properties: SchemaMap, definitions: SchemaMap, path: string): SchemaMap {
  const entries = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([name, property]) => [name, resolve(property, definitions, `${path}.${name}`)]),
  );
}

/** One table of definitions: the server's, made fit for a CRD and changed by ours, then ours. */
function ownAndServerDefinitions(own: OwnDefinitions, podApi: PodApi): SchemaMap {
  const definitions: SchemaMap = {};
  for (const [name, definition] of Object.entries(podApi.definitions)) {
    definitions[name] = fitForCrd(definition, podApi.definitions);
  }
  for (const [name, change] of Object.entries(own.change)) {
    if (definitions[name] === undefined) throw new Error(`Cannot change ${name}: the server has no such definition`);
    definitions[name] = merge(definitions[name], change, name) as JsonSchema;
  }
  return { ...definitions, ...own.replace };
}

/** The server's schema without what a CRD cannot carry, and with one way to write a reference. */
function fitForCrd(schema: JsonSchema, server: SchemaMap): JsonSchema {
  const result: JsonSchema = Object.fromEntries(
    Object.entries(schema).filter(([member]) => !DROPPED_MEMBERS.has(member)),
  );
  if (schema.allOf) {
    // The server writes "a reference with a description" as allOf with one entry.
    const [only, ...more] = schema.allOf;
    if (only?.$ref === undefined || more.length > 0)
      throw new Error(`Cannot use allOf: ${JSON.stringify(schema.allOf)}`);
    delete result.allOf;
    result.$ref = only.$ref;
  }
  if (schema.properties) {
    const required = schema.required ?? [];
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => {
        const fit = fitForCrd(property, server);
        return [name, required.includes(name) ? fit : orEmpty(fit)];
      }),
    );
  }
  if (schema.items) result.items = fitForCrd(schema.items, server);
  if (typeof schema.additionalProperties === "object") {
    result.additionalProperties = fitForCrd(schema.additionalProperties, server);
  }
  if (result["x-kubernetes-list-type"] === "map" && !everyKeyIsRequired(schema, server)) {
    // A CRD wants every key of a list map to be required or defaulted, and we default nothing in the template.
    result["x-kubernetes-list-type"] = "atomic";
    delete result["x-kubernetes-list-map-keys"];
  }
  return result;
}

/** The pod API reads "" in an optional field as "not set", and charts do write `imagePullPolicy: ""`. */
function orEmpty(schema: JsonSchema): JsonSchema {
  if (schema.enum === undefined || schema.enum.includes("")) return schema;
  return { ...schema, enum: [...schema.enum, ""] };
}

function everyKeyIsRequired(list: JsonSchema, server: SchemaMap): boolean {
  const ref = list.items?.allOf?.[0]?.$ref ?? list.items?.$ref;
  const item = ref === undefined ? list.items : server[refName(ref)];
  // A definition that we replace is not in the server's table; its list gets its type from us.
  const required = item?.required ?? [];
  return (list["x-kubernetes-list-map-keys"] ?? []).every((key) => required.includes(key));
}

/** `over` merged over `under`: objects member by member, null removes, all else replaces. */
function merge(under: unknown, over: unknown, path: string): unknown {
  if (!isRecord(over)) return over;
  if (!isRecord(under)) {
    if (Object.values(over).includes(null)) throw new Error(`Cannot remove a member of ${path}: it is not there`);
    return over;
  }
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value !== null) result[key] = merge(under[key], value, `${path}.${key}`);
    else if (key in result) delete result[key];
    else throw new Error(`Cannot remove ${path}.${key}: it is not there`);
  }
  return result;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** "v1.36.3" is "1.36". */
function minorOf(version: string): string {
  const match = /^v?(\d+\.\d+)(\.|$)/.exec(version);
  if (!match?.[1])
    throw new Error(`Cannot read the Kubernetes version ${JSON.stringify(version)}: want one like v1.36.3`);
  return match[1];
}
