import type { Logger } from "pino";
import type { Features } from "../src/api/features.ts";
import type { Clock } from "../src/kube/clock.ts";
import { messageOf } from "../src/kube/errors.ts";
import { judge } from "../src/rules/check.ts";
import { isObject, objectIn } from "../src/rules/json.ts";
import { problemText } from "../src/rules/problem.ts";
import type { SchemaCheck } from "../src/rules/schema.ts";
import type { PodLookup } from "./lookup.ts";
import { inTime } from "./lookup.ts";
import type { WebhookMetrics } from "./metrics.ts";
import { defaultsPatch } from "./mutate.ts";
import { protectedBecause } from "./protection.ts";
import type { AdmissionRequest, AdmissionResponse } from "./review.ts";
import { allowed, forbidden, invalid } from "./review.ts";
import { warningsOf } from "./warnings.ts";

export interface AdmissionOptions {
  schema: SchemaCheck;
  features: Features;
  pods: PodLookup;
  clock: Clock;
  log: Logger;
  metrics: WebhookMetrics;
}

export type Handler = (request: AdmissionRequest) => Promise<AdmissionResponse>;

/** The only resource judged here. Its subresources are written by programs, and hold nothing that the CRD cannot judge. */
const CLONE_SETS_RESOURCE = "apps.kruise.io/v1alpha1/clonesets";
/** Looking at pods for warnings must not make anybody wait. */
const WARNINGS_WAIT_MS = 1000;

/** What is served under which path. Nothing here writes: a dry run is as good as a real one. */
export function admissionHandlers(options: AdmissionOptions): Record<string, Handler> {
  const { metrics, clock } = options;
  const counted =
    (path: string, handler: (request: AdmissionRequest) => AdmissionResponse | Promise<AdmissionResponse>): Handler =>
    async (request) => {
      const beganMs = clock.monotonicMs();
      const isOurs = request.resource === CLONE_SETS_RESOURCE;
      const response = isOurs ? await handler(request) : allowed(request);
      const operation = OPERATIONS.has(request.operation) ? request.operation : "other";
      const seconds = (clock.monotonicMs() - beganMs) / 1000;
      metrics.admitted({ path, operation, result: resultOf(response), seconds });
      return response;
    };
  return {
    "/mutate": counted("/mutate", mutate),
    "/validate": counted("/validate", (request) => validate(request, options)),
    "/protect": counted("/protect", (request) => protect(request, options)),
  };
}

const OPERATIONS = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT"]);

function resultOf({
  allowed: isAllowed,
  patch,
  warnings,
}: AdmissionResponse): "allowed" | "denied" | "warned" | "patched" {
  if (!isAllowed) return "denied";
  if (patch !== undefined) return "patched";
  return warnings === undefined ? "allowed" : "warned";
}

function mutate(request: AdmissionRequest): AdmissionResponse {
  const patch = request.operation === "DELETE" ? [] : defaultsPatch(request.object);
  if (patch.length === 0) return allowed(request);
  return { ...allowed(request), patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
}

async function validate(request: AdmissionRequest, options: AdmissionOptions): Promise<AdmissionResponse> {
  const { operation, object, length } = request;
  const isUpdate = operation === "UPDATE";
  if ((!isUpdate && operation !== "CREATE") || !isObject(object)) return allowed(request);
  // Somebody takes off the last finalizer of what is going anyway.
  if (objectIn(object, "metadata")?.["deletionTimestamp"]) return allowed(request);
  const before = isUpdate && isObject(request.oldObject) ? request.oldObject : undefined;
  const { refused, tolerated } = judge({ object, length }, before && { object: before, length }, options);
  const notes = tolerated.map((problem) => `${problemText(problem)} (stored before, so not refused now)`);
  if (refused.length > 0) {
    options.metrics.denied(refused.map(({ rule }) => rule));
    return invalid(request, refused, notes);
  }
  // What is stored although it is malformed cannot be compared with.
  if (tolerated.length > 0 || (before && options.schema.check(before, length).length > 0))
    return allowed(request, notes);
  return allowed(request, await warningsInTime(object, before, options));
}

async function warningsInTime(after: object, before: object | undefined, options: AdmissionOptions): Promise<string[]> {
  const { clock, log } = options;
  const asked = warningsOf(after, before, options).catch((error: unknown) => {
    log.error({ error: messageOf(error) }, "warnings could not be worked out");
    return [];
  });
  return (await inTime(asked, WARNINGS_WAIT_MS, clock)) ?? [];
}

function protect(request: AdmissionRequest, { log, metrics }: AdmissionOptions): AdmissionResponse {
  if (request.operation !== "DELETE") return allowed(request);
  const why = protectedBecause(request.oldObject);
  if (why === undefined) return allowed(request);
  const { namespace, name, user, dryRun } = request;
  log.warn({ cloneset: `${namespace}/${name}`, user, dryRun }, "deletion refused by its protection");
  metrics.denied(["delete-protection"]);
  return forbidden(request, `cannot delete CloneSet ${namespace}/${name}: ${why}`);
}
