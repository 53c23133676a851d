import type { Content, Decoded } from "../content.ts";
import type { JsonMap, StoredObject } from "../objects.ts";
import { isMap } from "../objects.ts";
import type { Cause } from "../refusal.ts";
import { brokenRules } from "./cel.ts";
import { defaulted } from "./defaulting.ts";
import { duplicates } from "./duplicates.ts";
import { pruned } from "./pruning.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { isBlocking, ValueCheck } from "./value-check.ts";

/** The members of `metadata`, which the definition leaves open. */
const METADATA: ReadonlySet<string> = new Set([
  "annotations",
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "labels",
  "managedFields",
  "name",
  "namespace",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
]);
const NOT_CHECKED: Cause = {
  reason: "FieldValueInvalid",
  field: "<nil>",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};

/** The schema of a custom resource as an API server uses it: prune, default, check values, then lists, then CEL rules. */
export class CustomResource implements Content {
  readonly #schema: StructuralSchema;
  readonly #status: StructuralSchema;
  readonly #all: ValueCheck;
  readonly #statusAlone: ValueCheck;

  constructor(schema: StructuralSchema) {
    this.#schema = schema;
    this.#status = schema.properties?.["status"] ?? {};
    this.#all = new ValueCheck(schema);
    this.#statusAlone = new ValueCheck({ properties: { status: this.#status } });
  }

  decode(sent: JsonMap): Decoded {
    const unknown: string[] = [];
    const { metadata, ...rest } = sent;
    const known = isMap(metadata) ? knownMetadata(metadata, unknown) : metadata;
    const object = pruned(rest, this.#schema, unknown) as JsonMap;
    return { object: { ...(defaulted(object, this.#schema) as JsonMap), metadata: known }, unknown };
  }

  check(next: StoredObject, old: StoredObject | undefined, subresource: string): Cause[] {
    const isStatus = subresource === "status";
    const value: JsonMap = isStatus ? { status: next["status"] } : { ...next, metadata: {} };
    const before: unknown = old === undefined ? undefined : isStatus ? { status: old["status"] } : old;
    const schema = isStatus ? { properties: { status: this.#status } } : this.#schema;
    const causes = isStatus ? this.#statusAlone.causes(value, "status") : this.#all.causes(value);
    const all = [...causes, ...replicasCauses(next, isStatus ? "status" : "spec"), ...duplicates(value, schema)];
    return all.some(isBlocking) ? [...all, NOT_CHECKED] : [...all, ...brokenRules(value, before, schema)];
  }
}

function knownMetadata(metadata: JsonMap, unknown: string[]): JsonMap {
  const kept = Object.entries(metadata).filter(([name]) => {
    if (!METADATA.has(name)) unknown.push(`metadata.${name}`);
    return METADATA.has(name);
  });
  return Object.fromEntries(kept);
}

/** The scale subresource looks at its number for itself. */
function replicasCauses(object: StoredObject, part: "spec" | "status"): Cause[] {
  const field = `.${part}.replicas`;
  const within = object[part];
  const found = isMap(within) ? within["replicas"] : undefined;
  const invalid = (message: string): Cause[] => [
    { reason: "FieldValueInvalid", field, message: `Invalid value: ${message}` },
  ];
  if (found === undefined) return [];
  if (typeof found !== "number" || !Number.isInteger(found)) {
    const type = typeof found === "number" ? "float64" : typeof found;
    return invalid(
      `0: ${field} accessor error: ${typeof found === "string" ? found : JSON.stringify(found)} is of the type ${type}, expected int64`,
    );
  }
  if (found < 0) return invalid(`${found}: should be a non-negative integer`);
  return found > 2147483647 ? invalid(`${found}: should be less than or equal to 2147483647`) : [];
}
