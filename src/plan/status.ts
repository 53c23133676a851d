import type { CloneSet, CloneSetStatus, Condition, PausedSplit } from "../api/cloneset.ts";
import { timestamp } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { selectorText } from "../api/selector.ts";
import { isReady } from "./availability.ts";
import type { Member } from "./observation.ts";
import { partition } from "./partition.ts";
import type { Targets } from "./targets.ts";

/** What the counters and conditions are made from. */
export interface StatusInput {
  cloneSet: CloneSet;
  nowMs: number;
  members: readonly Member[];
  targets: Targets;
  updateRevision: string;
  currentRevision: string;
  collisionCount: number;
  instanceCounter: number;
  terminating: readonly Pod[];
  ignoredPodsToDelete: number;
  idleClaims: number;
  pausedSplit: PausedSplit | undefined;
  /** What is waited for, in words; undefined if nothing is. */
  waiting: string | undefined;
  /** Why only an edit can help, in words; undefined if waiting can. */
  stalled: string | undefined;
  /** What went wrong in this pass, in words. */
  failures: Failures;
}

/** First error of each kind of this pass; undefined = it went well. */
export interface Failures {
  scale: string | undefined;
  update: string | undefined;
}

/** The whole status. Compared with the stored one as a whole, and written once per pass if it differs. */
export function nextStatus(input: StatusInput): CloneSetStatus {
  const { cloneSet, members, targets, updateRevision } = input;
  const count = (holds: (member: Member) => boolean) => members.filter(holds).length;
  const updatedReplicas = count(({ updated }) => updated);
  const allUpdated = updatedReplicas === members.length && members.length === targets.replicas;
  const counters = {
    observedGeneration: cloneSet.generation,
    replicas: members.length,
    readyReplicas: count(({ pod }) => isReady(pod)),
    availableReplicas: count(({ available }) => available),
    updatedReplicas,
    updatedReadyReplicas: count(({ updated, pod }) => updated && isReady(pod)),
    updatedAvailableReplicas: count(({ updated, available }) => updated && available),
    expectedUpdatedReplicas: expectedUpdated(input),
    terminatingReplicas: input.terminating.length,
    ignoredPodsToDelete: input.ignoredPodsToDelete,
    idleClaims: input.idleClaims,
    updateRevision,
    currentRevision: allUpdated ? updateRevision : input.currentRevision,
    collisionCount: input.collisionCount,
    labelSelector: selectorText(cloneSet.spec.selector),
    instanceCounter: input.instanceCounter,
    ...(input.pausedSplit ? { pausedSplit: input.pausedSplit } : {}),
  };
  const status = { ...counters, conditions: cloneSet.status.conditions };
  return { ...status, conditions: conditions(status, input) };
}

/** The status of a CloneSet that cannot be carried out as written: the old numbers, and why nothing is done. */
export function refusedStatus(cloneSet: CloneSet, why: string, nowMs: number): CloneSetStatus {
  const refused = { reason: "InvalidSpec", message: why };
  return {
    ...cloneSet.status,
    observedGeneration: cloneSet.generation,
    conditions: merge(
      cloneSet.status.conditions,
      [
        { type: "Ready", status: "False", ...refused },
        { type: "Reconciling", status: "False", ...refused },
        { type: "Stalled", status: "True", ...refused },
      ],
      nowMs,
    ),
  };
}

/** What the spec asks for in the end. While paused that is not what is held, or a rollout would seem complete at its pause. */
function expectedUpdated({ cloneSet: { spec }, targets }: StatusInput): number {
  return targets.replicas - (spec.updateStrategy.type === "OnDelete" ? 0 : partition(spec));
}

function conditions(status: CloneSetStatus, input: StatusInput): Condition[] {
  const { cloneSet, targets, nowMs, waiting, failures } = input;
  const progressing = progressCondition(status, input);
  const deadlinePassed = progressing?.status === "False" ? progressing.message : undefined;
  // That time is over says little; what was waited for in vain says what to mend.
  const stalled = input.stalled ?? (deadlinePassed && [deadlinePassed, waiting].filter(Boolean).join("; "));
  const rollout = rolloutState(status, input);
  const words = [rollout.message, waiting, failures.scale, failures.update]
    .filter((part) => part !== undefined)
    .join("; ");
  const floor = Math.max(targets.replicas - targets.maxUnavailable, 0);
  const enough = status.availableReplicas >= floor;
  const own: Condition[] = [
    {
      type: "Available",
      status: enough ? "True" : "False",
      reason: enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      message: `${status.availableReplicas} of ${targets.replicas} pods available, at least ${floor} wanted`,
    },
    {
      type: "Ready",
      status: rollout.done && !stalled ? "True" : "False",
      reason: stalled ? "Stalled" : rollout.reason,
      message: stalled ?? words,
    },
    {
      type: "Reconciling",
      status: rollout.done || stalled || rollout.held ? "False" : "True",
      reason: stalled ? "Stalled" : rollout.reason,
      message: stalled ?? words,
    },
    {
      type: "Stalled",
      status: stalled ? "True" : "False",
      reason: input.stalled ? "NeedsEdit" : stalled ? "ProgressDeadlineExceeded" : "NotStalled",
      message: stalled ?? "",
    },
    ...failureCondition("FailedScale", failures.scale, cloneSet),
    ...failureCondition("FailedUpdate", failures.update, cloneSet),
    ...(progressing ? [progressing] : []),
  ];
  const gone = progressing ? [] : ["Progressing"];
  return merge(cloneSet.status.conditions, own, nowMs, gone);
}

/** A failure is told while it lasts: the condition appears with the first one and turns False on a clean pass. */
function failureCondition(
  type: "FailedScale" | "FailedUpdate",
  failure: string | undefined,
  { status }: CloneSet,
): Condition[] {
  if (failure !== undefined) return [{ type, status: "True", message: failure }];
  const existed = status.conditions.some((condition) => condition.type === type);
  return existed ? [{ type, status: "False", message: "" }] : [];
}

/** Where the rollout stands. `held`: it rests, though not at the end, because the user said so. */
function rolloutState(
  status: CloneSetStatus,
  { cloneSet, targets }: StatusInput,
): { done: boolean; held: boolean; reason: string; message: string } {
  const { type, paused } = cloneSet.spec.updateStrategy;
  const counts = `${status.updatedAvailableReplicas} of ${status.expectedUpdatedReplicas} updated pods available`;
  const complete = status.replicas === targets.replicas && status.availableReplicas === targets.replicas;
  const moved = status.updatedReplicas >= status.expectedUpdatedReplicas;
  if (complete && moved) {
    const kept = targets.replicas - status.updatedReplicas;
    if (kept > 0)
      return {
        done: true,
        held: false,
        reason: "PartitionReached",
        message: `${counts}; ${kept} kept on old revisions by partition`,
      };
    return {
      done: true,
      held: false,
      reason: "AllPodsAvailable",
      message: `all ${targets.replicas} pods are updated and available`,
    };
  }
  if (complete && paused) return { done: false, held: true, reason: "Paused", message: `paused; ${counts}` };
  if (complete && type === "OnDelete") {
    return {
      done: false,
      held: true,
      reason: "OnDelete",
      message: `${counts}; the others are updated when somebody deletes them`,
    };
  }
  if (status.replicas !== targets.replicas) {
    return {
      done: false,
      held: false,
      reason: "Scaling",
      message: `${status.replicas} of ${targets.replicas} pods exist; ${counts}`,
    };
  }
  return { done: false, held: false, reason: moved ? "PodsUnavailable" : "RollingOut", message: counts };
}

/**
 * The condition `Progressing`, only with a deadline. Its clock (`lastUpdateTime`) starts anew with every pod gained and
 * with every new revision, so that it measures time without progress.
 */
function progressCondition(
  status: CloneSetStatus,
  { cloneSet, targets, nowMs, updateRevision }: StatusInput,
): Condition | undefined {
  const deadline = cloneSet.spec.progressDeadlineSeconds;
  if (deadline === undefined) return undefined;
  const at = (reason: string, message: string, ok = true): Condition => ({
    type: "Progressing",
    status: ok ? "True" : "False",
    reason,
    message,
  });
  const { replicas, updatedReplicas, updatedAvailableReplicas, expectedUpdatedReplicas } = status;
  const everyPod = [replicas, updatedReplicas, updatedAvailableReplicas].every((count) => count === targets.replicas);
  if (status.currentRevision === updateRevision && everyPod) return at("CloneSetAvailable", "CloneSet is available");
  if (cloneSet.spec.updateStrategy.paused) return at("CloneSetPaused", "CloneSet is paused");
  if (expectedUpdatedReplicas < targets.replicas && expectedUpdatedReplicas <= updatedAvailableReplicas) {
    return at("ProgressPartitionAvailable", "CloneSet has been paused due to partition ready");
  }
  const before = cloneSet.status;
  const gained =
    before.updateRevision !== updateRevision ||
    updatedReplicas > before.updatedReplicas ||
    status.readyReplicas > before.readyReplicas ||
    status.availableReplicas > before.availableReplicas ||
    updatedAvailableReplicas > before.updatedAvailableReplicas;
  const existing = before.conditions.find(({ type }) => type === "Progressing");
  const sinceMs = Date.parse(existing?.lastUpdateTime ?? "");
  const exceeded = existing?.reason === "ProgressDeadlineExceeded";
  const running = existing?.reason === "CloneSetUpdated";
  if (!gained && (exceeded || (running && sinceMs + deadline * 1000 < nowMs))) {
    return at("ProgressDeadlineExceeded", `CloneSet revision ${updateRevision} has timed out progressing`, false);
  }
  const progressing = at("CloneSetUpdated", "CloneSet is progressing");
  return gained || !running ? { ...progressing, lastUpdateTime: timestamp(nowMs) } : progressing;
}

/** In how many ms the progress deadline passes; undefined if none runs. */
export function progressDeadlineInMs(
  status: CloneSetStatus,
  deadlineSeconds: number | undefined,
  nowMs: number,
): number | undefined {
  const condition = status.conditions.find(({ type }) => type === "Progressing");
  if (deadlineSeconds === undefined || condition?.reason !== "CloneSetUpdated") return undefined;
  const sinceMs = Date.parse(condition.lastUpdateTime ?? "");
  return Number.isNaN(sinceMs) ? undefined : Math.max(sinceMs + deadlineSeconds * 1000 - nowMs, 0) + 1000;
}

/**
 * The stored conditions with the new ones merged in. A condition keeps its transition time while its status stays, and
 * its update time while status and reason stay; foreign conditions stay as they are.
 */
function merge(
  stored: readonly Condition[],
  next: readonly Condition[],
  nowMs: number,
  gone: readonly string[] = [],
): Condition[] {
  const now = timestamp(nowMs);
  const merged = next.map((condition): Condition => {
    const old = stored.find(({ type }) => type === condition.type);
    const sameStatus = old?.status === condition.status;
    const sameReason = sameStatus && (old.reason ?? "") === (condition.reason ?? "");
    const lastUpdateTime = condition.lastUpdateTime ?? (sameReason ? old.lastUpdateTime : undefined) ?? now;
    return {
      type: condition.type,
      status: condition.status,
      ...(condition.reason ? { reason: condition.reason } : {}),
      ...(condition.message ? { message: condition.message } : {}),
      lastTransitionTime: (sameStatus ? old.lastTransitionTime : undefined) ?? now,
      ...(condition.type === "Progressing" ? { lastUpdateTime } : {}),
    };
  });
  const types = new Set([...next.map(({ type }) => type), ...gone]);
  return [...stored.filter(({ type }) => !types.has(type)), ...merged];
}
