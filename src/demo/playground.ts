import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import type { Logger } from "pino";
import { pino } from "pino";
import packageJson from "../../package.json" with { type: "json" };
import { cachedPods } from "../../webhook/lookup.ts";
import { MUTATING, VALIDATING } from "../../webhook/registration.ts";
import type { Webhook } from "../../webhook/start.ts";
import { startWebhook } from "../../webhook/start.ts";
import { featureDefaults } from "../api/features.ts";
import { Cluster } from "../cli/cluster.ts";
import type { Controller } from "../controller.ts";
import { startController } from "../controller.ts";
import { KubeClient } from "../kube/client.ts";
import { realClock } from "../kube/clock.ts";
import type { KubeObject } from "../kube/resources.ts";
import { plainSession } from "../kube/session.ts";
import { HttpTransport } from "../kube/transport.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { startSandbox } from "../sandbox/sandbox.ts";

/** A cluster with a controller, in this process. */
export interface Playground {
  /** The kubeconfig file. */
  kubeconfig: string;
  /** The controller's log file. */
  log: string;
  cluster: Cluster;
  /** Ends everything, and removes what was written. */
  stop(): Promise<void>;
}

/** `port`: 0 = any that is free. @throws with one clear sentence if the port is taken */
export async function startPlayground({ port, nodes }: { port: number; nodes: number }): Promise<Playground> {
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of undo.toReversed()) await step();
    undo.length = 0;
  };
  try {
    const sandbox = await startSandbox({ port, nodes });
    undo.push(() => sandbox.close());
    const folder = await mkdtemp(join(tmpdir(), "cloneset-demo-"));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, sandbox.kubeconfig);
    const log = join(folder, "controller.log");
    // Written at once: whoever reads the file after a mishap finds the last line in it.
    const logger = pino({ base: null }, pino.destination({ dest: log, sync: true }));
    const controller = await runController(sandbox, logger);
    undo.push(() => controller.stop());
    const cluster = clusterOf(sandbox);
    undo.push(() => cluster.close());
    const webhook = await runWebhook(cluster, controller, logger);
    undo.push(() => webhook.stop());
    return { kubeconfig, log, cluster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function runController(sandbox: Sandbox, log: Logger): Promise<Controller> {
  return await startController({
    transport: new HttpTransport({ session: plainSession(sandbox.url), clock: realClock }),
    clock: realClock,
    log,
    version: packageJson.version,
    features: featureDefaults,
    namespace: undefined,
    workers: 4,
    qps: undefined,
    burst: undefined,
    leaderElection: undefined,
    takeOver: false,
    onLost: () => {},
  });
}

/** Admission as in a real cluster: over HTTPS, with certificates of its own, registered by what users install. */
async function runWebhook({ client }: Cluster, controller: Controller, log: Logger): Promise<Webhook> {
  const manifests = loadAll(
    await readFile(new URL("../../deploy/kustomize/base/webhook.yaml", import.meta.url), "utf8"),
  );
  for (const manifest of manifests as KubeObject[]) {
    const resource = [MUTATING, VALIDATING].find(({ kind }) => kind === manifest.kind);
    if (resource) await client.create(resource, manifest);
  }
  const address = `127.0.0.1:${await freePort()}`;
  return await startWebhook({
    address,
    url: `https://${address}`,
    certDir: undefined,
    minVersion: "TLSv1.3",
    namespace: "kube-system",
    client,
    clock: realClock,
    log,
    features: featureDefaults,
    registry: controller.metrics.registry,
    health: controller.health,
    pods: cachedPods(controller.caches.pods, () => controller.isSynced()),
  });
}

/** The address is registered before somebody listens there. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function clusterOf(sandbox: Sandbox): Cluster {
  const transport = new HttpTransport({ session: plainSession(sandbox.url), clock: realClock });
  const client = new KubeClient({ transport, clock: realClock, userAgent: "kubectl", fieldManager: "kubectl" });
  return new Cluster({
    client,
    namespace: "default",
    contextNamespace: "default",
    listNamespace: "default",
    timeoutMs: undefined,
    close: () => transport.close(),
  });
}
