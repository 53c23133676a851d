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
  /** Pods whose update or deletion the server refused, by uid. */
  refusals: ReadonlyMap<string, Refusal>;
  /** Set where the server refused to take a new pod, the last time that it was asked. */
  creationRefusal?: CreationRefusal | undefined;
  /** Names that a pod or PVC to be created might want but that an object of somebody else has. */
  foreignNames: ReadonlySet<string>;
}

/** What the server said when it refused to update or to delete a pod. */
export interface Refusal {
  /** The revision it was to move to; undefined: it was to be deleted. */
  revision: string | undefined;
  /** The server's words; of a deletion, with what was tried. */
  message: string;
  /** How often in a row. */
  times: number;
  sinceMs: number;
  /** Until then the pod is left alone. */
  notBeforeMs: number;
}

/** What the server said when it refused to take a new pod: a quota, a policy, a namespace that is being deleted. */
export interface CreationRefusal {
  /** What was tried, and the server's words. */
  message: string;
  /** How often in a row. */
  times: number;
  sinceMs: number;
  /** Until then no pod is created. */
  notBeforeMs: number;
  /** Of the CloneSet, when it was refused. */
  generation: number;
  /** How many pods there were, in any phase: with fewer there may be room. Undefined where no room would help. */
  pods: number | undefined;
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
