import { messageOf } from "../kube/errors.ts";
import type { Answer } from "../kube/transport.ts";
import type { Admission, Attempt } from "./admission.ts";
import type { ApiServer } from "./api-server.ts";
import type { StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import { badRequest, Refusal } from "./refusal.ts";
import type { ApiRequest } from "./requests/request.ts";
import { addressOfService } from "./service-address.ts";
import type { Address } from "./webhook-call.ts";
import { callWebhook, reviewOf, serviceName } from "./webhook-call.ts";
import type { Webhook } from "./webhook-rules.ts";
import { isAsked } from "./webhook-rules.ts";

const MUTATING = "mutatingwebhookconfigurations";
const VALIDATING = "validatingwebhookconfigurations";
/** A write that is overtaken is decided anew, but not for ever. */
const ROUNDS_MAX = 10;

/**
 * Asks admission webhooks about writes, over HTTPS.
 *
 * The server itself never waits: a write that needs an answer is given up, the webhooks are asked, and the write is made again
 * with their answer at hand, which holds for the stored object that they were shown.
 */
export class Webhooks {
  readonly #server: ApiServer;

  constructor(server: ApiServer) {
    this.#server = server;
  }

  async request(request: ApiRequest): Promise<Answer> {
    if (request.method === "GET") return this.#server.request(request);
    const decision = new Decision(this.#server);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      try {
        return this.#server.request({ ...request, admission: decision });
      } catch (error) {
        if (!(error instanceof Unasked)) throw error;
        await decision.ask(error);
      }
    }
    return new Refusal(500, "InternalError", "the object changed again and again while webhooks were asked").answer();
  }
}

/** Thrown out of a write which webhooks were not asked about yet. */
class Unasked extends Error {
  readonly phase: "mutate" | "validate";
  readonly attempt: Attempt;
  readonly webhooks: readonly Webhook[];

  constructor(phase: "mutate" | "validate", attempt: Attempt, webhooks: readonly Webhook[]) {
    super(`webhooks are to be asked about ${attempt.name}`);
    this.phase = phase;
    this.attempt = attempt;
    this.webhooks = webhooks;
  }
}

/** What webhooks said about one request. */
class Decision implements Admission {
  readonly #server: ApiServer;
  readonly #warnings: string[] = [];
  #mutated: { of: string; object: StoredObject | undefined } | undefined;
  #validated: { of: string } | undefined;
  #refusal: Refusal | undefined;

  constructor(server: ApiServer) {
    this.#server = server;
  }

  mutate(attempt: Attempt): StoredObject | undefined {
    const webhooks = this.#webhooks(MUTATING, attempt);
    if (webhooks.length === 0) return attempt.object;
    if (this.#mutated?.of !== stateOf(attempt)) throw new Unasked("mutate", attempt, webhooks);
    this.#tell(attempt);
    return this.#mutated.object ?? attempt.object;
  }

  validate(attempt: Attempt): void {
    const webhooks = this.#webhooks(VALIDATING, attempt);
    if (webhooks.length === 0) return;
    if (this.#validated?.of !== stateOf(attempt)) throw new Unasked("validate", attempt, webhooks);
    this.#tell(attempt);
  }

  async ask({ phase, attempt, webhooks }: Unasked): Promise<void> {
    if (phase === "mutate") {
      this.#warnings.length = 0;
      let { object } = attempt;
      for (const webhook of webhooks) {
        const changed = await this.#askOne(webhook, { ...attempt, object });
        if (changed !== undefined) object = changed;
      }
      this.#mutated = { of: stateOf(attempt), object: object === attempt.object ? undefined : object };
    } else {
      await Promise.all(webhooks.map((webhook) => this.#askOne(webhook, attempt)));
      this.#validated = { of: stateOf(attempt) };
    }
  }

  /** The object as the webhook wants it; undefined = as it is. */
  async #askOne(webhook: Webhook, attempt: Attempt): Promise<StoredObject | undefined> {
    if (attempt.isDryRun && !["None", "NoneOnDryRun"].includes(webhook.sideEffects ?? "")) {
      this.#refusal ??= badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
      return undefined;
    }
    try {
      const address = this.#addressOf(webhook);
      const verdict = await callWebhook(webhook, address, reviewOf(attempt, crypto.randomUUID()));
      this.#warnings.push(...verdict.warnings);
      this.#refusal ??= verdict.refusal;
      return isMap(verdict.changed) ? (verdict.changed as StoredObject) : undefined;
    } catch (error) {
      if (webhook.failurePolicy === "Ignore") return undefined;
      const why = `failed calling webhook ${JSON.stringify(webhook.name)}: failed to call webhook: ${messageOf(error)}`;
      this.#refusal ??= new Refusal(500, "InternalError", `Internal error occurred: ${why}`, {
        causes: [{ message: why }],
      });
      return undefined;
    }
  }

  #tell({ warn }: Attempt): void {
    for (const warning of this.#warnings.splice(0)) warn(warning);
    if (this.#refusal) throw this.#refusal;
  }

  #addressOf({ clientConfig: { url, service } }: Webhook): Address {
    if (service === undefined) return { url: url ?? "" };
    const { host, port } = addressOfService(this.#server, service);
    return { url: `https://${host}:${port}${service.path ?? "/"}`, servername: serviceName(service) };
  }

  #webhooks(plural: string, attempt: Attempt): Webhook[] {
    const { kind, namespace, name } = attempt;
    const { plural: about } = kind.resource;
    // Nobody can lock himself out: webhooks are not asked about webhooks.
    if (about === MUTATING || about === VALIDATING) return [];
    const within = about === "namespaces" ? name : namespace;
    const home =
      about === "namespaces" && attempt.object ? attempt.object : this.#server.collection("namespaces").get("", within);
    return this.#server
      .collection(plural)
      .all()
      .flatMap((configuration) => (configuration["webhooks"] as Webhook[] | undefined) ?? [])
      .filter((webhook) => isAsked(webhook, attempt, home));
  }
}

/** Which state of the world an answer is for. */
function stateOf({ operation, old }: Attempt): string {
  return `${operation} ${old?.metadata.uid ?? ""} ${old?.metadata.resourceVersion ?? ""}`;
}
