import type { Clock } from "./clock.ts";
import { Concurrency, type Turn } from "./concurrency.ts";
import { ApiError, isGone, NoAnswerError, NotLeaderError, type Status, UnknownOutcomeError } from "./errors.ts";
import { type KubeObject, type Resource, resourcePath } from "./resources.ts";
import {
  type Answer,
  type Lane,
  NotSentError,
  type StreamAnswer,
  type Transport,
  type TransportRequest,
} from "./transport.ts";

/** Which object. `namespace` is needed for namespaced kinds. */
export interface ObjectRef {
  namespace?: string;
  name: string;
}

export interface CallOptions {
  /** For the whole call with its retries, from the first byte sent (waiting for a turn not counted). Default 10,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** Default: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Without it: a consistent read. */
  resourceVersion?: string;
  resourceVersionMatch?: "NotOlderThan" | "Exact";
  /** Objects per page; default 500, 0 = everything in one answer. */
  limit?: number;
  /** Ask for metadata alone (PartialObjectMetadataList). */
  metadataOnly?: boolean;
}

/** One page, or all of them together: the version is that of the snapshot. */
export interface KubeList<T> {
  resourceVersion: string;
  items: T[];
}

export interface WriteOptions extends CallOptions {
  /** Begin no further attempt after this. Default: as long as `timeoutMs` allows. */
  retryForMs?: number;
  subresource?: "status" | "scale" | "resize" | "eviction" | "binding";
  fieldManager?: string;
  dryRun?: boolean;
}

export interface CreateOptions extends WriteOptions {
  /** The name is fixed, so a second POST can at worst answer AlreadyExists: retry after an unknown outcome. */
  retryable?: boolean;
}

export interface PatchOptions extends WriteOptions {
  /**
   * merge: RFC 7386 · strategic: lists by key, built-in kinds only · json: RFC 6902 · apply: server-side apply.
   * A merge, strategic or apply patch that carries metadata.resourceVersion is retried after an unknown outcome.
   */
  type: "merge" | "strategic" | "json" | "apply";
  /** Server-side apply only. */
  force?: boolean;
  /** A second copy would be refused by what the patch itself tests: retry a JSON patch after an unknown outcome. */
  retryable?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Preconditions: 409 when the object is another one, or has changed. With a uid the call is retried. */
  uid?: string;
  resourceVersion?: string;
  gracePeriodSeconds?: number;
  propagationPolicy?: "Foreground" | "Background" | "Orphan";
  dryRun?: boolean;
}

export interface WatchOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  resourceVersion: string;
  timeoutSeconds: number;
  signal: AbortSignal;
}

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

export interface KubeClientOptions {
  transport: Transport;
  clock: Clock;
  /** e.g. `cloneset-controller/1.0.0`. */
  userAgent?: string;
  fieldManager?: string;
  lane?: Lane;
  gate?: WriteGate;
  observer?: RequestObserver;
  /** Writes at the same time, at most; default 32. Halved on 429, grows back by one per round. */
  maxWritesInFlight?: number;
  /** Requests per second, off by default. */
  qps?: number;
  burst?: number;
}

/** What is about to be asked, and what may be done when no answer comes. */
interface Call {
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
  signal: AbortSignal | undefined;
}

const TIMEOUT_MS = 10_000;
const LIST_TIMEOUT_MS = 30_000;
const PAGE_SIZE = 500;
/** After resets and 5xx. A server that cannot be reached at all, or says 429, is tried until the deadline. */
const ATTEMPTS_MAX = 4;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_LAST_MS = 2_000;

const PATCH_TYPES = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/**
 * Plain JSON in, plain JSON out. Objects returned are read-only for the caller.
 *
 * Every call rejects with one of: `ApiError` (refused), `UnknownOutcomeError` (a write that may have been applied),
 * `NoAnswerError` (nothing changed), `NotLeaderError` (not sent), or the reason of the caller's signal (a read, or a
 * write not yet sent).
 */
export class KubeClient {
  readonly #options: KubeClientOptions;
  readonly #clock: Clock;
  readonly #concurrency: Concurrency;

  constructor(options: KubeClientOptions) {
    this.#options = options;
    this.#clock = options.clock;
    const { clock, maxWritesInFlight = 32, qps, burst } = options;
    this.#concurrency = new Concurrency({ clock, max: maxWritesInFlight, qps, burst });
  }

  /** Writes that may be in flight now; sinks on 429. */
  get writeLimit(): number {
    return this.#concurrency.limit;
  }

  async get<T extends KubeObject = KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T> {
    return wire(await this.#read("get", resource, resourcePath(resource, ref), new URLSearchParams(), options));
  }

  /** Everything, however many pages. An expired page token restarts the list once, unpaged. */
  async list<T extends KubeObject = KubeObject>(resource: Resource, options: ListOptions = {}): Promise<KubeList<T>> {
    try {
      return await this.#listAll<T>(resource, options);
    } catch (error) {
      if (!isGone(error) || options.limit === 0) throw error;
      return await this.#listAll<T>(resource, { ...options, limit: 0 });
    }
  }

  async #listAll<T extends KubeObject>(resource: Resource, options: ListOptions): Promise<KubeList<T>> {
    const all: KubeList<T> = { resourceVersion: "", items: [] };
    for await (const page of this.listPages<T>(resource, options)) {
      all.resourceVersion = page.resourceVersion;
      for (const item of page.items) all.items.push(item);
    }
    return all;
  }

  /** Page by page, for lists that should not be in memory at once. Throws a 410 when a page token has expired. */
  async *listPages<T extends KubeObject = KubeObject>(
    resource: Resource,
    options: ListOptions = {},
  ): AsyncGenerator<KubeList<T>> {
    const { limit = PAGE_SIZE } = options;
    const first = selection(options);
    if (options.resourceVersion !== undefined) first.set("resourceVersion", options.resourceVersion);
    if (options.resourceVersionMatch !== undefined) first.set("resourceVersionMatch", options.resourceVersionMatch);
    let query = first;
    for (;;) {
      if (limit > 0) query.set("limit", String(limit));
      const page = await this.#read("list", resource, resourcePath(resource, options), query, {
        timeoutMs: LIST_TIMEOUT_MS,
        ...options,
        headers: options.metadataOnly ? { accept: METADATA_LIST } : undefined,
      });
      const { metadata, items } = wire<{ metadata?: Status["metadata"]; items?: T[] | null }>(page);
      yield { resourceVersion: metadata?.resourceVersion ?? "", items: items ?? [] };
      if (!metadata?.continue) return;
      // The token says which version: naming one beside it is refused.
      query = selection(options);
      query.set("continue", metadata.continue);
    }
  }

  /** `object.metadata` says where; with a subresource, also of which object. */
  async create<T extends KubeObject = KubeObject>(
    resource: Resource,
    object: KubeObject,
    options: CreateOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    const { subresource, retryable = false } = options;
    const path = resourcePath(resource, { namespace, ...(subresource && { name, subresource }) });
    return wire(await this.#write("create", "POST", resource, path, object, retryable, options));
  }

  async patch<T extends KubeObject = KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    patch: object,
    options: PatchOptions,
  ): Promise<T> {
    const path = resourcePath(resource, { ...ref, subresource: options.subresource });
    const pinned = hasVersion(patch) || options.type === "apply" || options.retryable === true;
    const headers = { "content-type": PATCH_TYPES[options.type] };
    const extra = options.force ? { headers, force: true } : { headers };
    return wire(await this.#write("patch", "PATCH", resource, path, patch, pinned, options, extra));
  }

  /** PUT; with metadata.resourceVersion it is retried after an unknown outcome. */
  async update<T extends KubeObject = KubeObject>(
    resource: Resource,
    object: KubeObject,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    const path = resourcePath(resource, { namespace, name, subresource: options.subresource });
    return wire(await this.#write("update", "PUT", resource, path, object, hasVersion(object), options));
  }

  /** The answer is the object (terminating or final) or a bare Status: hand it to `cache.removed`. */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<KubeObject | Status> {
    const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy, dryRun } = options;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...((uid ?? resourceVersion) !== undefined && {
        preconditions: { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) },
      }),
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagationPolicy !== undefined && { propagationPolicy }),
      ...(dryRun && { dryRun: ["All"] }),
    };
    const { timeoutMs, signal } = options;
    const callOptions = { ...(timeoutMs !== undefined && { timeoutMs }), ...(signal !== undefined && { signal }) };
    const path = resourcePath(resource, ref);
    return await this.#write("delete", "DELETE", resource, path, body, uid !== undefined, callOptions);
  }

  /** Opens one watch. Rejects with ApiError when the server refuses it. No deadline: the signal ends it. */
  async watch(resource: Resource, options: WatchOptions): Promise<StreamAnswer> {
    const query = selection(options);
    query.set("watch", "true");
    query.set("allowWatchBookmarks", "true");
    query.set("resourceVersion", options.resourceVersion);
    query.set("timeoutSeconds", String(options.timeoutSeconds));
    const call: Call = {
      verb: "watch",
      method: "GET",
      resource: resource.plural,
      subresource: "",
      path: resourcePath(resource, options),
      query,
      write: false,
      repeatable: true,
      timeoutMs: 0,
      signal: options.signal,
    };
    let answer: StreamAnswer;
    try {
      answer = await this.#observed(call, () => this.#options.transport.stream(this.#onTheWire(call, options.signal)));
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      throw new NoAnswerError("watch", call.path, error);
    }
    if (answer.status !== 200) throw refusal(call, answer, false);
    return answer;
  }

  /** GET of any path, e.g. "/version", "/apis". */
  async getPath<T>(path: string, options: CallOptions = {}): Promise<T> {
    return wire(await this.#read("get", undefined, path, new URLSearchParams(), options));
  }

  async #read(
    verb: string,
    resource: Resource | undefined,
    path: string,
    query: URLSearchParams,
    options: CallOptions & { headers?: Record<string, string> | undefined },
  ): Promise<unknown> {
    const { timeoutMs = TIMEOUT_MS, signal, headers } = options;
    return await this.#attempts({
      verb,
      method: "GET",
      resource: resource?.plural ?? "",
      subresource: "",
      path,
      query,
      ...(headers && { headers }),
      write: false,
      repeatable: true,
      timeoutMs,
      signal,
    });
  }

  async #write(
    verb: string,
    method: TransportRequest["method"],
    resource: Resource,
    path: string,
    body: object,
    repeatable: boolean,
    options: WriteOptions,
    extra: { headers?: Record<string, string>; force?: boolean } = {},
  ): Promise<KubeObject> {
    const { subresource = "", timeoutMs = TIMEOUT_MS, retryForMs, signal, dryRun } = options;
    const fieldManager = options.fieldManager ?? this.#options.fieldManager;
    const query = new URLSearchParams();
    if (fieldManager !== undefined && verb !== "delete") query.set("fieldManager", fieldManager);
    if (extra.force) query.set("force", "true");
    if (dryRun && verb !== "delete") query.set("dryRun", "All");
    const headers = { "content-type": "application/json", ...extra.headers };
    const common = { verb, method, resource: resource.plural, subresource, path, query, headers, body, signal };
    const call: Call = { ...common, write: true, repeatable, timeoutMs, retryForMs };
    this.#mustLead(call);
    const turn = await this.#concurrency.turn(signal);
    let good = false;
    try {
      const answer = await this.#attempts(call, turn);
      good = true;
      return wire(answer);
    } finally {
      turn.done(good);
    }
  }

  /** Asks until there is a usable answer, or none can come any more. */
  async #attempts(call: Call, turn?: Turn): Promise<unknown> {
    const limits = this.#limits(call);
    /** Some attempt may have been applied. */
    let unknown = false;
    let last: unknown;
    let lastCode: number | undefined;
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

  #mustLead(call: Call): void {
    if (!this.#mayWrite()) throw new NotLeaderError(call.verb, call.path);
  }

  #backoffMs(attempt: number): number {
    const ms = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
    return ms * (0.5 + this.#clock.random());
  }
}

/** JSON from the server is what the API says it is; nothing checks it again. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a cast is all it is
export function wire<T>(json: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where JSON gets its type
  return json as T;
}

interface Limits {
  signal: AbortSignal;
  leftMs(): number;
  /** Until when another attempt may begin. */
  retryLeftMs(): number;
  clear(): void;
}

function selection(options: {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}): URLSearchParams {
  const query = new URLSearchParams();
  if (options.labelSelector) query.set("labelSelector", options.labelSelector);
  if (options.fieldSelector) query.set("fieldSelector", options.fieldSelector);
  return query;
}

function hasVersion(body: object): boolean {
  return wire<Partial<KubeObject>>(body).metadata?.resourceVersion !== undefined;
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

/** The error that a Status object stands for, e.g. in an ERROR event of a watch. */
export function errorOfStatus(status: Status, verb: string, path: string): ApiError {
  return new ApiError({
    code: status.code ?? 500,
    reason: status.reason,
    message: status.message,
    details: status.details,
    retryAfterSeconds: status.details?.retryAfterSeconds,
    verb,
    path,
  });
}

export function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}
