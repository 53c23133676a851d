/** Names on the wire: group, labels, annotations, conditions, event reasons. They are part of the contract with users. */

export const GROUP = "apps.kruise.io";
export const API_VERSION = `${GROUP}/v1alpha1`;
export const KIND = "CloneSet";

export const label = {
  /** Joins a pod and its PVCs. */
  instanceId: "apps.kruise.io/cloneset-instance-id",
  /** Full name of the pod's ControllerRevision. */
  revision: "controller-revision-hash",
  /** Always the short hash of the pod's revision. */
  podTemplateHash: "pod-template-hash",
  lifecycleState: "lifecycle.apps.kruise.io/state",
  /** Its presence alone asks for the pod's deletion. */
  specifiedDelete: "apps.kruise.io/specified-delete",
  /** On a ControllerRevision: the short hash of its data. */
  revisionHash: "controller.kubernetes.io/hash",
  /** On a CloneSet: pods in PreparingDelete do not count for scaling. */
  excludePreparingDelete: "apps.kruise.io/cloneset-scaling-exclude-preparing-delete",
} as const;

export const annotation = {
  lifecycleTimestamp: "lifecycle.apps.kruise.io/timestamp",
  inPlaceState: "apps.kruise.io/inplace-update-state",
  inPlaceStateLegacy: "inplace-update-state",
  inPlaceGrace: "apps.kruise.io/inplace-update-grace",
  inPlaceGraceLegacy: "inplace-update-grace",
  /** On a PVC: when it was last given to a new pod of its id. That changes the version which an earlier deletion, still on its way, names. */
  claimReusedAt: "apps.kruise.io/cloneset-claim-reused-at",
  deletionCost: "controller.kubernetes.io/pod-deletion-cost",
  /** On a ControllerRevision, and on pods if claim templates re-create them: decimal hash of the claim templates, "" when there are none. */
  claimTemplatesHash: "kruise.io/cloneset-volumeclaimtemplate-hash",
  /** On a ControllerRevision: the claim templates themselves, so that old-revision pods keep getting old claims. */
  claimTemplates: "apps.kruise.io/cloneset-volumeclaimtemplates",
} as const;

export const readinessGate = {
  inPlaceUpdateReady: "InPlaceUpdateReady",
  kruisePodReady: "KruisePodReady",
} as const;

/** Reason of `InPlaceUpdateReady=False` while a pod is patched. */
export const START_IN_PLACE_UPDATE = "StartInPlaceUpdate";
/** Reason of `Ready=False` written together with a gate. */
export const READINESS_GATES_NOT_READY = "ReadinessGatesNotReady";

/** Value of the lifecycle state label. */
export type LifecycleState =
  | "PreparingNormal"
  | "Normal"
  | "PreparingUpdate"
  | "Updating"
  | "Updated"
  | "PreparingDelete";

export type EventReason =
  | "SuccessfulCreate"
  | "FailedCreate"
  | "SuccessfulDelete"
  | "FailedDelete"
  | "FailedUpdate"
  | "ScaleUpLimited"
  | "SuccessfulUpdatePodInPlace"
  | "FailedUpdatePodInPlace"
  | "SuccessfulUpdatePodReCreate"
  | "FailedUpdatePodReCreate"
  | "InPlaceWithoutReadinessGate"
  | "ImageDiffersFromRevision"
  | "InvalidSpec";
