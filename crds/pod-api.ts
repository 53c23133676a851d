// The pod API as a server describes it, cut down to what the CRD needs.
// Input: the OpenAPI v3 document of core/v1. Output: crds/openapi/core-v1.json.

import type { JsonSchema, SchemaMap } from "./json-schema.ts";

const REF_PREFIX = "#/components/schemas/";

/** The definitions the CRD is made from. */
export type PodApi = {
  /** Version of the server the definitions came from, such as "v1.36.3". */
  kubernetesVersion: string;
  definitions: SchemaMap;
};

/** The part of a server's OpenAPI v3 document that is read here. */
export type OpenApiDocument = {
  info: { version: string };
  components: { schemas: SchemaMap };
};

/**
 * Keeps the definitions that `roots` lead to, with first sentences as descriptions.
 *
 * Definitions named in `replaced` are left out, and so is all that only they lead to.
 */
export function trimPodApi(document: OpenApiDocument, roots: readonly string[], replaced: ReadonlySet<string>): PodApi {
  const all = document.components.schemas;
  const definitions = new Map<string, JsonSchema>();
  const open = roots.filter((name) => !replaced.has(name));
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (definitions.has(name)) continue;
    const definition = all[name];
    if (definition === undefined) throw new Error(`Cannot trim the OpenAPI document: it has no definition ${name}`);
    definitions.set(name, withFirstSentences(definition));
    open.push(...refsIn(definition).filter((ref) => !replaced.has(ref)));
  }
  const inOrder = [...definitions].sort(([a], [b]) => (a < b ? -1 : 1));
  return { kubernetesVersion: document.info.version, definitions: Object.fromEntries(inOrder) };
}

/** The name a reference points to: "#/components/schemas/a.b.C" is "a.b.C"; our own files use the bare name. */
export function refName(ref: string): string {
  return ref.startsWith(REF_PREFIX) ? ref.slice(REF_PREFIX.length) : ref;
}

/**
 * The first sentence of a description, on one line.
 *
 * A full stop ends a sentence when white space and a capital letter (or nothing) follow, so that
 * "e.g. a value", "v1.2" and "example.com/x" stay whole. A blank line ends it too.
 */
export function firstSentence(description: string): string {
  const paragraph = description.trim().split(/\n\s*\n/)[0] ?? "";
  const line = paragraph.replaceAll(/\s+/g, " ");
  for (const end of line.matchAll(/[.!?](?=\s+["'(`]?[A-Z0-9])/g)) {
    const sentence = line.slice(0, end.index + 1);
    if (!/\b(?:e\.g|i\.e|etc|vs|cf|Dr|No)\.$/.test(sentence)) return sentence;
  }
  return line;
}

function refsIn(schema: JsonSchema): string[] {
  const refs = JSON.stringify(schema).matchAll(/"\$ref":"([^"]+)"/g);
  return [...refs].map(([, ref = ""]) => refName(ref));
}

/** Members are sorted, because servers send them in any order. */
function withFirstSentences(schema: JsonSchema): JsonSchema {
  const result: JsonSchema = Object.fromEntries(sortedEntries(schema));
  if (schema.description !== undefined) result.description = firstSentence(schema.description);
  if (schema.items) result.items = withFirstSentences(schema.items);
  if (typeof schema.additionalProperties === "object") {
    result.additionalProperties = withFirstSentences(schema.additionalProperties);
  }
  if (schema.properties) {
    result.properties = Object.fromEntries(
      sortedEntries(schema.properties).map(([name, property]) => [name, withFirstSentences(property)]),
    );
  }
  return result;
}

function sortedEntries<T>(object: { [key: string]: T } | ArrayLike<T>): [string, T][];
function sortedEntries(object: object): [string, unknown][];
function sortedEntries(object: object): [string, unknown][] {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}
