/** What is known about the fields of each kind: of built-in ones by capture, of custom ones by their definition. */

import type { Resource } from "../kube/resources.ts";
import type { Schema } from "./captured.ts";
import { reachableFrom, SCHEMA_REF, schemas } from "./captured.ts";
import definition from "./clone-set-definition.json" with { type: "json" };

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const ref = (name: string): Schema => ({ $ref: `${SCHEMA_REF}${name}` });
const CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";

let all: Record<string, Schema> | undefined;
let names: Map<string, string> | undefined;

/** Every schema by its name. */
export function allSchemas(): Record<string, Schema> {
  all ??= { ...schemas(), ...customSchemas() };
  return all;
}

/** The schema of a kind by its name; undefined if nothing is known about it. */
export function schemaName({ group, version, kind }: Pick<Resource, "group" | "version" | "kind">): string | undefined {
  names ??= new Map(
    Object.entries(allSchemas()).flatMap(([name, { "x-kubernetes-group-version-kind": kinds }]) =>
      (kinds ?? []).map((gvk) => [`${gvk.group}/${gvk.version}/${gvk.kind}`, name] as const),
    ),
  );
  return names.get(`${group}/${version}/${kind}`);
}

/** The schema that is meant, where another one is named. */
export function resolved(schema: Schema): Schema {
  const name = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  const named = name === undefined ? undefined : allSchemas()[name.slice(SCHEMA_REF.length)];
  return named === undefined ? schema : resolved(named);
}

/** The schemas of these kinds and of their lists, with all that they lead to. */
export function schemasOf(kinds: readonly Pick<Resource, "group" | "version" | "kind">[]): Record<string, Schema> {
  const roots = kinds.flatMap((resource) => [
    schemaName(resource),
    schemaName({ ...resource, kind: `${resource.kind}List` }),
  ]);
  return reachableFrom(
    roots.filter((name) => name !== undefined),
    allSchemas(),
  );
}

/** What a server says about a custom kind: the schema of its definition, and what all objects have. */
function customSchemas(): Record<string, Schema> {
  const own = published((definition.spec.versions[0]?.schema.openAPIV3Schema ?? {}) as Schema);
  const { apiVersion, kind } = typeFields();
  const named = (kindName: string) => [{ group: "apps.kruise.io", kind: kindName, version: "v1alpha1" }];
  const name = "io.kruise.apps.v1alpha1.CloneSet";
  return {
    [name]: {
      ...own,
      properties: {
        apiVersion,
        kind,
        metadata: {
          description: `Standard object's metadata. More info: ${CONVENTIONS}#metadata`,
          allOf: [ref(`${META}.ObjectMeta`)],
        },
        ...without(own.properties ?? {}, "apiVersion", "kind", "metadata"),
      },
      "x-kubernetes-group-version-kind": named("CloneSet"),
    },
    [`${name}List`]: {
      description: "CloneSetList is a list of CloneSet",
      type: "object",
      required: ["items"],
      properties: {
        apiVersion,
        items: { description: `List of clonesets. More info: ${CONVENTIONS}`, type: "array", items: ref(name) },
        kind,
        metadata: {
          description: `Standard list metadata. More info: ${CONVENTIONS}#types-kinds`,
          allOf: [ref(`${META}.ListMeta`)],
        },
      },
      "x-kubernetes-group-version-kind": named("CloneSetList"),
    },
  };
}

/** A number or a text is told as either of the two. */
function published(schema: Schema): Schema {
  const { properties, additionalProperties, items } = schema;
  return {
    ...schema,
    ...(schema["x-kubernetes-int-or-string"] ? { anyOf: [{ type: "integer" }, { type: "string" }] } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, published(one)])) }
      : {}),
    ...(typeof additionalProperties === "object" ? { additionalProperties: published(additionalProperties) } : {}),
    ...(items ? { items: published(items) } : {}),
  };
}

/** The two fields that every kind has, worded as the server words them. */
function typeFields(): { apiVersion: Schema; kind: Schema } {
  const { apiVersion, kind } = schemas()[`${META}.Status`]?.properties ?? {};
  if (apiVersion === undefined || kind === undefined) throw new Error("Cannot find the schema of Status");
  return { apiVersion, kind };
}

function without<T>(map: Record<string, T>, ...keys: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
