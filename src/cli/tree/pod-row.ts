import type { CloneSet } from "../../api/cloneset.ts";
import { label, readinessGate } from "../../api/constants.ts";
import { timeMs } from "../../api/kubernetes.ts";
import type { Pod } from "../../api/pod.ts";
import { isTerminal, lifecycleState } from "../../api/pod.ts";
import { inPlaceProgress } from "../../inplace/progress.ts";
import { readState } from "../../inplace/state.ts";
import type { Member } from "../../plan/observation.ts";
import { whyUnavailable } from "../../plan/waiting.ts";
import { isOnRevision } from "../../revision/match.ts";
import { duration } from "../age.ts";
import { relativeTimes } from "./relative-times.ts";

/** How a pod is, at a glance: serves; on its way; waits; in trouble; on its way out. */
export type Mark = "ok" | "busy" | "waiting" | "bad" | "going";

export interface PodRow {
  name: string;
  mark: Mark;
  state: string;
  /** "1/1": ready containers of all. */
  ready: string;
  createdMs: number;
  node: string;
  volumes: string[];
  note: string;
}

/** What an old pod waits for, as far as the rollout is concerned. */
export type Turn = "next" | "in turn" | "kept by partition" | "kept by pause" | "until deleted" | undefined;

export function podRow(member: Member, { spec, name }: CloneSet, turn: Turn, nowMs: number): PodRow {
  const { pod } = member;
  const { mark, state, note } = howIs(member, spec.minReadySeconds, turn, nowMs);
  return {
    name: pod.name,
    mark,
    state,
    ready: `${pod.containerStatuses.filter(({ ready }) => ready).length}/${pod.containers.length}`,
    createdMs: pod.createdMs,
    node: pod.nodeName ?? "",
    // "data-web-x7k2p" says the name of the CloneSet once more than needed.
    volumes: pod.claimNames.map((claim) => claim.replace(`-${name}-`, "-")),
    note,
  };
}

function howIs(
  { pod, available, named }: Member,
  minReadySeconds: number,
  turn: Turn,
  nowMs: number,
): { mark: Mark; state: string; note: string } {
  if (pod.deletedMs !== undefined) {
    return { mark: "going", state: "terminating", note: `for ${duration(nowMs - pod.deletedMs)}` };
  }
  if (isTerminal(pod)) return { mark: "bad", state: pod.phase.toLowerCase(), note: pod.reason ?? "" };
  const why = whyUnavailable(pod, minReadySeconds, nowMs);
  const reason = relativeTimes(why.text, nowMs);
  if (named) {
    const asked = label.specifiedDelete in pod.labels ? "labelled for deletion" : "named in podsToDelete";
    return { mark: "going", state: "to be deleted", note: available ? asked : `${asked}; ${reason}` };
  }
  if (available)
    return { mark: "ok", state: "available", note: [turn, history(pod, nowMs)].filter(Boolean).join("; ") };
  if (reason === "not scheduled yet") return { mark: "waiting", state: "pending", note: reason };
  const mark: Mark = why.weight >= 2 ? "bad" : "waiting";
  if (isUpdating(pod, nowMs)) {
    const note = withoutState(reason.replace(/^being updated in place(: )?/, "")) || "in place";
    return { mark: mark === "bad" ? mark : "busy", state: "updating", note };
  }
  if (why.weight === 0 && reason.startsWith("ready, ")) {
    return { mark, state: "ready", note: reason.replace("ready, ", "") };
  }
  const isFirstStart = mark !== "bad" && pod.containerStatuses.every(({ restartCount }) => restartCount === 0);
  return isFirstStart
    ? { mark, state: "starting", note: "" }
    : { mark, state: "not ready", note: withoutState(reason) };
}

/** What the column STATE says already; a reason that stands alone needs no parentheses. */
function withoutState(reason: string): string {
  return reason.replace(/^not ready /, "").replace(/^\(([^()]*)\)/, "$1");
}

/** From the moment it is taken out of service for an in-place update until it is back. */
function isUpdating(pod: Pod, nowMs: number): boolean {
  return (
    lifecycleState(pod) === "Updating" ||
    pod.conditions[readinessGate.inPlaceUpdateReady]?.status === "False" ||
    inPlaceProgress(pod, nowMs).kind !== "done"
  );
}

/** How the pod came to its revision, and how often its containers were restarted. */
function history(pod: Pod, nowMs: number): string {
  const state = readState(pod);
  const restarts = pod.containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const times = restarts === 0 ? "" : restarts === 1 ? "1 restart" : `${restarts} restarts`;
  const isInPlace = state.kind === "found" && isOnRevision(pod, state.value.revision);
  const inPlace = isInPlace ? `in place ${duration(nowMs - timeMs(state.value.updateTimestamp))} ago` : "";
  return [inPlace, times].filter(Boolean).join(", ");
}
