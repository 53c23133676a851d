import type { Clock, Timer } from "../../src/kube/clock.ts";
import { seededRandom } from "../../src/sandbox/seeded-random.ts";
import type { VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import { sleepOn } from "../../src/sandbox/virtual-clock.ts";

/** The time of one process: it may go at another rate, be set, stand still with the process, or end with it. */
export class ProcessClock implements Clock {
  readonly random: () => number;
  readonly #world: VirtualClock;
  readonly #rate: number;
  readonly #startedMs: number;
  #wallAheadMs = 0;
  #stalledUntilMs = 0;
  #dead = false;

  constructor(world: VirtualClock, { rate = 1, seed }: { rate?: number; seed: number }) {
    this.#world = world;
    this.#rate = rate;
    this.#startedMs = world.monotonicMs();
    this.random = seededRandom(seed);
  }

  get isDead(): boolean {
    return this.#dead;
  }

  nowMs(): number {
    return this.#world.nowMs() + this.#wallAheadMs;
  }

  monotonicMs(): number {
    return (this.#world.monotonicMs() - this.#startedMs) * this.#rate;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    return this.#world.setTimeout(() => this.deliver(fn), Math.max(0, ms) / this.#rate);
  }

  clearTimeout(timer: Timer | undefined): void {
    this.#world.clearTimeout(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Lets the process take note of something: now, when it wakes up, or never. */
  deliver(fn: () => void): void {
    if (this.#dead) return;
    const waitMs = this.#stalledUntilMs - this.#world.monotonicMs();
    if (waitMs > 0) this.#world.setTimeout(() => this.deliver(fn), waitMs);
    else fn();
  }

  /** The event loop stands still. */
  stall(ms: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#world.monotonicMs() + ms);
  }

  /** Somebody sets the clock on the wall. */
  jump(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** A clock on the wall that was behind is right again: it never goes back. */
  setRight(): void {
    this.#wallAheadMs = Math.max(this.#wallAheadMs, 0);
  }

  /** Nothing of the process happens any more. */
  kill(): void {
    this.#dead = true;
  }
}
