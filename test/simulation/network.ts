import type { Answer } from "../../src/kube/transport.ts";
import type { ApiServer } from "../../src/sandbox/api-server.ts";
import type { Refusal } from "../../src/sandbox/refusal.ts";
import type { VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import type { ProcessClock } from "./process-clock.ts";
import type { Fault, Viewed } from "./scenario.ts";

const LATENCY_MS = 4;
const VIEWS: readonly Viewed[] = ["pods", "persistentvolumeclaims", "controllerrevisions", "clonesets"];

/** A controller, as the network sees it. */
export interface Process {
  name: string;
  clock: ProcessClock;
  told: (object: unknown, isGone: boolean) => void;
}

/** A write of a controller on its way. */
export interface Sending {
  process: string;
  index: number;
  sentMs: number;
  /** Its process has died since, and it was long on its way: nobody knows of it any more. */
  isOrphan?: boolean;
  method: string;
  /** "pods", "pods/status", … */
  what: string;
  path: string;
}

export interface NetworkOptions {
  clock: VirtualClock;
  server: ApiServer;
  faults: readonly Fault[];
  random: () => number;
  /** Told of every fault that took effect. */
  onFault: (kind: Fault["kind"], what: string) => void;
  /** A write is about to be handled by the server: what it applies is this one's doing. */
  onArrival: (sending: Sending) => void;
  onAnswer: (sending: Sending, answer: Answer | undefined, note: string) => void;
  onCrash: (process: string, downMs: number) => void;
  /** Somebody else writes on the object first. */
  meddle: (path: string) => void;
  /** What keeps a request from being handled. */
  refuse: (method: string, path: string) => Refusal | undefined;
  /** A process opens a watch, and has so many of the same open already. */
  onWatch: (process: string, what: string, open: number) => void;
}

type OfKind<K extends Fault["kind"]> = Extract<Fault, { kind: K }>;

/** A watch that is open, as far as the network can end it. */
interface Stream {
  /** The server ends it. */
  finish: () => void;
  fail: (error: Error) => void;
  /** Says nothing any more, and does not end either. */
  fallSilent: () => void;
}

/** What goes wrong between controllers and API server, and until when. `wire.ts` and `stream.ts` ask it. */
export class Network {
  readonly options: NetworkOptions;
  writes = 0;
  requests = 0;
  #window = { sinceMs: 0, requests: 0 };
  /** Processes that reach nobody, until when. */
  readonly #blind = new Map<string, number>();
  #downUntilMs = 0;
  #slowLists: { untilMs: number; ms: number } | undefined;
  /** Views that stand still: the version they show, and until when. */
  readonly #held = new Map<string, { version: number; untilMs: number }>();
  readonly #streams = new Set<Stream>();
  /** Watches that their clients have not closed, whether they still hear anything or not. */
  readonly #open = new Map<string, number>();
  readonly #heard = new Map<string, number>();
  /** Objects that nothing is heard of, until when. */
  readonly #lost = new Map<string, number>();
  readonly #leaseOut = new Map<string, number>();
  #isHealed = false;

  constructor(options: NetworkOptions) {
    this.options = options;
  }

  /** Those that are still in force. */
  faultsOf<K extends Fault["kind"]>(...kinds: K[]): OfKind<K>[] {
    return this.faults.filter((fault): fault is OfKind<K> => kinds.includes(fault.kind as K));
  }

  get faults(): readonly Fault[] {
    return this.#isHealed ? [] : this.options.faults;
  }

  hold(resource: string, ms: number, version = this.options.server.version): void {
    this.#held.set(resource, { version, untilMs: this.now + ms });
  }

  /** The server is gone for a while; after that its memory lags behind its store. */
  restart(downMs: number, behindMs: number, mute: boolean): void {
    this.#downUntilMs = this.now + downMs;
    this.options.server.compact();
    for (const stream of [...this.#streams]) {
      // Half open: nobody tells the client that the other side is gone.
      if (mute) stream.fallSilent();
      else stream.fail(new Error("connection reset"));
    }
    if (behindMs > 0) for (const resource of VIEWS) this.hold(resource, downMs + behindMs);
  }

  /** History is forgotten, and watches that need it end. */
  compact(): void {
    this.options.server.compact();
    for (const stream of [...this.#streams]) stream.finish();
  }

  slowLists(ms: number, listMs: number): void {
    this.#slowLists = { untilMs: this.now + ms, ms: listMs };
  }

  /** Requests of the last 10 s, or so. */
  get recentRequests(): number {
    return this.#window.requests;
  }

  count(): void {
    this.requests += 1;
    if (this.now - this.#window.sinceMs > 10_000) this.#window = { sinceMs: this.now, requests: 0 };
    this.#window.requests += 1;
  }

  /** Nothing of a process gets through for a while. */
  blind(process: string, ms: number): void {
    this.#blind.set(process, this.now + ms);
  }

  isBlind(process: string): boolean {
    return this.now < (this.#blind.get(process) ?? 0);
  }

  cutLease(process: string, ms: number): void {
    this.#leaseOut.set(process, this.now + ms);
  }

  heal(): void {
    this.#isHealed = true;
    this.#held.clear();
    this.#lost.clear();
    this.#leaseOut.clear();
    this.#blind.clear();
    this.#slowLists = undefined;
  }

  get now(): number {
    return this.options.clock.monotonicMs();
  }

  get isDown(): boolean {
    return this.now < this.#downUntilMs;
  }

  latencyMs(): number {
    return 1 + this.options.random() * LATENCY_MS;
  }

  isLeaseCut(process: string): boolean {
    return this.now < (this.#leaseOut.get(process) ?? 0);
  }

  viewOf(resource: string): { version: number; untilMs: number } | undefined {
    const held = this.#held.get(resource);
    if (held !== undefined && held.untilMs <= this.now) this.#held.delete(resource);
    return this.#held.get(resource);
  }

  listDelayMs(): number {
    if (this.#slowLists === undefined || this.#slowLists.untilMs <= this.now) return 0;
    this.options.onFault("F22", "list");
    return this.#slowLists.ms;
  }

  lagMs(resource: string): number {
    return this.faultsOf("F19").reduce((most, { lagsMs }) => Math.max(most, lagsMs[resource as Viewed] ?? 0), 0);
  }

  /** How often an event arrives. */
  timesHeard(resource: string, uid: string): number {
    if (this.now < (this.#lost.get(uid) ?? 0)) return 0;
    const nth = this.#heard.get(resource) ?? 0;
    this.#heard.set(resource, nth + 1);
    for (const fault of this.faultsOf("F17", "F18")) {
      if (fault.resource !== resource || fault.nth !== nth) continue;
      this.options.onFault(fault.kind, `event ${nth} of ${resource}`);
      if (fault.kind === "F17") this.#lost.set(uid, this.now + fault.ms);
      return fault.kind === "F17" ? 0 : 2;
    }
    return 1;
  }

  add(stream: Stream): void {
    this.#streams.add(stream);
  }

  opened(process: string, what: string): void {
    const key = `${process} ${what}`;
    const open = this.#open.get(key) ?? 0;
    this.options.onWatch(process, what, open);
    this.#open.set(key, open + 1);
  }

  closed(process: string, what: string): void {
    const key = `${process} ${what}`;
    this.#open.set(key, (this.#open.get(key) ?? 0) - 1);
  }

  remove(stream: Stream): void {
    this.#streams.delete(stream);
  }
}
