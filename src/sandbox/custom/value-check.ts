import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { fieldOf } from "../../api/field-path.ts";
import { isMap } from "../objects.ts";
import type { Cause } from "../refusal.ts";
import type { StructuralSchema } from "./structural-schema.ts";

/**
 * Checks types, ranges, lengths, words and forms, and says what is wrong in the words of the API server.
 *
 * Made on first use: compiling takes a few hundred milliseconds.
 */
export class ValueCheck {
  readonly #schema: StructuralSchema;
  #validate: ValidateFunction | undefined;

  constructor(schema: StructuralSchema) {
    this.#schema = schema;
  }

  /** `root` = the member that messages leave out; its schema is the one that speaks. */
  causes(value: unknown, root = ""): Cause[] {
    this.#validate ??= compile(this.#schema);
    if (this.#validate(value)) return [];
    return (this.#validate.errors ?? []).flatMap((error) => causesOf(error, root));
  }
}

/** What stops the CEL rules from being asked at all. */
export function isBlocking({ reason }: Cause): boolean {
  return BLOCKING.has(reason);
}

const BLOCKING = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
const INT_OR_STRING = "x-kubernetes-int-or-string";

function compile(schema: StructuralSchema): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, ownProperties: true, unicodeRegExp: false });
  addFormats.default(ajv, ["int32", "int64", "double", "date-time"]);
  ajv.addKeyword({
    keyword: INT_OR_STRING,
    validate: (_wanted: boolean, value: unknown) => Number.isInteger(value) || typeof value === "string",
  });
  return ajv.compile(schema);
}

function causesOf({ instancePath, keyword, params, data, schema }: ErrorObject, root: string): Cause[] {
  const field = fieldOf(instancePath);
  // The schema of a status is checked by itself, and its messages begin where it does.
  const said = root === "" ? field : field.replace(`${root}.`, "");
  const given = params as Record<string, unknown>;
  const invalid = (why: string): Cause[] => [
    { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(data)}: ${said} in body ${why}` },
  ];
  const ofType = (type: string, found: string): Cause[] => [
    {
      reason: "FieldValueTypeInvalid",
      field,
      message: `Invalid value: ${JSON.stringify(found)}: ${said} in body must be of type ${type}: ${JSON.stringify(found)}`,
    },
  ];
  switch (keyword) {
    case "type":
      // Of a fraction where an integer should be, the format has its own complaint.
      return given["type"] === "integer" && typeof data === "number"
        ? ofType("int32", "float64")
        : ofType(String(given["type"]), typeText(data));
    case INT_OR_STRING:
      return ofType("integer,string", typeText(data));
    case "required": {
      const missing = String(given["missingProperty"]);
      return [
        {
          reason: "FieldValueRequired",
          field: field === "" ? missing : `${field}.${missing}`,
          message: "Required value",
        },
      ];
    }
    case "enum": {
      const words = (schema as unknown[]).map((word) => JSON.stringify(word)).join(", ");
      return [
        {
          reason: "FieldValueNotSupported",
          field,
          message: `Unsupported value: ${JSON.stringify(data)}: supported values: ${words}`,
        },
      ];
    }
    case "format":
      return given["format"] === "int32" || given["format"] === "int64"
        ? [
            {
              reason: "FieldValueInvalid",
              field: "<nil>",
              message: `Invalid value: "": Checked value must be of type integer with format ${given["format"]} in ${said}`,
            },
          ]
        : ofType(String(given["format"]), String(data));
    case "minimum":
      return invalid(`should be greater than or equal to ${String(given["limit"])}`);
    case "maximum":
      return invalid(`should be less than or equal to ${String(given["limit"])}`);
    case "minLength":
      return invalid(`should be at least ${String(given["limit"])} chars long`);
    case "pattern":
      return invalid(`should match '${String(given["pattern"])}'`);
    case "maxLength":
      return [
        {
          reason: "FieldValueTooLong",
          field,
          message: `Too long: may not be more than ${String(given["limit"])} bytes`,
        },
      ];
    case "maxItems":
    case "maxProperties": {
      const count = Array.isArray(data) ? data.length : Object.keys(data as object).length;
      return [
        {
          reason: "FieldValueTooMany",
          field,
          message: `Too many: ${count}: must have at most ${String(given["limit"])} items`,
        },
      ];
    }
    default:
      throw new Error(`no words for what breaks the schema's rule ${keyword} at ${field}`);
  }
}

function typeText(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (isMap(value)) return "object";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
