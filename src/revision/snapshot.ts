/** From a pod template to the data of a ControllerRevision, and back. */

import type { JsonObject, PodTemplate } from "../api/kubernetes.ts";
import { fields } from "./fields.ts";
import type { OrderedJson } from "./go-json.ts";
import { compareBytes, goText, ordered, plain, sorted } from "./go-json.ts";
import { canonicalQuantity } from "./quantity.ts";

/** The data of a revision: `data` is the object to store, `bytes` its canonical text, which the hash is taken of. */
export interface RevisionData {
  data: JsonObject;
  bytes: string;
}

/**
 * The revision data of a template, in the form that the Go controller writes: `bytes` is equal to its bytes.
 *
 * Go reads the template into its types and writes them out again, which leaves marks: canonical quantities, `resources: {}` in each
 * container, `creationTimestamp: null`, no empty optional fields, but zeros where a pointer tells them from absent ones. Unlike Go,
 * fields that are newer than the table of fields are kept as they are.
 */
export function revisionData(template: PodTemplate): RevisionData {
  const encoded = goForm("PodTemplateSpec", template) as Map<string, OrderedJson>;
  encoded.set("$patch", "replace");
  const data = sorted(new Map([["spec", new Map([["template", encoded]])]]));
  return { data: plain(data) as JsonObject, bytes: goText(data) };
}

/** The canonical text of data that is stored already. */
export function dataBytes(data: JsonObject): string {
  return goText(sorted(ordered(data)));
}

/** The template in the data of a revision, without `$patch`; undefined if the data does not have this form. */
export function templateOf(data: JsonObject): PodTemplate | undefined {
  const spec = data["spec"];
  const template = isObject(spec) ? spec["template"] : undefined;
  if (!isObject(template) || !isObject(template["spec"])) return undefined;
  const { $patch: _, ...rest } = template;
  return Array.isArray(template["spec"]["containers"]) ? (rest as unknown as PodTemplate) : undefined;
}

/** A value as Go writes it after reading it as this type of the table: members of structs in Go's order, those of maps sorted. */
export function goForm(type: string, value: unknown): OrderedJson {
  return encode(type, value);
}

function encode(type: string, value: unknown): OrderedJson {
  if (type.startsWith("*")) return value === null || value === undefined ? null : encode(type.slice(1), value);
  if (type.startsWith("[]")) return encodeList(type.slice(2), value);
  if (type.startsWith("{}")) return encodeMap(type.slice(2), value);
  switch (type) {
    case "string":
      return ordered(value ?? "");
    case "bool":
      return ordered(value ?? false);
    case "number":
    case "intOrString":
      return ordered(value ?? 0);
    case "quantity":
      return value === null || value === undefined ? "0" : (canonicalQuantity(value) ?? ordered(value));
    case "time":
      return encodeTime(value);
    case "any":
      return sorted(ordered(value ?? null));
    default:
      return encodeStruct(type, value);
  }
}

function encodeStruct(type: string, value: unknown): OrderedJson {
  const members = value ?? {};
  if (!isObject(members)) return ordered(members);
  const known = fields[type] ?? {};
  const encoded = new Map<string, OrderedJson>();
  for (const [name, word] of Object.entries(known)) {
    const isOptional = word.endsWith("?");
    const memberType = isOptional ? word.slice(0, -1) : word;
    const member = encode(memberType, members[name]);
    if (!(isOptional && isEmpty(memberType, member))) encoded.set(name, member);
  }
  for (const [name, member] of Object.entries(members)) {
    if (!Object.hasOwn(known, name) && member !== undefined) encoded.set(name, ordered(member));
  }
  return encoded;
}

function encodeList(elementType: string, value: unknown): OrderedJson {
  if (value === null || value === undefined) return null;
  return Array.isArray(value) ? value.map((element) => encode(elementType, element)) : ordered(value);
}

function encodeMap(valueType: string, value: unknown): OrderedJson {
  if (value === null || value === undefined) return null;
  if (!isObject(value)) return ordered(value);
  const members = Object.entries(value).sort(([a], [b]) => compareBytes(a, b));
  return new Map(members.map(([key, member]): [string, OrderedJson] => [key, encode(valueType, member)]));
}

/** Times are written in UTC and in whole seconds. */
function encodeTime(value: unknown): OrderedJson {
  if (typeof value !== "string") return ordered(value ?? null);
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? value : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** What Go's omitempty leaves out. A pointer is empty only when it is nil; structs, and so quantities and times, never are. */
function isEmpty(type: string, encoded: OrderedJson): boolean {
  if (type.startsWith("*")) return encoded === null;
  if (type.startsWith("[]")) return encoded === null || (Array.isArray(encoded) && encoded.length === 0);
  if (type.startsWith("{}")) return encoded === null || (encoded instanceof Map && encoded.size === 0);
  if (type === "string" || type === "bool" || type === "number")
    return encoded === "" || encoded === false || encoded === 0;
  return false;
}

function isObject(value: unknown): value is { [key: string]: unknown } & JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
