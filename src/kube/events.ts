import type { KubeClient } from "./client.ts";
import { type Clock, toTime } from "./clock.ts";
import { isAlreadyExists, isNotFound } from "./errors.ts";
import { EVENTS, type KubeObject } from "./resources.ts";

/** What an event is about. */
export interface InvolvedObject {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion?: string;
}

export interface EventRecorderOptions {
  client: KubeClient;
  clock: Clock;
  /** e.g. "cloneset-controller". */
  component: string;
  /** e.g. the pod name. */
  instance?: string;
  /** Events waiting at most; more are dropped and counted. Default 1,000. */
  capacity?: number;
  /** full: too many waiting · rate: too many about one object · failed: the server did not take it. */
  onDropped?: (reason: "full" | "rate" | "failed") => void;
  onError?: (error: unknown) => void;
}

interface EventBody extends KubeObject {
  involvedObject: InvolvedObject;
  type: string;
  reason: string;
  message: string;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string };
  reportingComponent: string;
  reportingInstance: string;
}

/** One thing that happened, perhaps several times, and the Event that says so. */
interface Series {
  key: string;
  object: InvolvedObject;
  type: string;
  reason: string;
  message: string;
  count: number;
  firstMs: number;
  lastMs: number;
  /** The name of the Event on the server, once there is one. */
  stored: string | undefined;
  queued: boolean;
}

/** As client-go's spam filter: 25 events about one object at once, then one in five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
const REMEMBERED_MAX = 4_096;
const MESSAGE_BYTES_MAX = 1_024;

/** Writes Events in the background, one at a time. Nothing here throws or blocks. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** Least recently used first. */
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, { tokens: number; filledMs: number }>();
  readonly #queue = new Set<Series>();
  readonly #aborter = new AbortController();
  #sequence = 0;
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(object: InvolvedObject, type: "Normal" | "Warning", reason: string, message: string): void {
    if (this.#stopped) return;
    const { clock, capacity = 1_000, onDropped } = this.#options;
    if (!this.#takeToken(object)) {
      onDropped?.("rate");
      return;
    }
    const text = cut(message);
    const key = JSON.stringify([object.kind, object.namespace, object.name, object.uid, type, reason, text]);
    const nowMs = clock.nowMs();
    const known = this.#series.get(key);
    if (this.#queue.size >= capacity && known?.queued !== true) {
      onDropped?.("full");
      return;
    }
    const series = known ?? {
      key,
      object,
      type,
      reason,
      message: text,
      count: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      stored: undefined,
      queued: false,
    };
    series.count += 1;
    series.lastMs = nowMs;
    remember(this.#series, key, series);
    series.queued = true;
    this.#queue.add(series);
    this.#writing ??= this.#writeAll();
  }

  /** Takes nothing more, and waits at most `deadlineMs` until what was recorded is written. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => this.#aborter.abort(new Error("the recorder was stopped")), deadlineMs);
    await this.#writing;
    clock.clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    // Whatever else is recorded in this tick goes into the same Event.
    await Promise.resolve();
    for (const series of this.#queue) {
      this.#queue.delete(series);
      series.queued = false;
      if (this.#aborter.signal.aborted) {
        this.#options.onDropped?.("failed");
        continue;
      }
      try {
        await this.#write(series);
      } catch (error) {
        this.#options.onDropped?.("failed");
        this.#options.onError?.(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(series: Series): Promise<void> {
    const { client } = this.#options;
    const { namespace } = series.object;
    const { signal } = this.#aborter;
    if (series.stored !== undefined) {
      try {
        const patch = { count: series.count, lastTimestamp: toTime(series.lastMs) };
        await client.patch(EVENTS, { namespace, name: series.stored }, patch, { type: "merge", signal });
        return;
      } catch (error) {
        // Events live for an hour or so: the story starts again.
        if (!isNotFound(error)) throw error;
        series.stored = undefined;
        series.count = 1;
        series.firstMs = series.lastMs;
      }
    }
    for (;;) {
      const event = this.#body(series);
      try {
        await client.create(EVENTS, event, { signal });
        series.stored = event.metadata.name;
        return;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
  }

  #body(series: Series): EventBody {
    const { clock, component, instance = component } = this.#options;
    const { object, type, reason, message, count } = series;
    this.#sequence += 1;
    const unique = (BigInt(Math.trunc(clock.nowMs())) * 1_000_000n + BigInt(this.#sequence % 1_000_000)).toString(16);
    return {
      apiVersion: "v1",
      kind: EVENTS.kind,
      metadata: { name: `${object.name.slice(0, 230)}.${unique}`, namespace: object.namespace },
      involvedObject: object,
      type,
      reason,
      message,
      count,
      firstTimestamp: toTime(series.firstMs),
      lastTimestamp: toTime(series.lastMs),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance.slice(0, 128),
    };
  }

  #takeToken(object: InvolvedObject): boolean {
    const key = `${object.kind}/${object.namespace}/${object.name}/${object.uid}`;
    const nowMs = this.#options.clock.monotonicMs();
    const bucket = this.#buckets.get(key) ?? { tokens: BURST, filledMs: nowMs };
    bucket.tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.filledMs) / REFILL_MS);
    bucket.filledMs = nowMs;
    remember(this.#buckets, key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

/** Keeps the most recently used entries. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= REMEMBERED_MAX) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}

/** At most 1,024 bytes, as the API wants it, never in the middle of a character. */
function cut(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MESSAGE_BYTES_MAX) return message;
  let end = MESSAGE_BYTES_MAX - 3;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString()}...`;
}
