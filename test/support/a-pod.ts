import type { LifecycleState } from "../../src/api/constants.ts";
import { API_VERSION, annotation, KIND, label, readinessGate } from "../../src/api/constants.ts";
import type { OwnerReference } from "../../src/api/kubernetes.ts";
import { timestamp } from "../../src/api/kubernetes.ts";
import type { Claim, ContainerStatus, Pod } from "../../src/api/pod.ts";
import { shortPart } from "../../src/revision/hash.ts";
import { NOW_MS, UID } from "./a-cloneset.ts";
import { NEW, OLD, THIRD } from "./a-revision.ts";

const IMAGES: Record<string, string> = { [OLD]: "app:v1", [THIRD]: "app:v1.5", [NEW]: "app:v2" };

/** What a test says about a pod; the rest is that of a calm, available pod on the update revision. */
export interface GivenPod {
  id?: string;
  name?: string;
  /** Revision name; "" = no revision label. */
  revision?: string;
  image?: string;
  ready?: boolean;
  readyForSeconds?: number;
  phase?: string;
  /** "" = not scheduled. */
  node?: string;
  /** "" = no state label. */
  state?: LifecycleState | "";
  /** Labelled for deletion. */
  named?: boolean;
  /** Made with the gate InPlaceUpdateReady. */
  gated?: boolean;
  /** The condition InPlaceUpdateReady of a gated pod. */
  gate?: "True" | "False" | "absent";
  terminating?: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  owners?: OwnerReference[];
  createdSecondsAgo?: number;
  restarts?: number;
  sidecarRestarts?: number;
  /** Container status; default: running iff ready. */
  container?: Partial<ContainerStatus>;
  resourceVersion?: string;
}

/** The CloneSet "web" as the controller of something. */
export const OURS: OwnerReference = {
  apiVersion: API_VERSION,
  kind: KIND,
  name: "web",
  uid: UID,
  controller: true,
  blockOwnerDeletion: true,
};

/** Somebody else's. */
export const FOREIGN: OwnerReference = {
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  name: "other",
  uid: "uid-other",
  controller: true,
};

export function aPod(given: GivenPod = {}): Pod {
  const { id = "aaaaa", revision = NEW, ready = true, phase = "Running", node = "n1", state = "Normal" } = given;
  const { gated = false, gate = "True", image = IMAGES[revision] ?? "app:v1", owners = [OURS] } = given;
  const name = given.name ?? `web-${id}`;
  const sinceMs = NOW_MS - (given.readyForSeconds ?? 3600) * 1000;
  const ready_ = { status: ready ? "True" : "False", lastTransitionMs: sinceMs };
  const status = (container: string, restartCount: number): ContainerStatus => ({
    name: container,
    image,
    imageID: `id-of-${image}`,
    containerID: `run-${name}`,
    ready,
    restartCount,
    state: ready ? "running" : "waiting",
  });
  return {
    namespace: "shop",
    name,
    uid: `uid-${name}`,
    resourceVersion: given.resourceVersion ?? "10",
    generation: 1,
    createdMs: NOW_MS - (given.createdSecondsAgo ?? 7200) * 1000,
    ...(given.terminating ? { deletedMs: NOW_MS - 60_000 } : {}),
    labels: {
      app: "web",
      ...(id === "" ? {} : { [label.instanceId]: id }),
      ...(revision === "" ? {} : { [label.revision]: revision, [label.podTemplateHash]: shortPart(revision) }),
      ...(state === "" ? {} : { [label.lifecycleState]: state }),
      ...(given.named ? { [label.specifiedDelete]: "true" } : {}),
      ...given.labels,
    },
    annotations: { [annotation.lifecycleTimestamp]: timestamp(sinceMs), ...given.annotations },
    finalizers: given.finalizers ?? [],
    owners,
    ownerUids: owners.map(({ uid }) => uid),
    ...(node === "" ? {} : { nodeName: node }),
    claimNames: [],
    readinessGates: gated ? [readinessGate.inPlaceUpdateReady] : [],
    containers: [{ name: "app", image }],
    initContainers: [],
    phase,
    observedGeneration: 1,
    conditions: {
      PodScheduled: { status: node === "" ? "False" : "True", lastTransitionMs: sinceMs },
      ContainersReady: ready_,
      Ready: ready_,
      ...(gated && gate !== "absent"
        ? { [readinessGate.inPlaceUpdateReady]: { status: gate, lastTransitionMs: sinceMs } }
        : {}),
    },
    containerStatuses: [{ ...status("app", given.restarts ?? 0), ...given.container }],
    initContainerStatuses: given.sidecarRestarts === undefined ? [] : [status("sidecar", given.sidecarRestarts)],
  };
}

/** The PVC `data-web-<id>`. */
export function aClaim(
  given: {
    id?: string;
    name?: string;
    owners?: OwnerReference[];
    deleting?: boolean;
    labels?: Record<string, string>;
  } = {},
): Claim {
  const { id = "aaaaa", owners = [OURS], deleting = false } = given;
  const name = given.name ?? `data-web-${id}`;
  return {
    namespace: "shop",
    name,
    uid: `uid-${name}`,
    resourceVersion: "10",
    labels: { app: "web", ...(id === "" ? {} : { [label.instanceId]: id }), ...given.labels },
    owners,
    ownerUids: owners.map(({ uid }) => uid),
    deleting,
    phase: "Bound",
  };
}
