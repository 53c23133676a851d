/** The CloneSet as the rules see it: one model, every default filled in. `convert.ts` makes it from a served version. */

import type { ClaimTemplate, LabelSelector, PodTemplate } from "./kubernetes.ts";

/** A number of pods, or a percentage of `replicas` such as "20%". */
export type IntOrPercent = number | string;

/** How pods get a new revision. */
export type UpdateType = "ReCreate" | "InPlaceIfPossible" | "InPlaceOnly" | "OnDelete";

export interface CloneSet {
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  /** True once the CloneSet has a deletionTimestamp: garbage collection takes the pods, we no longer scale or update. */
  deleting: boolean;
  annotations: Record<string, string>;
  spec: CloneSetSpec;
  status: CloneSetStatus;
}

export interface CloneSetSpec {
  replicas: number;
  selector: LabelSelector;
  template: PodTemplate;
  claimTemplates: ClaimTemplate[];
  /** How long a pod must be ready, without a break, before it is available. */
  minReadySeconds: number;
  /** How many revisions that no pod is on are kept. */
  revisionHistoryLimit: number;
  /** Seconds without progress after which a rollout is said to have failed; undefined = never. */
  progressDeadlineSeconds: number | undefined;
  scaleStrategy: ScaleStrategy;
  updateStrategy: UpdateStrategy;
  lifecycle: Lifecycle;
}

export interface ScaleStrategy {
  /** Names of pods to remove before any other. */
  podsToDelete: string[];
  /** Pods are created only while fewer than this many are unavailable; undefined = no limit. */
  maxUnavailable: IntOrPercent | undefined;
  /** Whether the PVCs of a pod that was lost go to its replacement. */
  reusePvcs: boolean;
  /** Whether pods in PreparingDelete are left out of the scale numbers. */
  excludePreparingDelete: boolean;
}

export interface UpdateStrategy {
  type: UpdateType;
  /** How many pods stay on old revisions. */
  partition: IntOrPercent;
  maxUnavailable: IntOrPercent;
  maxSurge: IntOrPercent;
  paused: boolean;
  priority: PriorityStrategy;
  scatter: ScatterTerm[];
  /** Seconds between "marked not ready" and the image patch. */
  gracePeriodSeconds: number;
}

export interface PriorityStrategy {
  weights: { weight: number; selector: LabelSelector }[];
  orderedKeys: string[];
}

export interface ScatterTerm {
  key: string;
  value: string;
}

export interface Lifecycle {
  preNormal?: LifecycleHook;
  inPlaceUpdate?: LifecycleHook;
  preDelete?: LifecycleHook;
}

export interface LifecycleHook {
  labelsHandler: Record<string, string>;
  finalizersHandler: string[];
  markPodNotReady: boolean;
}

/** `status`, in wire form. All numbers are written, zeros too: clients such as Argo CD read a missing number as trouble. */
export interface CloneSetStatus {
  observedGeneration: number;
  replicas: number;
  readyReplicas: number;
  availableReplicas: number;
  updatedReplicas: number;
  updatedReadyReplicas: number;
  updatedAvailableReplicas: number;
  expectedUpdatedReplicas: number;
  /** Pods that have a deletionTimestamp. They count nowhere else. */
  terminatingReplicas: number;
  /** Names in podsToDelete that are gone, terminating or not ours. */
  ignoredPodsToDelete: number;
  /** PVCs of ours whose id no pod carries: the next pods to be created take them. */
  idleClaims: number;
  updateRevision: string;
  currentRevision: string;
  collisionCount: number;
  labelSelector: string;
  /** How many instance-id numbers were ever given out; it only grows. */
  instanceCounter: number;
  /** While paused: which share of the pods stays on old revisions. */
  pausedSplit?: PausedSplit;
  conditions: Condition[];
}

/** The split between old and new revision at the moment a rollout was paused. */
export interface PausedSplit {
  updateRevision: string;
  oldReplicas: number;
  replicas: number;
}

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
  lastUpdateTime?: string | null;
}
