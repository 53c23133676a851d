import type { LifecycleState } from "../api/constants.ts";
import { label } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import type { Claim, ObjectRef } from "../api/pod.ts";
import type { PodPatch } from "../inplace/patch.ts";
import type { CreateRevision } from "../revision/history.ts";

/** Why a pod is deleted. Only `finished` keeps the pod's PVCs: the same id comes back with them. */
export type DeleteReason = "scaleDown" | "podsToDelete" | "hookDone" | "recreateUpdate" | "finished";

/** Why a pod is patched without moving to another revision. */
export type RefreshReason =
  | "openGate"
  | "graceRestarted"
  | "graceOver"
  | "nextBatch"
  | "repairHash"
  | LifecycleState
  | "ownerVersion"
  | "release";

/** One step of carrying out a CloneSet, as plain data: it can be printed, compared, and carried out elsewhere. */
export type Action =
  | { kind: "createRevision"; tried: CreateRevision }
  | { kind: "patchRevision"; revision: ObjectRef; body: JsonObject; why: string }
  | { kind: "deleteRevision"; revision: ObjectRef }
  | { kind: "createPod"; name: string; instanceId: string; revision: string; manifest: JsonObject; claims: NewClaim[] }
  | {
      kind: "deletePod";
      pod: ObjectRef;
      reason: DeleteReason;
      /** PVCs that go with the pod. */
      claims: ObjectRef[];
      /** Delete only if the pod still is as it was seen. Off for named pods: they go whatever happens to them. */
      ifUnchanged: boolean;
      /** Why this pod and not another one, in words. */
      because?: string;
    }
  | {
      kind: "updatePodInPlace";
      pod: ObjectRef;
      revision: string;
      patches: PodPatch[];
      warning?: string;
      because?: string;
    }
  | {
      kind: "refreshPod";
      pod: ObjectRef;
      patches: PodPatch[];
      why: RefreshReason;
      /**
       * Patch the pod whatever its version, as long as it is in this state, which the patch ends. For the patch that first puts
       * a pod into service: its kubelet writes to it at that very moment.
       */
      whileIn?: LifecycleState;
    }
  /** `labels`: those that say what the pod is, if it was recognised. */
  | { kind: "adoptPod"; pod: ObjectRef; labels?: Record<string, string> }
  | { kind: "adoptClaim"; claim: Claim }
  | { kind: "adoptRevision"; revision: ObjectRef }
  | { kind: "patchClaim"; claim: ObjectRef; body: JsonObject; why: "ownerVersion" | "goesWithPod" }
  /** A PVC no pod uses, under disablePVCReuse. Carried out only if a live read finds no pod of that name. */
  | { kind: "deleteClaim"; claim: ObjectRef; podName: string };

/** A PVC to create before its pod. */
export interface NewClaim {
  name: string;
  manifest: JsonObject;
}

/** The existing objects that an action writes to. */
export function objectsOf(action: Action): ObjectRef[] {
  switch (action.kind) {
    case "createRevision":
    case "createPod":
      return [];
    case "patchRevision":
    case "deleteRevision":
    case "adoptRevision":
      return [action.revision];
    case "deletePod":
      return [action.pod, ...action.claims];
    case "updatePodInPlace":
    case "refreshPod":
    case "adoptPod":
      return [action.pod];
    case "adoptClaim":
    case "patchClaim":
    case "deleteClaim":
      return [action.claim];
  }
}

/** One line for the log, the event and the plan preview. No default case: a new kind must be handled to compile. */
export function describe(action: Action): string {
  switch (action.kind) {
    case "createRevision":
      return `create revision ${action.tried.name}`;
    case "patchRevision":
      return `patch revision ${action.revision.name} (${action.why})`;
    case "deleteRevision":
      return `forget revision ${action.revision.name}`;
    case "createPod":
      return `create pod ${action.name} at ${action.revision}`;
    case "deletePod":
      return `delete pod ${action.pod.name} (${action.reason})${claimsText(action.claims)}`;
    case "updatePodInPlace":
      return `update pod ${action.pod.name} in place to ${action.revision}`;
    case "refreshPod":
      return `patch pod ${action.pod.name} (${action.why})`;
    case "adoptPod":
      return `adopt pod ${action.pod.name}${action.labels ? ` as one of ${action.labels[label.revision]}` : ""}`;
    case "adoptClaim":
      return `adopt claim ${action.claim.name}`;
    case "adoptRevision":
      return `adopt revision ${action.revision.name}`;
    case "patchClaim":
      return `patch claim ${action.claim.name} (${action.why})`;
    case "deleteClaim":
      return `delete unused claim ${action.claim.name}`;
  }
}

function claimsText(claims: ObjectRef[]): string {
  return claims.length === 0 ? "" : ` with ${claims.map(({ name }) => name).join(", ")}`;
}
