import type { Clock } from "../kube/clock.ts";
import { apiVersionOf, resourcePath } from "../kube/resources.ts";
import type { ApiServer } from "./api-server.ts";
import type { Kind } from "./kind-rules.ts";
import { KINDS } from "./kinds.ts";
import { claimNamesOf } from "./nodes.ts";
import type { StoredObject } from "./objects.ts";
import { isGoing } from "./objects.ts";
import { statusOf } from "./pods.ts";
import type { Write } from "./store.ts";

const GC = "garbage-collector";
const PROTECTION = "kubernetes.io/pvc-protection";
const MERGE = { "content-type": "application/merge-patch+json" };

/** What kube-controller-manager does around a CloneSet: garbage collection by owner, and protection of claims in use. */
export class HouseKeeping {
  readonly #server: ApiServer;
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #stop: () => void;

  constructor({ server, clock, delayMs }: { server: ApiServer; clock: Clock; delayMs: () => number }) {
    this.#server = server;
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#stop = server.onWrite((write) => this.#saw(write));
  }

  stop(): void {
    this.#stop();
  }

  #saw({ kind, before, after }: Write): void {
    const { plural } = kind.resource;
    if (plural === "pods" || plural === "persistentvolumeclaims") {
      const pod = plural === "pods" ? (after ?? before) : undefined;
      const claims = pod ? claimNamesOf(pod) : [after?.metadata.name ?? ""];
      const namespace = (after ?? before)?.metadata.namespace ?? "";
      for (const claim of claims) this.#protect(namespace, claim);
    }
    if (after === undefined) {
      if (before) this.#later(() => this.#collectDependents(before));
      return;
    }
    const { finalizers = [], deletionTimestamp, ownerReferences } = after.metadata;
    if (deletionTimestamp !== undefined && finalizers.includes("orphan")) this.#later(() => this.#orphan(kind, after));
    if (deletionTimestamp !== undefined && finalizers.includes("foregroundDeletion")) {
      this.#later(() => this.#foreground(kind, after));
    }
    // An object that was made too late: its owner is gone already.
    if (before === undefined && ownerReferences?.length) this.#later(() => this.#collect(kind, after));
  }

  #later(act: () => void): void {
    this.#clock.setTimeout(act, this.#delayMs());
  }

  #live(kind: Kind, { metadata }: StoredObject): StoredObject | undefined {
    const found = this.#server.collection(kind.resource.plural).get(metadata.namespace ?? "", metadata.name);
    return found?.metadata.uid === metadata.uid ? found : undefined;
  }

  #dependents(uid: string): { kind: Kind; object: StoredObject }[] {
    return KINDS.flatMap((kind) =>
      this.#server
        .collection(kind.resource.plural)
        .all()
        .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid))
        .map((object) => ({ kind, object })),
    );
  }

  /** The uids of all that own something. */
  #owners(): Set<string> {
    const objects = KINDS.flatMap((kind) => [...this.#server.collection(kind.resource.plural).values()]);
    return new Set(objects.flatMap(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []));
  }

  #collectDependents(owner: StoredObject): void {
    for (const { kind, object } of this.#dependents(owner.metadata.uid)) this.#collect(kind, object);
  }

  /** Deletes an object all of whose owners are gone. A reference whose version or kind is not served counts as an owner that is gone. */
  #collect(kind: Kind, object: StoredObject): void {
    const live = this.#live(kind, object);
    const owners = live?.metadata.ownerReferences ?? [];
    if (live === undefined || owners.length === 0 || live.metadata.deletionTimestamp !== undefined) return;
    const standing = owners.filter((owner) => {
      const ownerKind = KINDS.find(
        ({ resource }) => apiVersionOf(resource) === owner.apiVersion && resource.kind === owner.kind,
      );
      if (ownerKind === undefined) return false;
      const namespace = ownerKind.resource.namespaced ? (live.metadata.namespace ?? "") : "";
      return this.#server.collection(ownerKind.resource.plural).get(namespace, owner.name)?.metadata.uid === owner.uid;
    });
    if (standing.length === 0) this.#delete(kind, live);
    else if (standing.length < owners.length) this.#patch(kind, live, { ownerReferences: standing });
  }

  #foreground(kind: Kind, owner: StoredObject): void {
    const live = this.#live(kind, owner);
    if (!live?.metadata.finalizers?.includes("foregroundDeletion")) return;
    const staying = this.#dependents(owner.metadata.uid).filter(({ object }) => !isGoing(object));
    const owners = staying.length > 0 ? this.#owners() : new Set();
    for (const { kind: dependentKind, object } of staying) {
      // What has dependents of its own waits for them, too.
      this.#delete(dependentKind, object, owners.has(object.metadata.uid) ? "Foreground" : "Background");
    }
    const blocking = this.#dependents(owner.metadata.uid).filter(({ object }) =>
      object.metadata.ownerReferences?.some(
        (reference) => reference.uid === owner.metadata.uid && reference.blockOwnerDeletion,
      ),
    );
    if (blocking.length > 0) this.#clock.setTimeout(() => this.#foreground(kind, owner), 1000);
    else
      this.#patch(kind, live, { finalizers: live.metadata.finalizers.filter((one) => one !== "foregroundDeletion") });
  }

  #orphan(kind: Kind, owner: StoredObject): void {
    const live = this.#live(kind, owner);
    if (!live?.metadata.finalizers?.includes("orphan")) return;
    for (const { kind: dependentKind, object } of this.#dependents(owner.metadata.uid)) {
      const ownerReferences = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
      this.#patch(dependentKind, object, { ownerReferences: ownerReferences.length > 0 ? ownerReferences : null });
    }
    this.#patch(kind, live, { finalizers: live.metadata.finalizers.filter((one) => one !== "orphan") });
  }

  #protect(namespace: string, name: string): void {
    const claim = this.#server.collection("persistentvolumeclaims").get(namespace, name);
    if (claim?.metadata.deletionTimestamp === undefined || !claim.metadata.finalizers?.includes(PROTECTION)) return;
    this.#later(() => {
      const live = this.#server.collection("persistentvolumeclaims").get(namespace, name);
      if (live?.metadata.uid !== claim.metadata.uid || !live.metadata.finalizers?.includes(PROTECTION)) return;
      for (const pod of this.#server.collection("pods").values()) {
        const phase = statusOf(pod)["phase"];
        const isOver = phase === "Succeeded" || phase === "Failed";
        if (!isOver && pod.metadata.namespace === namespace && claimNamesOf(pod).includes(name)) return;
      }
      const kind = KINDS.find(({ resource }) => resource.plural === "persistentvolumeclaims");
      if (kind) this.#patch(kind, live, { finalizers: live.metadata.finalizers.filter((one) => one !== PROTECTION) });
    });
  }

  #delete(kind: Kind, { metadata }: StoredObject, propagationPolicy: "Background" | "Foreground" = "Background"): void {
    const { namespace, name, uid } = metadata;
    const path = resourcePath(kind.resource, { namespace, name });
    const body = { preconditions: { uid }, propagationPolicy };
    this.#server.request({ method: "DELETE", path, headers: {}, user: GC, body });
  }

  #patch(kind: Kind, { metadata }: StoredObject, change: object): void {
    const { namespace, name, uid } = metadata;
    const path = resourcePath(kind.resource, { namespace, name });
    this.#server.request({ method: "PATCH", path, headers: MERGE, user: GC, body: { metadata: { uid, ...change } } });
  }
}
