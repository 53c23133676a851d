import type { HeldVersion, ReflectorSink } from "./cache.ts";
import { type KubeClient, type KubeList, wire } from "./client.ts";
import type { Clock, Timer } from "./clock.ts";
import { ApiError, errorOfStatus, isGone, isNotFound, isStatus } from "./errors.ts";
import { isNewer } from "./freshness.ts";
import { type KubeObject, type Resource, resourcePath } from "./resources.ts";

/** Told what a reflector does, for metrics and logs. */
export interface ReflectorObserver {
  listed?(report: { seconds: number; items: number; consistent: boolean }): void;
  /** Why a list had to be done again. */
  relisted?(reason: string): void;
  /** A watch is open: what happens from now on is heard. */
  watching?(): void;
  watchEnded?(reason: string): void;
  repaired?(objects: number): void;
  failed?(error: unknown, retryInMs: number): void;
}

export interface ReflectorOptions {
  client: KubeClient;
  clock: Clock;
  resource: Resource;
  sink: ReflectorSink;
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  observer?: ReflectorObserver;
  /** Objects per page; default 500. */
  pageSize?: number;
  /** A watch silent for this long is taken for dead; default 75,000 to 90,000, random. Bookmarks come every 60,000. */
  silenceMs?: number;
  /** How often to compare with a consistent metadata list; default 300,000, 0 = never. */
  checkEveryMs?: number;
}

interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: KubeObject;
}

const PAGE_SIZE = 500;
const CHECK_EVERY_MS = 300_000;
/** What differs after a list must still differ after this to count as lost: the watch may just be late. */
const CHECK_GRACE_MS = 5_000;
/** More differences than this are not worth single reads. */
const REPAIRS_MAX = 50;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_LAST_MS = 30_000;
/** A watch that ended sooner than this and said nothing is a failure, not a clean end. */
const SHORT_WATCH_MS = 1_000;

/** Keeps a cache like the server: LIST, then WATCH, for ever. */
export class Reflector {
  /** Resolves after the first complete list; rejects only when stopped before. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions;
  readonly #clock: Clock;
  readonly #stopper = new AbortController();
  readonly #path: string;
  /** Up to where the list and watch have told us everything; "" before the first list. Own writes do not count. */
  #version = "";
  #isSynced = false;
  #resolveSynced!: () => void;
  #rejectSynced!: (reason: Error) => void;
  #running: Promise<unknown> | undefined;
  #failures = 0;
  #aliveMs: number;
  /** Ends the watch under way, so that the loop turns to a new list. */
  #interrupt: ((reason: "relist" | "reopen") => void) | undefined;
  #relistWaiters: { resolve: () => void; reject: (reason: unknown) => void }[] = [];

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#aliveMs = options.clock.monotonicMs();
    this.#path = resourcePath(options.resource, options);
    this.synced = new Promise((resolve, reject) => {
      this.#resolveSynced = resolve;
      this.#rejectSynced = reject;
    });
    // Nobody has to wait for it.
    this.synced.catch(() => {});
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Begins; a second call does nothing. */
  start(): void {
    if (this.#running !== undefined || this.#stopper.signal.aborted) return;
    this.#running = Promise.all([this.#loop(), this.#checkLoop()]);
  }

  /** Takes a consistent list now (a new leader, before its first plan). Retried until it succeeds or `stop` is called. */
  async relist(): Promise<void> {
    this.#stopper.signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      this.#relistWaiters.push({ resolve, reject });
      this.#interrupt?.("relist");
    });
  }

  /** Seconds since the last sign of life of the watch: an event, a bookmark, a list. */
  watchAgeSeconds(): number {
    return (this.#clock.monotonicMs() - this.#aliveMs) / 1000;
  }

  /** Ends everything, whatever is under way. */
  async stop(): Promise<void> {
    const reason = new Error(`the reflector of ${this.#options.resource.plural} was stopped`);
    this.#stopper.abort(reason);
    this.#rejectSynced(reason);
    for (const { reject } of this.#relistWaiters.splice(0)) reject(reason);
    await this.#running;
  }

  get #stopped(): boolean {
    return this.#stopper.signal.aborted;
  }

  async #loop(): Promise<void> {
    let mustList = "start";
    while (!this.#stopped) {
      try {
        if (this.#relistWaiters.length > 0) mustList ||= "asked";
        if (mustList !== "") {
          await this.#list(mustList);
          mustList = "";
          // Somebody may have asked for another list meanwhile.
          continue;
        }
        const ended = await this.#watch();
        this.#failures = 0;
        this.#options.observer?.watchEnded?.(ended);
      } catch (error) {
        if (this.#stopped) return;
        if (isGone(error) && this.#version !== "") {
          mustList = "expired";
          this.#options.observer?.watchEnded?.("expired");
          // The first 410 is news, not trouble; a list that goes on expiring is.
          if (this.#failures === 0) {
            this.#failures = 1;
            continue;
          }
        }
        await this.#pause(error);
      }
    }
  }

  /** Waits after a failure: longer each time, at least as long as the server asks for. */
  async #pause(failure: unknown): Promise<void> {
    const backoffMs = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** this.#failures);
    const askedMs = failure instanceof ApiError ? (failure.retryAfterSeconds ?? 0) * 1000 : 0;
    const waitMs = Math.max(askedMs, backoffMs * (0.5 + this.#clock.random()));
    this.#failures += 1;
    this.#options.observer?.failed?.(failure, waitMs);
    await this.#clock.sleep(waitMs, this.#stopper.signal).catch(() => {});
  }

  /**
   * The first list and those asked for are consistent reads. A list after 410 needs only be no older than what we
   * know, which the server can answer from memory; a server that is behind says 504 and is asked again later.
   */
  async #list(reason: string): Promise<void> {
    const waiters = this.#relistWaiters;
    const consistent = this.#version === "" || waiters.length > 0 || reason === "asked";
    const startedMs = this.#clock.monotonicMs();
    if (reason !== "start") this.#options.observer?.relisted?.(reason);
    this.#relistWaiters = [];
    try {
      let taken: { version: string; items: number };
      try {
        taken = await this.#take(consistent, this.#options.pageSize ?? PAGE_SIZE);
      } catch (error) {
        // The pages took longer than the server keeps a snapshot: everything at once cannot expire.
        if (!isGone(error)) throw error;
        taken = await this.#take(consistent, 0);
      }
      this.#version = taken.version;
      const seconds = (this.#clock.monotonicMs() - startedMs) / 1000;
      this.#options.observer?.listed?.({ seconds, items: taken.items, consistent });
    } catch (error) {
      this.#relistWaiters = [...waiters, ...this.#relistWaiters];
      throw error;
    }
    this.#alive();
    this.#isSynced = true;
    this.#resolveSynced();
    for (const { resolve } of waiters) resolve();
  }

  async #take(consistent: boolean, limit: number): Promise<{ version: string; items: number }> {
    const relist = this.#options.sink.relist();
    let version = "";
    let items = 0;
    for await (const page of this.#pages(limit, consistent)) {
      version = page.resourceVersion;
      if (isNewer(this.#version, version)) {
        throw new Error(`Cannot use a list of ${this.#path} at version ${version}: already saw ${this.#version}`);
      }
      items += page.items.length;
      relist.page(page.items);
      this.#alive();
    }
    relist.end(version);
    return { version, items };
  }

  #pages(limit: number, consistent: boolean, metadataOnly = false): AsyncGenerator<KubeList<KubeObject>> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    return client.listPages(resource, {
      namespace,
      labelSelector,
      fieldSelector,
      limit,
      metadataOnly,
      signal: this.#stopper.signal,
      ...(!consistent && { resourceVersion: this.#version, resourceVersionMatch: "NotOlderThan" as const }),
    });
  }

  /** One watch, until it ends. Returns why it ended, or throws when it failed. */
  async #watch(): Promise<string> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    const startedMs = this.#clock.monotonicMs();
    const ender = new AbortController();
    let endedBy = "";
    const end = (why: string) => {
      endedBy ||= why;
      ender.abort(new Error(`watch of ${this.#path}: ${why}`));
    };
    const stop = () => end("stop");
    this.#stopper.signal.addEventListener("abort", stop);
    this.#interrupt = end;
    const dog = new Watchdog(this.#clock, this.#options.silenceMs ?? 75_000 + 15_000 * this.#clock.random(), () =>
      end("silence"),
    );
    let heard = 0;
    try {
      const answer = await client.watch(resource, {
        namespace,
        labelSelector,
        fieldSelector,
        resourceVersion: this.#version,
        timeoutSeconds: 300 + Math.floor(300 * this.#clock.random()),
        signal: ender.signal,
      });
      this.#options.observer?.watching?.();
      for await (const event of answer.events) {
        if (ender.signal.aborted) break;
        dog.hear();
        heard += 1;
        this.#hear(event);
      }
    } catch (error) {
      // We ended it: whatever the connection says about that is no news.
      if (endedBy === "") throw error;
    } finally {
      dog.stop();
      this.#interrupt = undefined;
      this.#stopper.signal.removeEventListener("abort", stop);
    }
    if (endedBy !== "") return endedBy;
    if (heard === 0 && this.#clock.monotonicMs() - startedMs < SHORT_WATCH_MS) {
      throw new Error(`watch of ${this.#path} ended at once without a word`);
    }
    return "end";
  }

  #hear(event: unknown): void {
    const { type, object } = wire<WatchEvent>(event);
    if (type === "ERROR") {
      if (isStatus(object)) throw errorOfStatus(object, "watch", this.#path);
      throw new Error(`watch of ${this.#path} reported an error without a status`);
    }
    const version = object?.metadata?.resourceVersion;
    if (version === undefined) throw new Error(`watch of ${this.#path} sent something that is not an event`);
    if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") this.#options.sink.event(type, object);
    if (isNewer(version, this.#version)) this.#version = version;
    this.#failures = 0;
    this.#alive();
  }

  #alive(): void {
    this.#aliveMs = this.#clock.monotonicMs();
  }

  async #checkLoop(): Promise<void> {
    const everyMs = this.#options.checkEveryMs ?? CHECK_EVERY_MS;
    if (everyMs <= 0) return;
    while (!this.#stopped) {
      try {
        await this.#clock.sleep(everyMs * (0.9 + 0.2 * this.#clock.random()), this.#stopper.signal);
        if (this.#isSynced) await this.check();
      } catch (error) {
        if (!this.#stopped) this.#options.observer?.failed?.(error, everyMs);
      }
    }
  }

  /**
   * Compares with a consistent list of metadata, and reads live what differs; returns how many objects were wrong.
   *
   * A difference counts only if the cache is behind the list, and still is after a while: objects change all the
   * time, and the watch may just be late.
   */
  async check(): Promise<number> {
    const { sink, labelSelector, fieldSelector } = this.#options;
    const listed = new Map<string, HeldVersion>();
    let version = "";
    for await (const page of this.#pages(this.#options.pageSize ?? PAGE_SIZE, true, true)) {
      version = page.resourceVersion;
      for (const { metadata } of page.items) {
        const { uid = "", name, namespace = "", resourceVersion = "" } = metadata;
        listed.set(uid, { uid, name, namespace, resourceVersion });
      }
    }
    let behind = this.#behind(listed, version);
    if (behind.length === 0) return 0;
    await this.#clock.sleep(CHECK_GRACE_MS, this.#stopper.signal);
    behind = this.#behind(listed, version);
    if (behind.length === 0) return 0;
    // What a selector hides would be read live and put in: only a list knows the selector.
    const filtered = labelSelector !== undefined || fieldSelector !== undefined;
    if (filtered || behind.length > REPAIRS_MAX) await this.relist();
    else {
      for (const object of behind) await this.#repair(object);
      // A watch that lost something is not to be trusted with the rest.
      this.#interrupt?.("reopen");
    }
    const wrong = behind.filter(
      ({ uid, resourceVersion }) => (sink.getByUid(uid)?.resourceVersion ?? "") !== resourceVersion,
    );
    this.#options.observer?.repaired?.(wrong.length);
    return wrong.length;
  }

  /** What the cache holds, or lacks, at an older version than the list's. */
  #behind(listed: ReadonlyMap<string, HeldVersion>, version: string): HeldVersion[] {
    const { sink } = this.#options;
    const behind: HeldVersion[] = [];
    for (const there of listed.values()) {
      const held = sink.getByUid(there.uid);
      const lost =
        held === undefined
          ? !sink.isDead(there.uid, there.resourceVersion)
          : isNewer(there.resourceVersion, held.resourceVersion);
      if (lost) behind.push(held ?? { ...there, resourceVersion: "" });
    }
    for (const held of sink.all()) {
      if (!listed.has(held.uid) && !isNewer(held.resourceVersion, version)) behind.push(held);
    }
    return behind;
  }

  async #repair(object: HeldVersion): Promise<void> {
    const { client, resource, sink } = this.#options;
    try {
      const live = await client.get(resource, object, { signal: this.#stopper.signal });
      if (live.metadata.uid !== object.uid) sink.gone(object.uid);
      sink.applied(live);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      sink.gone(object.uid);
    }
  }
}

/** Barks when nothing was heard for a while. One timer, moved only when it fires: hearing costs nothing. */
class Watchdog {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #bark: () => void;
  #heardMs: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, silenceMs: number, bark: () => void) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#bark = bark;
    this.#heardMs = clock.monotonicMs();
    this.#arm(silenceMs);
  }

  hear(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #arm(ms: number): void {
    this.#timer = this.#clock.setTimeout(() => {
      const leftMs = this.#heardMs + this.#silenceMs - this.#clock.monotonicMs();
      if (leftMs <= 0) this.#bark();
      else this.#arm(leftMs);
    }, ms);
  }
}
