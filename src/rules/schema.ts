import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { fieldOf } from "../api/field-path.ts";
import schema from "./cloneset.schema.json" with { type: "json" };
import type { Problem } from "./problem.ts";

/** Beyond this many characters of JSON only the first mistake is looked for: a hostile object can have millions. */
const ALL_PROBLEMS_LENGTH = 64 << 10;

/** Checks the forms of fields: types, ranges, lists of words. What is absent or null passes, unless it is required. */
export class SchemaCheck {
  readonly #first: ValidateFunction;
  /** Made with the first object that has a mistake: compiling takes half a second and some 20 MB. */
  #all: ValidateFunction | undefined;

  /** Compiling takes a few hundred milliseconds: make one, and keep it. */
  constructor() {
    this.#first = compile(false);
  }

  /** `length` is how long the object is as JSON. */
  check(object: unknown, length: number): Problem[] {
    if (this.#first(object)) return [];
    if (length > ALL_PROBLEMS_LENGTH) return (this.#first.errors ?? []).map(problemOf);
    this.#all ??= compile(true);
    this.#all(object);
    return withoutEchoes((this.#all.errors ?? []).map(problemOf));
  }
}

function compile(allErrors: boolean): ValidateFunction {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors, verbose: true, ownProperties: true });
  addFormats.default(ajv, ["int32", "int64", "double", "date-time"]);
  return ajv.compile(schema);
}

/** A value of the wrong type breaks every other rule about it as well. */
function withoutEchoes(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ field }) => !seen.has(field) && seen.add(field));
}

function problemOf({ instancePath, keyword, params, data }: ErrorObject): Problem {
  const field = fieldOf(instancePath);
  const found = { rule: "schema" as const, field, value: data };
  const given = params as Record<string, unknown>;
  switch (keyword) {
    case "required": {
      const missing = String(given["missingProperty"]);
      return { rule: "schema", kind: "Required", field: field === "" ? missing : `${field}.${missing}`, detail: "" };
    }
    case "enum": {
      const words = (given["allowedValues"] as unknown[]).filter((word) => word !== null && word !== "");
      return {
        ...found,
        kind: "NotSupported",
        detail: `supported values: ${words.map((word) => JSON.stringify(word)).join(", ")}`,
      };
    }
    case "type":
      if (data === null && !/\/\d+$/.test(instancePath)) return { rule: "schema", kind: "Required", field, detail: "" };
      return { ...found, kind: "Invalid", detail: `must be ${typesText(given["type"])}, found ${typeText(data)}` };
    case "minimum":
      return { ...found, kind: "Invalid", detail: `must be at least ${String(given["limit"])}` };
    case "maximum":
      return { ...found, kind: "Invalid", detail: `must be at most ${String(given["limit"])}` };
    case "maxLength":
      return { ...found, kind: "TooLong", detail: `must be at most ${String(given["limit"])} characters` };
    case "maxItems":
    case "maxProperties":
      return { rule: "schema", kind: "TooMany", field, detail: `must be at most ${String(given["limit"])}` };
    case "minLength":
      return { ...found, kind: "Invalid", detail: "must not be empty" };
    case "pattern":
      return { ...found, kind: "Invalid", detail: `must have the form ${String(given["pattern"])}` };
    case "format":
      return { ...found, kind: "Invalid", detail: `must be of the form ${String(given["format"])}` };
    default:
      return { ...found, kind: "Invalid", detail: `breaks the schema's rule ${keyword}` };
  }
}

function typesText(types: unknown): string {
  const names = (Array.isArray(types) ? types : [types]).filter((type) => type !== "null").map(String);
  return names.map((name) => (/^[aeio]/.test(name) ? `an ${name}` : `a ${name}`)).join(" or ");
}

function typeText(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
