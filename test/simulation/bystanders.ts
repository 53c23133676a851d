/** Everybody else in the cluster: what befalls pods and claims, who meddles with them, who serves their hooks. */

import type { Answer } from "../../src/kube/transport.ts";
import type { ApiServer } from "../../src/sandbox/api-server.ts";
import type { SimulatedNodes } from "../../src/sandbox/nodes.ts";
import type { JsonMap, StoredObject } from "../../src/sandbox/objects.ts";
import type { VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import type { Fault } from "./scenario.ts";
import { ownerUid, REVISION, STATE, specOf, wantedOf } from "./truth.ts";
import { whereOf } from "./where.ts";

export const NAMESPACE = "shop";
export const NODES = ["n1", "n2", "n3"];

export interface BystandersOptions {
  server: ApiServer;
  clock: VirtualClock;
  nodes: SimulatedNodes;
  request: (method: string, path: string, body?: unknown, type?: string, user?: string) => Answer;
  onFault: (kind: Fault["kind"], what: string) => void;
  /** How long whoever serves the hooks takes. */
  hookMs: number;
}

export class Bystanders {
  readonly #options: BystandersOptions;
  #pendingUntilMs = 0;

  constructor(options: BystandersOptions) {
    this.#options = options;
  }

  /** Claims are not bound for now. */
  get areClaimsPending(): boolean {
    return this.#options.clock.monotonicMs() < this.#pendingUntilMs;
  }

  befall(fault: Extract<Fault, { kind: "F23" }>): void {
    if (fault.what === "nodeLoss") {
      const node = NODES[fault.pick % NODES.length] ?? "n1";
      this.#options.onFault("F23", `node ${node} is lost for ${fault.ms} ms`);
      this.#options.nodes.lose(node);
      this.#options.clock.setTimeout(() => this.#options.nodes.find(node), fault.ms);
      return;
    }
    const pod = this.#pick("pods", fault.pick);
    if (pod === undefined) return;
    this.#options.onFault("F23", `${fault.what} ${pod.metadata.name}`);
    const path = podPath(pod);
    if (fault.what === "crash") this.#options.nodes.crash(pod);
    else if (fault.what === "evict") this.#options.nodes.evict(pod);
    else
      this.#options.request(
        "DELETE",
        path,
        fault.what === "force" ? { gracePeriodSeconds: 0 } : {},
        undefined,
        "evictor",
      );
  }

  stickClaims(fault: Extract<Fault, { kind: "F24" }>): void {
    this.#options.onFault("F24", fault.what);
    if (fault.what === "pending") {
      this.#pendingUntilMs = this.#options.clock.monotonicMs() + fault.ms;
      return;
    }
    for (const claim of this.#options.server
      .collection("persistentvolumeclaims")
      .all()
      .filter(({ metadata }) => !metadata.deletionTimestamp)) {
      this.#setFinalizer(claim, "persistentvolumeclaims", true);
      if (fault.what === "finalizer")
        this.#options.clock.setTimeout(() => this.#setFinalizer(claim, "persistentvolumeclaims", false), fault.ms);
    }
  }

  /** Nobody waits for the claims of a CloneSet that is no more: an administrator lets them go. */
  #freeClaims(): void {
    const standing = new Set(
      this.#options.server
        .collection("clonesets")
        .all()
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.uid),
    );
    for (const claim of this.#options.server.collection("persistentvolumeclaims").all())
      if (!standing.has(ownerUid(claim) ?? "")) this.#setFinalizer(claim, "persistentvolumeclaims", false);
  }

  #setFinalizer({ metadata }: StoredObject, plural: string, on: boolean): void {
    const live = this.#options.server.collection(plural).get(metadata.namespace ?? "", metadata.name);
    if (live?.metadata.uid !== metadata.uid || (on && live.metadata.deletionTimestamp)) return;
    const others = (live.metadata.finalizers ?? []).filter((one) => one !== "foreign/hold");
    const finalizers = on ? [...others, "foreign/hold"] : others;
    const path = `/api/v1/namespaces/${metadata.namespace}/${plural}/${metadata.name}`;
    this.#options.request("PATCH", path, { metadata: { finalizers } }, "merge-patch+json", "meddler");
  }

  meddle(what: Extract<Fault, { kind: "F25" }>["what"], pick: number): void {
    if (what === "touchCloneSet") {
      const cloneSet = this.#pick("clonesets", pick);
      this.#options.onFault("F25", what);
      if (cloneSet) this.touch(cloneSetPath(cloneSet.metadata.name));
      return;
    }
    if (what === "claimOwner") {
      const claim = this.#pick("persistentvolumeclaims", pick);
      this.#options.onFault("F25", what);
      const path = `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/${claim?.metadata.name}`;
      if (claim)
        this.#options.request("PATCH", path, { metadata: { ownerReferences: null } }, "merge-patch+json", "meddler");
      return;
    }
    const pod = this.#pick("pods", pick);
    if (pod === undefined) return;
    // Under InPlaceOnly a pod of unknown origin stays as it is until somebody deletes it: so it is meant.
    if (what === "unknownRevision" && this.#isInPlaceOnly(pod)) return;
    // Set free from a CloneSet that is no more, it would live on without its claims and its revision, which the garbage collector
    // takes: the next CloneSet adopts it, and can do no more for it.
    if (what === "orphanPod" && this.#ownerOf(pod) === undefined) return;
    this.#options.onFault("F25", `${what} ${pod.metadata.name}`);
    switch (what) {
      case "annotate":
        this.patchPod(pod, { annotations: { touched: String(pick) } });
        return;
      case "release":
        this.patchPod(pod, { labels: { app: "released" } });
        return;
      case "orphanPod":
        this.patchPod(pod, { ownerReferences: null });
        return;
      case "unknownRevision":
        this.patchPod(pod, { labels: { [REVISION]: "web-unknown" } });
        return;
      case "dropState":
        this.patchPod(pod, { labels: { [STATE]: null } });
        return;
      case "finalizer":
        this.#setFinalizer(pod, "pods", true);
        this.#options.clock.setTimeout(() => this.#setFinalizer(pod, "pods", false), 60_000);
        return;
      case "stranger":
      case "foreignPod": {
        if (ownerUid(pod) === undefined) return;
        const name = `${what.toLowerCase()}-${pick}`;
        const { [REVISION]: _r, [STATE]: _s, ...labels } = pod.metadata.labels ?? {};
        delete labels["apps.kruise.io/cloneset-instance-id"];
        const ownerReferences = what === "stranger" ? [] : [this.#otherOwner()];
        const metadata = { name, namespace: NAMESPACE, labels, ownerReferences };
        const spec = {
          containers: (specOf(pod)["containers"] as JsonMap[]).map(({ name: container, image }) => ({
            name: container,
            image,
          })),
        };
        this.#options.request("POST", `/api/v1/namespaces/${NAMESPACE}/pods`, { metadata, spec }, undefined, "meddler");
      }
    }
  }

  /** A controller that is none of ours; what it is does not matter. */
  #otherOwner(): JsonMap {
    const name = "other-owner";
    const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
    this.#options.request("POST", path, { metadata: { name, namespace: NAMESPACE } }, undefined, "meddler");
    const { uid } = this.#options.server.collection("configmaps").get(NAMESPACE, name)?.metadata ?? {};
    return { apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true };
  }

  #ownerOf(pod: StoredObject): StoredObject | undefined {
    return this.#options.server
      .collection("clonesets")
      .all()
      .find(({ metadata }) => metadata.uid === ownerUid(pod));
  }

  #isInPlaceOnly(pod: StoredObject): boolean {
    const owner = this.#ownerOf(pod);
    return owner !== undefined && wantedOf(owner).type === "InPlaceOnly";
  }

  patchPod(pod: StoredObject, metadata: JsonMap, user = "meddler"): void {
    this.#options.request(
      "PATCH",
      podPath(pod),
      { metadata: { uid: pod.metadata.uid, ...metadata } },
      "merge-patch+json",
      user,
    );
  }

  /** Bumps an object's version. */
  touch(path: string): void {
    const { namespace, plural, name } = whereOf(path);
    const at = path.split("?")[0]?.split("/status")[0] ?? "";
    if (name === "" || this.#options.server.collection(plural).get(namespace, name) === undefined) return;
    const touched = String(this.#options.clock.monotonicMs());
    this.#options.request(
      "PATCH",
      at.replace(/\/(resize|eviction)$/, ""),
      { metadata: { annotations: { touched } } },
      "merge-patch+json",
      "meddler",
    );
  }

  #pick(plural: string, pick: number): StoredObject | undefined {
    const all = this.#options.server
      .collection(plural)
      .all()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return all[pick % all.length];
  }

  /** Whoever serves the hooks lets go of pods, in time, and takes hold of them again. */
  serveHook(pod: StoredObject): void {
    const labels = pod.metadata.labels ?? {};
    const { [STATE]: state } = labels;
    const held = pod.metadata.finalizers?.includes("hold/delete");
    const later = (change: (live: StoredObject) => JsonMap) =>
      this.#options.clock.setTimeout(() => {
        const live = this.#options.server.collection("pods").get(NAMESPACE, pod.metadata.name);
        if (live?.metadata.uid === pod.metadata.uid && live.metadata.labels?.[STATE] === state)
          this.patchPod(live, change(live), "hooks");
      }, this.#options.hookMs);
    const isGoing = state === "PreparingDelete" || pod.metadata.deletionTimestamp !== undefined;
    if (isGoing && (labels["hold/delete"] || held)) {
      later((live) => ({
        labels: { "hold/delete": null },
        finalizers: (live.metadata.finalizers ?? []).filter((one) => one !== "hold/delete"),
      }));
    } else if (state === "PreparingUpdate" && labels["hold/update"]) later(() => ({ labels: { "hold/update": null } }));
    else if (state === "Updated" && !labels["hold/update"]) later(() => ({ labels: { "hold/update": "true" } }));
    else if (state === "PreparingNormal" && labels["pass/normal"] === undefined)
      later(() => ({ labels: { "pass/normal": "true" } }));
  }

  /** Nothing stands in anybody's way any more. */
  heal(): void {
    const { nodes, server, request } = this.#options;
    for (const node of NODES) if (nodes.isLost(node)) nodes.find(node);
    this.#pendingUntilMs = 0;
    this.#freeClaims();
    for (const pod of server.collection("pods").all()) {
      // Nobody but a user can tell what a pod of no known owner is for.
      if (pod.metadata.labels?.["app"] === "released") request("DELETE", podPath(pod), {});
    }
  }
}

export function cloneSetPath(name = ""): string {
  return `/apis/apps.kruise.io/v1alpha1/namespaces/${NAMESPACE}/clonesets${name && `/${name}`}`;
}

function podPath({ metadata }: StoredObject): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}
