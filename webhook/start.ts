import type { SecureVersion } from "node:tls";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Features } from "../src/api/features.ts";
import type { KubeClient } from "../src/kube/client.ts";
import type { Clock } from "../src/kube/clock.ts";
import { messageOf } from "../src/kube/errors.ts";
import type { HealthChecks } from "../src/kube/health.ts";
import { parseListenAddress } from "../src/kube/http-server.ts";
import { SchemaCheck } from "../src/rules/schema.ts";
import { admissionHandlers } from "./admit.ts";
import { CertificateFiles } from "./certificate-files.ts";
import type { Synced } from "./certificates.ts";
import { OwnCertificates } from "./certificates.ts";
import { KeyringSecret } from "./keyring-secret.ts";
import type { PodLookup } from "./lookup.ts";
import { WebhookMetrics } from "./metrics.ts";
import { WebhookRegistration } from "./registration.ts";
import type { Lifetimes } from "./rotation.ts";
import { expiryMs, LIFETIMES } from "./rotation.ts";
import type { ServingPair } from "./server.ts";
import { startWebhookServer } from "./server.ts";

/** Name of the service, the Secret and the two configurations in deploy/kustomize/base/webhook.yaml. */
export const SERVICE = "cloneset-webhook";
export const SECRET = "cloneset-webhook-certificates";
export const CONFIGURATIONS = "cloneset-controller";
const SYNC_MS = 30_000;
const RETRY_MS = 1000;

export interface WebhookOptions {
  /** "host:port" or ":port". */
  address: string;
  /** Register this address in place of the service, for running outside the cluster. */
  url: string | undefined;
  /** Certificates from here; undefined = our own. */
  certDir: string | undefined;
  minVersion: SecureVersion;
  /** Of the service and the Secret. */
  namespace: string;
  client: KubeClient;
  clock: Clock;
  log: Logger;
  features: Features;
  registry: Registry;
  health: HealthChecks;
  pods: PodLookup;
  /** For tests: other configurations than those of deploy/kustomize/base/webhook.yaml, and shorter times. */
  configurations?: string;
  lifetimes?: Lifetimes;
  syncMs?: number;
}

export interface Webhook {
  readonly port: number;
  stop(): Promise<void>;
}

/** Gets a certificate, serves, and keeps the certificate fresh. Resolves when it serves; readiness follows by itself. */
export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const { clock, log, health, minVersion, syncMs = SYNC_MS } = options;
  const address = parseListenAddress(options.address);
  if (address === undefined) throw new Error('Cannot serve the webhook: want "host:port", found "off"');
  const metrics = new WebhookMetrics(options.registry);
  const certificates = certificatesOf(options);
  const state: { trouble: string | undefined; pair: ServingPair | undefined } = {
    trouble: "no certificate yet",
    pair: undefined,
  };
  health.add("webhook", () =>
    state.pair !== undefined && expiryMs(state.pair) <= clock.nowMs() ? "the certificate has expired" : state.trouble,
  );
  const look = async (): Promise<Synced | undefined> => {
    try {
      const synced = await certificates.sync();
      state.trouble = synced.unregistered;
      metrics.expires(expiryMs(synced.pair));
      return synced;
    } catch (error) {
      log.warn({ error: messageOf(error) }, "webhook certificates");
      // Who serves with a good certificate goes on doing so.
      if (state.pair === undefined) state.trouble = messageOf(error);
      return undefined;
    }
  };

  const schema = new SchemaCheck();
  let first = await look();
  for (; first === undefined; first = await look()) await clock.sleep(RETRY_MS);
  state.pair = first.pair;
  const server = await startWebhookServer({
    address,
    minVersion,
    pair: first.pair,
    handlers: admissionHandlers({ ...options, schema, metrics }),
    metrics,
    log,
  });
  log.info({ port: server.port, waits: first.unregistered }, "webhook serves");

  const ending = new AbortController();
  const keepFresh = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      // Not all replicas at the same moment; and sooner while something is missing.
      const waitMs =
        (state.trouble === undefined ? syncMs : Math.min(syncMs, 5 * RETRY_MS)) * (0.9 + 0.2 * clock.random());
      await clock.sleep(waitMs, ending.signal);
      const synced = await look();
      if (synced === undefined || synced.pair.cert === state.pair?.cert) continue;
      state.pair = synced.pair;
      server.use(synced.pair);
      log.info({ expires: new Date(expiryMs(synced.pair)).toISOString() }, "webhook serves with a new certificate");
    }
  };
  const fresh = keepFresh().catch(() => {});
  return {
    port: server.port,
    stop: async () => {
      ending.abort();
      state.trouble = "stopping";
      await fresh;
      await server.close();
    },
  };
}

function certificatesOf(options: WebhookOptions): { sync(): Promise<Synced> } {
  const { certDir, url, namespace, client, clock, log, lifetimes = LIFETIMES } = options;
  const registration = new WebhookRegistration(client, options.configurations ?? CONFIGURATIONS, url);
  if (certDir !== undefined) return new CertificateFiles(certDir, url === undefined ? undefined : registration);
  const names = [`${SERVICE}.${namespace}.svc`, `${SERVICE}.${namespace}.svc.cluster.local`];
  if (url !== undefined) names.push(new URL(url).hostname.replaceAll(/[[\]]/g, ""));
  return new OwnCertificates({
    store: new KeyringSecret(client, { namespace, name: SECRET }),
    registration,
    clock,
    names,
    lifetimes,
    onStep: (step) => log.info({ step, secret: `${namespace}/${SECRET}` }, "webhook certificate"),
  });
}
