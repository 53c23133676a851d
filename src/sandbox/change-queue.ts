import type { Clock, Timer } from "../kube/clock.ts";
import type { ApiServer } from "./api-server.ts";
import type { StoredObject } from "./objects.ts";
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

const DELAY_MS = 20;

/** The same for the objects of one kind: `keep` gets each one that is touched, as it is by then, unless it is gone. */
export function onChangesOf(
  plural: string,
  options: {
    server: ApiServer;
    clock: Clock;
    touched: (write: Write) => readonly StoredObject[];
    /** Answers when to look again although nothing has changed; undefined = never. */
    keep: (object: StoredObject) => number | undefined;
  },
): () => void {
  const { server, clock, touched, keep } = options;
  return onChanges({
    server,
    clock,
    delayMs: DELAY_MS,
    keysOf: (write) => touched(write).map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`),
    act: (key) => {
      const [namespace = "", name = ""] = key.split("/");
      const object = server.collection(plural).get(namespace, name);
      return object && keep(object);
    },
  });
}
