import type { Clock, Timer } from "./clock.ts";

/** What a pass over a key wants next. A pass that throws is tried again, later and later. */
export interface PassResult {
  requeueAfterMs?: number;
  /** No pass over this key for so long, whatever happens. */
  restMs?: number;
}

/**
 * Thrown by a pass that failed for reasons that trying again may cure: that happens later and later, but no later than
 * the pass itself wanted.
 */
export class PassFailedError extends Error {
  readonly requeueAfterMs: number | undefined;

  constructor(message: string, requeueAfterMs?: number) {
    super(message);
    this.name = "PassFailedError";
    this.requeueAfterMs = requeueAfterMs;
  }
}

export interface QueueObserver {
  added?(): void;
  retried?(): void;
  /** One pass is over; `error` is undefined when it went well. */
  worked?(report: { key: string; seconds: number; waitedSeconds: number; error: unknown }): void;
}

export interface WorkQueueOptions {
  clock: Clock;
  /** Passes at the same time; default 8. */
  workers?: number;
  /** Called for one key at a time per key. */
  process: (key: string) => Promise<PassResult | undefined>;
  observer?: QueueObserver;
}

const BACKOFF_FIRST_MS = 5;
const BACKOFF_LAST_MS = 1_000_000;
const JITTER = 0.1;

/**
 * Keys to look at, each at most once in the queue and at most once in work.
 *
 * A key added while it is in work is looked at once more afterwards, at the end of the queue: nothing is missed,
 * and a busy key cannot starve the others.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  /** Ready keys in order, with the time since when. */
  readonly #ready = new Map<string, number>();
  readonly #inWork = new Set<string>();
  /** Added while in work. */
  readonly #again = new Map<string, number>();
  readonly #later = new Map<string, { timer: Timer; atMs: number }>();
  readonly #failures = new Map<string, number>();
  /** Until when a key has to rest. */
  readonly #resting = new Map<string, number>();
  #pump: Timer | undefined;
  #started = false;
  #stopped = false;
  #idle: (() => void) | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  start(): void {
    this.#started = true;
    this.#pumpSoon();
  }

  add(key: string): void {
    if (this.#stopped || this.#ready.has(key) || this.#again.has(key)) return;
    const restMs = this.#restMs(key);
    if (restMs > 0) {
      this.addAfter(key, restMs);
      return;
    }
    this.#options.observer?.added?.();
    if (this.#inWork.has(key)) {
      this.#again.set(key, this.#clock.monotonicMs());
      return;
    }
    this.#ready.set(key, this.#clock.monotonicMs());
    this.#pumpSoon();
  }

  /** Adds later; of several the earliest wins. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const atMs = this.#clock.monotonicMs() + ms;
    const waiting = this.#later.get(key);
    if (waiting !== undefined && waiting.atMs <= atMs) return;
    if (waiting !== undefined) this.#clock.clearTimeout(waiting.timer);
    const timer = this.#clock.setTimeout(
      () => {
        this.#later.delete(key);
        this.add(key);
      },
      // A longer delay would overflow Node's timer and fire at once; looking a bit early is harmless.
      Math.min(ms, 2 ** 31 - 1),
    );
    this.#later.set(key, { timer, atMs });
  }

  /** Adds after 5 ms · 2^n with jitter, n = failures of this key since `forget`; at most 1,000 s. */
  addRateLimited(key: string): void {
    if (this.#stopped) return;
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    this.#options.observer?.retried?.();
    const backoffMs = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** failures);
    this.addAfter(key, backoffMs * (1 + JITTER * this.#clock.random()));
  }

  /** How long the key still has to rest. */
  #restMs(key: string): number {
    const untilMs = this.#resting.get(key);
    if (untilMs === undefined) return 0;
    const restMs = untilMs - this.#clock.monotonicMs();
    if (restMs <= 0) this.#resting.delete(key);
    return restMs;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Keys ready and waiting. */
  get depth(): number {
    return this.#ready.size + this.#again.size;
  }

  get working(): number {
    return this.#inWork.size;
  }

  /** Nothing ready and nothing in work; keys for later do not count. */
  get isIdle(): boolean {
    return this.depth === 0 && this.#inWork.size === 0;
  }

  /** How long the oldest ready key has been waiting. */
  oldestAgeSeconds(): number {
    const oldest = this.#ready.values().next().value ?? this.#again.values().next().value;
    return oldest === undefined ? 0 : (this.#clock.monotonicMs() - oldest) / 1000;
  }

  /** Takes nothing more, drops what waits, and resolves when the passes under way are over. */
  async shutDown(): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#later.values()) this.#clock.clearTimeout(timer);
    this.#later.clear();
    this.#ready.clear();
    this.#again.clear();
    this.#clock.clearTimeout(this.#pump);
    this.#pump = undefined;
    if (this.#inWork.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  /** Starts work after the current tick, so that a burst of events becomes one pass. */
  #pumpSoon(): void {
    if (!this.#started || this.#stopped || this.#pump !== undefined) return;
    this.#pump = this.#clock.setTimeout(() => {
      this.#pump = undefined;
      this.#startWork();
    }, 0);
  }

  #startWork(): void {
    const workers = this.#options.workers ?? 8;
    for (const [key, sinceMs] of this.#ready) {
      if (this.#inWork.size >= workers) return;
      this.#ready.delete(key);
      this.#inWork.add(key);
      void this.#work(key, sinceMs);
    }
  }

  async #work(key: string, sinceMs: number): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    let result: PassResult | undefined;
    let failed = false;
    let error: unknown;
    try {
      result = await this.#options.process(key);
    } catch (thrown) {
      failed = true;
      error = thrown ?? new Error("a pass threw nothing");
    }
    const seconds = (this.#clock.monotonicMs() - startedMs) / 1000;
    this.#options.observer?.worked?.({ key, seconds, waitedSeconds: (startedMs - sinceMs) / 1000, error });
    this.#inWork.delete(key);
    if (this.#stopped) {
      if (this.#inWork.size === 0) this.#idle?.();
      return;
    }
    if (failed) {
      this.addRateLimited(key);
      const wantedMs = error instanceof PassFailedError ? error.requeueAfterMs : undefined;
      if (wantedMs !== undefined) this.addAfter(key, wantedMs);
    } else {
      this.forget(key);
      const restMs = result?.restMs ?? 0;
      if (restMs > 0) this.#resting.set(key, this.#clock.monotonicMs() + restMs);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    }
    const again = this.#again.get(key);
    if (again !== undefined) {
      this.#again.delete(key);
      const restMs = this.#restMs(key);
      if (restMs > 0) this.addAfter(key, restMs);
      else this.#ready.set(key, again);
    }
    this.#pumpSoon();
  }
}
