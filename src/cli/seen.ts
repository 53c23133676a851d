import type { CloneSet } from "../api/cloneset.ts";
import { label } from "../api/constants.ts";
import { fromV1alpha1 } from "../api/convert.ts";
import type { Claim, Pod, Revision } from "../api/pod.ts";
import { CLONE_SETS } from "../api/resource.ts";
import type { CacheEntry } from "../kube/cache.ts";
import { Cache } from "../kube/cache.ts";
import type { Clock } from "../kube/clock.ts";
import { messageOf } from "../kube/errors.ts";
import { Reflector } from "../kube/reflector.ts";
import type { KubeObject, Resource } from "../kube/resources.ts";
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS } from "../kube/resources.ts";
import type { CloneSetEntry } from "../observe/trim.ts";
import { Trimmer } from "../observe/trim.ts";
import type { CloneSetObject, Cluster } from "./cluster.ts";
import { selectorOf } from "./cluster.ts";

/** A CloneSet and what belongs to it, as seen at one moment. */
export interface Seen {
  /** As sent, with managedFields. */
  object: CloneSetObject;
  cloneSet: CloneSet;
  pods: readonly Pod[];
  claims: readonly Claim[];
  /** Oldest first. */
  revisions: readonly Revision[];
}

/** One look. */
export async function readSeen(cluster: Cluster, name: string): Promise<Seen> {
  const object = await cluster.cloneSet(name);
  const [pods, claims, revisions] = await Promise.all([
    cluster.podsOf(object),
    cluster.claimsOf(object),
    cluster.revisionsOf(object),
  ]);
  const trimmer = new Trimmer();
  return {
    object,
    cloneSet: fromV1alpha1(object),
    pods: pods.map((pod) => trimmer.pod(pod)),
    claims: claims.map((claim) => trimmer.claim(claim)),
    revisions: revisions.map((revision) => trimmer.revision(revision)),
  };
}

/** A look that is kept up to date. */
export interface Watching<T = Seen> {
  /** Undefined when the CloneSet is gone. */
  seen(): T | undefined;
  /** Why nothing new can be heard at the moment. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

interface WatchOptions {
  clock: Clock;
  /** Called after each change, so often that the caller should collect. */
  onChange: () => void;
}

/** The CloneSet with all that belongs to it. */
export async function watchSeen(cluster: Cluster, name: string, options: WatchOptions): Promise<Watching> {
  // First by itself: the selector is in it, and a watch of what is absent would wait for it.
  const first = await cluster.cloneSet(name);
  const { namespace, uid = "" } = first.metadata;
  const labelSelector = selectorOf(first);
  const trimmer = new Trimmer();
  const watches = new Watches(cluster, namespace, options);
  const cloneSets = watches.cloneSets(name);
  const pods = watches.add(PODS, { labelSelector }, (raw) => trimmer.pod(raw));
  const instances = { labelSelector: label.instanceId };
  const claims = watches.add(PERSISTENT_VOLUME_CLAIMS, instances, (raw) => trimmer.claim(raw));
  const revisions = watches.add(CONTROLLER_REVISIONS, { labelSelector }, (raw) => trimmer.revision(raw));
  await watches.start();
  return {
    seen: () => {
      const cloneSet = cloneSets.get(namespace ?? "", name);
      if (cloneSet?.uid !== uid) return undefined;
      return {
        object: cloneSet.object,
        cloneSet,
        pods: pods.byOwner(uid),
        claims: claims.byOwner(uid),
        revisions: revisions.byOwner(uid).sort((a, b) => a.revision - b.revision),
      };
    },
    trouble: () => watches.trouble,
    stop: () => watches.stop(),
  };
}

/** The CloneSet alone. */
export async function watchCloneSet(
  cluster: Cluster,
  name: string,
  options: WatchOptions,
): Promise<Watching<CloneSetObject>> {
  const { namespace, uid } = (await cluster.cloneSet(name)).metadata;
  const watches = new Watches(cluster, namespace, options);
  const cloneSets = watches.cloneSets(name);
  await watches.start();
  return {
    seen: () => {
      const cloneSet = cloneSets.get(namespace ?? "", name);
      return cloneSet?.uid === uid ? cloneSet?.object : undefined;
    },
    trouble: () => watches.trouble,
    stop: () => watches.stop(),
  };
}

/** Some watches that begin and end together. */
class Watches {
  /** Why nothing is heard of a resource now. */
  readonly #troubles = new Map<Resource, string>();
  /** Rejects with the first failure of all; before the first look is complete, nobody would hear of it otherwise. */
  readonly #failure = Promise.withResolvers<never>();
  readonly #cluster: Cluster;
  readonly #namespace: string | undefined;
  readonly #options: WatchOptions;
  readonly #reflectors: Reflector[] = [];

  constructor(cluster: Cluster, namespace: string | undefined, options: WatchOptions) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#options = options;
    // Nobody has to wait for it.
    this.#failure.promise.catch(() => {});
  }

  get trouble(): string | undefined {
    return this.#troubles.values().next().value;
  }

  cloneSets(name: string): Cache<CloneSetEntry & { object: CloneSetObject }> {
    const trimmer = new Trimmer();
    return this.add(CLONE_SETS, { fieldSelector: `metadata.name=${name}` }, (raw) => ({
      ...trimmer.cloneSet(raw),
      object: raw as CloneSetObject,
    }));
  }

  add<T extends CacheEntry>(
    resource: Resource,
    selectors: { labelSelector?: string; fieldSelector?: string },
    trim: (raw: KubeObject) => T,
  ): Cache<T> {
    const { clock, onChange } = this.#options;
    const cache = new Cache<T>({ clock, trim, filtered: true });
    cache.onChange(onChange);
    const failed = (error: unknown) => {
      this.#troubles.set(resource, messageOf(error));
      this.#failure.reject(error);
      onChange();
    };
    const hears = () => {
      if (this.#troubles.delete(resource)) onChange();
    };
    this.#reflectors.push(
      new Reflector({
        client: this.#cluster.client,
        clock,
        resource,
        sink: cache,
        namespace: this.#namespace,
        ...selectors,
        checkEveryMs: 0,
        observer: { failed, watching: hears },
      }),
    );
    return cache;
  }

  /** Ends with the first complete look. @throws what refuses it: trying again and again would say nothing */
  async start(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.start();
    try {
      await Promise.race([Promise.all(this.#reflectors.map(({ synced }) => synced)), this.#failure.promise]);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }
}
