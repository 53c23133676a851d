import type { StoredObject } from "./objects.ts";

/** One change. `object` of a deletion is the last one there was, at the version of the deletion. */
export interface StoredEvent {
  version: number;
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: StoredObject;
  previous: StoredObject | undefined;
}

/** All objects of one kind: as they are, and how they came to be so since the last compaction. */
export class Collection {
  readonly #objects = new Map<string, StoredObject>();
  #events: StoredEvent[] = [];
  /** Changes up to this version are forgotten. */
  #compacted = 0;
  readonly #listeners = new Set<(event: StoredEvent) => void>();

  get compactedVersion(): number {
    return this.#compacted;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  /** In the order of namespace and name. */
  all(): StoredObject[] {
    return inOrder(this.#objects);
  }

  /** In any order. */
  values(): IterableIterator<StoredObject> {
    return this.#objects.values();
  }

  /** The objects as they were at a version, which must not be compacted. */
  at(version: number): StoredObject[] {
    const then = new Map(this.#objects);
    for (const { version: changed, object, previous } of this.#events.toReversed()) {
      if (changed <= version) break;
      const key = keyOf(object);
      if (previous === undefined) then.delete(key);
      else then.set(key, previous);
    }
    return inOrder(then);
  }

  /** Changes after a version, oldest first; undefined if some of them are forgotten. */
  since(version: number): StoredEvent[] | undefined {
    if (version < this.#compacted) return undefined;
    let from = this.#events.length;
    while (from > 0 && (this.#events[from - 1]?.version ?? 0) > version) from -= 1;
    return this.#events.slice(from);
  }

  record(event: StoredEvent): void {
    const key = keyOf(event.object);
    if (event.type === "DELETED") this.#objects.delete(key);
    else this.#objects.set(key, event.object);
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  compact(version: number): void {
    this.#compacted = Math.max(this.#compacted, version);
    this.#events = this.#events.filter((event) => event.version > version);
  }

  /** Called after each change, in order. Returns the way to stop. */
  onEvent(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function keyOf({ metadata: { namespace, name } }: StoredObject): string {
  return `${namespace ?? ""}/${name}`;
}

function inOrder(objects: Map<string, StoredObject>): StoredObject[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
