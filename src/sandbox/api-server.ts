import type { Clock } from "../kube/clock.ts";
import { toTime } from "../kube/clock.ts";
import { messageOf } from "../kube/errors.ts";
import type { ObjectMeta } from "../kube/resources.ts";
import { apiVersionOf, NAMESPACES } from "../kube/resources.ts";
import type { Answer } from "../kube/transport.ts";
import type { Admission, Attempt } from "./admission.ts";
import type { Contents } from "./content.ts";
import { tellUnknown } from "./content.ts";
import { spentBudget } from "./disruption.ts";
import { ownedAfterApply, ownedAfterUpdate, type Writing } from "./fields/ownership.ts";
import type { Kind, Subresource } from "./kind-rules.ts";
import { KINDS } from "./kinds.ts";
import { metadataCauses } from "./metadata-check.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap, isSame, withoutNulls } from "./objects.ts";
import { JsonPatchError, jsonPatch, mergePatch, StrategicPatchError, strategicPatch } from "./patch.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  invalidFor,
  notFound,
  Refusal,
  versionTooLarge,
} from "./refusal.ts";
import type { Filter } from "./selectors.ts";
import { filterOf } from "./selectors.ts";
import type { StoredEvent } from "./store.ts";
import { Collection } from "./store.ts";
import { checkListOptions, checkWriteOptions } from "./write-options.ts";

export interface ApiRequest {
  method: string;
  /** With the query. */
  path: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Parsed. */
  body?: unknown;
  /** Who asks; told to those who listen to writes. */
  user: string;
  /** The version up to which this connection's server has come, where it is behind. */
  behindAt?: number | undefined;
  /** Asked before a write is stored; without it every write is let through. */
  admission?: Admission;
}

/** A request under way, and what its answer is to warn of. */
interface Call extends ApiRequest {
  warnings: string[];
  /** The body has its owners already: it was merged by server-side apply. */
  isApplied?: boolean;
  /** Told back: an object was made, though nobody said POST. */
  isCreation?: boolean;
}

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

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: unknown;
}

export interface ApiServerOptions {
  clock: Pick<Clock, "nowMs" | "random">;
  /** Where versions start. */
  version?: number;
  /** What objects may look like; a kind without an entry takes everything. */
  contents?: Contents;
  /** Nothing can be made in a namespace that does not exist. */
  needsNamespaces?: boolean;
  /** Whether objects say who owns which of their fields. It costs time, and server-side apply does not go without. */
  tracksOwners?: boolean;
}

/** A write before anybody was asked. */
interface Proposal {
  target: Target;
  request: Call;
  operation: "CREATE" | "UPDATE";
  object: StoredObject;
  old?: StoredObject;
  /** Settles what clients may not set; done again for what a webhook changed. */
  prepare: (object: StoredObject) => StoredObject;
}

interface Target {
  kind: Kind;
  namespace: string;
  name: string;
  subresource: Subresource;
  query: URLSearchParams;
}

const SUBRESOURCES: ReadonlySet<string> = new Set(["status", "scale", "resize", "eviction", "binding", "finalize"]);
const POLICIES: readonly string[] = ["Background", "Foreground", "Orphan"];
const BUDGETS = "poddisruptionbudgets";
const STRATEGIC = "application/strategic-merge-patch+json";
const APPLY = "application/apply-patch+yaml";
/** Tells a client that it has seen all that there was. */
const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };
const SUFFIX = "bcdfghjklmnpqrstvwxz2456789";

/** The Kubernetes API in memory: objects, versions, preconditions, deletion, watches. One call is one atomic step. */
export class ApiServer {
  readonly #clock: ApiServerOptions["clock"];
  readonly #collections = new Map<Kind, Collection>();
  readonly #byPath = new Map<string, Kind>();
  readonly #writeListeners = new Set<(write: Write) => void>();
  readonly #contents: Contents;
  readonly #needsNamespaces: boolean;
  readonly #tracksOwners: boolean;
  #version: number;

  constructor(options: ApiServerOptions) {
    const { clock, version = 1000, contents = new Map(), needsNamespaces = false, tracksOwners = false } = options;
    this.#clock = clock;
    this.#version = version;
    this.#contents = contents;
    this.#needsNamespaces = needsNamespaces;
    this.#tracksOwners = tracksOwners;
    for (const kind of KINDS) {
      const collection = new Collection();
      // Nothing is known of the time before.
      collection.compact(version);
      this.#collections.set(kind, collection);
      this.#byPath.set(`${apiVersionOf(kind.resource)}/${kind.resource.plural}`, kind);
    }
  }

  /** The version of the last change of anything. */
  get version(): number {
    return this.#version;
  }

  /** Direct sight of one kind, for the parts of a cluster that are not clients. */
  collection(plural: string): Collection {
    for (const [kind, collection] of this.#collections) if (kind.resource.plural === plural) return collection;
    throw new Error(`Cannot find a kind: want a served plural, found ${plural}`);
  }

  onWrite(listener: (write: Write) => void): () => void {
    this.#writeListeners.add(listener);
    return () => this.#writeListeners.delete(listener);
  }

  /** Every request but a watch. */
  request(request: ApiRequest): Answer {
    const warnings: string[] = [];
    try {
      const call: Call = { ...request, warnings };
      const body = this.#handle(call);
      return ok(body, request.method === "POST" || call.isCreation ? 201 : 200, warnings);
    } catch (error) {
      if (error instanceof Refusal) return withWarnings(error.answer(), warnings);
      const said = "the server rejected our request due to an error in our request";
      if (error instanceof JsonPatchError) return new Refusal(422, "Invalid", said, {}).answer();
      if (error instanceof StrategicPatchError) return new Refusal(500, "", error.message).answer();
      throw error;
    }
  }

  /**
   * Opens a watch: what happened since the version asked for, then what happens. A version that is forgotten is told as
   * an ERROR event, like the real server does. Returns an answer instead if the path is not one that can be watched.
   */
  watch(
    path: string,
    listener: (event: WatchEvent, version: number) => void,
  ): { stop: () => void; bookmark: () => void } | Answer {
    try {
      const { kind, namespace, name, query } = this.#target(path);
      checkListOptions(query);
      const fields = [query.get("fieldSelector"), name && `metadata.name=${name}`].filter(Boolean).join(",");
      const matches = inNamespace(namespace, filterOf(query.get("labelSelector"), fields, kind.resource.plural));
      const collection = this.#collection(kind);
      const from = Number(query.get("resourceVersion") ?? "0");
      const tell = (event: StoredEvent) => {
        const seen = asSeen(event, matches);
        if (seen) listener(seen, event.version);
      };
      const bookmark = (annotations?: Record<string, string>) => {
        const { resource } = kind;
        const metadata = { resourceVersion: String(this.#version), ...(annotations ? { annotations } : {}) };
        const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
        listener({ type: "BOOKMARK", object }, this.#version);
      };
      const sendsInitial = query.get("sendInitialEvents") === "true";
      if (from === 0 || sendsInitial) {
        for (const object of collection.all().filter(matches)) listener({ type: "ADDED", object }, this.#version);
        if (sendsInitial && query.get("allowWatchBookmarks") === "true") bookmark(INITIAL_EVENTS_END);
      } else {
        const missed = collection.since(from);
        if (missed === undefined) {
          const { status } = expired(`too old resource version: ${from} (${collection.compactedVersion})`);
          listener({ type: "ERROR", object: status }, this.#version);
          return { stop: () => {}, bookmark: () => {} };
        }
        missed.forEach(tell);
      }
      return { stop: collection.onEvent(tell), bookmark: () => bookmark() };
    } catch (error) {
      if (error instanceof Refusal) return error.answer();
      throw error;
    }
  }

  /** Forgets the changes up to a version: watches and lists that need them get 410. */
  compact(version = this.#version): void {
    for (const collection of this.#collections.values()) collection.compact(version);
  }

  #handle(request: Call): unknown {
    const target = this.#target(request.path);
    const { kind, name, subresource, query } = target;
    const isApply = request.method === "PATCH" && (request.headers["content-type"]?.startsWith(APPLY) ?? false);
    checkWriteOptions(request.method, query, isApply);
    if (subresource === "scale") return this.#scale(target, request);
    if (name === "" && (request.method === "PUT" || request.method === "PATCH")) throw notAllowed();
    switch (request.method) {
      case "GET":
        return name === "" ? this.#list(target, request) : this.#found(target);
      case "POST":
        if (subresource === "binding") return this.#bind(target, request);
        if (subresource === "eviction") return this.#evict(target, request);
        if (name !== "") throw notAllowed();
        return this.#create(target, request);
      case "PUT":
        return this.#update(target, request, this.#cleaned(kind, request.body));
      case "PATCH": {
        if (isApply) return this.#apply(target, request);
        const old = this.#found(target);
        if (kind.isCustom && request.headers["content-type"]?.startsWith(STRATEGIC))
          throw new Refusal(
            415,
            "UnsupportedMediaType",
            `the body of the request was in an unknown format: ${STRATEGIC}`,
          );
        return this.#update(
          target,
          request,
          patched(old, request, kind, (body) => this.#cleaned(kind, body)),
          old,
        );
      }
      case "DELETE":
        return name === "" ? this.#deleteCollection(target, request) : this.#delete(target, request);
      default:
        throw notAllowed();
    }
  }

  #target(path: string): Target {
    const [where = "", search = ""] = path.split("?");
    const parts = where.split("/").filter(Boolean).map(decodeURIComponent);
    const isCore = parts.shift() === "api";
    const group = isCore ? "" : `${parts.shift()}/`;
    const groupVersion = `${group}${parts.shift()}`;
    let namespace = "";
    // A namespace has subresources of its own.
    const isWithin = parts.length > 2 && parts[2] !== "status" && parts[2] !== "finalize";
    if (parts[0] === "namespaces" && isWithin) [, namespace = ""] = parts.splice(0, 2);
    const [plural = "", name = "", subresource = ""] = parts;
    const kind = this.#byPath.get(`${groupVersion}/${plural}`);
    const isKnown =
      subresource === "" || (SUBRESOURCES.has(subresource) && kind?.subresources?.includes(subresource as Subresource));
    if (kind === undefined || !isKnown)
      throw new Refusal(404, "NotFound", "the server could not find the requested resource", {});
    return { kind, namespace, name, subresource: subresource as Subresource, query: new URLSearchParams(search) };
  }

  #collection(kind: Kind): Collection {
    const collection = this.#collections.get(kind);
    if (collection === undefined) throw new Error(`no collection of ${kind.resource.plural}`);
    return collection;
  }

  #found({ kind, namespace, name }: Target): StoredObject {
    const object = this.#collection(kind).get(namespace, name);
    if (object === undefined) throw notFound(kind.resource, name);
    return object;
  }

  #list({ kind, namespace, query }: Target, { headers, behindAt }: ApiRequest): unknown {
    checkListOptions(query);
    const collection = this.#collection(kind);
    const token = readToken(query.get("continue"));
    const asked = query.get("resourceVersion");
    let version = this.#version;
    if (token) version = token.version;
    else if (asked !== null && asked !== "" && query.get("resourceVersionMatch") === "Exact") version = Number(asked);
    else if (asked !== null && asked !== "" && behindAt !== undefined) {
      // Answered from what this server has seen, which is enough unless more was asked for.
      if (Number(asked) > behindAt) throw versionTooLarge(Number(asked), behindAt);
      version = behindAt;
    }
    if (asked !== null && Number(asked) > this.#version) throw versionTooLarge(Number(asked), this.#version);
    if (version < collection.compactedVersion) {
      throw expired(
        token
          ? "The provided continue parameter is too old to display a consistent list result."
          : "The resourceVersion for the provided list is too old.",
      );
    }
    const matches = inNamespace(
      namespace,
      filterOf(query.get("labelSelector"), query.get("fieldSelector"), kind.resource.plural),
    );
    const all = (version === this.#version ? collection.all() : collection.at(version)).filter(matches);
    const from = token ? all.findIndex((object) => nameOf(object) > token.after) : 0;
    const rest = from < 0 ? [] : all.slice(from);
    const limit = Number(query.get("limit") ?? "0");
    const items = limit > 0 ? rest.slice(0, limit) : rest;
    const last = items.at(-1);
    const more = last !== undefined && items.length < rest.length;
    const isSelection = Boolean(query.get("labelSelector") || query.get("fieldSelector"));
    const metadataOnly = headers["accept"]?.includes("as=PartialObjectMetadataList") ?? false;
    const { resource } = kind;
    return {
      apiVersion: metadataOnly ? "meta.k8s.io/v1" : apiVersionOf(resource),
      kind: metadataOnly ? "PartialObjectMetadataList" : `${resource.kind}List`,
      metadata: {
        resourceVersion: String(version),
        ...(more ? { continue: token_(version, nameOf(last)) } : {}),
        // Of a selection nobody counts what is left.
        ...(more && !isSelection ? { remainingItemCount: rest.length - items.length } : {}),
      },
      items: metadataOnly
        ? items.map(({ metadata }) => ({ apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata }))
        : items,
    };
  }

  #create(target: Target, request: Call): StoredObject {
    const { kind, namespace } = target;
    const { body, user } = request;
    if (!isMap(body) || !isMap(body["metadata"])) throw badRequest("the body of the request is no object");
    const sent = withoutBare(withoutNulls(body["metadata"]));
    const name = sent.name ?? (sent.generateName ? sent.generateName + this.#suffix() : "");
    if (name === "") throw new Refusal(422, "Invalid", "resource name may not be empty");
    if (kind.resource.namespaced && sent.namespace !== undefined && sent.namespace !== namespace)
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    if (this.#needsNamespaces && kind.resource.namespaced) this.#mustTakeContent(target, name);
    const collection = this.#collection(kind);
    if (collection.get(namespace, name)) throw alreadyExists(kind.resource, name);
    const { deletionTimestamp: _d, deletionGracePeriodSeconds: _g, generation: _n, ...kept } = sent;
    const metadata = {
      ...kept,
      name,
      ...(kind.resource.namespaced ? { namespace } : {}),
      uid: this.#uid(),
      resourceVersion: "",
      creationTimestamp: toTime(this.#clock.nowMs()),
      ...(kind.hasGeneration ? { generation: 1 } : {}),
    };
    const content = this.#decoded(target, this.#cleaned(kind, body), request);
    const whole = { ...content, apiVersion: apiVersionOf(kind.resource), kind: kind.resource.kind, metadata };
    const object = withFinalizers(this.#owned(whole, undefined, target, request), kind.finalizers);
    const prepare = (next: StoredObject) => kind.prepareCreate?.(next) ?? next;
    const prepared = this.#admitted({ target, request, operation: "CREATE", object: prepare(object), prepare });
    if (isDryRun(target)) return prepared;
    return this.#store({ user, method: "POST", kind, subresource: "", before: undefined, after: prepared, body });
  }

  #update(target: Target, request: Call, sent: unknown, known?: StoredObject): StoredObject {
    const { kind, name, subresource } = target;
    const { method, user, body } = request;
    const old = known ?? this.#found(target);
    if (!isMap(sent) || !isMap(sent["metadata"])) throw badRequest("the body of the request is no object");
    const meta = withoutBare(sent["metadata"]);
    if (meta.name !== undefined && meta.name !== name) throw misnamed(meta.name, name);
    if (meta.uid !== undefined && meta.uid !== old.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.metadata.uid}`;
      // A patch may not change a uid; an update speaks of another object.
      if (method === "PATCH")
        throw new Refusal(
          422,
          "Invalid",
          `${kind.resource.kind} "${name}" is invalid: metadata.uid: Invalid value: field is immutable`,
        );
      throw conflict(kind.resource, name, why);
    }
    if (meta.resourceVersion && meta.resourceVersion !== old.metadata.resourceVersion)
      throw conflict(kind.resource, name);
    const { creationTimestamp, uid, generation, deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
    const metadata = {
      ...meta,
      name,
      ...(kind.resource.namespaced ? { namespace: target.namespace } : {}),
      uid,
      creationTimestamp,
      resourceVersion: old.metadata.resourceVersion,
      ...(generation === undefined ? {} : { generation }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
    };
    if (deletionTimestamp !== undefined && meta.finalizers?.some((one) => !old.metadata.finalizers?.includes(one))) {
      throw new Refusal(
        403,
        "Forbidden",
        `metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted`,
      );
    }
    const content = this.#decoded(target, sent, request);
    const full = { ...content, apiVersion: old.apiVersion, kind: old.kind, metadata };
    const prepare = (whole: StoredObject) => kind.prepareUpdate?.(whole, old, subresource) ?? whole;
    const { managedFields } = this.#owned(full, old, target, request).metadata;
    const admitted = this.#admitted({ target, request, operation: "UPDATE", object: prepare(full), old, prepare });
    let next = this.#tracksOwners ? withOwners(admitted, managedFields) : admitted;
    if (isSame(next, old)) return old;
    if (kind.hasGeneration && !isSame(askedFor(next), askedFor(old))) {
      next = { ...next, metadata: { ...next.metadata, generation: (generation ?? 0) + 1 } };
    }
    if (isDryRun(target)) return next;
    const isOver =
      deletionTimestamp !== undefined &&
      (next.metadata.finalizers ?? []).length === 0 &&
      (deletionGracePeriodSeconds ?? 0) === 0 &&
      !kind.isHeld?.(next);
    const write = { user, method, kind, subresource, before: old, body };
    if (isOver) return this.#remove({ ...write, after: undefined }, next);
    return this.#store({ ...write, after: next });
  }

  /** Server-side apply: the fields of the configuration go into the object, or make it. */
  #apply(target: Target, request: Call): StoredObject {
    const { kind, namespace, name, subresource, query } = target;
    const { body: config } = request;
    if (!this.#tracksOwners)
      throw new Refusal(415, "UnsupportedMediaType", "server-side apply is off: nobody tracks owners");
    const [apiVersion, kindName] = isMap(config) ? [config["apiVersion"], config["kind"]] : [];
    if (!isMap(config) || apiVersion !== apiVersionOf(kind.resource) || kindName !== kind.resource.kind)
      throw badRequest(`invalid object type: ${typeNameOf(apiVersion, kindName)}`);
    const meta: JsonMap = isMap(config["metadata"]) ? config["metadata"] : {};
    if (meta["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
    if (meta["name"] !== undefined && meta["name"] !== name) throw misnamed(meta["name"], name);
    const old = this.#collection(kind).get(namespace, name);
    if (old === undefined && subresource !== "") throw notFound(kind.resource, name);
    const writing = { ...this.#writing(target, request), force: query.get("force") === "true" };
    const object = ownedAfterApply(config, old, writing);
    if (old !== undefined) return this.#update(target, { ...request, isApplied: true }, object, old);
    request.isCreation = true;
    const named = { ...object, metadata: { ...object.metadata, name } };
    return this.#create(target, { ...request, isApplied: true, body: named });
  }

  #writing({ kind, subresource, query }: Target, { user }: Call): Writing {
    return { kind, subresource, name: query.get("fieldManager") || user, time: toTime(this.#clock.nowMs()) };
  }

  /** The object with its owners, if they are kept. */
  #owned(next: StoredObject, old: StoredObject | undefined, target: Target, request: Call): StoredObject {
    if (!this.#tracksOwners || request.isApplied) return next;
    return ownedAfterUpdate(next, old, this.#writing(target, request));
  }

  /**
   * Typed kinds forget what is null; a schema says for itself which nulls it keeps. The data of a revision is raw, and kept
   * as it is.
   */
  #cleaned<T>(kind: Kind, body: T): T {
    if (kind.isCustom && this.#contents.has(kind.resource.plural)) return body;
    const clean = withoutNulls(body);
    return isMap(clean) && isMap(body) && "data" in body ? { ...clean, data: body["data"] } : clean;
  }

  /** What was sent, without what nobody knows and with defaults. */
  #decoded({ kind, query }: Target, sent: JsonMap, { warnings }: Call): JsonMap {
    const content = this.#contents.get(kind.resource.plural);
    if (content === undefined) return sent;
    const { object, unknown } = content.decode(sent);
    const { kind: name, version } = kind.resource;
    tellUnknown(unknown, {
      asked: query.get("fieldValidation"),
      warn: (text) => warnings.push(text),
      what: `${name} in version "${version}" cannot be handled as a ${name}`,
    });
    return object;
  }

  /** Refuses what would be new in a namespace that is not there, or is going. */
  #mustTakeContent({ kind: { resource }, namespace }: Target, name: string): void {
    const found = this.collection(NAMESPACES.plural).get("", namespace);
    if (found === undefined) throw notFound(NAMESPACES, namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    const plural = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw new Refusal(403, "Forbidden", `${plural} "${name}" is forbidden: ${why}`, {
      name,
      group: resource.group,
      kind: resource.plural,
      causes: [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    });
  }

  /** The object to store once admission has had its say, and the content was checked in between. */
  #admitted({ target, request, operation, object, old, prepare }: Proposal): StoredObject {
    const { kind, namespace, name, subresource } = target;
    const { admission, user } = request;
    const content = this.#contents.get(kind.resource.plural);
    const proposed = (old === undefined && content?.admit?.(object, this)) || object;
    const attempt: Attempt = {
      operation,
      kind,
      subresource,
      namespace,
      name: object.metadata.name || name,
      object: proposed,
      old,
      isDryRun: isDryRun(target),
      user,
      warn: (text) => request.warnings.push(text),
    };
    let next = proposed;
    const changed = admission?.mutate(attempt) ?? proposed;
    if (changed !== proposed) {
      const { metadata } = object;
      const decoded = content ? content.decode(changed).object : changed;
      const { labels, annotations, finalizers, ownerReferences } = changed.metadata;
      const settled = { ...metadata, labels, annotations, finalizers, ownerReferences };
      next = prepare(withoutNulls({ ...object, ...decoded, metadata: settled }) as StoredObject);
    }
    const causes = [
      ...(this.#contents.size > 0 ? metadataCauses(next.metadata) : []),
      ...(content?.check(next, old, subresource) ?? []),
    ];
    if (causes.length > 0) throw invalidFor(kind.resource, next.metadata.name, causes);
    admission?.validate({ ...attempt, object: next });
    return next;
  }

  /** The number of replicas by itself, as `kubectl scale` and autoscalers write it. */
  #scale(target: Target, request: Call): unknown {
    const object = this.#found(target);
    if (request.method === "GET") return scaleOf(object, target.kind);
    const scale =
      request.method === "PATCH"
        ? patched(scaleOf(object, target.kind) as unknown as StoredObject, request, target.kind, withoutNulls)
        : request.body;
    const { spec, metadata } = scale as { spec?: { replicas?: number }; metadata?: { resourceVersion?: string } };
    const { resourceVersion } = metadata ?? {};
    if (resourceVersion && resourceVersion !== object.metadata.resourceVersion)
      throw conflict(target.kind.resource, target.name);
    const sent = { ...object, spec: { ...(object["spec"] as JsonMap), replicas: spec?.replicas ?? 0 } };
    return scaleOf(this.#update(target, request, sent, object), target.kind);
  }

  #bind(target: Target, request: ApiRequest): unknown {
    const old = this.#found(target);
    const body = request.body as { target?: { name?: string }; metadata?: { uid?: string } };
    const spec = old["spec"] as JsonMap;
    if (spec["nodeName"] !== undefined || (body.metadata?.uid ?? old.metadata.uid) !== old.metadata.uid) {
      throw conflict(target.kind.resource, target.name, "pod is already assigned to a node");
    }
    const status = old["status"] as JsonMap;
    const now = toTime(this.#clock.nowMs());
    const others = ((status["conditions"] as JsonMap[] | undefined) ?? []).filter(
      ({ type }) => type !== "PodScheduled",
    );
    const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: now };
    this.#store({
      user: request.user,
      method: "POST",
      kind: target.kind,
      subresource: "binding",
      before: old,
      after: {
        ...old,
        spec: { ...spec, nodeName: body.target?.name },
        status: { ...status, conditions: [...others, scheduled] },
      },
      body: request.body,
    });
    return { apiVersion: "v1", kind: "Status", metadata: {}, status: "Success", code: 201 };
  }

  /** A deletion that asks the disruption budgets first. */
  #evict(target: Target, request: Call): unknown {
    const pod = this.#found(target);
    const options: JsonMap =
      isMap(request.body) && isMap(request.body["deleteOptions"]) ? request.body["deleteOptions"] : {};
    const spent = spentBudget(pod, this.collection(BUDGETS).values(), this.#clock.nowMs());
    const isDry = isDryRun(target) || Array.isArray(options["dryRun"]);
    const kind = [...this.#collections.keys()].find(({ resource }) => resource.plural === BUDGETS);
    if (spent && kind && !isDry) {
      const { budget, status } = spent;
      const after = { ...budget, status };
      const { user, body } = request;
      this.#store({ user, method: "PUT", kind, subresource: "status", before: budget, after, body });
    }
    this.#delete({ ...target, subresource: "" }, { ...request, body: options });
    return { apiVersion: "v1", kind: "Status", metadata: {}, status: "Success", code: 201 };
  }

  /** Deletes what a list would have shown, and answers with that. */
  #deleteCollection(target: Target, request: Call): unknown {
    const list = this.#list(target, request) as { items: StoredObject[] };
    for (const { metadata } of list.items) {
      const { name, namespace = "" } = metadata;
      this.#delete({ ...target, name, namespace }, request);
    }
    return list;
  }

  #delete(target: Target, request: Call): unknown {
    const { kind, namespace, name } = target;
    const { body, user, admission } = request;
    const old = this.#found(target);
    const options = (isMap(body) ? body : {}) as {
      preconditions?: { uid?: string; resourceVersion?: string };
      gracePeriodSeconds?: number;
      propagationPolicy?: string;
      dryRun?: string[];
    };
    mustBePolicy(options.propagationPolicy);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== old.metadata.uid) {
      throw conflict(
        kind.resource,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
      );
    }
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
      throw conflict(
        kind.resource,
        name,
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`,
      );
    }
    const dry = isDryRun(target) || (options.dryRun ?? []).length > 0;
    const attempt: Attempt = {
      operation: "DELETE",
      kind,
      subresource: "",
      namespace,
      name,
      object: undefined,
      old,
      isDryRun: dry,
      user,
      warn: (text) => request.warnings.push(text),
    };
    admission?.mutate(attempt);
    admission?.validate(attempt);
    if (dry) return old;
    const write = { user, method: "DELETE", kind, subresource: "" as const, before: old, body };
    const asked =
      options.gracePeriodSeconds ??
      (target.query.has("gracePeriodSeconds") ? Number(target.query.get("gracePeriodSeconds")) : undefined);
    const grace = kind.graceSeconds?.(old, asked) ?? 0;
    const finalizers = withPropagation(old.metadata.finalizers ?? [], options.propagationPolicy);
    const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
    const isShorter = deletionTimestamp === undefined || grace < (deletionGracePeriodSeconds ?? 0);
    if (grace > 0 || finalizers.length > 0 || kind.isHeld?.(old)) {
      if (!isShorter && isSame(finalizers, old.metadata.finalizers ?? [])) return old;
      const generation = (old.metadata.generation ?? 0) + 1;
      const after = {
        ...(kind.prepareDelete?.(old) ?? old),
        metadata: {
          ...old.metadata,
          ...(finalizers.length > 0 ? { finalizers } : {}),
          ...(isShorter
            ? { deletionTimestamp: toTime(this.#clock.nowMs() + grace * 1000), deletionGracePeriodSeconds: grace }
            : {}),
          ...(old.metadata.generation === undefined || deletionTimestamp !== undefined ? {} : { generation }),
        },
      };
      return this.#store({ ...write, after });
    }
    const last = this.#remove({ ...write, after: undefined }, old);
    if (kind.answersDeleted) return last;
    return {
      apiVersion: "v1",
      kind: "Status",
      metadata: {},
      status: "Success",
      details: { name, group: kind.resource.group, kind: kind.resource.plural, uid: old.metadata.uid },
    };
  }

  #store(write: Write & { after: StoredObject }): StoredObject {
    this.#version += 1;
    const { kind, before, after } = write;
    const object = { ...after, metadata: { ...after.metadata, resourceVersion: String(this.#version) } };
    const type = before === undefined ? "ADDED" : "MODIFIED";
    this.#collection(kind).record({ version: this.#version, type, object, previous: before });
    this.#told({ ...write, after: object });
    return object;
  }

  #remove(write: Write, last: StoredObject): StoredObject {
    this.#version += 1;
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: String(this.#version) } };
    this.#collection(write.kind).record({ version: this.#version, type: "DELETED", object, previous: write.before });
    this.#told(write);
    return object;
  }

  #told(write: Write): void {
    for (const listener of this.#writeListeners) listener(write);
  }

  #uid(): string {
    const digits = Array.from({ length: 4 }, () =>
      Math.floor(this.#clock.random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
    return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
      "-",
    );
  }

  #suffix(): string {
    return Array.from({ length: 5 }, () => SUFFIX[Math.floor(this.#clock.random() * SUFFIX.length)]).join("");
  }
}

function ok(body: unknown, status: number, warnings: readonly string[]): Answer {
  return withWarnings({ status, headers: { "content-type": "application/json" }, body }, warnings);
}

/** Each as the Warning header has it: 299 = it says nothing about caches, "-" = nobody in particular says so. */
function withWarnings(answer: Answer, warnings: readonly string[]): Answer {
  if (warnings.length === 0) return answer;
  const warning = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ");
  return { ...answer, headers: { ...answer.headers, warning } };
}

function patched(
  old: StoredObject,
  { headers, body }: ApiRequest,
  { resource }: Kind,
  clean: (patched: unknown) => unknown,
): unknown {
  const type = headers["content-type"]?.split(";")[0];
  checkPatch(type, body);
  switch (type) {
    case "application/merge-patch+json":
      return clean(mergePatch(old, body));
    case STRATEGIC:
      return strategicPatch(old, body, resource);
    case "application/json-patch+json":
      return clean(jsonPatch(old, body));
    case undefined:
    default:
      throw new Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
}

/** @throws {Refusal} if a patch of this type cannot look like that */
function checkPatch(type: string | undefined, body: unknown): void {
  if (type === "application/json-patch+json") {
    if (Array.isArray(body)) return;
    throw badRequest(`error decoding patch: ${goType(body)} []handlers.jsonPatchOp`);
  }
  if (isMap(body)) return;
  const said = `${goType(body)} map[string]interface {}`;
  throw badRequest(type === STRATEGIC ? said : `error decoding patch: ${said}`);
}

function goType(body: unknown): string {
  const type = Array.isArray(body) ? "array" : typeof body;
  return `json: cannot unmarshal ${type} into Go value of type`;
}

function scaleOf(object: StoredObject, { scaleSelector }: Kind): JsonMap {
  const { metadata, spec, status } = object;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { replicas = 0 } = (status ?? {}) as { replicas?: number };
  const selector = scaleSelector?.(object);
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: (spec as { replicas?: number }).replicas ?? 0 },
    status: { replicas, ...(selector ? { selector } : {}) },
  };
}

function withOwners(object: StoredObject, managedFields: unknown[] | undefined): StoredObject {
  const { managedFields: _old, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, ...(managedFields === undefined ? {} : { managedFields }) } };
}

/** Metadata whose empty lists and maps are not there. */
function withoutBare({ labels, annotations, finalizers, ownerReferences, ...rest }: JsonMap): Partial<ObjectMeta> {
  const kept = Object.entries({ labels, annotations, finalizers, ownerReferences }).filter(
    ([, value]) => typeof value === "object" && value !== null && Object.keys(value).length > 0,
  );
  return { ...rest, ...Object.fromEntries(kept) };
}

function withFinalizers(object: StoredObject, more: readonly string[] = []): StoredObject {
  const finalizers = [...new Set([...(object.metadata.finalizers ?? []), ...more])];
  return finalizers.length === 0 ? object : { ...object, metadata: { ...object.metadata, finalizers } };
}

function notAllowed(): Refusal {
  const message = "the server does not allow this method on the requested resource";
  return new Refusal(405, "MethodNotAllowed", message, {});
}

function misnamed(found: unknown, wanted: string): Refusal {
  return badRequest(`the name of the object (${String(found)}) does not match the name on the URL (${wanted})`);
}

/** "/v1, Kind=Pod", "apps/v1, Kind=Deployment". */
function typeNameOf(apiVersion: unknown = "", kind: unknown = ""): string {
  const version = String(apiVersion);
  return `${version.includes("/") ? version : `/${version}`}, Kind=${String(kind)}`;
}

function isDryRun({ query }: Target): boolean {
  return query.get("dryRun") === "All";
}

function mustBePolicy(policy: string | undefined): void {
  if (policy === undefined || POLICIES.includes(policy)) return;
  const supported = POLICIES.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`;
  const about = { group: "meta.k8s.io", plural: "", kind: "DeleteOptions" };
  throw invalidFor(about, "", [{ reason: "FieldValueNotSupported", field: "propagationPolicy", message }]);
}

function withPropagation(finalizers: readonly string[], policy: string | undefined): string[] {
  const others = finalizers.filter((one) => one !== "orphan" && one !== "foregroundDeletion");
  if (policy === "Foreground") return [...others, "foregroundDeletion"];
  if (policy === "Orphan") return [...others, "orphan"];
  return policy === undefined ? [...finalizers] : others;
}

function inNamespace(namespace: string, filter: Filter): Filter {
  return namespace === "" ? filter : (object) => object.metadata.namespace === namespace && filter(object);
}

/** What somebody who sees only what matches hears of a change. */
function asSeen({ type, object, previous }: StoredEvent, matches: Filter): WatchEvent | undefined {
  const after = type !== "DELETED" && matches(object);
  const before = previous !== undefined && matches(previous);
  if (after) return { type: before ? "MODIFIED" : "ADDED", object };
  return before ? { type: "DELETED", object } : undefined;
}

/** Only the part of an object that counts for `metadata.generation`. */
function askedFor({ status: _status, metadata: _metadata, ...rest }: StoredObject): JsonMap {
  return rest;
}

const nameOf = ({ metadata: { namespace, name } }: StoredObject) => `${namespace ?? ""}/${name}`;

function token_(version: number, after: string): string {
  return Buffer.from(JSON.stringify({ version, after })).toString("base64url");
}

function readToken(text: string | null): { version: number; after: string } | undefined {
  if (!text) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString()) as { version: number; after: string };
  } catch (error) {
    throw badRequest(`invalid continue token: continue key is not valid: ${messageOf(error)}`);
  }
}
