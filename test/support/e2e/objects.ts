/** The parts of API objects that scenarios look at, as they are on the wire. */
import type { KubeObject, ObjectMeta } from "../../cluster/kube-api.ts";

interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface Meta extends ObjectMeta {
  ownerReferences?: OwnerReference[];
  managedFields?: { manager: string; operation: string; subresource?: string }[];
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  restartCount: number;
  ready: boolean;
  resources?: Resources;
}

export interface Resources {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

export interface Pod extends KubeObject {
  metadata: Meta;
  spec: {
    nodeName?: string;
    containers: { name: string; image: string; resources?: Resources }[];
    volumes?: { persistentVolumeClaim?: { claimName: string } }[];
  };
  status: { phase?: string; podIP?: string; conditions?: Condition[]; containerStatuses?: ContainerStatus[] };
}

export interface Claim extends KubeObject {
  metadata: Meta;
  spec: { volumeName?: string };
  status: { phase?: string };
}

export interface Revision extends KubeObject {
  metadata: Meta;
  revision: number;
}

export interface CloneSet extends KubeObject {
  metadata: Meta;
  spec: Record<string, unknown> & { replicas: number; scaleStrategy?: { podsToDelete?: string[] } };
  status: {
    observedGeneration: number;
    replicas: number;
    readyReplicas: number;
    availableReplicas: number;
    updatedReplicas: number;
    updatedReadyReplicas: number;
    updatedAvailableReplicas: number;
    expectedUpdatedReplicas: number;
    terminatingReplicas: number;
    ignoredPodsToDelete: number;
    idleClaims: number;
    updateRevision: string;
    currentRevision: string;
    labelSelector: string;
    conditions?: Condition[];
  };
}

export interface Event {
  type: string;
  reason: string;
  message: string;
  involvedObject: { kind: string; name: string };
}

export const ID_LABEL = "apps.kruise.io/cloneset-instance-id";
export const REVISION_LABEL = "controller-revision-hash";
const STATE_LABEL = "lifecycle.apps.kruise.io/state";

/** Where the pod is in its lifecycle, as the controller wrote it on the pod. */
export function stateOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[STATE_LABEL];
}

export function isTerminating({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** What a Service would send traffic to. */
export function isServing(pod: Pod): boolean {
  return !isTerminating(pod) && pod.status.phase === "Running" && isTrue(pod.status.conditions, "Ready");
}

export function isTrue(conditions: Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

/** The status of the container `app`, which all pods of scenarios have; others may stand before it. */
export function appContainer(pod: Pod): ContainerStatus | undefined {
  return statusOf(pod, "app");
}

export function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  return pod.status.containerStatuses?.find(({ name }) => name === container);
}

/** The image that the pod's spec asks for. */
export function imageIn(pod: Pod, container: string): string {
  return pod.spec.containers.find(({ name }) => name === container)?.image ?? "";
}

/** `local/app:v2` → `v2`, of the container `app`. */
export function versionOf(pod: Pod): string {
  return imageIn(pod, "app").split(":").at(-1) ?? "";
}

/** What an in-place update must not change. */
export function identityOf({ metadata: { name, uid }, status: { podIP } }: Pod): {
  name: string;
  uid: string;
  ip: string;
} {
  return { name, uid, ip: podIP ?? "" };
}
