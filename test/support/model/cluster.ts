import type { CloneSetStatus } from "../../../src/api/cloneset.ts";
import type { WireCloneSet } from "../../../src/api/convert.ts";
import type { Features } from "../../../src/api/features.ts";
import type { JsonObject, OwnerReference } from "../../../src/api/kubernetes.ts";
import { timestamp } from "../../../src/api/kubernetes.ts";
import type { Revision } from "../../../src/api/pod.ts";
import type { Refusals } from "../../../src/apply/refusals.ts";
import type { Caches } from "../../../src/observe/caches.ts";
import { observe } from "../../../src/observe/observe.ts";
import { Trimmer } from "../../../src/observe/trim.ts";
import type { Observation } from "../../../src/plan/observation.ts";
import { merged } from "../../../src/preview/merge.ts";
import { index } from "../../../src/preview/still-cache.ts";
import { Kubelets } from "./kubelet.ts";
import type { Meta, WireClaim, WirePod, WireRevision } from "./objects.ts";
import { controllerUid } from "./objects.ts";

/** What the server does to pods that are created, beside storing them. */
export interface Habits {
  /** Nodes and server count generations (as of Kubernetes 1.33). */
  countsGenerations: boolean;
  /** A webhook puts a container before those of the template, and an annotation on the pod. */
  injects: boolean;
}

/** All objects at one moment. */
export interface Snapshot {
  readonly nowMs: number;
  readonly cloneSet: WireCloneSet;
  readonly pods: readonly WirePod[];
  readonly claims: readonly WireClaim[];
  readonly revisions: readonly WireRevision[];
}

/** One write that the server accepted. `before` is absent for creations, `after` for objects that went at once. */
export type Write = (
  | { kind: "pod"; before?: WirePod; after?: WirePod }
  | { kind: "claim"; before?: WireClaim; after?: WireClaim }
  | { kind: "revision"; before?: WireRevision; after?: WireRevision }
) & { verb: "create" | "patch" | "delete"; subresource: string };

export const INJECTED = { name: "injected", image: "mesh:v7" };
export const FOREIGN_NOTE = "example.com/owner";

/** The server says no. */
export class RefusedError extends Error {}

/**
 * A cluster in memory: objects, their server and their nodes. Everything is plain data and happens when it is called
 * for; nothing is random here.
 */
export class Cluster {
  nowMs: number;
  cloneSet: WireCloneSet;
  pods: readonly WirePod[] = [];
  claims: readonly WireClaim[] = [];
  revisions: readonly WireRevision[] = [];
  /** What the controller's process remembers. */
  spareIds: string[] = [];
  refusals: Refusals = new Map();
  creationRefusal: Observation["creationRefusal"];
  readonly kubelets: Kubelets;
  readonly features: Features;
  readonly #habits: Habits;
  readonly #trimmer = new Trimmer();
  /** Everything that was written; a change of its length says that something changed. */
  version = 1;
  #born = 0;

  constructor(cloneSet: WireCloneSet, given: { nowMs: number; features: Features; habits: Habits }) {
    this.cloneSet = cloneSet;
    this.nowMs = given.nowMs;
    this.features = given.features;
    this.#habits = given.habits;
    this.kubelets = new Kubelets(given.habits.countsGenerations);
  }

  get uid(): string {
    return this.cloneSet.metadata.uid ?? "";
  }

  get namespace(): string {
    return this.cloneSet.metadata.namespace ?? "";
  }

  snapshot(): Snapshot {
    const { nowMs, cloneSet, pods, claims, revisions } = this;
    return { nowMs, cloneSet, pods, claims, revisions };
  }

  /** What the controller sees: always everything that was written so far. */
  observation(): Observation {
    const trim = this.#trimmer;
    const caches = {
      cloneSets: index([this.cloneSet].map((raw) => trim.cloneSet(raw))),
      pods: index(this.pods.map((raw) => trim.pod(raw))),
      claims: index(this.claims.map((raw) => trim.claim(raw))),
      revisions: index(this.revisions.map((raw): Revision => trim.revision(raw))),
      nodes: index([]),
    } as unknown as Caches;
    const { namespace, nowMs, features, spareIds, refusals, creationRefusal } = this;
    const seen = observe(
      caches,
      { namespace, name: this.cloneSet.metadata.name },
      { nowMs, features, spareIds, refusals, creationRefusal },
    );
    if (seen === undefined) throw new Error("the CloneSet is gone");
    return seen;
  }

  /** Changes the spec, as a user does. */
  edit(spec: (before: NonNullable<WireCloneSet["spec"]>) => WireCloneSet["spec"]): void {
    const next = spec(this.cloneSet.spec ?? {});
    if (next === undefined || JSON.stringify(next) === JSON.stringify(this.cloneSet.spec)) return;
    const { metadata } = this.cloneSet;
    this.version += 1;
    this.cloneSet = {
      ...this.cloneSet,
      spec: next,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
    };
  }

  /** The status as far as it is given. */
  patchStatus(status: Partial<CloneSetStatus>): void {
    const next = { ...this.cloneSet.status, ...status, pausedSplit: status.pausedSplit ?? null };
    if (status.conditions === undefined) next.pausedSplit = this.cloneSet.status?.pausedSplit ?? null;
    if (JSON.stringify(next) === JSON.stringify(this.cloneSet.status)) return;
    this.version += 1;
    this.cloneSet = { ...this.cloneSet, status: next };
  }

  /** Replaces a pod by what somebody (a node, a user) made of it. */
  put(pod: WirePod, before: WirePod): void {
    if (pod === before) return;
    this.pods = this.pods.map((one) => (one === before ? this.#stamped(pod) : one));
    this.#collect();
  }

  /** Adds an object that is there from the start. */
  add(objects: { pods?: WirePod[]; claims?: WireClaim[]; revisions?: WireRevision[] }): void {
    this.pods = [...this.pods, ...(objects.pods ?? [])];
    this.claims = [...this.claims, ...(objects.claims ?? [])];
    this.revisions = [...this.revisions, ...(objects.revisions ?? [])];
  }

  /** The node of a terminating pod is done with it. */
  finish(pod: WirePod): void {
    if (pod.metadata.deletionTimestamp === undefined || (pod.metadata.finalizers ?? []).length > 0) return;
    this.pods = this.pods.filter((one) => one !== pod);
    this.version += 1;
    this.#collect();
  }

  createPod(manifest: JsonObject): Write {
    const { metadata, spec } = manifest as unknown as WirePod;
    if (this.pods.some((pod) => pod.metadata.name === metadata.name)) throw new RefusedError(`${metadata.name} exists`);
    const containers = this.#habits.injects ? [INJECTED, ...spec.containers] : spec.containers;
    const annotations = this.#habits.injects ? { [FOREIGN_NOTE]: "mesh" } : {};
    const after: WirePod = {
      metadata: {
        ...this.#newMeta(metadata),
        annotations: { ...metadata.annotations, ...annotations },
        generation: this.#habits.countsGenerations ? 1 : 0,
      },
      spec: { ...spec, containers },
      status: { phase: "Pending", conditions: [], containerStatuses: [] },
    };
    this.pods = [...this.pods, after];
    return { kind: "pod", verb: "create", subresource: "", after };
  }

  createClaim(manifest: JsonObject): Write {
    const { metadata } = manifest as unknown as WireClaim;
    if (this.claims.some((claim) => claim.metadata.name === metadata.name)) {
      throw new RefusedError(`${metadata.name} exists`);
    }
    const after: WireClaim = {
      metadata: { ...this.#newMeta(metadata), finalizers: ["kubernetes.io/pvc-protection"] },
      status: { phase: "Bound" },
    };
    this.claims = [...this.claims, after];
    return { kind: "claim", verb: "create", subresource: "", after };
  }

  createRevision(object: JsonObject): Write {
    const { metadata, revision, data } = object as unknown as WireRevision;
    const existing = this.revisions.find((one) => one.metadata.name === metadata.name);
    if (existing) throw new RefusedError(`${metadata.name} exists`);
    const after: WireRevision = { metadata: this.#newMeta(metadata), revision, data };
    this.revisions = [...this.revisions, after];
    return { kind: "revision", verb: "create", subresource: "", after };
  }

  /** A strategic merge patch. The server takes labels and annotations with the status, too, and of the spec only images. */
  patchPod(uid: string, body: JsonObject, subresource: string): Write {
    const before = this.pods.find((pod) => pod.metadata.uid === uid);
    if (before === undefined) throw new RefusedError("pod not found");
    const { metadata, spec, status } = body as { metadata?: JsonObject; spec?: JsonObject; status?: JsonObject };
    const isStatus = subresource === "status";
    if (isStatus ? spec : status) throw new RefusedError(`spec and status at once, through "${subresource}"`);
    const patched = merged(before, {
      ...(metadata ? { metadata } : {}),
      ...(spec ? { spec } : {}),
      ...(status ? { status } : {}),
    }) as WirePod;
    const shape = ({ spec: one }: WirePod) => ({
      ...one,
      containers: one.containers.map((c) => ({ ...c, image: "" })),
    });
    if (JSON.stringify(shape(patched)) !== JSON.stringify(shape(before))) {
      throw new RefusedError("only images may change");
    }
    const isChanged = JSON.stringify(patched.spec) !== JSON.stringify(before.spec);
    const generation = (before.metadata.generation ?? 0) + (isChanged && this.#habits.countsGenerations ? 1 : 0);
    const ownerReferences = isStatus ? before.metadata.ownerReferences : patched.metadata.ownerReferences;
    const after = this.#stamped({
      ...patched,
      metadata: { ...patched.metadata, generation, ...(ownerReferences ? { ownerReferences } : {}) },
    });
    this.pods = this.pods.map((one) => (one === before ? after : one));
    return { kind: "pod", verb: "patch", subresource, before, after };
  }

  patchClaim(uid: string, body: JsonObject): Write {
    const before = this.claims.find((claim) => claim.metadata.uid === uid);
    if (before === undefined) throw new RefusedError("claim not found");
    const after = this.#stamped(merged(before, body) as WireClaim);
    this.claims = this.claims.map((one) => (one === before ? after : one));
    return { kind: "claim", verb: "patch", subresource: "", before, after };
  }

  patchRevision(uid: string, body: JsonObject): Write {
    const before = this.revisions.find((revision) => revision.metadata.uid === uid);
    if (before === undefined) throw new RefusedError("revision not found");
    const after = this.#stamped(merged(before, body) as WireRevision);
    this.revisions = this.revisions.map((one) => (one === before ? after : one));
    return { kind: "revision", verb: "patch", subresource: "", before, after };
  }

  /** Graceful: the pod stays until its node is done. A pod that never had a node, or has ended, goes at once. */
  deletePod(uid: string): Write {
    const before = this.pods.find((pod) => pod.metadata.uid === uid);
    if (before === undefined) throw new RefusedError("pod not found");
    if (before.metadata.deletionTimestamp !== undefined) throw new RefusedError("pod is terminating already");
    const goes = before.spec.nodeName === undefined || before.status.phase === "Failed";
    this.version += 1;
    if (goes && (before.metadata.finalizers ?? []).length === 0) {
      this.pods = this.pods.filter((one) => one !== before);
      this.#collect();
      return { kind: "pod", verb: "delete", subresource: "", before };
    }
    const after = this.#stamped({
      ...before,
      metadata: { ...before.metadata, deletionTimestamp: timestamp(this.nowMs) },
    });
    this.pods = this.pods.map((one) => (one === before ? after : one));
    return { kind: "pod", verb: "delete", subresource: "", before, after };
  }

  /** A claim that a pod uses stays until the pod is gone. */
  deleteClaim(uid: string): Write {
    const before = this.claims.find((claim) => claim.metadata.uid === uid);
    if (before === undefined) throw new RefusedError("claim not found");
    const metadata = { ...before.metadata, deletionTimestamp: timestamp(this.nowMs) };
    const after = this.#stamped({ ...before, metadata });
    this.claims = this.claims.map((one) => (one === before ? after : one));
    this.#collect();
    return { kind: "claim", verb: "delete", subresource: "", before, after };
  }

  deleteRevision(uid: string): Write {
    const before = this.revisions.find((revision) => revision.metadata.uid === uid);
    if (before === undefined) throw new RefusedError("revision not found");
    this.version += 1;
    this.revisions = this.revisions.filter((one) => one !== before);
    return { kind: "revision", verb: "delete", subresource: "", before };
  }

  adopt(
    kind: "pod" | "claim" | "revision",
    uid: string,
    { reference, labels = {} }: { reference: OwnerReference; labels?: Record<string, string> | undefined },
  ): Write {
    const body = { metadata: { ownerReferences: [{ ...reference }], labels } };
    switch (kind) {
      case "pod":
        return this.patchPod(uid, body, "");
      case "claim":
        return this.patchClaim(uid, body);
      case "revision":
        return this.patchRevision(uid, body);
    }
  }

  /** Garbage collection and claim protection: what belonged to a pod that is gone, and what nobody uses any more. */
  #collect(): void {
    const uids = new Set([this.uid, ...this.pods.map(({ metadata }) => metadata.uid)]);
    const inUse = new Set(
      this.pods.flatMap(({ spec }) =>
        (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []),
      ),
    );
    this.claims = this.claims.filter((claim) => {
      const owner = controllerUid(claim);
      const isLost = owner !== undefined && !uids.has(owner);
      return inUse.has(claim.metadata.name) || !(isLost || claim.metadata.deletionTimestamp !== undefined);
    });
  }

  #newMeta(metadata: Meta): Meta {
    this.version += 1;
    this.#born += 1;
    const uid = `uid-${this.#born}-${metadata.name}`;
    return {
      ...metadata,
      namespace: this.namespace,
      uid,
      resourceVersion: String(this.version),
      creationTimestamp: timestamp(this.nowMs),
    };
  }

  #stamped<T extends { readonly metadata: Meta }>(object: T): T {
    this.version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } };
  }
}
