import type { Clock, Timer } from "../kube/clock.ts";
import { seededRandom } from "./seeded-random.ts";

interface Pending {
  atMs: number;
  order: number;
  fn: (() => void) | undefined;
}

/**
 * Time that passes as fast as the work in it can be done. Same calls and same seed: same times and same dice.
 *
 * Timers of one moment run in the order in which they were set, and after each of them all promises settle.
 */
export class VirtualClock implements Clock {
  readonly random: () => number;
  readonly #startMs: number;
  #nowMs = 0;
  #order = 0;
  /** A binary heap: the parent of i is (i - 1) / 2. */
  readonly #heap: Pending[] = [];

  constructor({ start = "2026-01-01T00:00:00Z", seed = 1 }: { start?: string; seed?: number } = {}) {
    this.#startMs = Date.parse(start);
    this.random = seededRandom(seed);
  }

  nowMs(): number {
    return this.#startMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    // Whole milliseconds, as timers of the machine have them: a wait too short to move the clock would never end.
    const timer: Pending = { atMs: this.#nowMs + Math.ceil(Math.max(0, ms)), order: this.#order++, fn };
    this.#push(timer);
    return timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    // It stays in the heap until its time comes, and does nothing then.
    if (timer !== undefined) (timer as Pending).fn = undefined;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Lets time pass until `endMs` by the monotonic clock, or until `isEnough` holds. */
  async runUntil(endMs: number, isEnough: () => boolean = () => false): Promise<void> {
    await settled();
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs && !isEnough(); next = this.#heap[0]) {
      this.#pop();
      if (next.fn === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fn();
      await settled();
    }
    if (!isEnough()) this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #push(timer: Pending): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !isBefore(timer, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= heap.length) break;
      const [a, b] = [heap[left], heap[left + 1]];
      const down = a !== undefined && b !== undefined && isBefore(b, a) ? left + 1 : left;
      const child = heap[down];
      if (child === undefined || !isBefore(child, last)) break;
      heap[i] = child;
      i = down;
    }
    heap[i] = last;
  }
}

/** Resolves after `ms` of a clock; rejects with the signal's reason as soon as that is aborted. */
export function sleepOn(
  clock: Pick<Clock, "setTimeout" | "clearTimeout">,
  ms: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clock.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function isBefore(a: Pending, b: Pending): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Every promise that can settle has settled: ticks run when no promise is left to do so. Cheaper than a turn of the event loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
