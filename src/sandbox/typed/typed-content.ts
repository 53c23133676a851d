import type { Resource } from "../../kube/resources.ts";
import type { Schema } from "../captured.ts";
import { SCHEMA_REF } from "../captured.ts";
import type { Content, ContentRules, Decoded } from "../content.ts";
import type { JsonMap, StoredObject } from "../objects.ts";
import { isMap } from "../objects.ts";
import type { Cause } from "../refusal.ts";
import { allSchemas, schemaName } from "../schemas.ts";
import type { Store } from "../store.ts";
import { setDefaults } from "./typed-defaults.ts";

/** What a typed server makes of an object of a built-in kind: it forgets what is not in the type, and sets defaults. */
export class TypedContent implements Content {
  readonly #schema: string;
  readonly #rules: ContentRules | undefined;

  constructor(resource: Resource, rules?: ContentRules) {
    const name = schemaName(resource);
    if (name === undefined) throw new Error(`Cannot decode ${resource.plural}: their schema was not captured`);
    this.#schema = name;
    this.#rules = rules;
  }

  decode(sent: JsonMap): Decoded {
    const unknown: string[] = [];
    return { object: decoded(sent, { $ref: SCHEMA_REF + this.#schema }, "", unknown) as JsonMap, unknown };
  }

  admit(object: StoredObject, cluster: Pick<Store, "collection">): StoredObject {
    return this.#rules?.admit?.(object, cluster) ?? object;
  }

  check(next: StoredObject, old: StoredObject | undefined, subresource: string): Cause[] {
    return this.#rules?.check(next, old, subresource) ?? [];
  }
}

function decoded(value: unknown, schema: Schema, path: string, unknown: string[]): unknown {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.slice(SCHEMA_REF.length);
  const { properties, additionalProperties, items, required } =
    (name === undefined ? schema : allSchemas()[name]) ?? {};
  if (Array.isArray(value))
    return items ? value.map((item, i) => decoded(item, items, `${path}[${i}]`, unknown)) : value;
  if (!isMap(value)) return value;
  if (properties === undefined) {
    if (typeof additionalProperties !== "object") return value;
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, member]) => [key, decoded(member, additionalProperties, `${path}.${key}`, unknown)]),
    );
  }
  const kept: JsonMap = {};
  for (const [key, member] of Object.entries(value)) {
    const at = path === "" ? key : `${path}.${key}`;
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (property === undefined) unknown.push(at);
    // An optional list or map with nothing in it is not there.
    else if (required?.includes(key) || !isBare(member, property)) kept[key] = decoded(member, property, at, unknown);
  }
  return name === undefined ? kept : setDefaults(name, kept);
}

function isBare(value: unknown, { additionalProperties }: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) && additionalProperties !== undefined && Object.keys(value).length === 0;
}
