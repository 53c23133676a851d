import type { CloneSetStatus } from "../api/cloneset.ts";
import type { WireCloneSet } from "../api/convert.ts";
import { fromV1alpha1 } from "../api/convert.ts";
import type { Features } from "../api/features.ts";
import { controllerOf, timestamp } from "../api/kubernetes.ts";
import type { KubeObject } from "../kube/resources.ts";
import type { Caches } from "../observe/caches.ts";
import { observe } from "../observe/observe.ts";
import { Trimmer } from "../observe/trim.ts";
import type { Action } from "../plan/actions.ts";
import { ownerReference } from "../plan/membership.ts";
import type { Observation } from "../plan/observation.ts";
import { afterCollision } from "../revision/history.ts";
import { goesWell } from "./good-luck.ts";
import { merged } from "./merge.ts";
import { index } from "./still-cache.ts";

/** The CloneSet and everything around it, as on the wire. */
export interface Start {
  cloneSet: WireCloneSet;
  pods: readonly KubeObject[];
  claims: readonly KubeObject[];
  revisions: readonly KubeObject[];
}

type Kind = "pod" | "claim" | "revision";

/**
 * What would become of a cluster in which every write succeeds and everything that is started gets ready. It is plain data:
 * no server, no time but its own.
 */
export class World {
  nowMs: number;
  #cloneSet: WireCloneSet;
  readonly #features: Features;
  readonly #objects: Record<Kind, Map<string, KubeObject>>;
  readonly #trimmer = new Trimmer();
  /** Objects are replaced, never changed: what was worked out for one holds for as long as it is there. */
  readonly #trimmed = new WeakMap<KubeObject, unknown>();
  readonly #settled = new WeakSet<KubeObject>();
  #spareIds: string[] = [];
  #born = 0;

  constructor({ cloneSet, pods, claims, revisions }: Start, given: { nowMs: number; features: Features }) {
    const byUid = (objects: readonly KubeObject[]) => new Map(objects.map((one) => [one.metadata.uid ?? "", one]));
    this.nowMs = given.nowMs;
    this.#features = given.features;
    this.#cloneSet = cloneSet;
    this.#objects = { pod: byUid(pods), claim: byUid(claims), revision: byUid(revisions) };
  }

  observation(): Observation {
    const { pod, claim, revision } = this.#objects;
    const caches = {
      cloneSets: index([this.#trimmer.cloneSet(this.#cloneSet)]),
      pods: index([...pod.values()].map((raw) => this.#once(raw, () => this.#trimmer.pod(raw)))),
      claims: index([...claim.values()].map((raw) => this.#once(raw, () => this.#trimmer.claim(raw)))),
      revisions: index([...revision.values()].map((raw) => this.#once(raw, () => this.#trimmer.revision(raw)))),
      nodes: index([]),
    } as unknown as Caches;
    const { namespace = "", name } = this.#cloneSet.metadata;
    const given = { nowMs: this.nowMs, features: this.#features, spareIds: this.#spareIds, refusals: new Map() };
    const seen = observe(caches, { namespace, name }, given);
    if (seen === undefined) throw new Error(`CloneSet ${name} is not where it was put`);
    return seen;
  }

  /** The ids that a pass drew and did not use. */
  keepIds(drawn: readonly string[], actions: readonly Action[]): void {
    const used = new Set(actions.flatMap((action) => (action.kind === "createPod" ? [action.instanceId] : [])));
    this.#spareIds = [...this.#spareIds, ...drawn].filter((id) => !used.has(id));
  }

  setStatus(status: CloneSetStatus): void {
    this.#cloneSet = { ...this.#cloneSet, status };
  }

  carryOut(action: Action): void {
    switch (action.kind) {
      case "createRevision":
        return this.#createRevision(action);
      case "patchRevision":
        return this.#patch("revision", action.revision.uid, action.body);
      case "deleteRevision":
        return void this.#objects.revision.delete(action.revision.uid);
      case "createPod":
        for (const { manifest } of action.claims) this.#create("claim", manifest as unknown as KubeObject);
        return this.#create("pod", action.manifest as unknown as KubeObject);
      case "deletePod":
        this.#patch("pod", action.pod.uid, { metadata: { deletionTimestamp: timestamp(this.nowMs) } });
        for (const { uid } of action.claims) this.#objects.claim.delete(uid);
        return;
      case "updatePodInPlace":
      case "refreshPod":
        for (const { body } of action.patches) this.#patch("pod", action.pod.uid, body);
        return;
      case "adoptPod":
        return this.#adopt("pod", action.pod.uid, action.labels);
      case "adoptClaim":
        return this.#adopt("claim", action.claim.uid);
      case "adoptRevision":
        return this.#adopt("revision", action.revision.uid);
      case "patchClaim":
        return this.#patch("claim", action.claim.uid, action.body);
      case "deleteClaim":
        return void this.#objects.claim.delete(action.claim.uid);
    }
  }

  /** Nodes and lifecycle hooks do their part. Returns whether anything changed. */
  letNodesWork(): boolean {
    const { lifecycle } = fromV1alpha1(this.#cloneSet).spec;
    let changed = false;
    for (const [uid, pod] of this.#objects.pod) {
      if (this.#settled.has(pod)) continue;
      const next = goesWell(pod, { lifecycle, nowMs: this.nowMs });
      if (next === pod) {
        this.#settled.add(pod);
        continue;
      }
      changed = true;
      if (next === undefined) {
        this.#objects.pod.delete(uid);
        this.#collect(uid);
      } else this.#objects.pod.set(uid, next);
    }
    return changed;
  }

  #once<T>(raw: KubeObject, trim: () => T): T {
    const known = this.#trimmed.get(raw) as T | undefined;
    if (known !== undefined) return known;
    const trimmed = trim();
    this.#trimmed.set(raw, trimmed);
    return trimmed;
  }

  #create(kind: Kind, manifest: KubeObject): void {
    this.#born += 1;
    const { name } = manifest.metadata;
    const uid = `preview-${this.#born}`;
    const { namespace } = this.#cloneSet.metadata;
    const metadata = {
      ...manifest.metadata,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      uid,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: timestamp(this.nowMs),
    };
    this.#objects[kind].set(uid, { ...manifest, metadata });
  }

  #createRevision({ tried: first }: Action & { kind: "createRevision" }): void {
    for (let tried = first; ; ) {
      const { cloneSet, revisions } = this.observation();
      const existing = revisions.find(({ name }) => name === tried.name);
      if (existing === undefined) return this.#create("revision", tried.object as unknown as KubeObject);
      const next = afterCollision(tried, existing, cloneSet);
      if (next.kind === "use") return;
      tried = next;
    }
  }

  #patch(kind: Kind, uid: string, body: object): void {
    const before = this.#objects[kind].get(uid);
    if (before === undefined) return;
    const patched = merged(before, body) as KubeObject & { spec?: unknown };
    const isChanged = JSON.stringify(patched.spec) !== JSON.stringify((before as { spec?: unknown }).spec);
    const generation = (before.metadata.generation ?? 0) + (isChanged ? 1 : 0);
    this.#objects[kind].set(uid, { ...patched, metadata: { ...patched.metadata, generation } });
  }

  #adopt(kind: Kind, uid: string, labels: Record<string, string> = {}): void {
    const { name, uid: owner = "" } = this.#cloneSet.metadata;
    this.#patch(kind, uid, { metadata: { ownerReferences: [ownerReference({ name, uid: owner })], labels } });
  }

  /** Claims that belong to a pod go with it. */
  #collect(podUid: string): void {
    for (const [uid, { metadata }] of this.#objects.claim) {
      if (controllerOf(metadata.ownerReferences ?? [])?.uid === podUid) this.#objects.claim.delete(uid);
    }
  }
}
