import type { Answer } from "../kube/transport.ts";
import type { Collection } from "./collection.ts";
import { KINDS } from "./kinds.ts";
import { notAllowed } from "./refusal.ts";
import { ok, refused } from "./requests/answer.ts";
import { apply, isApply } from "./requests/apply.ts";
import { bind } from "./requests/bind.ts";
import { create } from "./requests/create.ts";
import { cleaned } from "./requests/decode.ts";
import { deleteCollection, deleteOne } from "./requests/delete.ts";
import { evict } from "./requests/evict.ts";
import { list } from "./requests/list.ts";
import { log } from "./requests/log.ts";
import { patch } from "./requests/patch.ts";
import type { ApiRequest, Backend, Call } from "./requests/request.ts";
import { scale } from "./requests/scale.ts";
import { found, targetOf } from "./requests/target.ts";
import { update } from "./requests/update.ts";
import type { Watch, WatchEvent } from "./requests/watch.ts";
import { watch } from "./requests/watch.ts";
import type { Write } from "./store.ts";
import { Store } from "./store.ts";
import { checkWriteOptions } from "./write-options.ts";

export interface ApiServerOptions extends Partial<Omit<Backend, "clock" | "store">> {
  clock: Backend["clock"];
  /** Where versions start. */
  version?: number;
}

/** The Kubernetes API in memory: objects, versions, preconditions, deletion, watches. One call is one atomic step. */
export class ApiServer {
  readonly #backend: Backend;

  constructor(options: ApiServerOptions) {
    const { clock, version = 1000, contents = new Map(), needsNamespaces = false, tracksOwners = false } = options;
    this.#backend = { clock, store: new Store(KINDS, version), contents, needsNamespaces, tracksOwners };
  }

  /** The version of the last change of anything. */
  get version(): number {
    return this.#backend.store.version;
  }

  /** Direct sight of one kind, for the parts of a cluster that are not clients. */
  collection(plural: string): Collection {
    return this.#backend.store.collection(plural);
  }

  onWrite(listener: (write: Write) => void): () => void {
    return this.#backend.store.onWrite(listener);
  }

  /** Forgets the changes up to a version: watches and lists that need them get 410. */
  compact(version = this.version): void {
    this.#backend.store.compact(version);
  }

  /** Every request but a watch. */
  request(request: ApiRequest): Answer {
    const warnings: string[] = [];
    try {
      const call: Call = { ...request, warnings };
      const body = this.#handle(call);
      if (body === "") return ok(body, 204, warnings);
      return ok(body, request.method === "POST" || call.isCreation ? 201 : 200, warnings);
    } catch (error) {
      return refused(error, warnings);
    }
  }

  /** Opens a watch. Returns an answer instead if the path is not one that can be watched. */
  watch(path: string, listener: (event: WatchEvent, version: number) => void): Watch | Answer {
    try {
      return watch(this.#backend, targetOf(path), listener);
    } catch (error) {
      return refused(error, []);
    }
  }

  #handle(call: Call): unknown {
    const backend = this.#backend;
    const target = targetOf(call.path);
    const { kind, name, subresource, query } = target;
    checkWriteOptions(call.method, query, isApply(call));
    if (subresource === "scale") return scale(backend, target, call);
    if (subresource === "log") {
      if (call.method !== "GET") throw notAllowed();
      return log(backend, target);
    }
    switch (call.method) {
      case "GET":
        return name === "" ? list(backend, target, call) : found(backend.store, target);
      case "POST":
        if (subresource === "binding") return bind(backend, target, call);
        if (subresource === "eviction") return evict(backend, target, call);
        if (name !== "") throw notAllowed();
        return create(backend, target, call);
      case "PUT":
        if (name === "") throw notAllowed();
        return update(backend, target, call, cleaned(backend, kind, call.body));
      case "PATCH":
        if (name === "") throw notAllowed();
        return isApply(call) ? apply(backend, target, call) : patch(backend, target, call);
      case "DELETE":
        return name === "" ? deleteCollection(backend, target, call) : deleteOne(backend, target, call);
      default:
        throw notAllowed();
    }
  }
}
