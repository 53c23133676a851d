import { setImmediate as turn } from "node:timers/promises";
import type { Clock, Timer } from "../../src/kube/clock.ts";

interface Pending {
  atMs: number;
  order: number;
  fn: () => void;
}

/** A clock that moves when a test says so. Same calls, same seed: same times and same dice. */
export class FakeClock implements Clock {
  #monotonicMs = 0;
  #wallMs: number;
  #order = 0;
  #seed: number;
  readonly #pending = new Map<Timer, Pending>();

  constructor(start: string | number = "2026-01-01T00:00:00Z", seed = 1) {
    this.#wallMs = typeof start === "number" ? start : Date.parse(start);
    this.#seed = seed;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    const timer: Pending = { atMs: this.#monotonicMs + Math.max(0, ms), order: this.#order++, fn };
    this.#pending.set(timer, timer);
    return timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    if (timer !== undefined) this.#pending.delete(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = () => {
        this.clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = this.setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** mulberry32 */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Timers not yet run. */
  get pending(): number {
    return this.#pending.size;
  }

  /** When the next timer is due, from now; undefined without timers. */
  nextInMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.atMs - this.#monotonicMs;
  }

  /** Lets time pass: runs due timers in order, and lets promises settle before and after each. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await turn();
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.#moveTo(next.atMs);
      this.#pending.delete(next);
      next.fn();
      await turn();
    }
    this.#moveTo(endMs);
  }

  /** A stalled event loop: time passes, and no timer gets to run until the next `advance`. */
  stall(ms: number): void {
    this.#moveTo(this.#monotonicMs + ms);
  }

  /** Somebody sets the clock on the wall; durations do not notice. */
  jumpWall(ms: number): void {
    this.#wallMs += ms;
  }

  #moveTo(atMs: number): void {
    const ms = Math.max(0, atMs - this.#monotonicMs);
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#pending.values()) {
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }
}

/** Of real time, which a busy machine may need. */
const WITHIN_MS = 120_000;

/** Waits for real I/O: turns the event loop until `condition` holds. */
export async function until(condition: () => boolean, what = "the condition"): Promise<void> {
  const endMs = performance.now() + WITHIN_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited ${WITHIN_MS / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
