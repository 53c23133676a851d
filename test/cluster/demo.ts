/** `npm run demo`: a cluster on this machine, the controller beside it, and a CloneSet running. */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensurePackages } from "./packages.ts";
import { freePorts } from "./ports.ts";
import type { Cluster } from "./start-cluster.ts";
import { startCluster } from "./start-cluster.ts";

const USAGE = `Usage: npm run demo [-- flags]

Starts Kubernetes on this machine, the CloneSet controller and a sample CloneSet, and shows what to try.
Ctrl-C stops everything and leaves nothing behind.

  --fake-nodes   simulate the nodes even where a real one can run (real: root, containerd, runc)
  --once         stop as soon as the sample is available`;

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const SAMPLE = {
  apiVersion: "apps.kruise.io/v1alpha1",
  kind: "CloneSet",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: 1 },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { terminationGracePeriodSeconds: 2, containers: [{ name: "app", image: "docker.io/local/app:v1" }] },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
      },
    ],
  },
};
const AVAILABLE_WAIT_MS = 120_000;

async function main(args: string[]): Promise<number> {
  let flags: { "fake-nodes": boolean; once: boolean; help: boolean };
  try {
    const flag = { type: "boolean", default: false } as const;
    flags = parseArgs({ args, options: { "fake-nodes": flag, once: flag, help: flag } }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const dir = await mkdtemp(join(tmpdir(), "cloneset-demo-"));
  let cluster: Cluster | undefined;
  let controller: ChildProcess | undefined;
  const interrupted = interruption();
  try {
    const node = !flags["fake-nodes"] && (await canRunNode());
    cluster = await startCluster({ dir: join(dir, "cluster"), node, fakeNodes: node ? 0 : 3, log: say });
    say("installing the CustomResourceDefinition");
    await mustRun(cluster, ["apply", "-f", join(PROJECT, "crds/cloneset.yaml")]);
    await served(cluster);
    controller = await startController(cluster, join(dir, "controller.log"));
    say("creating the CloneSet web");
    await mustRun(cluster, ["apply", "-f", "-"], JSON.stringify(SAMPLE));
    await available(cluster, controller, join(dir, "controller.log"));
    console.log((await mustRun(cluster, ["get", "clone,pods,pvc"])).trimEnd());
    console.log(nextSteps(cluster, join(dir, "controller.log"), node));
    if (!flags.once) await interrupted;
    return 0;
  } finally {
    say("stopping");
    controller?.kill("SIGTERM");
    await cluster?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** The API server serves a new kind a moment after it took in its definition. */
async function served(cluster: Cluster): Promise<void> {
  while ((await cluster.kubectl(["get", "clonesets"])).code !== 0) await sleep(200);
}

async function canRunNode(): Promise<boolean> {
  try {
    await ensurePackages({ node: true, install: Boolean(process.env["CI"]), log: say });
    return true;
  } catch (error) {
    say((error as Error).message);
    say("going on with simulated nodes: pods run, but without containers");
    return false;
  }
}

async function startController(cluster: Cluster, logFile: string): Promise<ChildProcess> {
  say("starting the controller");
  const [health = 0] = await freePorts(1);
  const command = `exec "$0" "$@" >"$LOG_FILE" 2>&1`;
  const args = [
    join(PROJECT, "src/main.ts"),
    "--kubeconfig",
    cluster.kubeconfig,
    "--health-address",
    `127.0.0.1:${health}`,
    "--metrics-address",
    "off",
  ];
  return spawn("sh", ["-c", command, process.execPath, ...args], {
    env: { ...process.env, LOG_FILE: logFile },
    stdio: "inherit",
  });
}

async function available(cluster: Cluster, controller: ChildProcess, logFile: string): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    if (controller.exitCode !== null) throw new Error(`the controller ended:\n${await readFile(logFile, "utf8")}`);
    const { stdout } = await cluster.kubectl(["get", "clone", "web", "-o", "jsonpath={.status.availableReplicas}"]);
    if (stdout === String(SAMPLE.spec.replicas)) return;
    if (performance.now() - startedMs > AVAILABLE_WAIT_MS) {
      throw new Error(`the sample is not available:\n${(await cluster.kubectl(["describe", "clone", "web"])).stdout}`);
    }
    await sleep(200);
  }
}

function nextSteps(cluster: Cluster, logFile: string, node: boolean): string {
  const patch = (body: object) => `  kubectl patch clone web --type merge -p '${JSON.stringify(body)}'`;
  const image = (tag: string) =>
    `  kubectl patch clone web --type json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"docker.io/local/app:${tag}"}]'`;
  return [
    "",
    `A CloneSet runs on ${node ? "a real kubelet" : "simulated nodes"}. Things to try in another terminal:`,
    "",
    `  export KUBECONFIG=${cluster.kubeconfig}`,
    "watch it",
    `  kubectl get clone,pods,pvc --watch`,
    "a new image, in place: names, IPs and volumes stay, each container restarts once",
    image("v2"),
    "keep two pods on the old revision, then let them go",
    patch({ spec: { updateStrategy: { partition: 2 } } }),
    image("v3"),
    patch({ spec: { updateStrategy: { partition: 0 } } }),
    "remove one pod by its name (take one from the list above)",
    patch({ spec: { replicas: 2, scaleStrategy: { podsToDelete: ["web-xxxxx"] } } }),
    "an image that does not exist: the rollout stops at one pod and says why",
    image("bad"),
    `  kubectl get clone web -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}'`,
    "set it back: the broken pod is repaired in place",
    image("v3"),
    "",
    `The controller's log: ${logFile}`,
    "Ctrl-C stops everything.",
  ].join("\n");
}

async function mustRun(cluster: Cluster, args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input });
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} failed: ${stderr.trim()}`);
  return stdout;
}

/** Resolves on the first Ctrl-C or SIGTERM. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

function say(line: string): void {
  console.error(`• ${line}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
