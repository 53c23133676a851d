/** What the rules know of a pod, a claim (PVC) and a revision: the few fields they look at, taken from the wire form. */

import type { LifecycleState } from "./constants.ts";
import { annotation, label } from "./constants.ts";
import type { JsonObject, OwnerReference, PodTemplate, ResourceRequirements } from "./kubernetes.ts";

/** Which object exactly: name and uid, and the version that was seen. */
export interface ObjectRef {
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
}

export interface Pod extends ObjectRef {
  generation: number;
  createdMs: number;
  /** Set once the pod is terminating. */
  deletedMs?: number;
  labels: Readonly<Record<string, string>>;
  /** Only the annotations named in `KEPT_ANNOTATIONS`. */
  annotations: Readonly<Record<string, string>>;
  finalizers: readonly string[];
  owners: readonly OwnerReference[];
  /** Uids of `owners`, for the cache's index. */
  ownerUids: readonly string[];
  nodeName?: string;
  /** Names of the PVCs that the pod's volumes use. */
  claimNames: readonly string[];
  readinessGates: readonly string[];
  containers: readonly Container[];
  initContainers: readonly Container[];
  phase: string;
  reason?: string;
  observedGeneration: number;
  conditions: Readonly<Record<string, PodCondition>>;
  containerStatuses: readonly ContainerStatus[];
  initContainerStatuses: readonly ContainerStatus[];
  /** Metadata and spec as they are; only of a pod that nobody controls. Before it is adopted it is asked what it is made from. */
  asTemplate?: PodTemplate;
}

export interface Container {
  name: string;
  image: string;
  resources?: ResourceRequirements;
}

export interface PodCondition {
  status: string;
  reason?: string;
  message?: string;
  /** 0 if never recorded. */
  lastTransitionMs: number;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  /** "" while no container was started. */
  containerID: string;
  ready: boolean;
  restartCount: number;
  state: "waiting" | "running" | "terminated";
  /** Why it waits or ended: "ImagePullBackOff", "CrashLoopBackOff". */
  reason?: string;
  message?: string;
  resources?: ResourceRequirements;
}

export interface Claim extends ObjectRef {
  labels: Readonly<Record<string, string>>;
  owners: readonly OwnerReference[];
  ownerUids: readonly string[];
  deleting: boolean;
  phase: string;
}

export interface Revision extends ObjectRef {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  owners: readonly OwnerReference[];
  ownerUids: readonly string[];
  /** The number that orders revisions; the highest is the newest. */
  revision: number;
  createdMs: number;
  /** `data.spec.template` without `$patch`; undefined if the data does not have this form. */
  template: PodTemplate | undefined;
  /** The data as stored. */
  data: JsonObject;
}

export const KEPT_ANNOTATIONS: readonly string[] = Object.values(annotation);

/** Neither finished nor on its way out. Only active pods count. */
export function isActive(pod: Pod): boolean {
  return pod.deletedMs === undefined && !isTerminal(pod);
}

/** Failed or Succeeded: the pod will never run again. */
export function isTerminal(pod: Pod): boolean {
  return pod.phase === "Failed" || pod.phase === "Succeeded";
}

export function isTerminating(pod: Pod): boolean {
  return pod.deletedMs !== undefined;
}

export function instanceId(object: { labels: Readonly<Record<string, string>> }): string | undefined {
  return object.labels[label.instanceId] || undefined;
}

/** The lifecycle state; undefined when the pod carries none, which counts as Normal. */
export function lifecycleState(pod: Pod): LifecycleState | undefined {
  return (pod.labels[label.lifecycleState] || undefined) as LifecycleState | undefined;
}

export function hasGate(pod: Pod, gate: string): boolean {
  return pod.readinessGates.includes(gate);
}
