import type { KubeClient } from "../src/kube/client.ts";
import { isConflict, isNotFound } from "../src/kube/errors.ts";
import type { KubeObject, Resource } from "../src/kube/resources.ts";

const GROUP = { group: "admissionregistration.k8s.io", version: "v1", namespaced: false };
export const MUTATING: Resource = {
  ...GROUP,
  plural: "mutatingwebhookconfigurations",
  kind: "MutatingWebhookConfiguration",
};
export const VALIDATING: Resource = {
  ...GROUP,
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
};

/** Tells API servers which authorities to believe, and where we are. */
export interface Registration {
  /** undefined = all is written; else what is missing, in words. */
  ensure(bundle: string): Promise<string | undefined>;
}

interface ClientConfig {
  caBundle?: string;
  url?: string | null;
  service?: { path?: string } | null;
}

interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: ClientConfig }[];
}

/** The two webhook configurations of one name. They are made by whoever installs us; nothing but `clientConfig` is patched. */
export class WebhookRegistration implements Registration {
  readonly #client: KubeClient;
  readonly #name: string;
  readonly #url: string | undefined;

  /** `url`: register this address, without a path, in place of a service. */
  constructor(client: KubeClient, name: string, url: string | undefined) {
    this.#client = client;
    this.#name = name;
    this.#url = url?.replace(/\/+$/, "");
  }

  async ensure(bundle: string): Promise<string | undefined> {
    const missing: string[] = [];
    for (const resource of [MUTATING, VALIDATING]) {
      const caBundle = Buffer.from(bundle).toString("base64");
      let isThere: boolean;
      try {
        isThere = await this.#ensureOne(resource, caBundle);
      } catch (error) {
        if (!isConflict(error)) throw error;
        // Another replica was quicker, most likely with the same.
        isThere = await this.#ensureOne(resource, caBundle);
      }
      if (!isThere) missing.push(`${resource.kind} ${this.#name}`);
    }
    return missing.length === 0 ? undefined : `not installed: ${missing.join(", ")}`;
  }

  async #ensureOne(resource: Resource, caBundle: string): Promise<boolean> {
    let found: WebhookConfiguration;
    try {
      found = await this.#client.get<WebhookConfiguration>(resource, { name: this.#name });
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    const webhooks = (found.webhooks ?? []).flatMap(({ name, clientConfig }) => {
      const wanted = this.#wanted(clientConfig, caBundle);
      const isAsWanted =
        clientConfig.caBundle === caBundle && (wanted.url === undefined || clientConfig.url === wanted.url);
      return isAsWanted ? [] : [{ name, clientConfig: wanted }];
    });
    if (webhooks.length === 0) return true;
    // The version makes sure that an entry that was removed meanwhile does not come back half.
    const { resourceVersion } = found.metadata;
    const patch = { metadata: { resourceVersion }, webhooks };
    await this.#client.patch(resource, { name: this.#name }, patch, { type: "strategic" });
    return true;
  }

  #wanted({ service, url }: ClientConfig, caBundle: string): ClientConfig {
    if (this.#url === undefined) return { caBundle };
    const path = service?.path ?? (url ? new URL(url).pathname : "/");
    return { caBundle, url: `${this.#url}${path}`, service: null };
  }
}
