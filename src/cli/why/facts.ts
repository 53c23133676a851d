/** Single sentences about what stands in the way, for a CloneSet and for a pod. */

import { timeMs } from "../../api/kubernetes.ts";
import type { Pod } from "../../api/pod.ts";
import { matchesSelector } from "../../api/selector.ts";
import { nanoValue } from "../../revision/quantity.ts";
import { duration } from "../age.ts";
import type { EventObject } from "../cluster.ts";
import { eventTime } from "../cluster.ts";
import type { Budget } from "../disruption-room.ts";
import type { Evidence, Quota } from "./evidence.ts";

/** "Warning FailedScheduling, 3 times, last 12s ago: 0/3 nodes are available"; undefined without a warning. */
export function lastWarning(events: readonly EventObject[], nowMs: number): string | undefined {
  const warning = events.findLast(({ type }) => type === "Warning");
  if (warning === undefined) return undefined;
  const { reason = "", message = "", count = 1 } = warning;
  const times = count > 1 ? `${count} times, last ` : "";
  const text = message.trim().replaceAll(/\s+/g, " ").replace(/\.$/, "");
  return `event ${reason} (${times}${duration(nowMs - timeMs(eventTime(warning)))} ago): ${text}`;
}

/** The PVCs of a pod that have no volume yet, each with what was last said about it. */
export function unboundClaims(pod: Pod, { seen, eventsOf }: Evidence, nowMs: number): string[] {
  return seen.claims
    .filter(({ name, phase }) => phase === "Pending" && pod.claimNames.includes(name))
    .map(({ name }) => {
      const warning = lastWarning(eventsOf.get(name) ?? [], nowMs);
      return `PVC ${name} has no volume${warning === undefined ? "" : `, ${warning}`}`;
    });
}

/** The quotas of which nothing is left, "quota small: pods 4 of 4". */
export function fullQuotas(quotas: readonly Quota[]): string[] {
  return quotas.flatMap(({ metadata, status = {} }) => {
    const full = Object.entries(status.hard ?? {}).filter(([name, hard]) => isUsedUp(status.used?.[name], hard));
    if (full.length === 0) return [];
    return [
      `quota ${metadata.name}: ${full.map(([name, hard]) => `${name} ${status.used?.[name]} of ${hard}`).join(", ")}`,
    ];
  });
}

function isUsedUp(used: string | undefined, hard: string): boolean {
  const [taken, most] = [nanoValue(used), nanoValue(hard)];
  return taken !== undefined && most !== undefined && taken >= most;
}

/** Names of the PodDisruptionBudgets over a pod that allow no eviction now. */
export function closedBudgets(budgets: readonly Budget[], pod: Pod): string[] {
  return budgets
    .filter(({ spec, status }) => status?.disruptionsAllowed === 0 && matchesSelector(spec?.selector ?? {}, pod.labels))
    .map(({ metadata }) => metadata.name);
}
