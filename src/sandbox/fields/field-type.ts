/** How the fields of a kind belong together: which lists have items by key, which are sets, and what is one value to everybody. */

import type { Resource } from "../../kube/resources.ts";
import type { Schema } from "../captured.ts";
import { allSchemas, resolved, schemaName } from "../schemas.ts";

export type FieldType =
  /** A plain value, or a list or map that is only ever replaced as a whole. */
  | { form: "leaf" }
  | MapType
  /** A list whose items are told apart by the values of some fields. */
  | { form: "items"; keys: readonly { name: string; default?: unknown }[]; item: () => FieldType }
  /** A list of plain values without order. */
  | { form: "set" }
  /** Nothing is known: maps are maps, lists are leaves. */
  | { form: "any" };

export interface MapType {
  form: "map";
  /** The type of a field, and whether it is declared (and not just one of many values). */
  field: (name: string) => { type: FieldType; isDeclared: boolean };
  /** Takes members that are not declared. */
  isOpen: boolean;
  /** Fields that a typed server always has, and what they are when nobody set them: its structs and required lists. */
  implied: ReadonlyMap<string, Record<string, never> | null>;
}

const LEAF: FieldType = { form: "leaf" };
export const ANY: FieldType = { form: "any" };
const known = new WeakMap<Schema, FieldType>();

/** The type of a whole object. */
export function typeOfKind(resource: Pick<Resource, "group" | "version" | "kind">): FieldType {
  const name = schemaName(resource);
  const schema = name === undefined ? undefined : allSchemas()[name];
  return schema === undefined ? ANY : typeOf(schema);
}

export function typeOf(schema: Schema): FieldType {
  const target = resolved(schema);
  // What lists and maps are to writers may be said where they are used.
  const own = target === schema ? schema : { ...target, ...without(schema, "$ref", "allOf") };
  let type = known.get(schema);
  if (type === undefined) {
    type = made(own);
    known.set(schema, type);
  }
  return type;
}

function made(schema: Schema): FieldType {
  const { type, properties, additionalProperties, items } = schema;
  if (type === "array" || items !== undefined) {
    const item = typeof items === "object" ? items : {};
    switch (schema["x-kubernetes-list-type"]) {
      case "set":
        return { form: "set" };
      case "map": {
        const fields = resolved(item).properties ?? {};
        const keys = (schema["x-kubernetes-list-map-keys"] ?? []).map((name) => ({
          name,
          default: fields[name]?.default,
        }));
        return { form: "items", keys, item: () => typeOf(item) };
      }
      case "atomic":
      case undefined:
        return LEAF;
    }
  }
  if (schema["x-kubernetes-map-type"] === "atomic") return LEAF;
  if (properties !== undefined || additionalProperties !== undefined || type === "object") return mapType(schema);
  return type === undefined && isOpen(schema) ? ANY : LEAF;
}

function isOpen(schema: Schema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true && schema["x-kubernetes-int-or-string"] !== true;
}

function mapType(schema: Schema): FieldType {
  const { properties = {}, additionalProperties, required = [] } = schema;
  const entries = Object.entries(properties);
  if (entries.length === 0 && additionalProperties === undefined) return ANY;
  const values = typeof additionalProperties === "object" ? additionalProperties : undefined;
  const implied = new Map<string, Record<string, never> | null>();
  for (const [name, property] of entries) {
    if (isEmptyMap(property.default)) implied.set(name, {});
    else if ((required.includes(name) && property.type === "array") || isTime(name, property)) implied.set(name, null);
  }
  return {
    form: "map",
    implied,
    isOpen: additionalProperties !== undefined || isOpen(schema),
    field: (name) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (property) return { type: typeOf(property), isDeclared: true };
      return { type: values ? typeOf(values) : ANY, isDeclared: false };
    },
  };
}

/** Times that are optional in Go too: the schema does not tell them from those that are null until they are set. */
const OPTIONAL_TIMES: ReadonlySet<string> = new Set([
  "acquireTime",
  "deletionTimestamp",
  "lastPhaseTransitionTime",
  "lastScaleTime",
  "renewTime",
  "startTime",
  "time",
  "timeAdded",
]);

function isTime(name: string, { $ref, allOf }: Schema): boolean {
  return /\.meta\.v1\.(Micro)?Time$/.test($ref ?? allOf?.[0]?.$ref ?? "") && !OPTIONAL_TIMES.has(name);
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function without(schema: Schema, ...members: string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([member]) => !members.includes(member)));
}
