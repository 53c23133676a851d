/** When is a request sent again, when is it given up, and what does it mean that no answer came? */
import type { Clock } from "./clock.ts";
import type { Turn } from "./concurrency.ts";
import { ApiError, isStatus, NoAnswerError, NotLeaderError, UnknownOutcomeError } from "./errors.ts";
import {
  type Answer,
  type Lane,
  NotSentError,
  type StreamAnswer,
  type Transport,
  type TransportRequest,
} from "./transport.ts";

/** Says whether this process may write now. A `LeaderElector` is one. */
export interface WriteGate {
  mayWrite(): boolean;
  /** By the monotonic clock: when every write must be over. No write gets a deadline after it. */
  writesEndAtMs(): number;
  /** Aborted when the right to write is lost: ends the writes in flight. */
  readonly lost: AbortSignal;
}

export interface RequestReport {
  /** get, list, watch, create, update, patch, delete */
  verb: string;
  resource: string;
  subresource: string;
  /** HTTP status, or "error" without an answer. */
  code: string;
  seconds: number;
}

/** Told of every attempt on the wire. */
export interface RequestObserver {
  started(): void;
  finished(report: RequestReport): void;
}

export interface CallerOptions {
  transport: Transport;
  clock: Clock;
  /** e.g. `cloneset-controller/1.0.0`. */
  userAgent?: string;
  lane?: Lane;
  gate?: WriteGate;
  observer?: RequestObserver;
  /** For how long a server that cannot be reached is tried; default: as long as the call may take. */
  unreachableForMs?: number;
}

/** What is about to be asked, and what may be done when no answer comes. */
export interface Call {
  verb: string;
  method: TransportRequest["method"];
  resource: string;
  subresource: string;
  path: string;
  query: URLSearchParams;
  headers?: Record<string, string>;
  body?: unknown;
  write: boolean;
  /** Doing it twice is the same as doing it once. */
  repeatable: boolean;
  timeoutMs: number;
  retryForMs?: number | undefined;
  /** Called before each attempt: what it throws ends the call. */
  beforeAttempt?: (() => void) | undefined;
  signal: AbortSignal | undefined;
}

interface Limits {
  signal: AbortSignal;
  leftMs(): number;
  /** Until when another attempt may begin. */
  retryLeftMs(): number;
  clear(): void;
}

/** After resets and 5xx. A server that cannot be reached at all, or says 429, is tried until the deadline. */
const ATTEMPTS_MAX = 4;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_LAST_MS = 2_000;

export class Caller {
  readonly #options: CallerOptions;
  readonly #clock: Clock;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** Asks until there is a usable answer, or none can come any more. */
  async ask(call: Call, turn?: Turn): Promise<unknown> {
    const { unreachableForMs = Number.POSITIVE_INFINITY } = this.#options;
    const limits = this.#limits(call);
    /** Some attempt may have been applied. */
    let unknown = false;
    let last: unknown;
    let lastCode: number | undefined;
    const begunMs = this.#clock.monotonicMs();
    try {
      for (let attempt = 1; ; attempt++) {
        if (call.write && !this.#mayWrite()) {
          last = new NotLeaderError(call.verb, call.path);
          break;
        }
        if (limits.signal.aborted) {
          last = limits.signal.reason;
          break;
        }
        try {
          call.beforeAttempt?.();
        } catch (error) {
          if (!unknown) throw error;
          last = error;
          break;
        }
        let waitMs = this.#backoffMs(attempt);
        try {
          const answer = await this.#observed(call, () => this.#once(call, limits));
          if (answer.status < 300) {
            if (typeof answer.body === "object" && answer.body !== null) return answer.body;
            throw new Error(`the answer (${answer.status}) is not JSON`);
          }
          const refused = refusal(call, answer, unknown);
          if (answer.status === 429 && call.subresource !== "eviction") {
            turn?.overloaded();
            waitMs = Math.max(waitMs, (refused.retryAfterSeconds ?? 1) * 1000);
            if (limits.retryLeftMs() <= waitMs) throw refused;
          } else if (answer.status < 500) throw refused;
          else {
            unknown ||= call.write;
            last = refused;
            lastCode = answer.status;
            const worthIt = answer.status !== 504 || call.write;
            if (!call.repeatable || !worthIt || attempt >= ATTEMPTS_MAX) break;
            waitMs = Math.max(waitMs, (refused.retryAfterSeconds ?? 0) * 1000);
          }
        } catch (error) {
          if (error instanceof ApiError) throw error;
          last = limits.signal.aborted ? limits.signal.reason : error;
          const notSent = error instanceof NotSentError;
          if (!notSent) {
            unknown ||= call.write;
            lastCode = undefined;
          }
          if (notSent && this.#clock.monotonicMs() - begunMs > unreachableForMs) break;
          if (limits.signal.aborted || !(notSent || (call.repeatable && attempt < ATTEMPTS_MAX))) break;
        }
        if (limits.retryLeftMs() <= waitMs) break;
        try {
          await this.#clock.sleep(waitMs, limits.signal);
        } catch {
          last = limits.signal.reason;
          break;
        }
      }
    } finally {
      limits.clear();
    }
    if (unknown) throw new UnknownOutcomeError(call.verb, call.path, last, lastCode);
    if (call.signal?.aborted) throw call.signal.reason;
    if (last instanceof NotLeaderError || last instanceof ApiError) throw last;
    throw new NoAnswerError(call.verb, call.path, last);
  }

  /** Opens a stream, at once or never. No deadline: the signal ends it. */
  async open(call: Call & { signal: AbortSignal }): Promise<StreamAnswer> {
    const { signal } = call;
    let answer: StreamAnswer;
    try {
      answer = await this.#observed(call, () => this.#options.transport.stream(this.#onTheWire(call, signal)));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new NoAnswerError(call.verb, call.path, error);
    }
    if (answer.status !== 200) throw refusal(call, answer, false);
    return answer;
  }

  /** @throws {NotLeaderError} if the call is a write, and this process may not write now */
  mustLead(call: Call): void {
    if (!this.#mayWrite()) throw new NotLeaderError(call.verb, call.path);
  }

  async #once(call: Call, limits: Limits): Promise<Answer> {
    // The server gives up when we do: nothing of ours is applied after we stopped waiting for it.
    if (call.write) call.query.set("timeout", `${Math.max(1, Math.ceil(limits.leftMs()))}ms`);
    return await this.#options.transport.request(this.#onTheWire(call, limits.signal));
  }

  #onTheWire(call: Call, signal: AbortSignal): TransportRequest {
    const query = call.query.toString();
    return {
      method: call.method,
      path: query === "" ? call.path : `${call.path}?${query}`,
      headers: {
        accept: "application/json",
        "user-agent": this.#options.userAgent ?? "kube-client",
        ...call.headers,
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      signal,
      lane: this.#options.lane ?? "bulk",
    };
  }

  async #observed<A extends Answer>(call: Call, send: () => Promise<A>): Promise<A> {
    const { observer } = this.#options;
    const startedMs = this.#clock.monotonicMs();
    let code = "error";
    observer?.started();
    try {
      const answer = await send();
      code = String(answer.status);
      return answer;
    } finally {
      const { verb, resource, subresource } = call;
      observer?.finished({
        verb,
        resource,
        subresource,
        code,
        seconds: (this.#clock.monotonicMs() - startedMs) / 1000,
      });
    }
  }

  /** One deadline for the whole call; the caller's signal and the loss of the lead end it earlier. */
  #limits(call: Call): Limits {
    const { gate } = this.#options;
    const now = this.#clock.monotonicMs();
    const endMs = call.write && gate ? Math.min(now + call.timeoutMs, gate.writesEndAtMs()) : now + call.timeoutMs;
    const ender = new AbortController();
    const timer = this.#clock.setTimeout(
      () => ender.abort(new Error(`no answer within ${Math.round(endMs - now)} ms`)),
      endMs - now,
    );
    const stop = () => ender.abort(call.signal?.reason);
    const lose = () => ender.abort(new NotLeaderError(call.verb, call.path));
    if (call.signal?.aborted) stop();
    call.signal?.addEventListener("abort", stop);
    if (call.write) gate?.lost.addEventListener("abort", lose);
    return {
      signal: ender.signal,
      leftMs: () => endMs - this.#clock.monotonicMs(),
      retryLeftMs: () =>
        Math.min(endMs, now + (call.retryForMs ?? Number.POSITIVE_INFINITY)) - this.#clock.monotonicMs(),
      clear: () => {
        this.#clock.clearTimeout(timer);
        call.signal?.removeEventListener("abort", stop);
        gate?.lost.removeEventListener("abort", lose);
      },
    };
  }

  #mayWrite(): boolean {
    return this.#options.gate?.mayWrite() ?? true;
  }

  #backoffMs(attempt: number): number {
    const ms = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
    return ms * (0.5 + this.#clock.random());
  }
}

/** The error for an answer that is a refusal. */
function refusal(call: Call, answer: Answer, afterUnknown: boolean): ApiError {
  const status = isStatus(answer.body) ? answer.body : undefined;
  const header = Number(answer.headers["retry-after"]);
  const seconds = Number.isFinite(header) && header >= 0 ? header : status?.details?.retryAfterSeconds;
  return new ApiError({
    code: answer.status,
    reason: status?.reason,
    message: status?.message ?? (typeof answer.body === "string" ? answer.body : ""),
    details: status?.details,
    retryAfterSeconds: seconds,
    verb: call.verb,
    path: call.path,
    afterUnknown,
  });
}
