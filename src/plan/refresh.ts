import type { CloneSet } from "../api/cloneset.ts";
import type { Revision } from "../api/pod.ts";
import { lifecycleState } from "../api/pod.ts";
import { dropGrace, endGrace, intoService, nextBatch, repairTemplateHash, restartGrace } from "../inplace/patch.ts";
import { inPlaceProgress } from "../inplace/progress.ts";
import { endsItsState } from "../inplace/state-guard.ts";
import { revisionOf } from "../revision/match.ts";
import type { Action } from "./actions.ts";
import { nextState, stateConditions, withConditions } from "./lifecycle.ts";
import type { Member } from "./observation.ts";

/** What one pod needs to get on by itself: out of an in-place update, through its lifecycle, into service. */
export interface Refresh {
  action?: Action & { kind: "refreshPod" };
  /** When to look again. */
  againAtMs?: number;
  /** What is wrong with the pod's annotations. It concerns this pod alone. */
  problem?: string;
}

/** The next step of a pod that nobody chose for anything. */
export function refresh(
  { pod, updated }: Member,
  { cloneSet, revisions, nowMs }: { cloneSet: CloneSet; revisions: readonly Revision[]; nowMs: number },
): Refresh {
  const progress = inPlaceProgress(pod, nowMs);
  const given = { template: revisionOf(pod, revisions)?.template, nowMs };
  switch (progress.kind) {
    case "unreadable":
      return { problem: `${pod.name}: ${progress.why}` };
    case "graceStale":
      return { action: { kind: "refreshPod", pod, patches: [dropGrace(pod)], why: "graceOver" } };
    case "graceRunning":
      return { againAtMs: progress.untilMs };
    case "graceAhead":
      return {
        action: { kind: "refreshPod", pod, patches: [restartGrace(pod, progress, nowMs)], why: "graceRestarted" },
      };
    case "graceOver":
      return { action: { kind: "refreshPod", pod, patches: endGrace(pod, progress, given).patches, why: "graceOver" } };
    case "nextBatch":
      return {
        action: { kind: "refreshPod", pod, patches: nextBatch(pod, progress, given).patches, why: "nextBatch" },
      };
    case "waiting":
    case "done":
      break;
  }
  // A resize that the node puts off may take for ever; the pod serves meanwhile, so nobody else has to wait for it.
  const isPutOff = progress.kind === "waiting" && progress.resizePending === true;
  const settled = progress.kind === "done" || isPutOff;
  const problem = isPutOff ? { problem: `${pod.name}: container ${progress.container}: ${progress.why}` } : {};
  const state = nextState(pod, cloneSet.spec.lifecycle, { settled, updated });
  // A new pod gets its gate and its state in one write, for which it must be scheduled.
  const tooEarly = lifecycleState(pod) === "PreparingNormal" && pod.nodeName === undefined;
  const opened = settled && !tooEarly ? intoService(pod, { state, nowMs }) : undefined;
  const conditions = state ? stateConditions(pod, state, cloneSet.spec.lifecycle, nowMs) : [];
  const patch = opened && withConditions(opened, conditions);
  if (patch) {
    const isNew = lifecycleState(pod) === "PreparingNormal";
    const guard = isNew && endsItsState(pod, patch) ? { whileIn: "PreparingNormal" as const } : {};
    return {
      action: { kind: "refreshPod", pod, patches: [patch], why: state ?? "openGate", ...guard },
      ...problem,
    };
  }
  const repair = repairTemplateHash(pod);
  return repair ? { action: { kind: "refreshPod", pod, patches: [repair], why: "repairHash" }, ...problem } : problem;
}
