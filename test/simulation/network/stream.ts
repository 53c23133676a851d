import type { StreamAnswer, TransportRequest } from "../../../src/kube/transport.ts";
import type { StoredObject } from "../../../src/sandbox/objects.ts";
import type { WatchEvent } from "../../../src/sandbox/requests/watch.ts";
import type { Network, Process } from "../network.ts";
import { whereOf } from "../where.ts";

const BOOKMARK_MS = 60_000;

/** One watch. Events arrive in order, each when the view it comes from has got so far. */
export class Stream implements AsyncIterableIterator<unknown> {
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
