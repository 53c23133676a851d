import type { JsonObject, ObjectMeta } from "../../../src/api/kubernetes.ts";

/** Objects of the model in their wire form. A change always makes a new object, so that old ones can be looked at later. */
export interface WirePod {
  readonly metadata: Meta;
  readonly spec: {
    readonly nodeName?: string;
    readonly readinessGates?: readonly { conditionType: string }[];
    readonly containers: readonly WireContainer[];
    readonly volumes?: readonly { name: string; persistentVolumeClaim?: { claimName: string } }[];
  };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly observedGeneration?: number;
    readonly conditions: readonly WireCondition[];
    readonly containerStatuses: readonly WireContainerStatus[];
  };
}

export type Meta = Readonly<ObjectMeta & { name: string; namespace: string; uid: string; resourceVersion: string }>;

export interface WireContainer {
  readonly name: string;
  readonly image: string;
}

export interface WireCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string | null;
}

export interface WireContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: JsonObject;
}

export interface WireClaim {
  readonly metadata: Meta;
  readonly status: { readonly phase: string };
}

export interface WireRevision {
  readonly metadata: Meta;
  readonly revision: number;
  readonly data: JsonObject;
}

export function conditionOf(pod: WirePod, type: string): WireCondition | undefined {
  return pod.status.conditions.find((condition) => condition.type === type);
}

export function labelOf(object: { readonly metadata: Meta }, key: string): string | undefined {
  return object.metadata.labels?.[key];
}

/** Neither finished nor on its way out. */
export function isAlive({ metadata, status }: WirePod): boolean {
  return metadata.deletionTimestamp === undefined && status.phase !== "Failed" && status.phase !== "Succeeded";
}

export function controllerUid({ metadata }: { readonly metadata: Meta }): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
}
