import type { Answer, StreamAnswer, Transport, TransportRequest } from "../../src/kube/transport.ts";
import { NotSentError } from "../../src/kube/transport.ts";
import type { ApiServer } from "../../src/sandbox/api-server.ts";
import type { StoredObject } from "../../src/sandbox/objects.ts";
import { isMap } from "../../src/sandbox/objects.ts";
import { Refusal } from "../../src/sandbox/refusal.ts";
import type { WatchEvent } from "../../src/sandbox/requests/watch.ts";
import type { VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import type { ProcessClock } from "./process-clock.ts";
import type { Fault, Viewed } from "./scenario.ts";

const BOOKMARK_MS = 60_000;
const LATENCY_MS = 4;

/** Longer than any request is on its way unless a fault holds it back. */
const ORPHAN_MS = 1000;

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

/** The way between controllers and API server, where answers and views go wrong. */
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

  connect(process: { name: string; clock: ProcessClock; told: (object: unknown, isGone: boolean) => void }): Transport {
    return new Wire(this, process);
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

const VIEWS: readonly Viewed[] = ["pods", "persistentvolumeclaims", "controllerrevisions", "clonesets"];

interface Process {
  name: string;
  clock: ProcessClock;
  told: (object: unknown, isGone: boolean) => void;
}

/** The connections of one process. */
class Wire implements Transport {
  readonly #network: Network;
  readonly #process: Process;

  constructor(network: Network, process: Process) {
    this.#network = network;
    this.#process = process;
  }

  request(request: TransportRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(request.signal.reason);
      if (request.signal.aborted) {
        abort();
        return;
      }
      request.signal.addEventListener("abort", abort, { once: true });
      const over = (act: () => void) => {
        request.signal.removeEventListener("abort", abort);
        act();
      };
      this.#send(
        request,
        (answer) => over(() => resolve(answer)),
        (error) => over(() => reject(error)),
      );
    });
  }

  #send(request: TransportRequest, answered: (answer: Answer) => void, failed: (error: Error) => void): void {
    const network = this.#network;
    const { clock } = network.options;
    const { name, clock: own, told } = this.#process;
    network.count();
    const where = whereOf(request.path);
    const isLease = where.plural === "leases";
    const isWrite = request.method !== "GET" && where.plural !== "events" && !isLease;
    const later = (ms: number, act: () => void) => clock.setTimeout(() => own.deliver(act), ms);
    if (network.isDown || network.isBlind(name) || (isLease && network.isLeaseCut(name))) {
      later(network.latencyMs(), () => failed(new NotSentError(new Error("connection refused"))));
      return;
    }
    const sending: Sending = {
      process: name,
      index: isWrite ? network.writes++ : -1,
      sentMs: network.now,
      method: request.method,
      what: where.subresource ? `${where.plural}/${where.subresource}` : where.plural,
      path: request.path,
    };
    const verdict = isWrite ? this.#verdict(sending) : {};
    if (verdict.crash === "before") {
      network.options.onCrash(name, verdict.downMs ?? 0);
      return;
    }
    const upMs = network.latencyMs() + (verdict.upMs ?? 0);
    clock.setTimeout(() => {
      if (network.isDown) {
        later(network.latencyMs(), () => failed(new Error("connection reset")));
        return;
      }
      let answer: Answer;
      if (verdict.refuse) answer = verdict.refuse.answer();
      else {
        if (verdict.meddle) network.options.meddle(request.path);
        sending.isOrphan = own.isDead && network.now - sending.sentMs > ORPHAN_MS;
        if (isWrite) network.options.onArrival(sending);
        answer = network.options.refuse(request.method, request.path)?.answer() ?? this.#ask(request, where.plural);
      }
      if (isWrite) network.options.onAnswer(sending, answer, verdict.note ?? "");
      if (verdict.crash === "after") network.options.onCrash(name, verdict.downMs ?? 0);
      const slowMs = request.method === "GET" && where.name === "" ? network.listDelayMs() : 0;
      later(network.latencyMs() + (verdict.downMs ?? 0) * Number(verdict.crash === undefined) + slowMs, () => {
        if (verdict.reset) failed(new Error("socket hang up"));
        else if (verdict.instead) answered(verdict.instead.answer());
        else {
          this.#tell(answer, told);
          answered(answer);
        }
      });
    }, upMs);
  }

  #ask(request: TransportRequest, plural: string): Answer {
    const { server } = this.#network.options;
    return server.request({
      method: request.method,
      path: request.path,
      headers: request.headers,
      ...(request.body === undefined ? {} : { body: JSON.parse(request.body) as unknown }),
      user: this.#process.name,
      behindAt: this.#network.viewOf(plural)?.version,
    });
  }

  #tell(answer: Answer, told: Process["told"]): void {
    if (answer.status >= 300 || !isMap(answer.body)) return;
    const items = answer.body["items"];
    if (Array.isArray(items)) for (const item of items) told(item, false);
    else if (answer.body["kind"] !== "Status") told(answer.body, false);
  }

  /** What becomes of a write. */
  #verdict(sending: Sending): {
    crash?: "before" | "after";
    downMs?: number;
    upMs?: number;
    refuse?: Refusal;
    instead?: Refusal;
    reset?: boolean;
    meddle?: boolean;
    note?: string;
  } {
    const { index, method, what } = sending;
    const { onFault } = this.#network.options;
    const within = (fault: { nth: number; count: number }) => index >= fault.nth && index < fault.nth + fault.count;
    const hit = (kind: Fault["kind"]) => onFault(kind, `${method} ${what}`);
    for (const fault of this.#network.faults) {
      switch (fault.kind) {
        case "F1":
        case "F2":
          if (fault.nth !== index) break;
          hit(fault.kind);
          return { crash: fault.kind === "F1" ? "before" : "after", downMs: fault.downMs, note: fault.kind };
        case "F8":
          if (fault.nth !== index) break;
          hit("F8");
          return { meddle: true, note: "F8" };
        case "F9":
          if (!within(fault)) break;
          hit("F9");
          return {
            refuse: new Refusal(429, "TooManyRequests", "too many requests", { retryAfterSeconds: fault.seconds }),
            note: "F9",
          };
        case "F10":
        case "F11":
          if (!within(fault)) break;
          hit(fault.kind);
          if (fault.kind === "F11" && fault.lagMs > 0) this.#network.hold("pods", fault.lagMs);
          return {
            [fault.kind === "F10" ? "refuse" : "instead"]: new Refusal(
              fault.code,
              reasonOf(fault.code),
              "the server is not well",
            ),
            note: fault.kind,
          };
        case "F12":
          if (fault.nth !== index) break;
          hit("F12");
          if (fault.blindMs > 0) this.#network.blind(sending.process, fault.blindMs);
          return {
            reset: true,
            ...(fault.applied ? {} : { refuse: new Refusal(500, "InternalError", "not applied") }),
            note: "F12",
          };
        case "F13":
        case "F14":
          if (!within(fault) || fault.only !== `${method} ${what}`) break;
          hit(fault.kind);
          return {
            refuse:
              fault.kind === "F13"
                ? new Refusal(403, "Forbidden", "exceeded quota: small")
                : new Refusal(422, "Invalid", 'admission webhook "foreign" denied the request'),
            note: fault.kind,
          };
        case "F15":
          if (fault.nth !== index) break;
          hit("F15");
          return { ...(fault.side === "up" ? { upMs: fault.ms } : { downMs: fault.ms }), note: "F15" };
        case "F3":
        case "F4":
        case "F5":
        case "F6":
        case "F7":
        case "F16":
        case "F17":
        case "F18":
        case "F19":
        case "F20":
        case "F21":
        case "F22":
        case "F23":
        case "F24":
        case "F25":
        case "F26":
          break;
      }
    }
    return {};
  }

  stream(request: TransportRequest): Promise<StreamAnswer> {
    const network = this.#network;
    const { clock } = network.options;
    const { clock: own } = this.#process;
    network.count();
    return new Promise((resolve, reject) => {
      const abort = () => reject(request.signal.reason);
      if (request.signal.aborted) {
        abort();
        return;
      }
      request.signal.addEventListener("abort", abort, { once: true });
      clock.setTimeout(() => {
        if (own.isDead || request.signal.aborted) return;
        if (network.isDown || network.isBlind(this.#process.name)) {
          own.deliver(() => reject(new NotSentError(new Error("connection refused"))));
          return;
        }
        const stream = new Stream(network, this.#process, request);
        own.deliver(() => {
          request.signal.removeEventListener("abort", abort);
          if (request.signal.aborted) stream.finish();
          resolve(stream.answer);
        });
      }, network.latencyMs());
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** One watch. Events arrive in order, each when the view it comes from has got so far. */
class Stream implements AsyncIterableIterator<unknown> {
  readonly answer: StreamAnswer;
  readonly #network: Network;
  readonly #process: Process;
  readonly #plural: string;
  readonly #queue: WatchEvent[] = [];
  #next: { resolve: (result: IteratorResult<unknown>) => void; reject: (error: Error) => void } | undefined;
  #lastMs = 0;
  #over: { error: Error | undefined } | undefined;
  #stop: () => void = () => {};
  #timer: object | undefined;

  constructor(network: Network, process: Process, request: TransportRequest) {
    this.#network = network;
    this.#process = process;
    this.#plural = whereOf(request.path).plural;
    const { clock, server } = network.options;
    const opened = server.watch(request.path, (event, version) => this.#hear(event, version));
    if ("status" in opened) {
      this.answer = { ...opened, events: this };
      return;
    }
    this.answer = { status: 200, headers: { "content-type": "application/json" }, body: undefined, events: this };
    this.#stop = opened.stop;
    network.add(this);
    network.opened(process.name, this.#plural);
    const endMs = clock.monotonicMs() + Number(/timeoutSeconds=(\d+)/.exec(request.path)?.[1] ?? "300") * 1000;
    const beat = () => {
      if (process.clock.isDead) {
        this.finish();
        return;
      }
      if (clock.monotonicMs() + BOOKMARK_MS > endMs) {
        this.#timer = clock.setTimeout(() => this.finish(), endMs - clock.monotonicMs());
        return;
      }
      this.#timer = clock.setTimeout(() => {
        opened.bookmark();
        beat();
      }, BOOKMARK_MS);
    };
    beat();
    request.signal.addEventListener("abort", () => this.fail(request.signal.reason as Error), { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#over?.error) return Promise.reject(this.#over.error);
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => (this.#next = { resolve, reject }));
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#close(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Says nothing any more, and does not end either. */
  fallSilent(): void {
    this.#stop();
    this.#network.options.clock.clearTimeout(this.#timer);
    this.#network.remove(this);
  }

  finish(): void {
    this.#process.clock.deliver(() => this.#close(undefined));
  }

  fail(error: Error): void {
    this.#process.clock.deliver(() => this.#close(error));
  }

  #close(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = { error };
    this.#stop();
    this.#network.options.clock.clearTimeout(this.#timer);
    this.#network.remove(this);
    if (this.answer.status < 300) this.#network.closed(this.#process.name, this.#plural);
    const next = this.#next;
    this.#next = undefined;
    if (error) next?.reject(error);
    else next?.resolve({ done: true, value: undefined });
  }

  #hear(event: WatchEvent, version: number): void {
    const network = this.#network;
    const { uid } = (event.object as StoredObject).metadata;
    const times = event.type === "BOOKMARK" || event.type === "ERROR" ? 1 : network.timesHeard(this.#plural, uid);
    const held = network.viewOf(this.#plural);
    const heldMs = held !== undefined && version > held.version ? held.untilMs : 0;
    const nowMs = network.now;
    for (let i = 0; i < times; i++) {
      this.#lastMs = Math.max(
        this.#lastMs,
        nowMs + network.latencyMs() + network.lagMs(this.#plural) + 300 * i,
        heldMs,
      );
      network.options.clock.setTimeout(
        () => this.#process.clock.deliver(() => this.#take(event)),
        this.#lastMs - nowMs,
      );
    }
  }

  #take(event: WatchEvent): void {
    if (this.#over) return;
    if (event.type !== "BOOKMARK" && event.type !== "ERROR") this.#process.told(event.object, event.type === "DELETED");
    const next = this.#next;
    this.#next = undefined;
    if (next) next.resolve({ done: false, value: event });
    else this.#queue.push(event);
  }
}

export function whereOf(path: string): { namespace: string; plural: string; name: string; subresource: string } {
  const parts = (path.split("?")[0] ?? "").split("/").filter(Boolean);
  parts.splice(0, parts[0] === "api" ? 2 : 3);
  let namespace = "";
  if (parts[0] === "namespaces" && parts.length > 2) [, namespace = ""] = parts.splice(0, 2);
  const [plural = "", name = "", subresource = ""] = parts;
  return { namespace, plural, name, subresource };
}

function reasonOf(code: number): string {
  return code === 503 ? "ServiceUnavailable" : code === 504 ? "Timeout" : "InternalError";
}

export function isStored(value: unknown): value is StoredObject {
  return isMap(value) && isMap(value["metadata"]) && typeof value["metadata"]["uid"] === "string";
}
