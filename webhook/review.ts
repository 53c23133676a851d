/** AdmissionReview v1 on the wire: what is read of a question, and the form of an answer. */

import { GROUP, KIND } from "../src/api/constants.ts";
import { isObject, objectIn, textIn } from "../src/rules/json.ts";
import type { Problem } from "../src/rules/problem.ts";
import { causeText, problemText } from "../src/rules/problem.ts";
import { PROBLEM_KINDS } from "../src/rules/problem-kinds.ts";

export const REVIEW_VERSION = "admission.k8s.io/v1";

/** The members of `request` that are used. */
export interface AdmissionRequest {
  uid: string;
  operation: string;
  /** `apps.kruise.io/v1alpha1/clonesets`, with a slash and the subresource if there is one. */
  resource: string;
  namespace: string;
  name: string;
  user: string;
  dryRun: boolean;
  object: unknown;
  oldObject: unknown;
  /** Length of the whole question. */
  length: number;
}

export interface AdmissionResponse {
  uid: string;
  allowed: boolean;
  status?: {
    status: "Failure";
    code: number;
    reason: string;
    message: string;
    details?: object;
  };
  warnings?: string[];
  patchType?: "JSONPatch";
  patch?: string;
}

/** The question in a body; undefined if there is none. */
export function readReview(body: unknown, length: number): AdmissionRequest | undefined {
  if (textIn(body, "kind") !== "AdmissionReview" || textIn(body, "apiVersion") !== REVIEW_VERSION) return undefined;
  const request = objectIn(body, "request");
  const uid = textIn(request, "uid");
  const operation = textIn(request, "operation");
  if (request === undefined || uid === undefined || operation === undefined) return undefined;
  const resource = objectIn(request, "resource");
  const subResource = textIn(request, "subResource");
  const path = [textIn(resource, "group") ?? "", textIn(resource, "version") ?? "", textIn(resource, "resource") ?? ""];
  return {
    uid,
    operation,
    resource: [...path, ...(subResource === undefined ? [] : [subResource])].join("/"),
    namespace: textIn(request, "namespace") ?? "",
    name: textIn(request, "name") ?? textIn(objectIn(request["object"], "metadata"), "generateName") ?? "",
    user: textIn(objectIn(request, "userInfo"), "username") ?? "",
    dryRun: request["dryRun"] === true,
    object: isObject(request["object"]) ? request["object"] : undefined,
    oldObject: isObject(request["oldObject"]) ? request["oldObject"] : undefined,
    length,
  };
}

export function reviewText(response: AdmissionResponse): string {
  return JSON.stringify({ apiVersion: REVIEW_VERSION, kind: "AdmissionReview", response });
}

/** Longer warnings may be cut by the server, and all of a request together must stay below 4096. */
const WARNING_MAX = 256;
const WARNINGS_MAX = 12;

export function allowed({ uid }: AdmissionRequest, warnings: readonly string[] = []): AdmissionResponse {
  return { uid, allowed: true, ...withWarnings(warnings) };
}

/** As the server refuses what is wrong with a built-in type: 422, with one cause per problem. */
export function invalid(
  { uid, name }: AdmissionRequest,
  problems: readonly Problem[],
  warnings: readonly string[] = [],
): AdmissionResponse {
  const texts = problems.map(problemText);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const causes = problems.map((problem) => ({
    reason: PROBLEM_KINDS[problem.kind].reason,
    message: causeText(problem),
    field: problem.field,
  }));
  return {
    uid,
    allowed: false,
    status: {
      status: "Failure",
      code: 422,
      reason: "Invalid",
      message: `${KIND}.${GROUP} "${name}" is invalid: ${list}`,
      details: { name, group: GROUP, kind: KIND, causes },
    },
    ...withWarnings(warnings),
  };
}

export function forbidden({ uid }: AdmissionRequest, message: string): AdmissionResponse {
  return { uid, allowed: false, status: { status: "Failure", code: 403, reason: "Forbidden", message } };
}

function withWarnings(warnings: readonly string[]): { warnings?: string[] } {
  if (warnings.length === 0) return {};
  const shown = [...new Set(warnings)].map((text) =>
    text.length <= WARNING_MAX ? text : `${text.slice(0, WARNING_MAX - 1)}…`,
  );
  const more = shown.length - WARNINGS_MAX;
  return { warnings: more <= 0 ? shown : [...shown.slice(0, WARNINGS_MAX), `and ${more} more warnings`] };
}
