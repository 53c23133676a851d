import type { Call, CallerOptions } from "./caller.ts";
import { Caller } from "./caller.ts";
import { Concurrency } from "./concurrency.ts";
import { isGone, type Status } from "./errors.ts";
import { type KubeObject, type Resource, resourcePath } from "./resources.ts";
import type { StreamAnswer, TransportRequest } from "./transport.ts";

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
  /**
   * Called just before each attempt, so also when the server put off the one before. What it throws ends the call; as an
   * `UnknownOutcomeError` if an earlier attempt may have been applied.
   */
  beforeAttempt?: (() => void) | undefined;
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

export interface DeleteOptions extends CallOptions, Pick<WriteOptions, "beforeAttempt"> {
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

export interface KubeClientOptions extends CallerOptions {
  fieldManager?: string;
  /** Writes at the same time, at most; default 32. Halved on 429, grows back by one per round. */
  maxWritesInFlight?: number;
  /** Requests per second, off by default. */
  qps?: number;
  burst?: number;
}

const TIMEOUT_MS = 10_000;
const LIST_TIMEOUT_MS = 30_000;
const PAGE_SIZE = 500;
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
  readonly #caller: Caller;
  readonly #fieldManager: string | undefined;
  readonly #concurrency: Concurrency;

  constructor(options: KubeClientOptions) {
    this.#caller = new Caller(options);
    this.#fieldManager = options.fieldManager;
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
    const { timeoutMs, signal, beforeAttempt } = options;
    const callOptions = {
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(signal !== undefined && { signal }),
      beforeAttempt,
    };
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
    return await this.#caller.open({
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
    });
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
    return await this.#caller.ask({
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
    const { subresource = "", timeoutMs = TIMEOUT_MS, retryForMs, beforeAttempt, signal, dryRun } = options;
    const fieldManager = options.fieldManager ?? this.#fieldManager;
    const query = new URLSearchParams();
    if (fieldManager !== undefined && verb !== "delete") query.set("fieldManager", fieldManager);
    if (extra.force) query.set("force", "true");
    if (dryRun && verb !== "delete") query.set("dryRun", "All");
    const headers = { "content-type": "application/json", ...extra.headers };
    const common = { verb, method, resource: resource.plural, subresource, path, query, headers, body, signal };
    const call: Call = { ...common, write: true, repeatable, timeoutMs, retryForMs, beforeAttempt };
    this.#caller.mustLead(call);
    const turn = await this.#concurrency.turn(signal);
    let good = false;
    try {
      const answer = await this.#caller.ask(call, turn);
      good = true;
      return wire(answer);
    } finally {
      turn.done(good);
    }
  }
}

/** JSON from the server is what the API says it is; nothing checks it again. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a cast is all it is
export function wire<T>(json: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where JSON gets its type
  return json as T;
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
