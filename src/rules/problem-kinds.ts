/** The kinds of problem that Kubernetes' own validation has, with the words it opens with. */
export const PROBLEM_KINDS = {
  Required: { reason: "FieldValueRequired", says: "Required value" },
  Invalid: { reason: "FieldValueInvalid", says: "Invalid value" },
  Duplicate: { reason: "FieldValueDuplicate", says: "Duplicate value" },
  NotFound: { reason: "FieldValueNotFound", says: "Not found" },
  NotSupported: { reason: "FieldValueNotSupported", says: "Unsupported value" },
  Forbidden: { reason: "FieldValueForbidden", says: "Forbidden" },
  TooLong: { reason: "FieldValueTooLong", says: "Too long" },
  TooMany: { reason: "FieldValueTooMany", says: "Too many" },
} as const;

export type ProblemKind = keyof typeof PROBLEM_KINDS;
