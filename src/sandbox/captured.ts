/** What `capture.ts` took from a real API server: what clients are told about each kind. Read when it is first asked for. */

import { readFileSync } from "node:fs";
import type { Resource } from "../kube/resources.ts";

/** Where it lies. */
export const CAPTURED = {
  folder: new URL("captured/", import.meta.url),
  discovery: "discovery.json",
  schemas: "schemas.json",
  columns: "columns.json",
  numbers: "numbers.json",
} as const;

export interface DiscoveredResource {
  resource: string;
  responseKind: { group: string; version: string; kind: string };
  scope: "Namespaced" | "Cluster";
  singularResource: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: {
    subresource: string;
    responseKind: { group: string; version: string; kind: string };
    verbs: string[];
  }[];
}

/** One column of the table that `kubectl get` shows. */
export interface Column {
  name: string;
  type: string;
  format: string;
  description: string;
  /** Above 0: with `-o wide` only. */
  priority: number;
}

/** The part of OpenAPI's schemas that is looked at here. */
export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  description?: string;
  default?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic" | "granular";
  "x-kubernetes-patch-merge-key"?: string;
  "x-kubernetes-patch-strategy"?: string;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
  [extension: string]: unknown;
}

/** The fields of a message by their numbers; "name?" = a pointer in Go, "+Struct" = the fields of that one. */
export type FieldNumbers = Record<string, string>;

export const SCHEMA_REF = "#/components/schemas/";

/** The name of a kind in the captured files: "v1/pods", "apps/v1/controllerrevisions". */
export function keyOf({ group, version, plural }: Pick<Resource, "group" | "version" | "plural">): string {
  return `${group === "" ? "" : `${group}/`}${version}/${plural}`;
}

const kept = new Map<string, unknown>();

export function discovered(): Record<string, DiscoveredResource> {
  return read(CAPTURED.discovery) as Record<string, DiscoveredResource>;
}

export function schemas(): Record<string, Schema> {
  return read(CAPTURED.schemas) as Record<string, Schema>;
}

export function columns(): Record<string, Column[]> {
  return read(CAPTURED.columns) as Record<string, Column[]>;
}

/** By the names of schemas, and of structs that stand inline in these. */
export function numbers(): Record<string, FieldNumbers> {
  return read(CAPTURED.numbers) as Record<string, FieldNumbers>;
}

function read(name: string): unknown {
  if (!kept.has(name)) kept.set(name, JSON.parse(readFileSync(new URL(name, CAPTURED.folder), "utf8")));
  return kept.get(name);
}

/** The schemas of these names, and all that they lead to. */
export function reachableFrom(roots: readonly string[], all: Record<string, Schema>): Record<string, Schema> {
  const reached: Record<string, Schema> = {};
  const open = [...roots];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name in reached) continue;
    const schema = all[name];
    if (schema === undefined) throw new Error(`Cannot find the schema ${name}`);
    reached[name] = schema;
    for (const [, ref = ""] of JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      open.push(ref);
  }
  return reached;
}
