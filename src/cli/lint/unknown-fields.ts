import schema from "../../rules/cloneset.schema.json" with { type: "json" };
import { isObject } from "../../rules/json.ts";

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
}

const DEFINITIONS = schema.$defs as Record<string, Schema>;

/**
 * Paths of fields below `spec` that no schema knows, as in `spec.template.spec.containers[0].imagge`. Without strict
 * validation a server drops them, with no more than a warning.
 */
export function unknownFields(cloneSet: unknown): string[] {
  if (!isObject(cloneSet)) return [];
  return below(cloneSet["spec"], schema.properties.spec as Schema, "spec");
}

function below(value: unknown, given: Schema, at: string): string[] {
  const { properties, additionalProperties, items } = resolved(given);
  if (Array.isArray(value)) return value.flatMap((item, i) => (items ? below(item, items, `${at}[${i}]`) : []));
  if (!isObject(value)) return [];
  if (additionalProperties !== undefined) {
    return Object.entries(value).flatMap(([key, member]) => below(member, additionalProperties, `${at}[${key}]`));
  }
  // An object without properties is one whose members the schema leaves open.
  if (properties === undefined) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return known === undefined ? [`${at}.${name}`] : below(member, known, `${at}.${name}`);
  });
}

function resolved(given: Schema): Schema {
  const name = given.$ref?.replace("#/$defs/", "");
  return name === undefined ? given : (DEFINITIONS[name] ?? {});
}
