/** What does somebody who watches hear, and from when on? */
import { apiVersionOf } from "../../kube/resources.ts";
import type { StoredEvent } from "../collection.ts";
import { expired } from "../refusal.ts";
import type { Filter } from "../selectors.ts";
import { checkListOptions } from "../write-options.ts";
import type { Backend } from "./request.ts";
import type { Target } from "./target.ts";
import { shownBy } from "./target.ts";

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: unknown;
}

export interface Watch {
  stop: () => void;
  bookmark: () => void;
}

/** Tells a client that it has seen all that there was. */
const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };

/**
 * What happened since the version asked for, then what happens. A version that is forgotten is told as an ERROR event,
 * like the real server does.
 *
 * @throws {Refusal} if the query cannot be understood
 */
export function watch(
  { store }: Backend,
  target: Target,
  listener: (event: WatchEvent, version: number) => void,
): Watch {
  const { kind, query } = target;
  checkListOptions(query);
  const matches = shownBy(target);
  const collection = store.of(kind);
  const from = Number(query.get("resourceVersion") ?? "0");
  const tell = (event: StoredEvent) => {
    const seen = asSeen(event, matches);
    if (seen) listener(seen, event.version);
  };
  const bookmark = (annotations?: Record<string, string>) => {
    const { resource } = kind;
    const metadata = { resourceVersion: String(store.version), ...(annotations ? { annotations } : {}) };
    const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
    listener({ type: "BOOKMARK", object }, store.version);
  };
  const sendsInitial = query.get("sendInitialEvents") === "true";
  if (from === 0 || sendsInitial) {
    for (const object of collection.all().filter(matches)) listener({ type: "ADDED", object }, store.version);
    if (sendsInitial && query.get("allowWatchBookmarks") === "true") bookmark(INITIAL_EVENTS_END);
  } else {
    const missed = collection.since(from);
    if (missed === undefined) {
      const { status } = expired(`too old resource version: ${from} (${collection.compactedVersion})`);
      listener({ type: "ERROR", object: status }, store.version);
      return { stop: () => {}, bookmark: () => {} };
    }
    missed.forEach(tell);
  }
  return { stop: collection.onEvent(tell), bookmark: () => bookmark() };
}

/** What somebody who sees only what matches hears of a change. */
function asSeen({ type, object, previous }: StoredEvent, matches: Filter): WatchEvent | undefined {
  const after = type !== "DELETED" && matches(object);
  const before = previous !== undefined && matches(previous);
  if (after) return { type: before ? "MODIFIED" : "ADDED", object };
  return before ? { type: "DELETED", object } : undefined;
}
