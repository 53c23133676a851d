/**
 * The Kubernetes objects a CloneSet deals with, in the form they have on the wire (plain JSON).
 *
 * The pod template is opaque on purpose: fields that are newer than this code must reach the pod unchanged.
 */

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object whose members are not known. */
export type JsonObject = { [key: string]: Json };

/** `metadata.ownerReferences[]`. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** `metadata` of a stored object, as far as it is used here. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** A label selector. All requirements must hold. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

/** One requirement of a label selector. */
export interface LabelSelectorRequirement {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  values?: string[];
}

/** `spec.template`: metadata and spec of the pods to come. */
export interface PodTemplate {
  metadata?: TemplateMeta | null;
  spec: PodTemplateSpec;
}

/** The members of a template's metadata that reach the pod. */
export interface TemplateMeta {
  labels?: Record<string, string> | null;
  annotations?: Record<string, string> | null;
  finalizers?: string[] | null;
}

/** The parts of a pod spec the rules look at; everything else passes through. */
export interface PodTemplateSpec {
  containers: TemplateContainer[];
  initContainers?: TemplateContainer[];
  readinessGates?: { conditionType: string }[];
  volumes?: ({ name: string } & JsonObject)[];
  [field: string]: unknown;
}

/** The parts of a container the rules look at; everything else passes through. */
export interface TemplateContainer {
  name: string;
  image?: string;
  resources?: ResourceRequirements;
  [field: string]: unknown;
}

/** Requests and limits of a container, quantities as written. */
export interface ResourceRequirements {
  limits?: Record<string, string | number>;
  requests?: Record<string, string | number>;
  [field: string]: unknown;
}

/** An entry of `spec.volumeClaimTemplates`. */
export interface ClaimTemplate {
  metadata: TemplateMeta & { name: string };
  spec: JsonObject;
}

/** The time of a Kubernetes timestamp in ms since the epoch; 0 if there is none or it cannot be read. */
export function timeMs(text: string | null | undefined): number {
  if (!text) return 0;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

/** `ms` since the epoch as Kubernetes writes it: RFC 3339, UTC, whole seconds. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The reference that names the controller of an object, if there is one. */
export function controllerOf(owners: readonly OwnerReference[]): OwnerReference | undefined {
  return owners.find((owner) => owner.controller === true);
}
