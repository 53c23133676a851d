import type {
  CloneSet,
  CloneSetSpec,
  CloneSetStatus,
  IntOrPercent,
  Lifecycle,
  LifecycleHook,
  PausedSplit,
  UpdateType,
} from "./cloneset.ts";
import { label } from "./constants.ts";
import { defaults, NO_DEADLINE } from "./defaults.ts";
import type { ClaimTemplate, LabelSelector, ObjectMeta, PodTemplate } from "./kubernetes.ts";

/** A CloneSet of `apps.kruise.io/v1alpha1` as it is on the wire: every optional field may be absent or null. */
export interface WireCloneSet {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: {
    replicas?: number | null;
    selector?: LabelSelector;
    template?: PodTemplate;
    volumeClaimTemplates?: ClaimTemplate[] | null;
    minReadySeconds?: number | null;
    revisionHistoryLimit?: number | null;
    progressDeadlineSeconds?: number | null;
    scaleStrategy?: {
      podsToDelete?: string[] | null;
      maxUnavailable?: IntOrPercent | null;
      disablePVCReuse?: boolean | null;
    } | null;
    updateStrategy?: {
      type?: string | null;
      partition?: IntOrPercent | null;
      maxUnavailable?: IntOrPercent | null;
      maxSurge?: IntOrPercent | null;
      paused?: boolean | null;
      priorityStrategy?: {
        weightPriority?: { weight: number; matchSelector: LabelSelector }[] | null;
        orderPriority?: { orderedKey: string }[] | null;
      } | null;
      scatterStrategy?: { key: string; value: string }[] | null;
      inPlaceUpdateStrategy?: { gracePeriodSeconds?: number | null } | null;
    } | null;
    lifecycle?: {
      preNormal?: WireHook | null;
      inPlaceUpdate?: WireHook | null;
      preDelete?: WireHook | null;
    } | null;
  };
  status?: Partial<Omit<CloneSetStatus, "pausedSplit">> & { pausedSplit?: PausedSplit | null };
}

interface WireHook {
  labelsHandler?: Record<string, string> | null;
  finalizersHandler?: string[] | null;
  markPodNotReady?: boolean | null;
}

/** The internal model of a v1alpha1 CloneSet. Says nothing about whether the spec makes sense: `validate.ts` does. */
export function fromV1alpha1(wire: WireCloneSet): CloneSet {
  const { metadata } = wire;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    annotations: metadata.annotations ?? {},
    spec: specFromV1alpha1(wire),
    status: statusFromWire(wire.status),
  };
}

function specFromV1alpha1({ metadata, spec = {} }: WireCloneSet): CloneSetSpec {
  const scale = spec.scaleStrategy ?? {};
  const update = spec.updateStrategy ?? {};
  const type = (update.type || defaults.updateType) as UpdateType;
  const onDelete = type === "OnDelete";
  return {
    replicas: spec.replicas ?? defaults.replicas,
    selector: spec.selector ?? {},
    template: spec.template ?? { spec: { containers: [] } },
    claimTemplates: spec.volumeClaimTemplates ?? [],
    minReadySeconds: spec.minReadySeconds ?? defaults.minReadySeconds,
    revisionHistoryLimit: spec.revisionHistoryLimit ?? defaults.revisionHistoryLimit,
    progressDeadlineSeconds:
      spec.progressDeadlineSeconds === NO_DEADLINE ? undefined : (spec.progressDeadlineSeconds ?? undefined),
    scaleStrategy: {
      podsToDelete: scale.podsToDelete ?? [],
      maxUnavailable: scale.maxUnavailable ?? undefined,
      reusePvcs: scale.disablePVCReuse !== true,
      excludePreparingDelete: metadata.labels?.[label.excludePreparingDelete] === "true",
    },
    updateStrategy: {
      type,
      // Nobody is updated by us under OnDelete, so there is nothing to hold back and nothing to surge for.
      partition: onDelete ? 0 : (update.partition ?? defaults.partition),
      maxUnavailable: update.maxUnavailable ?? defaults.maxUnavailable,
      maxSurge: onDelete ? 0 : (update.maxSurge ?? defaults.maxSurge),
      paused: update.paused ?? false,
      priority: {
        weights: (update.priorityStrategy?.weightPriority ?? []).map(({ weight, matchSelector }) => ({
          weight,
          selector: matchSelector,
        })),
        orderedKeys: (update.priorityStrategy?.orderPriority ?? []).map(({ orderedKey }) => orderedKey),
      },
      scatter: update.scatterStrategy ?? [],
      gracePeriodSeconds: update.inPlaceUpdateStrategy?.gracePeriodSeconds ?? defaults.gracePeriodSeconds,
    },
    lifecycle: lifecycleFromWire(spec.lifecycle),
  };
}

function lifecycleFromWire(wire: NonNullable<WireCloneSet["spec"]>["lifecycle"]): Lifecycle {
  const hook = (given: WireHook | null | undefined): LifecycleHook | undefined =>
    given
      ? {
          labelsHandler: given.labelsHandler ?? {},
          finalizersHandler: given.finalizersHandler ?? [],
          markPodNotReady: given.markPodNotReady ?? false,
        }
      : undefined;
  const preNormal = hook(wire?.preNormal);
  const inPlaceUpdate = hook(wire?.inPlaceUpdate);
  const preDelete = hook(wire?.preDelete);
  return {
    ...(preNormal ? { preNormal } : {}),
    ...(inPlaceUpdate ? { inPlaceUpdate } : {}),
    ...(preDelete ? { preDelete } : {}),
  };
}

/** The status as stored; what was never written is zero, and an observedGeneration of -1 says "never observed". */
export function statusFromWire(wire: WireCloneSet["status"]): CloneSetStatus {
  const status: CloneSetStatus = {
    observedGeneration: wire?.observedGeneration ?? -1,
    replicas: wire?.replicas ?? 0,
    readyReplicas: wire?.readyReplicas ?? 0,
    availableReplicas: wire?.availableReplicas ?? 0,
    updatedReplicas: wire?.updatedReplicas ?? 0,
    updatedReadyReplicas: wire?.updatedReadyReplicas ?? 0,
    updatedAvailableReplicas: wire?.updatedAvailableReplicas ?? 0,
    expectedUpdatedReplicas: wire?.expectedUpdatedReplicas ?? 0,
    terminatingReplicas: wire?.terminatingReplicas ?? 0,
    ignoredPodsToDelete: wire?.ignoredPodsToDelete ?? 0,
    idleClaims: wire?.idleClaims ?? 0,
    updateRevision: wire?.updateRevision ?? "",
    currentRevision: wire?.currentRevision ?? "",
    collisionCount: wire?.collisionCount ?? 0,
    labelSelector: wire?.labelSelector ?? "",
    instanceCounter: wire?.instanceCounter ?? 0,
    conditions: wire?.conditions ?? [],
  };
  return wire?.pausedSplit ? { ...status, pausedSplit: wire.pausedSplit } : status;
}
