/** Which events are told as one? */

/** What an event is about. */
export interface InvolvedObject {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion?: string;
}

/** One thing that happened, perhaps several times; or many alike. The Event that says so is written and then counted up. */
export interface Series {
  object: InvolvedObject;
  type: string;
  reason: string;
  /** Of a combined series: the latest one. */
  message: string;
  isCombined: boolean;
  count: number;
  firstMs: number;
  lastMs: number;
  /** The name of the Event on the server, once there is one. */
  stored: string | undefined;
}

/** Different messages of one kind that are told one by one, as client-go's recorder has it. Those that follow are combined. */
const ALIKE_MAX = 10;
/** A kind of event that was not heard of for so long starts anew. */
const ALIKE_MS = 600_000;
const COMBINED = "(combined from similar events): ";
const REMEMBERED_MAX = 4_096;
const MESSAGE_BYTES_MAX = 1_024;

/** Events about one object with one type and reason. */
interface Kind {
  messages: Set<string>;
  lastMs: number;
}

/**
 * Sorts events into series: the same message again counts up; the eleventh different message of one kind (1,000 pods
 * created) goes into a combined series, which says how many there were and shows the latest.
 */
export class EventSeries {
  /** Least recently used first. */
  readonly #series = new Map<string, Series>();
  readonly #kinds = new Map<string, Kind>();

  /** The series of an event. It is not counted yet: the caller may find that there is no room for it. */
  of(object: InvolvedObject, type: string, reason: string, message: string, nowMs: number): Series {
    const text = cut(message);
    const kindKey = JSON.stringify([object.kind, object.namespace, object.name, object.uid, type, reason]);
    const isCombined = !this.#mayStandAlone(kindKey, text, nowMs);
    const key = isCombined ? kindKey : `${kindKey} ${text}`;
    const known = this.#series.get(key);
    const series = known ?? {
      object,
      type,
      reason,
      message: text,
      isCombined,
      count: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      stored: undefined,
    };
    if (isCombined) series.message = cut(`${COMBINED}${message}`);
    remember(this.#series, key, series);
    return series;
  }

  #mayStandAlone(kindKey: string, text: string, nowMs: number): boolean {
    let kind = this.#kinds.get(kindKey);
    if (kind === undefined || nowMs - kind.lastMs > ALIKE_MS) kind = { messages: new Set(), lastMs: nowMs };
    kind.lastMs = nowMs;
    remember(this.#kinds, kindKey, kind);
    if (kind.messages.has(text)) return true;
    if (kind.messages.size >= ALIKE_MAX) return false;
    kind.messages.add(text);
    return true;
  }
}

/** Keeps the most recently used entries. */
export function remember<V>(map: Map<string, V>, key: string, value: V): void {
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
