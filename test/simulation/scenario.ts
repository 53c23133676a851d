/** What happens in one seed, as plain data: it can be printed, shrunk, and played again. */

import type { Features } from "../../src/api/features.ts";
import type { JsonMap } from "../../src/sandbox/objects.ts";

export interface Scenario {
  seed: number;
  cloneSets: { name: string; spec: JsonMap }[];
  steps: Step[];
  faults: Fault[];
  /** When steps and faults are over and everything must come to rest. */
  endMs: number;
  pace: Pace;
  features: Partial<Features>;
  leaderElection: boolean;
}

/** How fast the world around the controller is, in ms. */
export interface Pace {
  bindMs: number;
  noticeMs: number;
  readyMs: number;
  terminateMs: number;
  volumeMs: number;
  hookMs: number;
  gcMs: number;
}

/** What users do. `pick` chooses among what is there when the time comes. */
export type Step = { atMs: number; cloneSet: number } & (
  | { kind: "patch"; spec: JsonMap; why: string }
  /** As autoscalers and `kubectl scale` do, through the scale subresource. */
  | { kind: "scale"; replicas: number }
  /** Lists pods for deletion; with `scaleIn`, replicas go down by as many. */
  | { kind: "name"; picks: number[]; scaleIn: boolean }
  | { kind: "label"; pick: number }
  | { kind: "delete"; policy: "Background" | "Foreground" | "Orphan"; againMs: number | undefined }
);

/** Plurals of the kinds that the controller watches. */
export type Viewed = "pods" | "persistentvolumeclaims" | "controllerrevisions" | "clonesets";

/** `nth`: of all writes of pods, claims, revisions and CloneSets by controllers, counted from 0. */
export type Fault =
  | { kind: "F1" | "F2"; nth: number; downMs: number }
  | { kind: "F3"; atMs: number; downMs: number; lagMs: number; resource: Viewed }
  | { kind: "F4"; atMs: number }
  | { kind: "F5"; atMs: number; what: "leaseOut" | "jump"; ms: number }
  | { kind: "F5"; atMs: 0; what: "rate"; rate: number }
  | { kind: "F6"; atMs: number; ms: number }
  | { kind: "F7"; atMs: number; downMs: number; features: Partial<Features> }
  | { kind: "F8"; nth: number }
  | { kind: "F9"; nth: number; count: number; seconds: number }
  | { kind: "F10"; nth: number; count: number; code: 500 | 503 | 504 }
  /** A server that is late with its answers may be late with its watches, too: the view of pods stands still for `lagMs`. */
  | { kind: "F11"; nth: number; count: number; code: 500 | 503 | 504; lagMs: number }
  | { kind: "F12"; nth: number; applied: boolean; blindMs: number }
  | { kind: "F13" | "F14"; nth: number; count: number; only: string }
  | { kind: "F15"; nth: number; ms: number; side: "up" | "down" }
  | { kind: "F16"; atMs: number; ms: number; resource: Viewed }
  /** With `ms`, what happens to the same object in the time that follows is lost, too. */
  | { kind: "F17"; resource: Viewed; nth: number; ms: number }
  | { kind: "F18"; resource: Viewed; nth: number }
  | { kind: "F19"; atMs: 0; lagsMs: Record<Viewed, number> }
  | { kind: "F20"; atMs: number }
  | { kind: "F21"; atMs: number; downMs: number; behindMs: number; mute: boolean }
  | { kind: "F22"; atMs: number; ms: number; listMs: number }
  | { kind: "F23"; atMs: number; what: "crash" | "evict" | "delete" | "force"; pick: number }
  | { kind: "F23"; atMs: number; what: "nodeLoss"; pick: number; ms: number }
  | { kind: "F24"; atMs: number; what: "pending" | "finalizer"; ms: number }
  /** Claims that are deleted from now on stay, terminating, to the end. */
  | { kind: "F24"; atMs: number; what: "stuck" }
  | { kind: "F25"; atMs: number; what: Meddling; pick: number }
  | { kind: "F26"; atMs: number; ms: number; what: "down" | "expired" };

/** What others write on objects of ours. */
export type Meddling =
  | "annotate"
  | "release"
  | "orphanPod"
  | "stranger"
  | "foreignPod"
  | "unknownRevision"
  | "finalizer"
  | "touchCloneSet"
  | "claimOwner"
  | "dropState";

export function describeStep(step: Step): string {
  switch (step.kind) {
    case "patch":
      return `edit (${step.why}) ${JSON.stringify(step.spec)}`;
    case "scale":
      return `scale to ${step.replicas}`;
    case "name":
      return `podsToDelete: ${step.picks.length} pods${step.scaleIn ? ", and as many fewer replicas" : ""}`;
    case "label":
      return "label a pod specified-delete";
    case "delete":
      return `delete the CloneSet (${step.policy})`;
  }
}

export function describeFault(fault: Fault): string {
  return JSON.stringify(fault);
}
