// Turns the CRD's schema into the JSON schema that src/rules/schema.ts compiles. Pure: same input, same output.

import type { JsonSchema } from "../crds/json-schema.ts";

/** A JSON schema as ajv reads it in strict mode. */
export type PlainSchema = { [member: string]: unknown };

const COPIED = [
  "format",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "maxItems",
  "maxProperties",
  "pattern",
] as const;
/** Subschemas that occur more than once and are longer than this are written once. */
const SHARED_LENGTH = 120;

/**
 * The schema of `apiVersion`, `kind`, `metadata` and `spec`; `status` is not the user's and not checked.
 *
 * Null is allowed in members that are not required, because the server drops it there.
 */
export function makeSchema(crdSchema: JsonSchema): PlainSchema {
  const { status: _, ...properties } = crdSchema.properties ?? {};
  const plain = convert({ ...crdSchema, properties });
  return share(plain);
}

function convert(schema: JsonSchema, isRequired = false): PlainSchema {
  const plain: PlainSchema = {};
  const type = typeOf(schema, isRequired);
  if (type !== undefined) plain["type"] = type;
  for (const member of COPIED) {
    if (schema[member] !== undefined) plain[member] = schema[member];
  }
  if (schema.enum) plain["enum"] = isRequired ? schema.enum : [...schema.enum, null];
  if (schema.required) plain["required"] = schema.required;
  if (schema.items) plain["items"] = convert(schema.items, true);
  if (schema.properties) {
    plain["properties"] = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [
        name,
        convert(property, schema.required?.includes(name)),
      ]),
    );
  }
  if (typeof schema.additionalProperties === "object") {
    plain["additionalProperties"] = convert(schema.additionalProperties);
  }
  return plain;
}

function typeOf(schema: JsonSchema, isRequired: boolean): string[] | undefined {
  const nothing = isRequired ? [] : ["null"];
  if (schema["x-kubernetes-int-or-string"]) return ["integer", "string", ...nothing];
  if (schema.type !== undefined) return [schema.type, ...nothing];
  // A quantity: the CRD leaves its type open, because it cannot say "number or string".
  if (schema.pattern !== undefined) return ["number", "string", ...nothing];
  return undefined;
}

/** Moves what occurs more than once to `$defs`, which makes the file, and the compiled code, a fifth as long. */
function share(root: PlainSchema): PlainSchema {
  const seen = new Map<string, number>();
  visit(root, (text) => seen.set(text, (seen.get(text) ?? 0) + 1));
  const names = new Map<string, string>();
  const definitions: PlainSchema = {};
  const rewrite = (schema: PlainSchema, isRoot = false): PlainSchema => {
    const text = JSON.stringify(schema);
    if (!isRoot && text.length > SHARED_LENGTH && (seen.get(text) ?? 0) > 1) {
      let name = names.get(text);
      if (name === undefined) {
        names.set(text, (name = `s${names.size}`));
        definitions[name] = members(schema, rewrite);
      }
      return { $ref: `#/$defs/${name}` };
    }
    return members(schema, rewrite);
  };
  const result = rewrite(root, true);
  return { ...result, $defs: definitions };
}

function visit(schema: PlainSchema, see: (text: string) => void): void {
  members(schema, (member) => {
    see(JSON.stringify(member));
    visit(member, see);
    return member;
  });
}

/** A copy of the schema in which each direct subschema is replaced. */
function members(schema: PlainSchema, replace: (schema: PlainSchema) => PlainSchema): PlainSchema {
  const copy = { ...schema };
  for (const name of ["items", "additionalProperties"]) {
    if (copy[name]) copy[name] = replace(copy[name] as PlainSchema);
  }
  if (copy["properties"]) {
    const properties = Object.entries(copy["properties"] as Record<string, PlainSchema>);
    copy["properties"] = Object.fromEntries(properties.map(([name, property]) => [name, replace(property)]));
  }
  return copy;
}
