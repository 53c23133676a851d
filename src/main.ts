#!/usr/bin/env node
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import type { Logger } from "pino";
import { pino } from "pino";
import pretty from "pino-pretty";
import packageJson from "../package.json" with { type: "json" };
import type { Webhook } from "../webhook/start.ts";
import type { Features } from "./api/features.ts";
import { featureDefaults, parseFeatures } from "./api/features.ts";
import type { Controller } from "./controller.ts";
import { NoCloneSetsError, startController } from "./controller.ts";
import { KubeClient } from "./kube/client.ts";
import { realClock } from "./kube/clock.ts";
import { messageOf } from "./kube/errors.ts";
import { HealthChecks, metricsRoutes } from "./kube/health.ts";
import type { Listening } from "./kube/http-server.ts";
import { serve } from "./kube/http-server.ts";
import { Metrics } from "./kube/metrics.ts";
import { openSession } from "./kube/session.ts";
import { HttpTransport } from "./kube/transport.ts";
import { preview, previewText } from "./observe-only.ts";

/** Every flag: its default as text, and what it means. `string` flags may also come from the environment. */
const FLAGS = {
  kubeconfig: {
    value: "FILE",
    default: "",
    help: "kubeconfig file; without it $KUBECONFIG, ~/.kube/config, or the pod's service account",
  },
  context: { value: "NAME", default: "", help: "context of the kubeconfig" },
  namespace: { value: "NAME", default: "", help: "look after this namespace only (default: all)" },
  "leader-elect": { value: "BOOL", default: "true", help: "hold a Lease, so that several replicas can run" },
  "leader-elect-namespace": {
    value: "NAME",
    default: "",
    help: "namespace of the Lease (default: that of the context or pod)",
  },
  "leader-elect-name": { value: "NAME", default: "cloneset-controller", help: "name of the Lease" },
  workers: { value: "N", default: "8", help: "CloneSets worked on at the same time" },
  "kube-api-qps": {
    value: "N",
    default: "0",
    help: "requests per second at most; 0 = the server's priority and fairness decides",
  },
  "kube-api-burst": { value: "N", default: "0", help: "requests at once beyond --kube-api-qps; 0 = twice the qps" },
  "metrics-address": {
    value: "ADDR",
    default: "127.0.0.1:8080",
    help: 'host:port of /metrics, ":port" for all addresses, or "off"',
  },
  "health-address": { value: "ADDR", default: ":8000", help: 'host:port of /healthz and /readyz, or "off"' },
  "webhook-address": { value: "ADDR", default: "off", help: 'host:port of the admission webhook, or "off"' },
  "webhook-url": {
    value: "URL",
    default: "",
    help: "register the webhook under this URL, for running outside the cluster",
  },
  "webhook-cert-dir": {
    value: "DIR",
    default: "",
    help: "read tls.crt and tls.key from here, e.g. from cert-manager (default: own certificates, in a Secret)",
  },
  "webhook-tls-min-version": { value: "VERSION", default: "1.3", help: "1.3, or 1.2 for old API servers" },
  controllers: { value: "on|off", default: "on", help: "off: serve the webhook only" },
  "feature-gates": { value: "A=true,…", default: "", help: `switches: ${Object.keys(featureDefaults).join(", ")}` },
  "observe-only": {
    value: "BOOL",
    default: "false",
    help: "say what would be done now, write nothing, and leave: 0 nothing, 3 something",
  },
  "take-over": { value: "BOOL", default: "false", help: "act although an OpenKruise controller is running" },
  "log-level": { value: "LEVEL", default: "info", help: "debug, info, warn or error" },
  "log-format": { value: "FORMAT", default: process.stdout.isTTY ? "pretty" : "json", help: "json or pretty" },
} as const;

type Flag = keyof typeof FLAGS;

/** The command line cannot be understood. Exit code 2, as is usual. */
class UsageError extends Error {}

interface Settings {
  flags: Record<Flag, string>;
  workers: number;
  qps: number | undefined;
  burst: number | undefined;
  leaderElect: boolean;
  takeOver: boolean;
  observeOnly: boolean;
  features: Features;
}

function usage(): string {
  const rows = Object.entries(FLAGS).map(([name, flag]) => {
    const shown = flag.default === "" ? "" : ` (default ${flag.default})`;
    return `  --${name} ${flag.value}\n        ${flag.help}${shown}`;
  });
  return [
    "Runs CloneSets (apps.kruise.io/v1alpha1) on a Kubernetes cluster.",
    "",
    "Usage: cloneset-controller [flags]",
    "",
    ...rows,
    "  --version",
    "        print the version",
    "  --help",
    "        print this text",
    "",
    `Each flag may also be set in the environment, e.g. ${environmentName("log-level")}=debug; a flag wins.`,
    "Exit codes: 0 stopped, 1 failed or lease lost, 2 usage, 3 --observe-only found something to do.",
    "",
  ].join("\n");
}

/** `log-level` is read from CLONESET_LOG_LEVEL; only the kubeconfig keeps the name every client uses. */
function environmentName(flag: string): string {
  return flag === "kubeconfig" ? "KUBECONFIG" : `CLONESET_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** @throws {UsageError} naming the flag, what was found and what is wanted */
function readSettings(argv: string[], environment: NodeJS.ProcessEnv): Settings | "help" | "version" {
  const names = Object.keys(FLAGS) as Flag[];
  const booleans = names.filter((name) => FLAGS[name].value === "BOOL");
  // `--leader-elect` alone means true, as in every Kubernetes program.
  const args = argv.map((arg) => (booleans.some((name) => arg === `--${name}`) ? `${arg}=true` : arg));
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  let given: Record<string, string | boolean | undefined>;
  try {
    ({ values: given } = parseArgs({
      args,
      options: { ...options, help: { type: "boolean", short: "h" }, version: { type: "boolean" } },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : messageOf(error));
  }
  if (given.help) return "help";
  if (given.version) return "version";
  const flags = Object.fromEntries(
    names.map((name) => [
      name,
      (given[name] as string | undefined) ??
        (name === "kubeconfig" ? "" : environment[environmentName(name)]) ??
        FLAGS[name].default,
    ]),
  ) as Record<Flag, string>;
  const number = (name: Flag, least: number): number => {
    const value = Number(flags[name]);
    if (flags[name].trim() === "" || !Number.isFinite(value) || value < least) {
      throw new UsageError(`--${name}: want a number >= ${least}, found ${JSON.stringify(flags[name])}`);
    }
    return value;
  };
  const oneOf = (name: Flag, ...wanted: string[]): string => {
    if (!wanted.includes(flags[name]))
      throw new UsageError(`--${name}: want ${wanted.join(" or ")}, found ${JSON.stringify(flags[name])}`);
    return flags[name];
  };
  oneOf("log-level", "debug", "info", "warn", "error");
  oneOf("log-format", "json", "pretty");
  oneOf("webhook-tls-min-version", "1.3", "1.2");
  if (oneOf("controllers", "on", "off") === "off" && flags["webhook-address"] === "off")
    throw new UsageError('--controllers: with "off" there is nothing to run but the webhook; give --webhook-address');
  if (flags["webhook-url"] !== "" && !/^https:\/\/[^/?#]+\/?$/.test(flags["webhook-url"]))
    throw new UsageError(`--webhook-url: want https://host:port, found ${JSON.stringify(flags["webhook-url"])}`);
  const workers = number("workers", 1);
  if (!Number.isInteger(workers))
    throw new UsageError(`--workers: want a whole number, found ${JSON.stringify(flags.workers)}`);
  let features: Features;
  try {
    features = parseFeatures(flags["feature-gates"]);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  return {
    flags,
    workers,
    qps: number("kube-api-qps", 0) || undefined,
    burst: number("kube-api-burst", 0) || undefined,
    leaderElect: oneOf("leader-elect", "true", "false") === "true",
    takeOver: oneOf("take-over", "true", "false") === "true",
    observeOnly: oneOf("observe-only", "true", "false") === "true",
    features,
  };
}

function openLog(level: string, format: string): Logger {
  const options = { level, base: null };
  return format === "pretty"
    ? pino(options, pretty({ colorize: process.stdout.isTTY, ignore: "pid,hostname" }))
    : pino(options);
}

async function run(settings: Settings): Promise<void> {
  const { flags, workers, qps, burst, leaderElect, takeOver, observeOnly, features } = settings;
  const log = openLog(flags["log-level"], flags["log-format"]);
  const session = await openSession({
    clock: realClock,
    ...(flags.kubeconfig ? { kubeconfig: flags.kubeconfig } : {}),
    ...(flags.context ? { context: flags.context } : {}),
  });
  const transport = new HttpTransport({ session, clock: realClock });
  const servers: (Listening | undefined)[] = [];
  let controller: Controller | undefined;
  let webhook: Webhook | undefined;
  let ending = false;
  const end = async (code: number, why: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info({ why }, "stopping");
    await webhook?.stop();
    await controller?.stop();
    await Promise.all(servers.flatMap((server) => (server ? [server.close()] : [])));
    process.exit(code);
  };
  const namespace = flags["leader-elect-namespace"] || session.namespace;
  const userAgent = `cloneset-controller/${packageJson.version}`;
  const plain = new KubeClient({ transport, clock: realClock, userAgent, fieldManager: "cloneset-controller" });
  if (observeOnly) {
    const found = await preview({ client: plain, clock: realClock, features, namespace: flags.namespace || undefined });
    process.stdout.write(previewText(found));
    await transport.close();
    process.exitCode = found.changes.length === 0 ? 0 : 3;
    return;
  }
  if (flags.controllers === "on")
    controller = await startController({
      transport,
      clock: realClock,
      log,
      version: packageJson.version,
      features,
      namespace: flags.namespace || undefined,
      workers,
      qps,
      burst,
      leaderElection: leaderElect
        ? {
            namespace,
            name: flags["leader-elect-name"],
            identity: `${hostname()}_${randomUUID()}`,
          }
        : undefined,
      takeOver,
      // Whoever lost the lease must not linger: the next leader counts on silence.
      onLost: (reason) => {
        log.error({ reason }, "no longer leading, leaving");
        process.exit(1);
      },
    });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end(0, signal));
  const { health, metrics } = controller ?? { health: new HealthChecks(), metrics: new Metrics() };
  const healthServer = await serve(flags["health-address"], health.routes());
  servers.push(healthServer);
  const metricsServer = await serve(flags["metrics-address"], metricsRoutes(metrics.registry));
  servers.push(metricsServer);
  if (flags["webhook-address"] !== "off") {
    // Loaded here: whoever runs without the webhook need not wait for the schema to be compiled.
    const { startWebhook } = await import("../webhook/start.ts");
    const { cachedPods, livePods } = await import("../webhook/lookup.ts");
    webhook = await startWebhook({
      address: flags["webhook-address"],
      url: flags["webhook-url"] || undefined,
      certDir: flags["webhook-cert-dir"] || undefined,
      minVersion: flags["webhook-tls-min-version"] === "1.2" ? "TLSv1.2" : "TLSv1.3",
      namespace,
      client: plain,
      clock: realClock,
      log,
      features,
      registry: metrics.registry,
      health,
      pods: controller ? cachedPods(controller.caches.pods, () => controller.isSynced()) : livePods(plain),
    });
  }
  log.info(
    { version: packageJson.version, metrics: metricsServer?.address ?? "off", health: healthServer?.address ?? "off" },
    "started",
  );
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings === "help") process.stdout.write(usage());
  else if (settings === "version") process.stdout.write(`${packageJson.version}\n`);
  else await run(settings);
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\nSee --help.\n`);
    process.exit(2);
  }
  process.stderr.write(
    `cloneset-controller: ${error instanceof NoCloneSetsError ? error.message : messageOf(error)}\n`,
  );
  process.exit(1);
}
