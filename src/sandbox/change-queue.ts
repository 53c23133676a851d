import type { Clock, Timer } from "../kube/clock.ts";
import type { ApiServer } from "./api-server.ts";
import type { Write } from "./store.ts";

/**
 * Runs `act` for each key that a write touches, a moment later; a key that is touched again meanwhile runs once,
 * at the earlier of its times. Returns the way to stop.
 */
export function onChanges(options: {
  server: ApiServer;
  clock: Clock;
  delayMs: number;
  /** What is to be looked at anew after this write. */
  keysOf: (write: Write) => Iterable<string>;
  /** Answers when to look again although nothing has changed; undefined = never. */
  act: (key: string) => number | undefined;
}): () => void {
  const { server, clock, delayMs, keysOf, act } = options;
  const waiting = new Map<string, { timer: Timer; dueMs: number }>();
  const lookIn = (key: string, ms: number): void => {
    const dueMs = clock.monotonicMs() + ms;
    const known = waiting.get(key);
    if (known !== undefined && known.dueMs <= dueMs) return;
    clock.clearTimeout(known?.timer);
    const timer = clock.setTimeout(() => {
      waiting.delete(key);
      const againInMs = act(key);
      if (againInMs !== undefined) lookIn(key, againInMs);
    }, ms);
    waiting.set(key, { timer, dueMs });
  };
  const stop = server.onWrite((write) => {
    for (const key of keysOf(write)) lookIn(key, delayMs);
  });
  return () => {
    stop();
    for (const { timer } of waiting.values()) clock.clearTimeout(timer);
  };
}
