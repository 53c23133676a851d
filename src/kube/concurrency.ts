import type { Clock } from "./clock.ts";

/** A turn that was granted; `done` gives it back. */
export interface Turn {
  /** The server said 429. The turn may go on to try again. */
  overloaded(): void;
  done(good: boolean): void;
}

export interface ConcurrencyOptions {
  clock: Clock;
  /** At the same time, at most. */
  max: number;
  /** Turns per second; undefined = as many as may run. */
  qps?: number | undefined;
  /** Turns that may be taken at once after a pause; default `qps`. */
  burst?: number | undefined;
}

/**
 * How many writes may be in flight: as many as the server takes without saying 429.
 *
 * limit = limit / 2 on a 429, at most once per generation of requests; limit += 1 after `limit` good answers,
 * up to `max`. The server's own fairness does the rest. A token bucket comes on top where one is asked for.
 */
export class Concurrency {
  readonly #options: ConcurrencyOptions;
  #limit: number;
  #inFlight = 0;
  /** Counts halvings: the 429s of requests sent before the last one say nothing new. */
  #generation = 0;
  readonly #waiting = new Set<{ grant: () => void }>();
  #tokens: number;
  #filledMs: number;

  constructor(options: ConcurrencyOptions) {
    this.#options = options;
    this.#limit = options.max;
    this.#tokens = this.#burst;
    this.#filledMs = options.clock.monotonicMs();
  }

  /** Turns that may be out at the same time now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** First come, first served. Rejects with the signal's reason if that comes first. */
  async turn(signal?: AbortSignal): Promise<Turn> {
    signal?.throwIfAborted();
    if (this.#inFlight < this.limit && this.#waiting.size === 0) this.#inFlight += 1;
    else await this.#queue(signal);
    try {
      await this.#token(signal);
    } catch (error) {
      this.#release();
      throw error;
    }
    let generation = this.#generation;
    let over = false;
    return {
      overloaded: () => {
        if (generation === this.#generation) {
          this.#generation += 1;
          this.#limit = Math.max(1, this.#limit / 2);
        }
        generation = this.#generation;
      },
      done: (good) => {
        if (over) return;
        over = true;
        if (good) this.#limit = Math.min(this.#options.max, this.#limit + 1 / this.#limit);
        this.#release();
      },
    };
  }

  #release(): void {
    this.#inFlight -= 1;
    for (const next of this.#waiting) {
      if (this.#inFlight >= this.limit) return;
      this.#waiting.delete(next);
      this.#inFlight += 1;
      next.grant();
    }
  }

  #queue(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(entry);
        reject(signal?.reason);
      };
      const entry = {
        grant: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      this.#waiting.add(entry);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  get #burst(): number {
    return Math.max(1, this.#options.burst ?? this.#options.qps ?? 1);
  }

  /** Takes a token, in debt if need be, and waits until the debt is paid. */
  async #token(signal: AbortSignal | undefined): Promise<void> {
    const { qps, clock } = this.#options;
    if (qps === undefined || qps <= 0) return;
    const now = clock.monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledMs) / 1000) * qps);
    this.#filledMs = now;
    this.#tokens -= 1;
    if (this.#tokens < 0) await clock.sleep((-this.#tokens / qps) * 1000, signal);
  }
}
