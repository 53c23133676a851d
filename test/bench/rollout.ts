/**
 * How fast is a rollout, beside the fewest writes that could do it?
 *
 * Controller and floor take turns on one real control plane, each in a namespace of its own, and are judged by a third
 * party: a watch here says when the pods are as they should be.
 */
import { mkdir } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CLONE_SETS } from "../../src/api/resource.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { realClock } from "../../src/kube/clock.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { NAMESPACES, PODS } from "../../src/kube/resources.ts";
import { openSession } from "../../src/kube/session.ts";
import { HttpTransport } from "../../src/kube/transport.ts";
import { listProcesses } from "../cluster/processes.ts";
import type { Cluster } from "../cluster/start-cluster.ts";
import type { Contender, ContenderOptions } from "./contenders.ts";
import { startControllerProcess, startFloorProcess } from "./contenders.ts";
import type { WirePod } from "./pods.ts";
import { followPods, isReady, runs } from "./pods.ts";
import type { Requests, Samples } from "./scrape.ts";
import { requestsBetween } from "./scrape.ts";
import { median, percent, short, table } from "./table.ts";
import type { Memory } from "./usage.ts";
import { cpuSeconds, machineSeconds, memoryOf } from "./usage.ts";
import { cloneSet, IMAGE, NEXT_IMAGE } from "./workload.ts";

export interface RolloutOptions {
  cluster: Cluster;
  pods: number;
  repeat: number;
  profileDir: string | undefined;
  log: (line: string) => void;
}

type Name = "controller" | "floor";

/** What one phase of one contender came to. */
interface Measurement {
  who: Name;
  phase: string;
  /** How many pods the phase is about. */
  pods: number;
  /** From the order to the last pod being as it should. */
  seconds: number;
  requests: Requests[];
  /** How often the controller looked and planned. */
  passes: number;
  /** CPU time until everything was quiet again, status and events included. Unit: seconds. */
  cpu: { own: number; server: number; nodes: number };
  /** How much of the machine was idle, and how much at work for others than this benchmark: 1 = all processors. */
  idle: number;
  foreign: number;
  memory: Memory;
  /** Unit: seconds. */
  loopDelay: { p99: number; max: number };
}

const WARM_UP_PODS = 50;
const PHASE_WAIT_MS = 600_000;
/** After the last pod: the status is written at most once a second, and events trail behind. */
const TRAIL_MS = 1_500;
const SETTLE_WAIT_MS = 30_000;
const SETTLE_STEP_MS = 500;
/** Of one processor. */
const QUIET_SHARE = 0.1;

export async function rollout(options: RolloutOptions): Promise<void> {
  const { cluster, pods, repeat, log } = options;
  const session = await openSession({ clock: realClock, kubeconfig: cluster.kubeconfig });
  const transport = new HttpTransport({ session, clock: realClock });
  const client = new KubeClient({ transport, clock: realClock, userAgent: "cloneset-bench" });
  const bench = new Bench(options, client);
  try {
    await installCrd(cluster);
    log(`load before: ${loadavg().map(short).join(" ")} on ${availableParallelism()} processors`);
    log(`warming up with ${WARM_UP_PODS} pods`);
    for (const who of ["controller", "floor"] as const) await bench.round(who, WARM_UP_PODS);
    const measured: Measurement[] = [];
    for (let i = 0; i < repeat; i++) {
      // Who goes first takes turns too: the server is never quite the same after a round as before.
      const order: Name[] = i % 2 === 0 ? ["controller", "floor"] : ["floor", "controller"];
      for (const who of order) {
        const round = await bench.round(who, pods);
        const times = round.map((each) => `${each.phase} ${short(each.seconds)} s (net ${short(netSeconds(each))})`);
        log(`${i + 1}/${repeat} ${who.padEnd(10)} ${times.join(", ")}  load ${loadavg().map(short).join(" ")}`);
        measured.push(...round);
      }
    }
    console.log(report(measured));
  } finally {
    await transport.close();
  }
}

async function installCrd(cluster: Cluster): Promise<void> {
  const path = join(import.meta.dirname, "../../crds/cloneset.yaml");
  const { code, stderr } = await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", path]);
  if (code !== 0) throw new Error(`Cannot install ${path}: ${stderr}`);
  const wait = ["wait", "--for=condition=Established", "--timeout=30s", "crd/clonesets.apps.kruise.io"];
  const waited = await cluster.kubectl(wait);
  if (waited.code !== 0) throw new Error(`the CRD is not served: ${waited.stderr}`);
}

class Bench {
  readonly #options: RolloutOptions;
  readonly #client: KubeClient;

  constructor(options: RolloutOptions, client: KubeClient) {
    this.#options = options;
    this.#client = client;
  }

  /** Every phase once, by one contender, from nothing and back to nothing. */
  async round(who: Name, pods: number): Promise<Measurement[]> {
    const { cluster, profileDir } = this.#options;
    const namespace = `bench-${who}`;
    const logDir = join(cluster.dir, "bench");
    await mkdir(logDir, { recursive: true });
    await this.#makeNamespace(namespace);
    const start = who === "controller" ? startControllerProcess : startFloorProcess;
    const options: ContenderOptions = {
      kubeconfig: cluster.kubeconfig,
      namespace,
      client: this.#client,
      logDir,
      profileDir,
    };
    const judge = new Judge(this.#client, namespace);
    // What a run that was interrupted left.
    await this.#clear(namespace, judge);
    const contender = await start(options);
    const staying = Math.max(1, Math.round(pods / 10));
    const measured: Measurement[] = [];
    const phase = async (name: string, about: number, act: () => Promise<void>, done: () => Promise<void>) => {
      measured.push(await this.#measure({ who, name, pods: about, contender, act, done }));
    };
    try {
      await phase(
        "create",
        pods,
        () => contender.create(cloneSet({ namespace, replicas: pods, type: "InPlaceIfPossible" })),
        () => judge.until(pods, (pod) => isReady(pod) && runs(pod, IMAGE)),
      );
      await phase(
        "in place",
        pods,
        () => contender.update(NEXT_IMAGE),
        () => judge.until(pods, (pod) => isReady(pod) && runs(pod, NEXT_IMAGE)),
      );
      await phase(
        "scale in",
        pods - staying,
        () => contender.scaleIn(staying),
        () => judge.untilLeft(staying),
      );
      await this.#clear(namespace, judge);
      await phase(
        "create ungated",
        pods,
        () => contender.create(cloneSet({ namespace, replicas: pods, type: "ReCreate" })),
        () => judge.until(pods, (pod) => isReady(pod) && runs(pod, IMAGE)),
      );
      await this.#clear(namespace, judge);
    } finally {
      judge.stop();
      await contender.stop();
    }
    return measured;
  }

  async #measure(given: {
    who: Name;
    name: string;
    pods: number;
    contender: Contender;
    act: () => Promise<void>;
    done: () => Promise<void>;
  }): Promise<Measurement> {
    const { who, name, pods, contender } = given;
    await this.#settle();
    const before = await contender.samples();
    const usageBefore = await this.#usage(contender);
    const startMs = performance.now();
    await given.act();
    await given.done();
    const seconds = (performance.now() - startMs) / 1000;
    const usageAtEnd = await this.#usage(contender);
    await sleep(TRAIL_MS);
    const after = await contender.samples();
    const usageAfter = await this.#usage(contender);
    const machine = usageAtEnd.busy - usageBefore.busy;
    const processors = availableParallelism();
    return {
      who,
      phase: name,
      pods,
      seconds,
      requests: requestsBetween(before, after),
      passes: passesOf(after) - passesOf(before),
      cpu: {
        own: usageAfter.own - usageBefore.own,
        server: usageAfter.server - usageBefore.server,
        nodes: usageAfter.nodes - usageBefore.nodes,
      },
      idle: Math.max(0, 1 - machine / seconds / processors),
      foreign: Math.max(0, machine - (usageAtEnd.all - usageBefore.all)) / seconds / processors,
      memory: memoryOf(contender.pid),
      loopDelay: loopDelayOf(after),
    };
  }

  async #usage(contender: Contender) {
    const processes = await listProcesses(this.#options.cluster.dir);
    const sum = (names: string[]) =>
      processes.filter(({ name }) => names.includes(name)).reduce((total, { pid }) => total + cpuSeconds(pid), 0);
    const own = cpuSeconds(contender.pid);
    return {
      own,
      server: sum(["kube-apiserver", "etcd"]),
      nodes: sum(["fake-node"]),
      all: own + cpuSeconds(process.pid) + processes.reduce((total, { pid }) => total + cpuSeconds(pid), 0),
      busy: machineSeconds().busy,
    };
  }

  /** Waits until the cluster has digested what came before: garbage collection, above all. */
  async #settle(): Promise<void> {
    const deadlineMs = Date.now() + SETTLE_WAIT_MS;
    const processes = await listProcesses(this.#options.cluster.dir);
    const used = () => processes.reduce((total, { pid }) => total + cpuSeconds(pid), 0);
    for (let quiet = 0; quiet < 2 && Date.now() < deadlineMs; ) {
      const before = used();
      await sleep(SETTLE_STEP_MS);
      quiet = (used() - before) / (SETTLE_STEP_MS / 1000) < QUIET_SHARE ? quiet + 1 : 0;
    }
  }

  async #makeNamespace(name: string): Promise<void> {
    const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    try {
      await this.#client.get(NAMESPACES, { name });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.#client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    // Without its service account a pod is refused.
    while (!(await this.#client.getPath(path).then(Boolean, () => false))) await sleep(50);
  }

  /** Removes CloneSet and pods, as fast as the server can. */
  async #clear(namespace: string, judge: Judge): Promise<void> {
    const unlessGone = (error: unknown) => {
      if (!isNotFound(error)) throw error;
    };
    await this.#client
      .delete(CLONE_SETS, { namespace, name: "web" }, { propagationPolicy: "Background" })
      .catch(unlessGone);
    // One by one: the server's own way of deleting a collection is slow, and garbage collection slower still.
    const { items } = await this.#client.list(PODS, { namespace });
    const deletions = items.map(({ metadata: { name } }) =>
      this.#client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0 }).catch(unlessGone),
    );
    await Promise.all(deletions);
    await judge.untilLeft(0);
  }
}

/** Says when the pods are as they should be. */
class Judge {
  readonly #stopper = new AbortController();
  readonly #pods = new Map<string, WirePod>();
  readonly #failed: Promise<never>;
  #wanted: ((pod: WirePod) => boolean) | undefined;
  readonly #good = new Set<string>();
  #isEnough: (() => void) | undefined;

  constructor(client: KubeClient, namespace: string) {
    this.#failed = new Promise((_resolve, reject) => {
      followPods(client, namespace, this.#stopper.signal, (pod, gone) => this.#hear(pod, gone)).catch(reject);
    });
    this.#failed.catch(() => {});
  }

  /** Resolves when at least `count` pods are as wanted. */
  async until(count: number, wanted: (pod: WirePod) => boolean): Promise<void> {
    this.#wanted = wanted;
    this.#good.clear();
    for (const [uid, pod] of this.#pods) if (wanted(pod)) this.#good.add(uid);
    await this.#enough(
      () => this.#good.size >= count,
      () => `${this.#good.size} of ${count} pods as wanted`,
    );
  }

  /** Resolves when no more than `count` pods are left, those that are terminating included. */
  async untilLeft(count: number): Promise<void> {
    await this.#enough(
      () => this.#pods.size <= count,
      () => `${this.#pods.size} pods left, ${count} wanted`,
    );
  }

  stop(): void {
    this.#stopper.abort();
  }

  async #enough(isEnough: () => boolean, state: () => string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve, reject) => {
      this.#isEnough = () => {
        if (isEnough()) resolve();
      };
      timer = setTimeout(() => reject(new Error(`no end after ${PHASE_WAIT_MS / 1000} s: ${state()}`)), PHASE_WAIT_MS);
      this.#isEnough();
    });
    await Promise.race([enough, this.#failed]).finally(() => clearTimeout(timer));
  }

  #hear(pod: WirePod, gone: boolean): void {
    const { uid = "" } = pod.metadata;
    if (gone) this.#pods.delete(uid);
    else this.#pods.set(uid, pod);
    if (!gone && this.#wanted?.(pod)) this.#good.add(uid);
    else this.#good.delete(uid);
    this.#isEnough?.();
  }
}

function passesOf(samples: Samples): number {
  const of = (result: string) => samples.get(`reconcile_total{name="cloneset",result="${result}"}`) ?? 0;
  return of("success") + of("error");
}

function loopDelayOf(samples: Samples): { p99: number; max: number } {
  const of = (quantile: string) => samples.get(`event_loop_delay_seconds{quantile="${quantile}"}`) ?? Number.NaN;
  return { p99: of("0.99"), max: of("1") };
}

function report(measured: readonly Measurement[]): string {
  const phases = [...new Set(measured.map(({ phase }) => phase))];
  const of = (phase: string, who: Name) => measured.filter((each) => each.phase === phase && each.who === who);
  return [speedTable(phases, of), writesTable(phases, of), costTable(phases, of)].join("\n\n");
}

type Select = (phase: string, who: Name) => Measurement[];

function speedTable(phases: string[], of: Select): string {
  const rows = phases.map((phase) => {
    const [ours, floors] = [of(phase, "controller"), of(phase, "floor")];
    const middle = (each: Measurement[], value: (measurement: Measurement) => number) => median(each.map(value));
    const mine = middle(ours, netSeconds);
    const ratios = ours.map((each, i) => (floors[i] ? netSeconds(floors[i]) / netSeconds(each) : Number.NaN));
    const pods = ours[0]?.pods ?? 0;
    return [
      phase,
      short(pods),
      short(middle(ours, ({ seconds }) => seconds)),
      short(middle(floors, ({ seconds }) => seconds)),
      short(mine),
      short(middle(floors, netSeconds)),
      short(pods / mine),
      short(median(ratios)),
      `${short(Math.min(...ratios))}..${short(Math.max(...ratios))}`,
      percent(middle(ours, ({ idle }) => idle)),
      percent(middle(floors, ({ idle }) => idle)),
      percent(middle([...ours, ...floors], ({ foreign }) => foreign)),
    ];
  });
  const head = "phase, pods, s, floor s, net s, floor net s, pods/s, ratio, range, idle, floor idle, foreign".split(
    ", ",
  );
  return `Speed (medians)\n\n${table(head, rows)}`;
}

/** The time it would have taken had nobody else used the machine: what others took is taken off. */
function netSeconds({ seconds, foreign }: Measurement): number {
  return seconds * (1 - foreign);
}

function writesTable(phases: string[], of: Select): string {
  const rows = phases.flatMap((phase) =>
    (["controller", "floor"] as const).map((who) => {
      const each = of(phase, who);
      const middle = (count: (measurement: Measurement) => number) => median(each.map(count));
      const perPod = (is: (request: Requests) => boolean) =>
        short(middle(({ requests, pods }) => countOf(requests, (request) => isOfPods(request) && is(request)) / pods));
      const total = (is: (request: Requests) => boolean) => short(middle(({ requests }) => countOf(requests, is)));
      const writesOf = (resource: string) => (request: Requests) => isWrite(request) && request.resource === resource;
      return [
        `${phase}, ${who}`,
        perPod(isWrite),
        perPod(({ verb }) => verb === "create"),
        perPod(({ verb, subresource }) => verb === "patch" && subresource === "status"),
        perPod(({ verb, subresource }) => verb === "patch" && subresource === ""),
        perPod(({ verb }) => verb === "delete"),
        total(writesOf("clonesets")),
        total(writesOf("controllerrevisions")),
        total(writesOf("events")),
        total(({ code }) => code === "409"),
        total(({ code, verb }) => code !== "409" && !code.startsWith("2") && verb !== "watch"),
        total((request) => !isWrite(request) && request.verb !== "watch"),
      ];
    }),
  );
  const names = "writes/pod, POST, PATCH status, PATCH, DELETE, CloneSet, revisions, events, 409, other errors, reads";
  const head = ["phase", ...names.split(", ")];
  return `API writes (pods and PVCs per pod; the rest in total)\n\n${table(head, rows)}`;
}

function costTable(phases: string[], of: Select): string {
  const rows = phases.flatMap((phase) =>
    (["controller", "floor"] as const).map((who) => {
      const each = of(phase, who);
      const middle = (value: (measurement: Measurement) => number) => short(median(each.map(value)));
      return [
        `${phase}, ${who}`,
        middle(({ cpu, pods }) => (cpu.own / pods) * 1000),
        middle(({ cpu, pods }) => (cpu.server / pods) * 1000),
        middle(({ cpu, pods }) => (cpu.nodes / pods) * 1000),
        middle(({ passes }) => passes),
        middle(({ memory }) => memory.resident / 1e6),
        middle(({ memory }) => memory.peak / 1e6),
        middle(({ loopDelay }) => loopDelay.p99 * 1000),
        middle(({ loopDelay }) => loopDelay.max * 1000),
      ];
    }),
  );
  const head =
    "phase, CPU ms/pod, server ms/pod, nodes ms/pod, passes, RSS MB, peak MB, loop p99 ms, loop max ms".split(", ");
  return `Cost\n\n${table(head, rows)}`;
}

function countOf(requests: readonly Requests[], is: (request: Requests) => boolean): number {
  return requests.reduce((total, request) => total + (is(request) ? request.count : 0), 0);
}

function isOfPods({ resource }: Requests): boolean {
  return resource === "pods" || resource === "persistentvolumeclaims";
}

function isWrite({ verb }: Requests): boolean {
  return ["create", "update", "patch", "delete"].includes(verb);
}
