import type { Action } from "../plan/actions.ts";

/** What an action is about, for the log: always under the same names. */
export function logFields(action: Action): Record<string, string> {
  switch (action.kind) {
    case "createRevision":
      return { action: action.kind, revision: action.tried.name };
    case "patchRevision":
      return { action: action.kind, revision: action.revision.name, reason: action.why };
    case "deleteRevision":
    case "adoptRevision":
      return { action: action.kind, revision: action.revision.name };
    case "createPod":
      return { action: action.kind, pod: action.name, revision: action.revision };
    case "deletePod":
      return { action: action.kind, pod: action.pod.name, reason: action.reason, ...because(action) };
    case "updatePodInPlace":
      return { action: action.kind, pod: action.pod.name, revision: action.revision, ...because(action) };
    case "refreshPod":
      return { action: action.kind, pod: action.pod.name, reason: action.why };
    case "adoptPod":
      return { action: action.kind, pod: action.pod.name };
    case "patchClaim":
      return { action: action.kind, claim: action.claim.name, reason: action.why };
    case "adoptClaim":
    case "deleteClaim":
      return { action: action.kind, claim: action.claim.name };
  }
}

function because(action: { because?: string }): { because?: string } {
  return action.because === undefined ? {} : { because: action.because };
}
