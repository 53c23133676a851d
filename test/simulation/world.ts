import type { Logger } from "pino";
import type { Features } from "../../src/api/features.ts";
import { featureDefaults } from "../../src/api/features.ts";
import type { Controller } from "../../src/controller.ts";
import { startController } from "../../src/controller.ts";
import { toTime } from "../../src/kube/clock.ts";
import { messageOf } from "../../src/kube/errors.ts";
import type { Answer } from "../../src/kube/transport.ts";
import { ApiServer } from "../../src/sandbox/api-server.ts";
import { HouseKeeping } from "../../src/sandbox/house-keeping.ts";
import { SimulatedNodes } from "../../src/sandbox/nodes.ts";
import type { JsonMap, StoredObject } from "../../src/sandbox/objects.ts";
import { Refusal } from "../../src/sandbox/refusal.ts";
import { seededRandom, seedOf } from "../../src/sandbox/seeded-random.ts";
import { VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import { whyUnsettled } from "./at-rest.ts";
import { Bystanders, cloneSetPath, NAMESPACE, NODES } from "./bystanders.ts";
import { Invariants } from "./invariants.ts";
import { Wire } from "./network/wire.ts";
import { Network } from "./network.ts";
import { ProcessClock } from "./process-clock.ts";
import type { Fault, Scenario, Step } from "./scenario.ts";
import { describeStep } from "./scenario.ts";
import {
  containersOf,
  isActive,
  isUp,
  podsOf,
  revisionOf,
  SPECIFIED,
  STATE,
  short,
  specOf,
  statusOf,
} from "./truth.ts";
import type { Violation } from "./violation.ts";
import { whereOf } from "./where.ts";

export interface Run {
  violation: Violation | undefined;
  /** One line per step. */
  story: string[];
  figures: Figures;
}

export interface Figures {
  simulatedMs: number;
  requests: number;
  writes: number;
  podsCreated: number;
  /** How often each kind of fault took effect. */
  faults: Record<string, number>;
}

/** After the last fault, everything must be at rest within this time, … */
const REST_WITHIN_MS = 25 * 60_000;
/** … and then stay so. */
const QUIET_MS = 12 * 60_000;
/** At rest is what did not move for this long. */
const SETTLED_MS = 110_000;
const RESTART_MS = 2000;
/** Nobody needs more than this in 10 s, three processes with their leases and all. */
const REQUESTS_MAX = 800;

/** Plays a scenario and says what came of it. The same scenario gives the same story, to the byte. */
export async function play(scenario: Scenario): Promise<Run> {
  const world = new World(scenario);
  return await world.run();
}

interface Process {
  name: string;
  clock: ProcessClock;
  controller: Controller | undefined;
}

class World {
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #server: ApiServer;
  readonly #network: Network;
  readonly #nodes: SimulatedNodes;
  readonly #keeping: HouseKeeping;
  readonly #bystanders: Bystanders;
  readonly #checks: Invariants;
  readonly #story: string[] = [];
  readonly #faults: Record<string, number> = {};
  readonly #processes: Process[] = [];
  #features: Features;
  #processCount = 0;
  #isHealed = false;
  #webhook: { upAgainMs: number; why: "down" | "expired" } | undefined;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#features = { ...featureDefaults, ...scenario.features };
    this.#clock = new VirtualClock({ seed: seedOf("world", scenario.seed) });
    this.#server = new ApiServer({ clock: this.#clock });
    this.#checks = new Invariants({ server: this.#server, clock: this.#clock, scenario });
    const { pace } = scenario;
    this.#nodes = new SimulatedNodes({
      server: this.#server,
      clock: this.#clock,
      names: NODES,
      luck: {
        bindMs: () => pace.bindMs,
        noticeMs: () => pace.noticeMs,
        volumeMs: () => (this.#bystanders.areClaimsPending ? undefined : pace.volumeMs),
        habits: () => ({
          readyAfterMs: pace.readyMs,
          terminateAfterMs: pace.terminateMs,
          resizeAfterMs: 0,
          badImages: new Set(),
        }),
      },
    });
    this.#bystanders = new Bystanders({
      server: this.#server,
      clock: this.#clock,
      nodes: this.#nodes,
      request: (...asked) => this.#request(...asked),
      onFault: (kind, what) => this.#fault(kind, what),
      hookMs: pace.hookMs,
    });
    this.#keeping = new HouseKeeping({
      server: this.#server,
      clock: this.#clock,
      // The garbage collector lets go of CloneSets by updates of them: without the webhook it tries again later.
      delayMs: () => pace.gcMs + Math.max((this.#webhook?.upAgainMs ?? 0) - this.#clock.monotonicMs(), 0),
    });
    this.#network = new Network({
      clock: this.#clock,
      server: this.#server,
      faults: scenario.faults,
      random: seededRandom(seedOf("network", scenario.seed)),
      onFault: (kind, what) => this.#fault(kind, what),
      onArrival: (sending) => this.#checks.arrives(sending),
      onAnswer: (sending, answer, note) => {
        const { index, process, method, what, path } = sending;
        const { plural, namespace, name } = whereOf(path);
        this.#checks.answered(
          sending,
          note === "" ? answer?.status : undefined,
          this.#server.collection(plural).get(namespace, name),
        );
        this.#tell(
          `${process} #${index} ${method} ${what} ${whereOf(path).name || nameIn(answer)} -> ${answer?.status}${note ? ` ${note}` : ""}`,
        );
      },
      onCrash: (name, downMs) => this.#crash(name, downMs),
      refuse: (method, path) => this.#admission(method, path),
      onWatch: (process, what, open) => {
        if (open > 0) this.#checks.fail("N1", `${process} watches ${what} anew, and leaves ${open} watches open`);
      },
      meddle: (path) => this.#bystanders.touch(path),
    });
    this.#server.onWrite(({ kind, before, after, user }) => {
      if (kind.resource.plural !== "pods") return;
      const pod = after ?? before;
      if (pod === undefined) return;
      if (
        after === undefined ||
        before === undefined ||
        isUp(before) !== isUp(after) ||
        before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp
      ) {
        this.#tell(`  pod ${pod.metadata.name}: ${stateOf(after)} (${user})`);
      }
      if (after) this.#bystanders.serveHook(after);
    });
  }

  async run(): Promise<Run> {
    const { cloneSets, steps, faults, endMs } = this.#scenario;
    for (const { name, spec } of cloneSets) this.#createCloneSet(name, spec);
    this.#spawn();
    for (const step of steps) this.#at(step.atMs, () => this.#step(step));
    for (const fault of faults) if ("atMs" in fault) this.#at(fault.atMs, () => this.#strike(fault));
    const failed = () => {
      if (this.#network.recentRequests > REQUESTS_MAX)
        this.#checks.fail("I10", `more than ${REQUESTS_MAX} requests in 10 s`);
      return this.#checks.violations.length > 0;
    };
    await this.#clock.runUntil(endMs, failed);
    this.#heal();
    await this.#rest(failed);
    const [violation] = this.#checks.violations;
    if (violation) this.#tell(`VIOLATION ${violation.invariant}: ${violation.what}`);
    for (const process of this.#processes) this.#end(process);
    this.#nodes.stop();
    this.#keeping.stop();
    return {
      violation,
      story: this.#story,
      figures: {
        simulatedMs: this.#clock.monotonicMs(),
        requests: this.#network.requests,
        writes: this.#checks.writes,
        podsCreated: this.#checks.podsCreated,
        faults: this.#faults,
      },
    };
  }

  /** Liveness: with nothing in its way, everything comes to rest, is right, and stays so without a write. */
  async #rest(failed: () => boolean): Promise<void> {
    const endMs = this.#clock.monotonicMs() + REST_WITHIN_MS;
    const hasOwnClocks = this.#scenario.faults.some((fault) => fault.kind === "F5" && fault.what === "jump");
    let why: string | undefined = "nothing was looked at yet";
    let quietSince = this.#clock.monotonicMs();
    let writes = this.#network.writes;
    while (!failed() && this.#clock.monotonicMs() < endMs) {
      await this.#clock.runUntil(this.#clock.monotonicMs() + 5000, failed);
      why = whyUnsettled(this.#server, NAMESPACE, {
        nowMs: hasOwnClocks ? undefined : this.#clock.nowMs(),
        claimsMatter: this.#features.RecreatePodWhenChangeVCTInCloneSetGate,
      });
      if (why !== undefined || this.#network.writes !== writes) quietSince = this.#clock.monotonicMs();
      writes = this.#network.writes;
      // A progress deadline may still be running: when it passes, the status says so.
      if (why === undefined && this.#clock.monotonicMs() - quietSince >= SETTLED_MS) break;
    }
    if (failed()) return;
    if (why !== undefined) {
      this.#checks.fail("I8", `not at rest after ${REST_WITHIN_MS / 60_000} minutes: ${why}`);
      return;
    }
    this.#tell("at rest");
    writes = this.#network.writes;
    const last = () => this.#network.writes > writes;
    await this.#clock.runUntil(this.#clock.monotonicMs() + QUIET_MS, () => failed() || last());
    if (last()) this.#checks.fail("I9", "a write although everything is at rest");
    const { faults } = this.#scenario;
    const bound = 200 + 40 * (this.#checks.podsCreated + this.#scenario.steps.length) + 20 * faults.length;
    if (this.#checks.writes > bound) this.#checks.fail("I10", `${this.#checks.writes} writes: the bound is ${bound}`);
  }

  #at(atMs: number, act: () => void): void {
    this.#clock.setTimeout(act, atMs - this.#clock.monotonicMs());
  }

  #tell(line: string): void {
    this.#story.push(`${(this.#clock.monotonicMs() / 1000).toFixed(3).padStart(9)} ${line}`);
  }

  #fault(kind: Fault["kind"], what: string): void {
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    this.#tell(`${kind} ${what}`);
  }

  // Controllers.

  #spawn(): void {
    const name = `ctl-${this.#processCount++}`;
    const rates = this.#scenario.faults.flatMap((fault) =>
      fault.kind === "F5" && fault.what === "rate" ? fault.rate : [],
    );
    const clock = new ProcessClock(this.#clock, { rate: rates[0] ?? 1, seed: seedOf(this.#scenario.seed, name) });
    if (rates[0] !== undefined) this.#fault("F5", `clock rate ${rates[0]}`);
    const process: Process = { name, clock, controller: undefined };
    this.#processes.push(process);
    this.#tell(`${name} starts`);
    const transport = new Wire(this.#network, {
      name,
      clock,
      told: (object, isGone) => this.#checks.told(name, object, isGone),
    });
    const lost = (reason: string) => {
      if (clock.isDead) return;
      this.#tell(`${name} leaves: ${reason}`);
      this.#crash(name, RESTART_MS);
    };
    const starting = startController({
      transport,
      clock,
      log: this.#log(name),
      version: "simulated",
      features: this.#features,
      namespace: undefined,
      workers: 4,
      qps: undefined,
      burst: undefined,
      leaderElection: this.#scenario.leaderElection
        ? { namespace: NAMESPACE, name: "cloneset-controller", identity: name }
        : undefined,
      takeOver: true,
      onLost: lost,
    });
    void this.#follow(process, starting, lost);
  }

  async #follow(process: Process, starting: Promise<Controller>, lost: (reason: string) => void): Promise<void> {
    try {
      process.controller = await starting;
    } catch (error) {
      lost(messageOf(error));
    }
  }

  #crash(name: string, downMs: number): void {
    const process = this.#processes.find((one) => one.name === name);
    if (process === undefined || process.clock.isDead) return;
    this.#tell(`${name} is dead, another one starts in ${downMs} ms`);
    this.#end(process);
    this.#clock.setTimeout(() => this.#spawn(), downMs);
  }

  #end(process: Process): void {
    process.clock.kill();
    process.controller?.metrics.close();
  }

  get #alive(): Process[] {
    return this.#processes.filter(({ clock }) => !clock.isDead);
  }

  /** Only what the controller calls a fault of its own is news. */
  #log(name: string): Logger {
    const nothing = () => {};
    const error = (about: unknown, text?: string) => {
      const said = typeof about === "object" && about !== null && "err" in about ? about.err : about;
      const why = said instanceof Error ? (said.stack ?? said.message) : JSON.stringify(said);
      if (said instanceof Error && said.name === "NotLeaderError") return;
      this.#checks.fail("L0", `${name} reports an error: ${text} ${why}`);
    };
    const log = { info: nothing, debug: nothing, trace: nothing, warn: nothing, error, fatal: error };
    return log as unknown as Logger;
  }

  // Users.

  #request(method: string, path: string, body?: unknown, type?: string, user = "user"): Answer {
    const refusal = this.#admission(method, path);
    if (refusal) return refusal.answer();
    return this.#server.request({
      method,
      path,
      headers: type ? { "content-type": `application/${type}` } : {},
      body,
      user,
    });
  }

  /** Writes of CloneSets that the webhook is asked about fail while it cannot be asked: not those of status and scale. */
  #admission(method: string, path: string): Refusal | undefined {
    const { plural, subresource } = whereOf(path);
    const isAsked = plural === "clonesets" && subresource === "" && ["POST", "PUT", "PATCH"].includes(method);
    if (!isAsked || this.#webhook === undefined || this.#clock.monotonicMs() >= this.#webhook.upAgainMs)
      return undefined;
    this.#fault("F26", `${method} ${path} is refused`);
    const now = toTime(this.#clock.nowMs());
    const why =
      this.#webhook.why === "down"
        ? "dial tcp 10.96.0.10:443: connect: connection refused"
        : `tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ${now} is after 2026-01-01T00:00:00Z`;
    const failed = `failed calling webhook "defaults.clonesets.apps.kruise.io": failed to call webhook: Post "https://cloneset-webhook.cloneset-system.svc:443/mutate?timeout=5s": ${why}`;
    return new Refusal(500, "InternalError", `Internal error occurred: ${failed}`, { causes: [{ message: failed }] });
  }

  #createCloneSet(name: string, spec: unknown): void {
    const { status } = this.#request("POST", cloneSetPath(), { metadata: { name, namespace: NAMESPACE }, spec });
    this.#tell(`user creates CloneSet ${name}: ${status} ${JSON.stringify(spec)}`);
    // The name is still taken by the one that is going, or the webhook is away.
    if (status === 409 || status === 500) this.#clock.setTimeout(() => this.#createCloneSet(name, spec), 1000);
  }

  #step(step: Step): void {
    const name = this.#scenario.cloneSets[step.cloneSet]?.name ?? "";
    this.#tell(`user: ${name}: ${describeStep(step)}`);
    const cloneSet = this.#server.collection("clonesets").get(NAMESPACE, name);
    if (cloneSet === undefined) return;
    const pods = podsOf(this.#server, cloneSet.metadata.uid).filter(isActive);
    switch (step.kind) {
      case "patch":
        this.#edit(step, name, step.spec);
        return;
      case "scale": {
        const scale = { spec: { replicas: step.replicas } };
        this.#request("PATCH", `${cloneSetPath(name)}/scale`, scale, "merge-patch+json");
        return;
      }
      case "name": {
        const names = [...new Set(step.picks.flatMap((pick) => pods[pick % pods.length]?.metadata.name ?? []))];
        const replicas = Math.max(0, Number(specOf(cloneSet)["replicas"]) - names.length);
        const spec = { scaleStrategy: { podsToDelete: names }, ...(step.scaleIn ? { replicas } : {}) };
        this.#edit(step, name, spec);
        return;
      }
      case "label": {
        const pod = pods[step.pick % pods.length];
        if (pod) this.#bystanders.patchPod(pod, { labels: { [SPECIFIED]: "true" } }, "user");
        return;
      }
      case "delete": {
        this.#request("DELETE", cloneSetPath(name), { propagationPolicy: step.policy });
        const { againMs } = step;
        const last = this.#scenario.steps.findLast((one) => one.kind === "patch" && one.cloneSet === step.cloneSet);
        if (againMs === undefined || last?.kind !== "patch") return;
        const spec = { ...specOf(cloneSet), ...(step.policy === "Orphan" ? {} : { template: last.spec["template"] }) };
        this.#clock.setTimeout(() => this.#createCloneSet(name, spec), againMs);
      }
    }
  }

  /** Edits a CloneSet. Who is refused tries again. */
  #edit(step: Step, name: string, spec: JsonMap): void {
    const { status } = this.#request("PATCH", cloneSetPath(name), { spec }, "merge-patch+json");
    if (status === 500) this.#clock.setTimeout(() => this.#step(step), 2000);
  }

  // The rest of the world.

  #strike(fault: Extract<Fault, { atMs: number }>): void {
    switch (fault.kind) {
      case "F3": {
        const process = this.#alive[0];
        this.#fault("F3", `restart, and ${fault.resource} lag ${fault.lagMs} ms`);
        this.#network.hold(fault.resource, fault.downMs + fault.lagMs);
        if (process) this.#crash(process.name, fault.downMs);
        return;
      }
      case "F4":
        this.#fault("F4", "a second controller starts");
        if (this.#alive.length < 3) this.#spawn();
        return;
      case "F5":
        if (fault.what === "rate") return;
        for (const { name, clock } of this.#alive.slice(0, 1)) {
          this.#fault("F5", `${fault.what} ${fault.ms} ms of ${name}`);
          if (fault.what === "jump") clock.jump(fault.ms);
          else this.#network.cutLease(name, fault.ms);
        }
        return;
      case "F6":
        for (const { name, clock } of this.#alive.slice(0, 1)) {
          this.#fault("F6", `${name} stands still for ${fault.ms} ms`);
          clock.stall(fault.ms);
        }
        return;
      case "F7": {
        this.#fault("F7", `another version: ${JSON.stringify(fault.features)}`);
        this.#features = { ...featureDefaults, ...fault.features };
        for (const { name } of this.#alive) this.#crash(name, fault.downMs);
        return;
      }
      case "F16":
        this.#fault("F16", `${fault.resource} stand still for ${fault.ms} ms`);
        this.#network.hold(fault.resource, fault.ms);
        return;
      case "F19":
        this.#fault("F19", JSON.stringify(fault.lagsMs));
        return;
      case "F20":
        this.#fault("F20", "compaction");
        this.#network.compact();
        return;
      case "F21":
        this.#fault("F21", `the API server restarts, ${fault.downMs} ms down, ${fault.behindMs} ms behind`);
        this.#network.restart(fault.downMs, fault.behindMs, fault.mute);
        return;
      case "F22":
        this.#network.slowLists(fault.ms, fault.listMs);
        // Watches end, so that there is a list to be slow.
        this.#network.compact();
        return;
      case "F23":
        this.#bystanders.befall(fault);
        return;
      case "F24":
        this.#bystanders.stickClaims(fault);
        return;
      case "F25":
        this.#bystanders.meddle(fault.what, fault.pick);
        return;
      case "F26":
        this.#tell(`F26 the webhook is ${fault.what} for ${fault.ms} ms`);
        this.#webhook = { upAgainMs: this.#clock.monotonicMs() + fault.ms, why: fault.what };
    }
  }

  #heal(): void {
    if (this.#isHealed) return;
    this.#isHealed = true;
    this.#tell("faults are over");
    this.#network.heal();
    for (const { clock } of this.#alive) clock.setRight();
    this.#bystanders.heal();
  }
}

function nameIn(answer: Answer | undefined): string {
  const body = answer?.body as { metadata?: { name?: string } } | undefined;
  return body?.metadata?.name ?? "";
}

function stateOf(pod: StoredObject | undefined): string {
  if (pod === undefined) return "gone";
  const going = pod.metadata.deletionTimestamp === undefined ? "" : " terminating";
  return `${String(statusOf(pod)["phase"])} ${isUp(pod) ? "up" : "down"}${going} ${pod.metadata.labels?.[STATE] ?? ""} ${short(revisionOf(pod))} ${containersOf(pod)[0]?.image ?? ""}`;
}
