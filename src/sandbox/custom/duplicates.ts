import { isMap } from "../objects.ts";
import type { Cause } from "../refusal.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { memberPath, memberSchema } from "./structural-schema.ts";

/** Items that occur twice: in a list that is a set by value, in one that is a map by its keys. */
export function duplicates(value: unknown, schema: StructuralSchema, path = ""): Cause[] {
  if (isMap(value)) {
    return Object.entries(value).flatMap(([name, member]) => {
      const inner = memberSchema(schema, name);
      return inner ? duplicates(member, inner, memberPath(path, name)) : [];
    });
  }
  if (!Array.isArray(value)) return [];
  const { items } = schema;
  const inside = items ? value.flatMap((item, i) => duplicates(item, items, `${path}[${i}]`)) : [];
  const identityOf = identity(schema);
  if (identityOf === undefined) return inside;
  const seen = new Set<string>();
  const here = value.flatMap((item, i): Cause[] => {
    const found = JSON.stringify(identityOf(item));
    if (!seen.has(found)) {
      seen.add(found);
      return [];
    }
    return [{ reason: "FieldValueDuplicate", field: `${path}[${i}]`, message: `Duplicate value: ${found}` }];
  });
  return [...here, ...inside];
}

/** By what the items of a list are told apart; undefined = they need not be. */
export function identity(schema: StructuralSchema): ((item: unknown) => unknown) | undefined {
  const type = schema["x-kubernetes-list-type"];
  if (type === "set") return (item) => item;
  if (type !== "map") return undefined;
  const keys = [...(schema["x-kubernetes-list-map-keys"] ?? [])].sort();
  return (item) => {
    const found = isMap(item) ? item : {};
    return Object.fromEntries(keys.flatMap((key) => (found[key] === undefined ? [] : [[key, found[key]]])));
  };
}
