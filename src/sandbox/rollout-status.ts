/** What does a Deployment say of its rollout? */
import { toTime } from "../kube/clock.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import type { Sets } from "./rollout.ts";
import { allOf, countedIn, isComplete, strategyOf, sum } from "./rollout.ts";
import { replicasOf, unlessZero } from "./workloads.ts";

const DONE = "NewReplicaSetAvailable";
const LATE = "ProgressDeadlineExceeded";

interface Condition {
  type: "Available" | "Progressing";
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  lastUpdateTime: string;
  lastTransitionTime: string;
}

interface Said extends Pick<Condition, "status" | "reason" | "message"> {
  /** The time until the deadline starts anew. */
  isGain?: boolean;
}

interface Counts {
  replicas: number;
  updatedReplicas: number;
  readyReplicas: number;
  availableReplicas: number;
}

/** With the time until waiting turns into a failure; undefined = nothing is waited for. */
export function deploymentStatus(
  deployment: StoredObject,
  sets: Sets,
  nowMs: number,
): { status: JsonMap; againInMs: number | undefined } {
  const all = allOf(sets);
  const counts: Counts = {
    replicas: sum(all, countedIn("replicas")),
    updatedReplicas: sets.current ? countedIn("replicas")(sets.current) : 0,
    readyReplicas: sum(all, countedIn("readyReplicas")),
    availableReplicas: sum(all, countedIn("availableReplicas")),
  };
  const { conditions: before = [] } = statusOf(deployment) as { conditions?: Condition[] };
  const progress = progressOf(deployment, sets, counts, nowMs);
  const conditions = [
    conditionOf("Available", availability(deployment, counts), before, nowMs),
    ...(progress ? [conditionOf("Progressing", progress, before, nowMs)] : []),
  ];
  return {
    status: {
      observedGeneration: deployment.metadata.generation,
      ...unlessZero("replicas", counts.replicas),
      ...unlessZero("updatedReplicas", counts.updatedReplicas),
      ...unlessZero("readyReplicas", counts.readyReplicas),
      ...unlessZero("availableReplicas", counts.availableReplicas),
      ...unlessZero("unavailableReplicas", Math.max(0, sum(all, replicasOf) - counts.availableReplicas)),
      terminatingReplicas: sum(all, countedIn("terminatingReplicas")),
      conditions,
    },
    againInMs: deadlineInMs(deployment, conditions, nowMs),
  };
}

function availability(deployment: StoredObject, { availableReplicas }: Counts): Said {
  const isEnough = availableReplicas >= replicasOf(deployment) - strategyOf(deployment).maxUnavailable;
  return isEnough
    ? { status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : {
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
}

/** Undefined = nobody set a deadline, or there is nothing to say yet. */
function progressOf(deployment: StoredObject, sets: Sets, counts: Counts, nowMs: number): Said | undefined {
  const { progressDeadlineSeconds, paused } = specOf(deployment);
  const { conditions = [], ...before } = statusOf(deployment) as { conditions?: Condition[] } & Partial<Counts>;
  const last = conditions.find(({ type }) => type === "Progressing");
  if (progressDeadlineSeconds === undefined) return undefined;
  if (paused === true) return { status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" };
  if (sets.current === undefined) return last;
  const name = `"${sets.current.metadata.name}"`;
  if (isComplete(deployment, sets))
    return { status: "True", reason: DONE, message: `ReplicaSet ${name} has successfully progressed.` };
  // A change of scale is no rollout.
  if (last?.reason === DONE && counts.replicas === counts.updatedReplicas) return last;
  if (hasGained(counts, before))
    return { status: "True", reason: "ReplicaSetUpdated", message: `ReplicaSet ${name} is progressing.`, isGain: true };
  if (!last?.message.includes(name))
    return { status: "True", reason: "NewReplicaSetCreated", message: `Created new replica set ${name}`, isGain: true };
  return deadlineInMs(deployment, conditions, nowMs) === 0
    ? { status: "False", reason: LATE, message: `ReplicaSet ${name} has timed out progressing.` }
    : last;
}

function hasGained(now: Counts, before: Partial<Counts>): boolean {
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = before;
  return (
    now.updatedReplicas > updatedReplicas ||
    now.replicas - now.updatedReplicas < replicas - updatedReplicas ||
    now.readyReplicas > readyReplicas ||
    now.availableReplicas > availableReplicas
  );
}

/** Until no gain since the last one is a failure; undefined = no rollout is under way. */
function deadlineInMs(deployment: StoredObject, conditions: readonly Condition[], nowMs: number): number | undefined {
  const { progressDeadlineSeconds } = specOf(deployment);
  const last = conditions.find(({ type }) => type === "Progressing");
  if (last === undefined || ["DeploymentPaused", DONE, LATE].includes(last.reason)) return undefined;
  return Math.max(0, Date.parse(last.lastUpdateTime) + Number(progressDeadlineSeconds) * 1000 - nowMs);
}

function conditionOf(type: Condition["type"], said: Said, before: readonly Condition[], nowMs: number): Condition {
  const { status, reason, message, isGain = false } = said;
  const last = before.find((one) => one.type === type);
  if (last?.status === status && last.reason === reason && last.message === message && !isGain) return last;
  const now = toTime(nowMs);
  const lastTransitionTime = last?.status === status ? last.lastTransitionTime : now;
  return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime };
}
