import { hostname } from "node:os";
import type { Logger } from "pino";
import type { Features } from "./api/features.ts";
import { CLONE_SETS } from "./api/resource.ts";
import { Decisions } from "./apply/decisions.ts";
import type { ReflectorSink } from "./kube/cache.ts";
import { KubeClient } from "./kube/client.ts";
import type { Clock } from "./kube/clock.ts";
import { isNotFound, messageOf } from "./kube/errors.ts";
import { EventRecorder } from "./kube/events.ts";
import { HealthChecks } from "./kube/health.ts";
import { LeaderElector } from "./kube/leader.ts";
import { Metrics } from "./kube/metrics.ts";
import { PassFailedError, WorkQueue } from "./kube/queue.ts";
import { Reflector } from "./kube/reflector.ts";
import type { Resource } from "./kube/resources.ts";
import type { Transport } from "./kube/transport.ts";
import type { Caches } from "./observe/caches.ts";
import { cloneSetSeries } from "./observe/clone-set-series.ts";
import { OpenKruiseWatch } from "./observe/open-kruise.ts";
import { podStates } from "./observe/pod-states.ts";
import { emptyCaches, readableSources } from "./observe/sources.ts";
import { watchForChanges } from "./observe/triggers.ts";
import { Reconciler } from "./reconcile.ts";

const COMPONENT = "cloneset-controller";
const OPEN_KRUISE_LOOK_MS = 1000;
const FLUSH_EVENTS_MS = 3000;

export interface ControllerOptions {
  transport: Transport;
  clock: Clock;
  log: Logger;
  version: string;
  features: Features;
  /** Undefined = all namespaces. */
  namespace: string | undefined;
  workers: number;
  /** Requests per second and burst; undefined = the server's priority and fairness decides. */
  qps: number | undefined;
  burst: number | undefined;
  /** Undefined = this is the only process. */
  leaderElection: { namespace: string; name: string; identity: string } | undefined;
  /** Act although an OpenKruise controller is running. */
  takeOver: boolean;
  /** The lease was lost: nothing more is written, and the process should end. */
  onLost: (reason: string) => void;
}

export interface Controller {
  health: HealthChecks;
  metrics: Metrics;
  caches: Caches;
  /** Whether the caches were filled once. */
  isSynced(): boolean;
  /** Finishes the passes under way, writes the last events, gives the lease back. */
  stop(): Promise<void>;
}

/** The CustomResourceDefinition is not there, or not readable: nothing can be done before that is mended. */
export class NoCloneSetsError extends Error {}

/** Wires caches, queue, lease and reconciler together, and starts them. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { transport, clock, log, features, namespace } = options;
  const metrics = new Metrics();
  const health = new HealthChecks();
  const userAgent = `${COMPONENT}/${options.version}`;
  const shared = { transport, clock, userAgent, fieldManager: COMPONENT, observer: metrics.requests };
  const reader = new KubeClient(shared);
  await checkCrd(reader, namespace);

  const elector = options.leaderElection
    ? new LeaderElector({
        client: new KubeClient({ ...shared, lane: "lease" }),
        clock,
        ...options.leaderElection,
        onStartedLeading: () => void lead(),
        onStoppedLeading: (reason) => {
          if (!stopping) options.onLost(reason);
        },
        onNewLeader: (identity) => log.info({ leader: identity }, "leader seen"),
        onError: (error) => log.warn({ error: messageOf(error) }, "leader election"),
      })
    : undefined;
  const limits = {
    ...(options.qps === undefined ? {} : { qps: options.qps }),
    ...(options.burst === undefined ? {} : { burst: options.burst }),
  };
  const client = new KubeClient({ ...shared, ...limits, ...(elector ? { gate: elector } : {}) });

  const caches = emptyCaches(clock, (error) =>
    log.error({ error: messageOf(error) }, "a change could not be taken in"),
  );
  const reflectorOf = (resource: Resource, sink: ReflectorSink) => {
    const { plural } = resource;
    const watched = metrics.reflector(plural);
    const reflector = new Reflector({
      client: reader,
      clock,
      resource,
      sink,
      namespace,
      observer: {
        ...watched,
        failed: (error, retryInMs) => {
          watched.failed?.(error, retryInMs);
          log.warn({ resource: plural, retryInMs, error: messageOf(error) }, "watch failed");
        },
      },
    });
    metrics.watchReflector(plural, reflector);
    return reflector;
  };
  const sources = await readableSources(reader, namespace);
  const reflectors = sources.map(({ resource, cache }) => reflectorOf(resource, caches[cache]));
  if (!sources.some(({ cache }) => cache === "nodes"))
    log.warn(
      "not allowed to list nodes: for topologySpreadConstraints, pods are told apart by the name of their node alone",
    );

  const recorder = new EventRecorder({
    client: new KubeClient({ ...shared, ...(elector ? { gate: elector } : {}), maxWritesInFlight: 4 }),
    clock,
    component: COMPONENT,
    instance: options.leaderElection?.identity ?? hostname(),
    onDropped: (reason) => metrics.eventDropped(reason),
    onError: (error) => log.debug({ error: messageOf(error) }, "event not written"),
  });
  const decisions = new Decisions(metrics.registry);
  const reconciler = new Reconciler({ client, caches, clock, recorder, decisions, log, features });
  const queue = new WorkQueue({
    clock,
    workers: options.workers,
    process: (key) => reconciler.reconcile(key),
    observer: observed(metrics, log),
  });
  metrics.watchQueue("cloneset", queue);
  if (elector) metrics.watchLeader(elector);
  podStates(metrics.registry, caches, clock);
  cloneSetSeries(metrics.registry, caches, () => elector?.isLeader() ?? true);
  const stopTriggers = watchForChanges(caches, (key) => queue.add(key));

  let stopping = false;
  let working = false;
  const openKruise = options.takeOver
    ? undefined
    : new OpenKruiseWatch({
        client: reader,
        clock,
        log,
        onSeen: () => {
          if (working) options.onLost("an OpenKruise controller has started");
        },
      });

  /** The first plan follows one consistent list per kind: what a predecessor wrote last is in it. */
  async function lead(): Promise<void> {
    try {
      await waitForOpenKruise();
      for (const reflector of reflectors) await reflector.relist();
      if (stopping) return;
      for (const { namespace: where, name } of caches.cloneSets.all()) queue.add(`${where}/${name}`);
      queue.start();
      working = true;
      log.info({ cloneSets: caches.cloneSets.size, pods: caches.pods.size }, "leading");
    } catch (error) {
      if (!stopping) options.onLost(messageOf(error));
    }
  }

  /** While OpenKruise's controller is alive we only look on. */
  async function waitForOpenKruise(): Promise<void> {
    await openKruise?.known;
    if (!openKruise?.isAtWork()) return;
    log.warn(
      { holder: openKruise.holder },
      "observe only: an OpenKruise controller is running; stop it, or use --take-over",
    );
    while (!stopping && openKruise.isAtWork()) await clock.sleep(OPEN_KRUISE_LOOK_MS);
  }

  health.add("caches", () => {
    const missing = reflectors.filter((reflector) => !reflector.isSynced).length;
    return missing === 0 ? undefined : `${missing} of ${reflectors.length} caches are not filled yet`;
  });
  for (const reflector of reflectors) reflector.start();
  const running = elector ? elector.run() : lead();
  running.catch((error: unknown) => options.onLost(messageOf(error)));

  return {
    health,
    metrics,
    caches,
    isSynced: () => reflectors.every((reflector) => reflector.isSynced),
    async stop() {
      stopping = true;
      stopTriggers();
      await queue.shutDown();
      await recorder.stop(FLUSH_EVENTS_MS);
      await Promise.all([...reflectors.map((reflector) => reflector.stop()), openKruise?.stop()]);
      await elector?.stop();
      await transport.close();
      metrics.close();
    },
  };
}

/** @throws {NoCloneSetsError} saying how to install the CRD */
async function checkCrd(client: KubeClient, namespace: string | undefined): Promise<void> {
  try {
    for await (const _page of client.listPages(CLONE_SETS, { namespace, limit: 1 })) return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new NoCloneSetsError(
      "the API server knows no CloneSets: install the CustomResourceDefinition with `kubectl apply -f crds/cloneset.yaml`, then start again",
    );
  }
}

function observed(metrics: Metrics, log: Logger): ReturnType<Metrics["queue"]> {
  const counted = metrics.queue("cloneset");
  return {
    ...counted,
    worked: (report) => {
      counted.worked?.(report);
      if (report.error === undefined) return;
      // What a retry may cure was told action by action; anything else is a fault of ours and worth its stack.
      if (report.error instanceof PassFailedError)
        log.debug({ cloneset: report.key, error: messageOf(report.error) }, "pass failed, trying again");
      else log.error({ cloneset: report.key, err: report.error }, "pass failed");
    },
  };
}
