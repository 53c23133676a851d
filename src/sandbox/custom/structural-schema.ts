/** The part of OpenAPI that the schema of a custom resource is written in. */
export interface StructuralSchema {
  type?: string;
  format?: string;
  nullable?: boolean;
  default?: unknown;
  required?: string[];
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema | boolean;
  items?: StructuralSchema;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-validations"?: ValidationRule[];
}

/** A rule in CEL. */
export interface ValidationRule {
  rule: string;
  message?: string;
  reason?: string;
  /** Which field the refusal names, from the one that the rule stands at. */
  fieldPath?: string;
}

/** The schema of a member of an object; undefined = it is not in the schema. */
export function memberSchema(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  const own = schema.properties?.[name];
  if (own !== undefined) return own;
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

export function memberPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
