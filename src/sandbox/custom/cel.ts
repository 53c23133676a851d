import { isMap } from "../objects.ts";
import type { Cause } from "../refusal.ts";
import { ruleOf } from "./cel-rules.ts";
import { identity } from "./duplicates.ts";
import type { StructuralSchema, ValidationRule } from "./structural-schema.ts";
import { memberPath, memberSchema } from "./structural-schema.ts";

/** The rules that do not hold, from the outside in. `old` = what is stored; undefined for a new object. */
export function brokenRules(value: unknown, old: unknown, schema: StructuralSchema, path = ""): Cause[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  const here = rules.flatMap((rule) => {
    // What speaks of the old value is asked of changes only.
    if (/\boldSelf\b/.test(rule.rule) && old === undefined) return [];
    return ruleOf(rule.rule)(value, old) ? [] : [broken(rule, value, path)];
  });
  return [...here, ...inside(value, old, schema, path)];
}

function inside(value: unknown, old: unknown, schema: StructuralSchema, path: string): Cause[] {
  if (isMap(value)) {
    return Object.entries(value).flatMap(([name, member]) => {
      const inner = memberSchema(schema, name);
      if (inner === undefined || member === null) return [];
      return brokenRules(member, isMap(old) ? old[name] : undefined, inner, memberPath(path, name));
    });
  }
  const { items } = schema;
  if (!Array.isArray(value) || items === undefined) return [];
  const oldItems = new Map<string, unknown>();
  const identityOf = identity(schema);
  if (identityOf && Array.isArray(old)) for (const item of old) oldItems.set(JSON.stringify(identityOf(item)), item);
  return value.flatMap((item, i) => {
    const oldItem = identityOf && oldItems.get(JSON.stringify(identityOf(item)));
    return brokenRules(item, oldItem, items, `${path}[${i}]`);
  });
}

function broken(
  { message = "", reason = "FieldValueInvalid", fieldPath = "" }: ValidationRule,
  value: unknown,
  path: string,
): Cause {
  const field = path + fieldPath;
  if (reason === "FieldValueForbidden") return { reason, field, message: `Forbidden: ${message}` };
  // Whole objects and lists are not repeated.
  const isPlain = typeof value !== "object";
  return { reason, field, message: `Invalid value: ${isPlain ? `${JSON.stringify(value)}: ` : ""}${message}` };
}
