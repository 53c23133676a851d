import type { CloneSet } from "../api/cloneset.ts";
import type { EventReason } from "../api/constants.ts";
import { API_VERSION, KIND } from "../api/constants.ts";
import type { InvolvedObject } from "../kube/event-series.ts";
import type { Action, DeleteReason } from "../plan/actions.ts";
import { describe } from "../plan/actions.ts";
import type { Outcome } from "./apply.ts";

/** An event on the CloneSet. */
export interface Announcement {
  type: "Normal" | "Warning";
  reason: EventReason;
  message: string;
}

/** What users hear of an outcome; most writes are not worth an event. Never carries a whole object. */
export function announcements(outcome: Outcome): Announcement[] {
  const { action } = outcome;
  if (outcome.kind === "stale" || outcome.kind === "withheld") return [];
  const failure = outcome.kind === "done" ? undefined : outcome.message;
  const reasons = reasonsOf(action);
  if (failure === undefined)
    return reasons.done.map((reason) => ({ type: "Normal", reason, message: doneText(action) }));
  return reasons.failed.map((reason) => ({
    type: "Warning",
    reason,
    message: `failed to ${describe(action)}: ${failure}`,
  }));
}

function reasonsOf(action: Action): { done: EventReason[]; failed: EventReason[] } {
  switch (action.kind) {
    case "createPod":
      return { done: ["SuccessfulCreate"], failed: ["FailedCreate"] };
    case "createRevision":
      return { done: [], failed: ["FailedCreate"] };
    case "deletePod":
      return action.reason === "recreateUpdate"
        ? { done: ["SuccessfulUpdatePodReCreate", "SuccessfulDelete"], failed: ["FailedUpdatePodReCreate"] }
        : { done: ["SuccessfulDelete"], failed: ["FailedDelete"] };
    case "deleteClaim":
    case "deleteRevision":
      return { done: [], failed: ["FailedDelete"] };
    case "updatePodInPlace":
      return { done: ["SuccessfulUpdatePodInPlace"], failed: ["FailedUpdatePodInPlace"] };
    case "refreshPod":
    case "patchRevision":
    case "patchClaim":
    case "adoptPod":
    case "adoptClaim":
    case "adoptRevision":
      return { done: [], failed: ["FailedUpdate"] };
  }
}

function doneText(action: Action): string {
  if (action.kind === "createPod") return `created pod ${action.name} at revision ${action.revision}`;
  if (action.kind === "deletePod") {
    const claims = action.claims.map(({ name }) => name).join(", ");
    return `deleted pod ${action.pod.name}${claims && ` with ${claims}`}: ${WHY_DELETED[action.reason]}`;
  }
  if (action.kind === "updatePodInPlace")
    return `updated pod ${action.pod.name} in place to revision ${action.revision}`;
  return describe(action);
}

const WHY_DELETED: Record<DeleteReason, string> = {
  scaleDown: "there are more than replicas asks for",
  podsToDelete: "it was named for deletion",
  hookDone: "its preDelete hook let go of it",
  recreateUpdate: "it is re-created at the update revision",
  finished: "it had finished; its claims stay",
};

/** The CloneSet as events refer to it. */
export function involved({ namespace, name, uid, resourceVersion }: CloneSet): InvolvedObject {
  return { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion };
}
