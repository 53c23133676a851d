import type { JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { memberPath, memberSchema } from "./structural-schema.ts";

/** A copy without the fields that the schema does not know; their paths are added to `unknown`. */
export function pruned(value: unknown, schema: StructuralSchema, unknown: string[], path = ""): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item, i) => pruned(item, items, unknown, `${path}[${i}]`)) : value;
  }
  if (!isMap(value)) return value;
  const keepsUnknown =
    (schema["x-kubernetes-preserve-unknown-fields"] ?? false) || schema.additionalProperties === true;
  const kept: JsonMap = {};
  for (const [name, member] of Object.entries(value)) {
    const inner = memberSchema(schema, name);
    const at = memberPath(path, name);
    if (inner) kept[name] = pruned(member, inner, unknown, at);
    else if (keepsUnknown) kept[name] = member;
    else unknown.push(at);
  }
  return kept;
}
