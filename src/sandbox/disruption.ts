/** How many pods may be evicted now? What a disruption budget says, and what an eviction takes from it. */
import { toTime } from "../kube/clock.ts";
import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import type { Cause } from "./refusal.ts";
import { Refusal } from "./refusal.ts";
import type { LabelSelector } from "./selectors.ts";
import { meetsSelector } from "./selectors.ts";

export const budgetRules: KindRules = {
  hasGeneration: true,
  subresources: ["status"],
  prepareCreate: (object) => ({
    ...object,
    status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
  }),
  prepareUpdate: (next, old, subresource) =>
    subresource === "status"
      ? { ...old, metadata: next.metadata, status: next["status"] }
      : { ...next, status: old["status"] },
};

export interface BudgetStatus {
  observedGeneration?: number;
  disruptionsAllowed: number;
  currentHealthy: number;
  desiredHealthy: number;
  expectedPods: number;
  disruptedPods?: Record<string, string>;
  conditions?: JsonMap[];
}

export function budgetCovers(budget: StoredObject, pod: StoredObject): boolean {
  const selector = specOf(budget)["selector"] as LabelSelector | undefined;
  return (
    selector !== undefined &&
    pod.metadata.namespace === budget.metadata.namespace &&
    meetsSelector(selector, pod.metadata.labels ?? {})
  );
}

/**
 * healthy − wanted, at least 0. Wanted is `minAvailable`, or what `maxUnavailable` leaves of the pods that should be there;
 * a percentage rounds up.
 *
 * `expectedPods` = how many pods their owners want; pods that are evicted or deleted are not healthy, ready or not.
 */
export function budgetStatus(
  budget: StoredObject,
  pods: readonly StoredObject[],
  { expectedPods, nowMs }: { expectedPods: number; nowMs: number },
): BudgetStatus {
  const { minAvailable, maxUnavailable } = specOf(budget) as Record<string, number | string | undefined>;
  const old = statusOf(budget) as Partial<BudgetStatus>;
  const disruptedPods = Object.fromEntries(
    Object.entries(old.disruptedPods ?? {}).filter(([name]) =>
      pods.some(({ metadata }) => metadata.name === name && metadata.deletionTimestamp === undefined),
    ),
  );
  const currentHealthy = pods.filter(
    (pod) =>
      isReady(pod) && pod.metadata.deletionTimestamp === undefined && disruptedPods[pod.metadata.name] === undefined,
  ).length;
  const counted = typeof minAvailable === "number" ? pods.length : expectedPods;
  const desiredHealthy =
    maxUnavailable === undefined
      ? countOf(minAvailable ?? 0, counted, "up")
      : Math.max(0, counted - countOf(maxUnavailable, counted, "up"));
  const disruptionsAllowed = counted > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  return {
    observedGeneration: budget.metadata.generation ?? 0,
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods: counted,
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
    conditions: [conditionOf(disruptionsAllowed > 0, budget, old.conditions?.[0], nowMs)],
  };
}

function conditionOf(isAllowed: boolean, budget: StoredObject, old: JsonMap | undefined, nowMs: number): JsonMap {
  const status = isAllowed ? "True" : "False";
  return {
    type: "DisruptionAllowed",
    status,
    reason: isAllowed ? "SufficientPods" : "InsufficientPods",
    message: "",
    observedGeneration: budget.metadata.generation ?? 0,
    lastTransitionTime: old?.["status"] === status ? old["lastTransitionTime"] : toTime(nowMs),
  };
}

/** 5 or "20%" of a number of pods. */
export function countOf(value: number | string, of: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const count = (Number.parseInt(value, 10) * of) / 100;
  return round === "up" ? Math.ceil(count) : Math.floor(count);
}

/**
 * What the eviction of a pod writes into its budget; undefined = nothing.
 *
 * @throws {Refusal} if no budget allows it
 */
export function spentBudget(
  pod: StoredObject,
  budgets: Iterable<StoredObject>,
  nowMs: number,
): { budget: StoredObject; status: BudgetStatus } | undefined {
  const { phase } = statusOf(pod);
  const isOver = phase === "Pending" || phase === "Succeeded" || phase === "Failed";
  if (isOver || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const [budget, another] = [...budgets].filter((one) => budgetCovers(one, pod));
  if (budget === undefined) return undefined;
  if (another !== undefined)
    throw new Refusal(
      500,
      "InternalError",
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  const status = statusOf(budget) as unknown as BudgetStatus;
  const isHealthy = isReady(pod);
  if (!isHealthy && specOf(budget)["unhealthyPodEvictionPolicy"] === "AlwaysAllow") return undefined;
  // An unhealthy pod costs nothing while there are enough healthy ones.
  if (!isHealthy && status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0) return undefined;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0))
    throw tooManyDisruptions({
      reason: "DisruptionBudget",
      field: "",
      message: `The disruption budget ${budget.metadata.name} is still being processed by the server.`,
    });
  if (status.disruptionsAllowed <= 0)
    throw tooManyDisruptions({
      reason: "DisruptionBudget",
      field: "",
      message: `The disruption budget ${budget.metadata.name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`,
    });
  return {
    budget,
    status: {
      ...status,
      disruptionsAllowed: status.disruptionsAllowed - 1,
      disruptedPods: { ...status.disruptedPods, [pod.metadata.name]: toTime(nowMs) },
    },
  };
}

function tooManyDisruptions({ reason, message }: Cause): Refusal {
  return new Refusal(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason, message }],
  });
}

export function isReady(pod: StoredObject): boolean {
  return readySince(pod) !== undefined;
}

/** In milliseconds; undefined = the pod is not ready. */
export function readySince(pod: StoredObject): number | undefined {
  const conditions = (statusOf(pod)["conditions"] as JsonMap[] | undefined) ?? [];
  const ready = conditions.find(({ type, status }) => type === "Ready" && status === "True");
  return ready && Date.parse(String(ready["lastTransitionTime"]));
}
