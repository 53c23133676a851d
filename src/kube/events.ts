import type { KubeClient } from "./client.ts";
import { type Clock, type Timer, toTime } from "./clock.ts";
import { isAlreadyExists, isNotFound } from "./errors.ts";
import type { InvolvedObject, Series } from "./event-series.ts";
import { EventSeries, remember } from "./event-series.ts";
import { EVENTS, type KubeObject } from "./resources.ts";

export interface EventRecorderOptions {
  client: KubeClient;
  clock: Clock;
  /** e.g. "cloneset-controller". */
  component: string;
  /** e.g. the pod name. */
  instance?: string;
  /** Events waiting at most; more are dropped and counted. Default 1,000. */
  capacity?: number;
  /** full: too many waiting · failed: the server did not take it. */
  onDropped?: (reason: "full" | "failed") => void;
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

/** Writes about one object: 25 at once, then one in ten seconds. What comes meanwhile is counted, and told with the next one. */
const BURST = 25;
const REFILL_MS = 10_000;

/** Writes Events in the background, one at a time. Nothing here throws or blocks. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new EventSeries();
  readonly #buckets = new Map<string, { tokens: number; filledMs: number }>();
  /** What is to be written, longest waiting first. */
  readonly #queue = new Set<Series>();
  readonly #aborter = new AbortController();
  #sequence = 0;
  #writing: Promise<void> | undefined;
  /** Wakes the writer when an object may be written about again. */
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(object: InvolvedObject, type: "Normal" | "Warning", reason: string, message: string): void {
    if (this.#stopped) return;
    const { clock, capacity = 1_000, onDropped } = this.#options;
    const nowMs = clock.nowMs();
    const series = this.#series.of(object, type, reason, message, nowMs);
    if (this.#queue.size >= capacity && !this.#queue.has(series)) {
      onDropped?.("full");
      return;
    }
    series.count += 1;
    series.lastMs = nowMs;
    this.#queue.add(series);
    this.#writing ??= this.#writeAll();
  }

  /** Takes nothing more, and waits at most `deadlineMs` until what was recorded is written. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => this.#aborter.abort(new Error("the recorder was stopped")), deadlineMs);
    await (this.#writing ?? this.#writeAll());
    clock.clearTimeout(timer);
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
  }

  async #writeAll(): Promise<void> {
    // Whatever else is recorded in this tick goes into the same Event.
    await Promise.resolve();
    for (let series = this.#next(); series !== undefined; series = this.#next()) {
      this.#queue.delete(series);
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
    this.#wakeLater();
  }

  /** The first series about an object whose turn it is; when the recorder stops, any. */
  #next(): Series | undefined {
    for (const series of this.#queue) if (this.#stopped || this.#takeToken(series)) return series;
    return undefined;
  }

  /** Looks again when the first of those that wait has its turn. */
  #wakeLater(): void {
    const { clock } = this.#options;
    if (this.#queue.size === 0 || this.#stopped || this.#timer !== undefined) return;
    const waits = [...this.#queue].map((series) => (1 - this.#bucketOf(series).tokens) * REFILL_MS);
    const wake = () => {
      this.#timer = undefined;
      this.#writing ??= this.#writeAll();
    };
    this.#timer = clock.setTimeout(wake, Math.max(Math.ceil(Math.min(...waits)), 1));
  }

  async #write(series: Series): Promise<void> {
    const { client } = this.#options;
    const { namespace } = series.object;
    const { signal } = this.#aborter;
    if (series.stored !== undefined) {
      try {
        const message = series.isCombined ? { message: series.message } : {};
        const patch = { count: series.count, lastTimestamp: toTime(series.lastMs), ...message };
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

  #takeToken(series: Series): boolean {
    const bucket = this.#bucketOf(series);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** What may be written about the object now, brought up to date. */
  #bucketOf({ object }: Series): { tokens: number; filledMs: number } {
    const key = `${object.kind}/${object.namespace}/${object.name}/${object.uid}`;
    const nowMs = this.#options.clock.monotonicMs();
    const bucket = this.#buckets.get(key) ?? { tokens: BURST, filledMs: nowMs };
    bucket.tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.filledMs) / REFILL_MS);
    bucket.filledMs = nowMs;
    remember(this.#buckets, key, bucket);
    return bucket;
  }
}
