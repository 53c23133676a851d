import type { JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { memberSchema } from "./structural-schema.ts";

/** A copy with the defaults of the schema. A null where none may be counts as absent. */
export function defaulted(value: unknown, schema: StructuralSchema): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item) => defaulted(item, items)) : value;
  }
  if (!isMap(value)) return value;
  const full: JsonMap = {};
  for (const [name, member] of Object.entries(value)) {
    const inner = memberSchema(schema, name);
    if (inner === undefined) full[name] = member;
    else if (member !== null || inner.nullable) full[name] = defaulted(member, inner);
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (inner.default !== undefined && full[name] === undefined)
      full[name] = defaulted(structuredClone(inner.default), inner);
  }
  return full;
}
