import type {
  CreateOptions,
  DeleteOptions,
  KubeClient,
  KubeList,
  ListOptions,
  ObjectRef,
  PatchOptions,
} from "../../src/kube/client.ts";
import type { Status } from "../../src/kube/errors.ts";
import { ApiError, NoAnswerError, UnknownOutcomeError } from "../../src/kube/errors.ts";
import type { KubeObject, Resource } from "../../src/kube/resources.ts";
import type { StoredObject } from "../../src/sandbox/objects.ts";
import { filterOf } from "../../src/sandbox/selectors.ts";

type Verb = "get" | "list" | "create" | "patch" | "delete";

/** What a test wants to go wrong with the next call of this verb and name. */
export interface Fault {
  call: `${Verb} ${string}`;
  /** The answer; a function may change things in between, as others do. */
  error: Error | (() => Error);
  /** The write is carried out all the same. */
  applied?: boolean;
}

/** The server puts the next call of this verb and name off once; the client tries again on its own. */
export interface Delay {
  call: `${Verb} ${string}`;
  /** What happens while the client waits. */
  meanwhile: () => void;
}

/**
 * A few objects behind the calls of a client, for tests of what is sent in which order. It knows versions, uids and
 * preconditions; patches merge metadata and replace the rest.
 */
export class FakeKube implements Pick<KubeClient, "get" | "list" | "create" | "patch" | "delete"> {
  /** Every call, in order: "patch pods/status web-a @10". */
  readonly calls: string[] = [];
  /** Bodies of patches and preconditions of deletions, as they came. */
  readonly sent: object[] = [];
  /** For how long each patch may be tried again; undefined = as long as the client does. */
  readonly patchRetriesMs: (number | undefined)[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #faults: Fault[] = [];
  readonly #delays: Delay[] = [];
  #version = 100;

  put(resource: Resource, object: KubeObject): void {
    this.#objects.set(keyOf(resource, object.metadata.name), structuredClone(object));
  }

  find(resource: Resource, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf(resource, name));
  }

  drop(resource: Resource, name: string): void {
    this.#objects.delete(keyOf(resource, name));
  }

  fail(...faults: Fault[]): void {
    this.#faults.push(...faults);
  }

  delay(...delays: Delay[]): void {
    this.#delays.push(...delays);
  }

  async get<T extends KubeObject = KubeObject>(resource: Resource, { name }: ObjectRef): Promise<T> {
    this.calls.push(`get ${resource.plural} ${name}`);
    return await this.#answer("get", name, () => this.#existing(resource, name, "get") as T);
  }

  /** Faults are named after the resource: "list pods". */
  async list<T extends KubeObject = KubeObject>(
    resource: Resource,
    { labelSelector = "" }: ListOptions = {},
  ): Promise<KubeList<T>> {
    this.calls.push(`list ${resource.plural} ${labelSelector}`);
    const isSelected = filterOf(labelSelector, null, resource.plural);
    return await this.#answer("list", resource.plural, () => {
      const all = [...this.#objects].flatMap(([key, object]) => (key.startsWith(`${resource.plural} `) ? object : []));
      return {
        resourceVersion: String(this.#version),
        items: all.filter((object) => isSelected(object as StoredObject)) as T[],
      };
    });
  }

  async create<T extends KubeObject = KubeObject>(
    resource: Resource,
    object: KubeObject,
    { beforeAttempt }: CreateOptions = {},
  ): Promise<T> {
    const { name } = object.metadata;
    this.#attempt("create", name, beforeAttempt);
    this.calls.push(`create ${resource.plural} ${name}`);
    return await this.#answer("create", name, () => {
      if (this.find(resource, name)) throw refused(409, "AlreadyExists", "create");
      return this.#store(resource, { ...object, metadata: { ...object.metadata, uid: `uid-${name}` } }) as T;
    });
  }

  async patch<T extends KubeObject = KubeObject>(
    resource: Resource,
    { name }: ObjectRef,
    patch: object,
    options: PatchOptions,
  ): Promise<T> {
    const { metadata = {} } = patch as Partial<KubeObject>;
    const { uid, resourceVersion, ...changes } = metadata as KubeObject["metadata"];
    this.#attempt("patch", name, options.beforeAttempt);
    const where = options.subresource ? `${resource.plural}/${options.subresource}` : resource.plural;
    this.calls.push(`patch ${where} ${name} @${resourceVersion}`);
    this.sent.push(patch);
    this.patchRetriesMs.push(options.retryForMs);
    return await this.#answer("patch", name, () => {
      const before = this.#existing(resource, name, "patch");
      if (before.metadata.uid !== uid || before.metadata.resourceVersion !== resourceVersion) {
        throw refused(409, "Conflict", "patch");
      }
      const ownerReferences = changes.ownerReferences?.filter((owner) => !("$patch" in owner));
      return this.#store(resource, {
        ...before,
        ...patch,
        metadata: {
          ...before.metadata,
          ...changes,
          labels: { ...before.metadata.labels, ...changes.labels },
          annotations: { ...before.metadata.annotations, ...changes.annotations },
          ...(ownerReferences ? { ownerReferences } : {}),
        },
      }) as T;
    });
  }

  async delete(resource: Resource, { name }: ObjectRef, options: DeleteOptions = {}): Promise<KubeObject | Status> {
    const { beforeAttempt, ...preconditions } = options;
    this.#attempt("delete", name, beforeAttempt);
    this.calls.push(`delete ${resource.plural} ${name}`);
    this.sent.push(preconditions);
    return await this.#answer("delete", name, () => {
      const before = this.#existing(resource, name, "delete");
      const { uid, resourceVersion } = preconditions;
      const isOther = uid !== undefined && uid !== before.metadata.uid;
      const hasChanged = resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion;
      if (isOther || hasChanged) throw refused(409, "Conflict", "delete");
      this.drop(resource, name);
      return before;
    });
  }

  /** The attempts of one call up to the one that is answered: only that one is listed. */
  #attempt(verb: Verb, name: string, beforeAttempt: (() => void) | undefined): void {
    beforeAttempt?.();
    const delay = take(this.#delays, `${verb} ${name}`);
    if (delay === undefined) return;
    delay.meanwhile();
    beforeAttempt?.();
  }

  /** One turn of the event loop later, as over a wire. */
  async #answer<T>(verb: Verb, name: string, work: () => T): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    const fault = take(this.#faults, `${verb} ${name}`);
    if (fault === undefined) return work();
    if (fault.applied) work();
    throw typeof fault.error === "function" ? fault.error() : fault.error;
  }

  #existing(resource: Resource, name: string, verb: string): KubeObject {
    const object = this.find(resource, name);
    if (object === undefined) throw refused(404, "NotFound", verb);
    return object;
  }

  #store(resource: Resource, object: KubeObject): KubeObject {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.#objects.set(keyOf(resource, object.metadata.name), stored);
    return stored;
  }
}

/** Takes the first one out of a list that is meant for a call. */
function take<T extends { call: string }>(from: T[], call: string): T | undefined {
  const index = from.findIndex((one) => one.call === call);
  return index < 0 ? undefined : from.splice(index, 1)[0];
}

function keyOf({ plural }: Resource, name: string): string {
  return `${plural} ${name}`;
}

/** The server says no. */
export function refused(
  code: number,
  reason: string,
  verb = "write",
  message = reason,
  afterUnknown = false,
): ApiError {
  return new ApiError({ code, reason, message, verb, path: "/somewhere", afterUnknown });
}

/** The connection broke after the request was sent. */
export function unknownOutcome(verb = "write"): UnknownOutcomeError {
  return new UnknownOutcomeError(verb, "/somewhere", new Error("connection reset"));
}

/** A read got no answer. */
export function noAnswer(): NoAnswerError {
  return new NoAnswerError("get", "/somewhere", new Error("connection refused"));
}
