import type { KubeClient } from "../src/kube/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../src/kube/errors.ts";
import type { KubeObject, Resource } from "../src/kube/resources.ts";
import type { Keyring } from "./rotation.ts";
import { authoritiesOf, splitPem } from "./rotation.ts";

export const SECRETS: Resource = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

/** Where replicas meet: whoever writes first wins, the others read. */
export interface KeyringStore {
  /** undefined = there is none, or it is unreadable and must be made anew. */
  read(): Promise<{ ring: Keyring; version: string } | undefined>;
  /** False: somebody else was quicker; read again. */
  write(ring: Keyring): Promise<boolean>;
}

interface Secret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

/** The keyring in one named Secret. Its keys are those of any TLS Secret, and `next.*` while a rotation is under way. */
export class KeyringSecret implements KeyringStore {
  readonly #client: KubeClient;
  readonly #ref: { namespace: string; name: string };
  #seen: Secret | undefined;

  constructor(client: KubeClient, ref: { namespace: string; name: string }) {
    this.#client = client;
    this.#ref = ref;
  }

  async read(): Promise<{ ring: Keyring; version: string } | undefined> {
    try {
      this.#seen = await this.#client.get<Secret>(SECRETS, this.#ref);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#seen = undefined;
      return undefined;
    }
    const ring = ringOf(this.#seen.data ?? {});
    return ring && { ring, version: this.#seen.metadata.resourceVersion ?? "" };
  }

  async write(ring: Keyring): Promise<boolean> {
    const data = dataOf(ring);
    try {
      if (this.#seen === undefined) {
        const labels = { "app.kubernetes.io/name": "cloneset-controller", "app.kubernetes.io/component": "webhook" };
        const metadata = { ...this.#ref, labels };
        this.#seen = await this.#client.create<Secret>(SECRETS, {
          apiVersion: "v1",
          kind: "Secret",
          metadata,
          data,
        } as Secret);
      } else this.#seen = await this.#client.update<Secret>(SECRETS, { ...this.#seen, data } as Secret);
      return true;
    } catch (error) {
      if (isAlreadyExists(error) || isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }
}

function dataOf({ current, next, bundle, changedMs }: Keyring): Record<string, string> {
  const text = {
    "tls.crt": current.cert,
    "tls.key": current.key,
    "ca.crt": bundle.join(""),
    "changed-at": new Date(changedMs).toISOString(),
    ...(next ? { "next.crt": next.cert, "next.key": next.key } : {}),
  };
  return Object.fromEntries(Object.entries(text).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
}

/** undefined if the data are not a keyring that can be used: incomplete, or edited by hand. */
function ringOf(data: Record<string, string>): Keyring | undefined {
  const text = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString("utf8");
  const pair = (cert: string, key: string) => (cert && key ? { cert, key } : undefined);
  const current = pair(text("tls.crt"), text("tls.key"));
  const bundle = splitPem(text("ca.crt"));
  try {
    if (current === undefined || authoritiesOf(bundle, [current]).length === 0) return undefined;
    const next = pair(text("next.crt"), text("next.key"));
    const isNextGood = next !== undefined && authoritiesOf(bundle, [next]).length > 0;
    return { current, next: isNextGood ? next : undefined, bundle, changedMs: Date.parse(text("changed-at")) || 0 };
  } catch {
    return undefined;
  }
}
