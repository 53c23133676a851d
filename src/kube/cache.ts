import type { Clock } from "./clock.ts";
import type { Status } from "./errors.ts";
import { isNewer, Tombstones } from "./freshness.ts";
import type { KubeObject } from "./resources.ts";

/** The least a projected object must keep. */
export interface CacheEntry {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ownerUids: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export type Change<T> =
  | { kind: "added"; entry: T }
  | { kind: "updated"; entry: T; previous: T }
  | { kind: "deleted"; entry: T };

export interface CacheOptions<T extends CacheEntry> {
  clock: Clock;
  /** Projects an object to the fields that are used; must keep no reference into `raw` that is large. */
  trim: (raw: KubeObject) => T;
  /** The list and watch have a selector: a DELETED event may then mean "does not match any more". */
  filtered?: boolean;
  /** A subscriber or `trim` threw; everybody else is served all the same. */
  onError?: (error: unknown) => void;
}

/** A relist under way: pages go in as they come, what was not seen goes at the end. */
export interface Relist {
  page(items: readonly KubeObject[]): void;
  /** `resourceVersion` is the list's. Removes what the list did not have, unless our copy is newer than the list. */
  end(resourceVersion: string): void;
}

/** What the consistency check compares. */
export interface HeldVersion {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What a reflector feeds. */
export interface ReflectorSink {
  relist(): Relist;
  event(type: "ADDED" | "MODIFIED" | "DELETED", raw: KubeObject): void;
  /** Everything held. */
  all(): Iterable<HeldVersion>;
  getByUid(uid: string): HeldVersion | undefined;
  /** Would news of this version be dropped because the object was deleted? */
  isDead(uid: string, resourceVersion: string): boolean;
  applied(raw: KubeObject): unknown;
  gone(uid: string): void;
}

/**
 * All objects of one kind as last known, from the watch and from the answers of our own writes.
 * Never goes back in time: per object the highest resourceVersion wins, and a deleted uid stays deleted.
 */
export class Cache<T extends CacheEntry> implements ReflectorSink {
  readonly #options: CacheOptions<T>;
  readonly #byUid = new Map<string, T>();
  /** namespace → name → entry */
  readonly #byName = new Map<string, Map<string, T>>();
  readonly #byOwner = new Map<string, Set<T>>();
  /** namespace → entries without an owner */
  readonly #unowned = new Map<string, Set<T>>();
  readonly #dead: Tombstones;
  /** The version of the last complete list: what existed then is known. */
  #listedAt = "";
  readonly #handlers = new Set<(change: Change<T>) => void>();

  constructor(options: CacheOptions<T>) {
    this.#options = options;
    this.#dead = new Tombstones(options.clock);
  }

  get size(): number {
    return this.#byUid.size;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#byName.get(namespace)?.get(name);
  }

  getByUid(uid: string): T | undefined {
    return this.#byUid.get(uid);
  }

  /** Entries with any ownerReference to this uid. */
  byOwner(uid: string): T[] {
    return [...(this.#byOwner.get(uid) ?? [])];
  }

  /** Entries of the namespace without any ownerReference. */
  unowned(namespace: string): T[] {
    return [...(this.#unowned.get(namespace) ?? [])];
  }

  inNamespace(namespace: string): T[] {
    return [...(this.#byName.get(namespace)?.values() ?? [])];
  }

  all(): IterableIterator<T> {
    return this.#byUid.values();
  }

  /** Takes in the answer of a write or of a live read. Returns what the cache now holds under that name. */
  applied(raw: KubeObject): T | undefined {
    this.#upsert(raw);
    return this.get(raw.metadata.namespace ?? "", raw.metadata.name);
  }

  /** Takes in the answer of a DELETE: a terminating object is an update, anything else a removal. */
  removed(ref: { namespace: string; name: string; uid: string }, answer: KubeObject | Status): void {
    if (isTerminating(answer)) this.#upsert(answer);
    else this.gone(ref.uid);
  }

  /** A live read said that this uid does not exist (404, or another uid under its name). */
  gone(uid: string): void {
    this.#dead.bury(uid, undefined);
    this.#remove(uid);
  }

  /** Calls `handler` after each change, in order. Returns the way to unsubscribe. */
  onChange(handler: (change: Change<T>) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  relist(): Relist {
    const seen = new Set<string>();
    return {
      page: (items) => {
        for (const raw of items) {
          seen.add(raw.metadata.uid ?? "");
          this.#upsert(raw, true);
        }
      },
      end: (resourceVersion) => {
        this.#listedAt = resourceVersion;
        for (const entry of [...this.#byUid.values()]) {
          // A copy newer than the list is one of our own writes, which the list was too early to know.
          if (seen.has(entry.uid) || isNewer(entry.resourceVersion, resourceVersion)) continue;
          this.#dead.bury(entry.uid, this.#options.filtered ? resourceVersion : undefined);
          this.#remove(entry.uid);
        }
      },
    };
  }

  event(type: "ADDED" | "MODIFIED" | "DELETED", raw: KubeObject): void {
    if (type !== "DELETED") {
      this.#upsert(raw);
      return;
    }
    const uid = raw.metadata.uid ?? "";
    const version = raw.metadata.resourceVersion ?? "";
    const held = this.#byUid.get(uid);
    // Left the selector, and our own later write brought it back.
    if (this.#options.filtered && held !== undefined && isNewer(held.resourceVersion, version)) return;
    this.#dead.bury(uid, this.#options.filtered ? version : undefined);
    this.#remove(uid);
  }

  isDead(uid: string, resourceVersion: string): boolean {
    return this.#dead.isDead(uid, resourceVersion);
  }

  #upsert(raw: KubeObject, fromList = false): void {
    const { uid = "", resourceVersion = "", namespace = "", name } = raw.metadata;
    if (this.#dead.isDead(uid, resourceVersion)) return;
    // Created by us and deleted by somebody before the list, and only now does the answer of our POST arrive:
    // nobody will tell us of a deletion that the list already knew.
    if (!fromList && !this.#byUid.has(uid) && !isNewer(resourceVersion, this.#listedAt)) return;
    const holder = this.get(namespace, name);
    if (holder !== undefined && !isNewer(resourceVersion, holder.resourceVersion)) {
      // Two lives under one name: the older one is over, and later news must not bring it back.
      if (holder.uid !== uid) this.#dead.bury(uid, undefined);
      return;
    }
    let entry: T;
    try {
      entry = this.#options.trim(raw);
    } catch (error) {
      this.#options.onError?.(error);
      return;
    }
    if (holder !== undefined && holder.uid !== uid) this.gone(holder.uid);
    const previous = this.#byUid.get(uid);
    if (previous !== undefined) this.#unindex(previous);
    this.#index(entry);
    this.#tell(previous === undefined ? { kind: "added", entry } : { kind: "updated", entry, previous });
  }

  #remove(uid: string): void {
    const entry = this.#byUid.get(uid);
    if (entry === undefined) return;
    this.#unindex(entry);
    this.#tell({ kind: "deleted", entry });
  }

  #index(entry: T): void {
    this.#byUid.set(entry.uid, entry);
    let names = this.#byName.get(entry.namespace);
    if (names === undefined) this.#byName.set(entry.namespace, (names = new Map()));
    names.set(entry.name, entry);
    for (const owner of entry.ownerUids) addTo(this.#byOwner, owner, entry);
    if (entry.ownerUids.length === 0) addTo(this.#unowned, entry.namespace, entry);
  }

  #unindex(entry: T): void {
    this.#byUid.delete(entry.uid);
    const names = this.#byName.get(entry.namespace);
    names?.delete(entry.name);
    if (names?.size === 0) this.#byName.delete(entry.namespace);
    for (const owner of entry.ownerUids) removeFrom(this.#byOwner, owner, entry);
    if (entry.ownerUids.length === 0) removeFrom(this.#unowned, entry.namespace, entry);
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        this.#options.onError?.(error);
      }
    }
  }
}

/** Whether a DELETE's answer is an object that still exists: it waits for its grace period or for finalizers. */
function isTerminating(answer: KubeObject | Status): answer is KubeObject {
  if (answer.metadata === undefined || !("name" in answer.metadata)) return false;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = answer.metadata;
  return deletionTimestamp !== undefined && (deletionGracePeriodSeconds > 0 || finalizers.length > 0);
}

function addTo<T>(index: Map<string, Set<T>>, key: string, entry: T): void {
  const entries = index.get(key);
  if (entries === undefined) index.set(key, new Set([entry]));
  else entries.add(entry);
}

function removeFrom<T>(index: Map<string, Set<T>>, key: string, entry: T): void {
  const entries = index.get(key);
  entries?.delete(entry);
  if (entries?.size === 0) index.delete(key);
}
