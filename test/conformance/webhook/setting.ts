// A webhook in this process, registered at a real API server for the namespaces of one test only.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { loadAll } from "js-yaml";
import { Registry } from "prom-client";
import { featureDefaults } from "../../../src/api/features.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { realClock } from "../../../src/kube/clock.ts";
import { HealthChecks } from "../../../src/kube/health.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import { openSession } from "../../../src/kube/session.ts";
import { HttpTransport } from "../../../src/kube/transport.ts";
import { livePods } from "../../../webhook/lookup.ts";
import { MUTATING, VALIDATING } from "../../../webhook/registration.ts";
import type { Lifetimes } from "../../../webhook/rotation.ts";
import type { Webhook } from "../../../webhook/start.ts";
import { startWebhook } from "../../../webhook/start.ts";
import { freePorts } from "../../cluster/ports.ts";
import { silentLog } from "../../unit/webhook/reviews.ts";

const MANIFESTS = new URL("../../../deploy/kustomize/base/webhook.yaml", import.meta.url);

export interface KubectlResult {
  code: number;
  stdout: string;
  output: string;
}

export function kubectl(args: string[], input = ""): Promise<KubectlResult> {
  const { promise, resolve } = Promise.withResolvers<KubectlResult>();
  const child = execFile("kubectl", args, { maxBuffer: 16 << 20, timeout: 180_000 }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, output: stdout + stderr });
  });
  child.stdin?.end(input);
  return promise;
}

export class Setting {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly health = new HealthChecks();
  readonly #transport: HttpTransport;
  readonly #webhooks = new Set<Webhook>();
  readonly #configurations = new Set<string>();

  static async open(namespace: string): Promise<Setting> {
    const transport = new HttpTransport({ session: await openSession({ clock: realClock }), clock: realClock });
    const setting = new Setting(namespace, transport);
    // As a manifest, because the sandbox does not read what "create namespace" sends.
    await kubectl(
      ["create", "-f", "-"],
      JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }),
    );
    return setting;
  }

  private constructor(namespace: string, transport: HttpTransport) {
    this.namespace = namespace;
    this.#transport = transport;
    this.client = new KubeClient({ transport, clock: realClock });
  }

  /** Installs deploy/kustomize/base/webhook.yaml under another name and for our namespace alone, and serves it. */
  async serve(configurations: string, lifetimes?: Lifetimes, failurePolicy = "Fail"): Promise<Webhook> {
    await this.install(configurations, failurePolicy);
    const [port = 0] = await freePorts(1);
    const webhook = await startWebhook({
      address: `127.0.0.1:${port}`,
      url: `https://127.0.0.1:${port}`,
      certDir: undefined,
      minVersion: "TLSv1.3",
      namespace: this.namespace,
      client: this.client,
      clock: realClock,
      log: silentLog,
      features: featureDefaults,
      registry: new Registry(),
      health: this.health,
      pods: livePods(this.client),
      configurations,
      ...(lifetimes ? { lifetimes, syncMs: 300 } : {}),
    });
    this.#webhooks.add(webhook);
    await this.#untilAsked();
    return webhook;
  }

  async install(name: string, failurePolicy: string): Promise<void> {
    this.#configurations.add(name);
    const objects = loadAll(readFileSync(MANIFESTS, "utf8")) as (KubeObject & {
      webhooks?: Record<string, unknown>[];
    })[];
    for (const object of objects.filter(({ webhooks }) => webhooks)) {
      object.metadata.name = name;
      for (const webhook of object.webhooks ?? []) {
        webhook["failurePolicy"] = failurePolicy;
        webhook["namespaceSelector"] = { matchLabels: { "kubernetes.io/metadata.name": this.namespace } };
      }
      const { code, output } = await kubectl(
        ["apply", "--server-side", "--force-conflicts", "-f", "-"],
        JSON.stringify(object),
      );
      if (code !== 0) throw new Error(output);
    }
  }

  /** API servers take in a configuration a moment after it was written. */
  async #untilAsked(): Promise<void> {
    const probe = {
      apiVersion: "apps.kruise.io/v1alpha1",
      kind: "CloneSet",
      metadata: { name: "probe" },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web" }] } },
      },
    };
    for (let attempt = 0; attempt < 100; attempt++) {
      const args = ["-n", this.namespace, "create", "--dry-run=server", "-f", "-"];
      const { output } = await kubectl(args, JSON.stringify(probe));
      if (output.includes("containers[0].image: Required value")) return;
      await realClock.sleep(200);
    }
    throw new Error("The API server does not ask the webhook");
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    for (const webhook of this.#webhooks) await webhook.stop();
    for (const name of this.#configurations) {
      for (const resource of [MUTATING, VALIDATING]) await this.client.delete(resource, { name }).catch(() => {});
    }
    await kubectl(["delete", "namespace", this.namespace, "--wait=false"]);
    await this.#transport.close();
  }
}
