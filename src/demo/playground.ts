import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import packageJson from "../../package.json" with { type: "json" };
import { featureDefaults } from "../api/features.ts";
import { Cluster } from "../cli/cluster.ts";
import type { Controller } from "../controller.ts";
import { startController } from "../controller.ts";
import { KubeClient } from "../kube/client.ts";
import { realClock } from "../kube/clock.ts";
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
    const controller = await runController(sandbox, log);
    undo.push(() => controller.stop());
    const cluster = clusterOf(sandbox);
    undo.push(() => cluster.close());
    return { kubeconfig, log, cluster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function runController(sandbox: Sandbox, log: string): Promise<Controller> {
  return await startController({
    transport: new HttpTransport({ session: plainSession(sandbox.url), clock: realClock }),
    clock: realClock,
    // Written at once: whoever reads the file after a mishap finds the last line in it.
    log: pino({ base: null }, pino.destination({ dest: log, sync: true })),
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
