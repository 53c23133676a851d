import type { Clock } from "./clock.ts";

/**
 * Which of two resourceVersions of one kind is newer: < 0, 0 or > 0, as a sort function has it.
 * They are decimal numbers without leading zeros, so the longer one is the larger one. "" is older than all.
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

export const isNewer = (a: string, b: string): boolean => compareVersions(a, b) > 0;
export const newest = (a: string, b: string): string => (isNewer(b, a) ? b : a);

/** Later than every version. */
const FOR_EVER = "forever";
/** Longer than any answer, event or list can be on its way. */
const TOMBSTONE_MS = 15 * 60_000;
const SWEEP_EVERY_MS = 60_000;

/**
 * Remembers what was deleted, so that late news about it is not taken for life.
 *
 * A uid never comes back, so a deletion is final whatever version later news carries. Only in a filtered view, where
 * "deleted" may mean "does not match any more", does the object live again at a higher version.
 */
export class Tombstones {
  readonly #clock: Clock;
  /** In the order of `sinceMs`, because a burial always goes to the end. */
  readonly #graves = new Map<string, { version: string; sinceMs: number }>();
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  bury(uid: string, version: string | undefined): void {
    const now = this.#clock.monotonicMs();
    const until = version ?? FOR_EVER;
    const before = this.#graves.get(uid)?.version;
    this.#graves.delete(uid);
    const final = before === FOR_EVER || until === FOR_EVER;
    this.#graves.set(uid, { version: final ? FOR_EVER : newest(before ?? "", until), sinceMs: now });
    this.#sweep(now);
  }

  /** Is news of this version about a life that is over? */
  isDead(uid: string, version: string): boolean {
    const grave = this.#graves.get(uid);
    if (grave === undefined) return false;
    return grave.version === FOR_EVER || !isNewer(version, grave.version);
  }

  get size(): number {
    return this.#graves.size;
  }

  #sweep(now: number): void {
    if (now - this.#sweptMs < SWEEP_EVERY_MS) return;
    this.#sweptMs = now;
    for (const [uid, grave] of this.#graves) {
      if (now - grave.sinceMs < TOMBSTONE_MS) return;
      this.#graves.delete(uid);
    }
  }
}
