import type { CloneSet } from "../api/cloneset.ts";
import type { Features } from "../api/features.ts";
import type { Claim, Pod, Revision } from "../api/pod.ts";

/** Everything the rules may look at: one CloneSet and its surroundings, at one moment. */
export interface Observation {
  cloneSet: CloneSet;
  nowMs: number;
  features: Features;
  /** Pods with an owner reference to this CloneSet, and ownerless pods its selector matches. Any phase. */
  pods: readonly Pod[];
  /** PVCs with an owner reference to this CloneSet, and ownerless ones that carry an instance id and its name. */
  claims: readonly Claim[];
  /** Revisions with an owner reference to this CloneSet, and ownerless ones its selector matches. */
  revisions: readonly Revision[];
  /** Labels of the nodes that pods run on, where the template wants pods spread by node labels; else empty. */
  nodeLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Instance ids whose numbers were drawn and stored but that no pod has, because its creation did not come about. */
  spareIds: readonly string[];
  /** Pods whose update the server refused, by uid. */
  refusals: ReadonlyMap<string, Refusal>;
  /** Names that a pod or PVC to be created might want but that an object of somebody else has. */
  foreignNames: ReadonlySet<string>;
}

/** What the server said when it refused to update a pod. */
export interface Refusal {
  /** The revision it was to move to. */
  revision: string;
  message: string;
  /** How often in a row. */
  times: number;
  /** Until then the pod is left alone. */
  notBeforeMs: number;
}

/** An active pod of the CloneSet, with the answers every rule asks for. */
export interface Member {
  pod: Pod;
  /** On the update revision, or on one that means the same; and made with today's claim templates, where that matters. */
  updated: boolean;
  available: boolean;
  /** Ready in an ordinary lifecycle state; `minReadySeconds` may still be running. */
  ready: boolean;
  /** Named in podsToDelete, or labelled for deletion. */
  named: boolean;
  preparingDelete: boolean;
}
