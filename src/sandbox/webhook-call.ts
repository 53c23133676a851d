/** One call of an admission webhook: the review it is sent, and what its answer means. */
import { Agent, request } from "undici";
import { messageOf } from "../kube/errors.ts";
import type { Attempt } from "./admission.ts";
import { jsonPatch } from "./patch.ts";
import { Refusal } from "./refusal.ts";
import type { Webhook } from "./webhook-rules.ts";

/** Where a webhook listens, and by which name its certificate is checked. */
export interface Address {
  url: string;
  servername?: string;
}

export interface Verdict {
  /** The object after the webhook's patch, if it sent one. */
  changed: unknown;
  warnings: string[];
  /** Undefined = allowed. */
  refusal: Refusal | undefined;
}

interface ReviewResponse {
  uid?: string;
  allowed?: boolean;
  status?: { code?: number; reason?: string; message?: string; details?: Refusal["details"] };
  patch?: string;
  patchType?: string;
  warnings?: string[];
}

/** @throws if the webhook cannot be reached, or its answer cannot be understood */
export async function callWebhook(webhook: Webhook, { url, servername }: Address, review: Review): Promise<Verdict> {
  const { caBundle } = webhook.clientConfig;
  const seconds = webhook.timeoutSeconds ?? 10;
  const connect = {
    ...(caBundle ? { ca: Buffer.from(caBundle, "base64").toString() } : {}),
    ...(servername ? { servername } : {}),
  };
  const agent = new Agent({ connect });
  const target = `${url}?timeout=${seconds}s`;
  try {
    const answer = await request(target, {
      method: "POST",
      dispatcher: agent,
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(review),
      signal: AbortSignal.timeout(seconds * 1000),
    });
    if (answer.statusCode !== 200) {
      throw new Error(`the server answered ${answer.statusCode}: ${(await answer.body.text()).slice(0, 200)}`);
    }
    return verdictOf(webhook, review, (await answer.body.json()) as { response?: ReviewResponse });
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    throw new Error(`Post ${JSON.stringify(target)}: ${isLate ? "context deadline exceeded" : messageOf(error)}`, {
      cause: error,
    });
  } finally {
    await agent.destroy();
  }
}

export type Review = ReturnType<typeof reviewOf>;

export function reviewOf(attempt: Attempt, uid: string) {
  const { operation, kind, subresource, namespace, name, object, old, isDryRun, user } = attempt;
  const { group, version, plural, kind: kindName } = kind.resource;
  const word = { CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions" }[operation];
  const named = { group, version, kind: kindName };
  const resource = { group, version, resource: plural };
  const sub = subresource === "" ? {} : { subResource: subresource, requestSubResource: subresource };
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      kind: named,
      resource,
      requestKind: named,
      requestResource: resource,
      ...sub,
      name,
      ...(namespace === "" ? {} : { namespace }),
      operation,
      userInfo: { username: user, groups: ["system:authenticated"] },
      object: object ?? null,
      oldObject: old ?? null,
      dryRun: isDryRun,
      options: { apiVersion: "meta.k8s.io/v1", kind: word, ...(isDryRun ? { dryRun: ["All"] } : {}) },
    },
  };
}

function verdictOf({ name }: Webhook, review: Review, body: { response?: ReviewResponse }): Verdict {
  const { response } = body;
  const { uid, object } = review.request;
  if (response === undefined) throw new Error("the answer has no response");
  if (response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid)}`);
  const warnings = response.warnings ?? [];
  if (response.allowed !== true)
    return { changed: undefined, warnings, refusal: refusalOf(name, response.status ?? {}) };
  if (response.patch === undefined) return { changed: undefined, warnings, refusal: undefined };
  if (response.patchType !== "JSONPatch")
    throw new Error(`unsupported patch type: want JSONPatch, found ${String(response.patchType)}`);
  const patch = JSON.parse(Buffer.from(response.patch, "base64").toString()) as unknown;
  return { changed: jsonPatch(object, patch), warnings, refusal: undefined };
}

function refusalOf(
  name: string,
  { code = 0, reason = "", message = "", details }: NonNullable<ReviewResponse["status"]>,
) {
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = message || reason;
  return new Refusal(Math.max(code, 400), reason, why ? `${denied}: ${why}` : `${denied} without explanation`, details);
}

/** The service's own name is what its certificate is for, whatever address it is reached at. */
export function serviceName(service: { namespace: string; name: string }): string {
  return `${service.name}.${service.namespace}.svc`;
}
