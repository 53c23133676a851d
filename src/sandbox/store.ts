import { Collection } from "./collection.ts";
import type { Kind, Subresource } from "./kind-rules.ts";
import type { StoredObject } from "./objects.ts";

/** A write that was applied. */
export interface Write {
  user: string;
  method: string;
  kind: Kind;
  subresource: Subresource;
  before: StoredObject | undefined;
  /** Undefined = the object is gone. */
  after: StoredObject | undefined;
  body: unknown;
}

/** The objects of all kinds. Each change of anything gets the next version, and those who listen hear of it. */
export class Store {
  readonly #collections = new Map<Kind, Collection>();
  readonly #writeListeners = new Set<(write: Write) => void>();
  #version: number;

  /** @param version where versions start */
  constructor(kinds: readonly Kind[], version: number) {
    this.#version = version;
    for (const kind of kinds) {
      const collection = new Collection();
      // Nothing is known of the time before.
      collection.compact(version);
      this.#collections.set(kind, collection);
    }
  }

  /** The version of the last change of anything. */
  get version(): number {
    return this.#version;
  }

  collection(plural: string): Collection {
    for (const [kind, collection] of this.#collections) if (kind.resource.plural === plural) return collection;
    throw new Error(`Cannot find a kind: want a served plural, found ${plural}`);
  }

  of(kind: Kind): Collection {
    const collection = this.#collections.get(kind);
    if (collection === undefined) throw new Error(`no collection of ${kind.resource.plural}`);
    return collection;
  }

  onWrite(listener: (write: Write) => void): () => void {
    this.#writeListeners.add(listener);
    return () => this.#writeListeners.delete(listener);
  }

  /** Forgets the changes up to a version. */
  compact(version: number): void {
    for (const collection of this.#collections.values()) collection.compact(version);
  }

  put(write: Write & { after: StoredObject }): StoredObject {
    this.#version += 1;
    const { kind, before, after } = write;
    const object = { ...after, metadata: { ...after.metadata, resourceVersion: String(this.#version) } };
    const type = before === undefined ? "ADDED" : "MODIFIED";
    this.of(kind).record({ version: this.#version, type, object, previous: before });
    this.#told({ ...write, after: object });
    return object;
  }

  /** Answers with the last object there was, at the version of its end. */
  remove(write: Write & { after: undefined }, last: StoredObject): StoredObject {
    this.#version += 1;
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: String(this.#version) } };
    this.of(write.kind).record({ version: this.#version, type: "DELETED", object, previous: write.before });
    this.#told(write);
    return object;
  }

  #told(write: Write): void {
    for (const listener of this.#writeListeners) listener(write);
  }
}
