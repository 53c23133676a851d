/** What other tools make of a CloneSet: their rules, told anew, so that tests can ask what they would say. */

import type { JsonMap } from "../../src/sandbox/objects.ts";

interface Seen {
  metadata: { generation?: number; deletionTimestamp?: unknown };
  spec?: JsonMap;
  status?: JsonMap;
}

const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** Conditions by type: their status. */
function conditionsOf({ status }: Seen): Record<string, string> {
  const list = (status?.["conditions"] ?? []) as { type: string; status: string }[];
  return Object.fromEntries(list.map(({ type, status: value }) => [type, value]));
}

/** kstatus, which Flux and Helm 4 wait by. */
export function kstatus(object: Seen): "Terminating" | "InProgress" | "Failed" | "Current" {
  if (object.metadata.deletionTimestamp !== undefined) return "Terminating";
  const observed = numberOf(object.status?.["observedGeneration"]);
  if (observed !== undefined && observed !== object.metadata.generation) return "InProgress";
  const conditions = conditionsOf(object);
  if (conditions["Reconciling"] === "True") return "InProgress";
  if (conditions["Stalled"] === "True") return "Failed";
  if (conditions["Ready"] === "True") return "Current";
  return "Ready" in conditions ? "InProgress" : "Current";
}

/** The check that Argo CD brings along for CloneSets. */
export function argoBuiltIn({ metadata, spec, status }: Seen): "Progressing" | "Suspended" | "Healthy" | "Degraded" {
  if (status === undefined || status["observedGeneration"] !== metadata.generation) return "Progressing";
  const strategy = (spec?.["updateStrategy"] ?? {}) as JsonMap;
  if (strategy["paused"] === true || status["updatedAvailableReplicas"] === undefined) return "Suspended";
  if (strategy["partition"] !== 0 && (metadata.generation ?? 0) > 1) {
    const updated = numberOf(status["updatedReplicas"]) ?? 0;
    return updated >= (numberOf(status["expectedUpdatedReplicas"]) ?? 0) ? "Suspended" : "Progressing";
  }
  return status["updatedAvailableReplicas"] === status["replicas"] ? "Healthy" : "Degraded";
}
