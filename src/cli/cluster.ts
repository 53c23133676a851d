import { label } from "../api/constants.ts";
import type { WireCloneSet } from "../api/convert.ts";
import type { LabelSelector } from "../api/kubernetes.ts";
import { CLONE_SETS } from "../api/resource.ts";
import type { CallOptions, KubeClient, PatchOptions } from "../kube/client.ts";
import type { KubeObject, ObjectMeta, Resource } from "../kube/resources.ts";
import { CONTROLLER_REVISIONS, EVENTS, PERSISTENT_VOLUME_CLAIMS, PODS } from "../kube/resources.ts";
import type { Connection } from "./connection.ts";
import { Failure } from "./failure.ts";

/** A CloneSet as the server sends it. */
export type CloneSetObject = WireCloneSet & KubeObject & { metadata: ObjectMeta };

/** An event, as far as it is shown. */
export interface EventObject extends KubeObject {
  reason?: string;
  message?: string;
  type?: string;
  count?: number;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  firstTimestamp?: string | null;
  involvedObject?: { kind?: string; name?: string; uid?: string };
}

/** What the verbs ask of the cluster, in CloneSets' terms. Objects are as on the wire; `../observe/trim.ts` reads them. */
export class Cluster {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** For whatever has no method here. */
  get client(): KubeClient {
    return this.#connection.client;
  }

  /** For what is no call of the API: logs, exec, port-forward. @throws {Failure} where nothing runs in pods */
  get wire(): NonNullable<Connection["wire"]> {
    const { wire } = this.#connection;
    if (wire === undefined) throw new Failure("the pods of this cluster are simulated: nothing runs in them");
    return wire;
  }

  get namespace(): string {
    return this.#connection.namespace;
  }

  /** With -A. */
  get listsAll(): boolean {
    return this.#connection.listNamespace === undefined;
  }

  /** For commands shown to the user: " -n NAMESPACE", or "" where the context says the same. */
  namespaceFlag(namespace: string | undefined = this.namespace): string {
    return namespace === this.#connection.contextNamespace ? "" : ` -n ${namespace}`;
  }

  /** Spread into every call of `client`: --request-timeout. */
  get limits(): CallOptions {
    const { timeoutMs } = this.#connection;
    if (timeoutMs === undefined) return {};
    // Timers hold 31 bits.
    return { timeoutMs: Math.min(timeoutMs, 2 ** 31 - 1) };
  }

  async cloneSet(name: string): Promise<CloneSetObject> {
    return await this.client.get<CloneSetObject>(CLONE_SETS, { namespace: this.namespace, name }, this.limits);
  }

  /** Of the namespace, or with -A of all. */
  async cloneSets(): Promise<CloneSetObject[]> {
    return await this.#items(CLONE_SETS, this.#connection.listNamespace);
  }

  /** The pods this CloneSet controls, also the terminating ones. */
  async podsOf(cloneSet: CloneSetObject): Promise<KubeObject[]> {
    return ownedBy(cloneSet, await this.#items(PODS, cloneSet.metadata.namespace, selectorOf(cloneSet)));
  }

  /** Its revisions, oldest first. */
  async revisionsOf(cloneSet: CloneSetObject): Promise<(KubeObject & { revision: number })[]> {
    const found = await this.#items<KubeObject & { revision: number }>(
      CONTROLLER_REVISIONS,
      cloneSet.metadata.namespace,
      selectorOf(cloneSet),
    );
    return ownedBy(cloneSet, found).sort((a, b) => a.revision - b.revision);
  }

  /** The PVCs that belong to its pods by instance id, whether a pod uses them now or not. */
  async claimsOf(cloneSet: CloneSetObject): Promise<KubeObject[]> {
    return ownedBy(
      cloneSet,
      await this.#items(PERSISTENT_VOLUME_CLAIMS, cloneSet.metadata.namespace, label.instanceId),
    );
  }

  /** Events about one object, oldest first. */
  async eventsOf(object: KubeObject): Promise<EventObject[]> {
    const { items } = await this.client.list<EventObject>(EVENTS, {
      namespace: object.metadata.namespace,
      fieldSelector: `involvedObject.uid=${object.metadata.uid ?? ""}`,
      ...this.limits,
    });
    return items.sort((a, b) => eventTime(a).localeCompare(eventTime(b)));
  }

  async patchCloneSet(
    name: string,
    patch: object,
    options: Pick<PatchOptions, "type" | "dryRun">,
  ): Promise<CloneSetObject> {
    const ref = { namespace: this.namespace, name };
    return await this.client.patch<CloneSetObject>(CLONE_SETS, ref, patch, { ...options, ...this.limits });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #items<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    labelSelector?: string,
  ): Promise<T[]> {
    return (await this.client.list<T>(resource, { namespace, labelSelector, ...this.limits })).items;
  }
}

/** When an event was last seen, as text that sorts. */
export function eventTime({ lastTimestamp, eventTime: time, firstTimestamp, metadata }: EventObject): string {
  return lastTimestamp ?? time ?? firstTimestamp ?? metadata.creationTimestamp ?? "";
}

/** A workload's selector as the query parameter has it. */
export function selectorOf({ kind, metadata, spec }: KubeObject & { spec?: { selector?: LabelSelector } }): string {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  const terms = [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      switch (operator) {
        case "In":
          return `${key} in (${values.join(",")})`;
        case "NotIn":
          return `${key} notin (${values.join(",")})`;
        case "Exists":
          return key;
        case "DoesNotExist":
          return `!${key}`;
      }
    }),
  ];
  if (terms.length === 0) throw new Failure(`${kind ?? "CloneSet"} ${metadata.name} has an empty selector`);
  return terms.join(",");
}

/** Of these objects, those that `owner` controls. */
export function ownedBy<T extends KubeObject>(owner: KubeObject, objects: T[]): T[] {
  return objects.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === owner.metadata.uid),
  );
}
