import { setTimeout as wait } from "node:timers/promises";

/** A pending call, to be handed back to `clearTimeout`. */
export type Timer = object;

/** Time and chance as everything in this program sees them, so that tests can own both. */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock: for timestamps in objects, never for measuring. */
  nowMs(): number;
  /** Milliseconds by a clock that never jumps: for deadlines and durations. Its zero means nothing. */
  monotonicMs(): number;
  setTimeout(fn: () => void, ms: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
  /** Resolves after `ms`. Rejects with the signal's reason as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number in [0, 1), for jitter and ids. */
  random(): number;
}

/** The clock of the machine. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only our own timers come back
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
  random: () => Math.random(),
};

/** An RFC 3339 time in whole seconds, as `metadata.creationTimestamp` has it. */
export function toTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** An RFC 3339 time with six digits of fraction, as the API type MicroTime wants it. */
export function toMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
