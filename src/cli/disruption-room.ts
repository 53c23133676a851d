import type { LabelSelector } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { matchesSelector } from "../api/selector.ts";
import type { KubeObject, Resource } from "../kube/resources.ts";
import type { Cluster } from "./cluster.ts";
import { ifAllowed } from "./looked.ts";

export const POD_DISRUPTION_BUDGETS: Resource = {
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  namespaced: true,
};

/** A PodDisruptionBudget. */
export interface Budget extends KubeObject {
  spec?: { selector?: LabelSelector };
  status?: { disruptionsAllowed?: number };
}

/**
 * What the PodDisruptionBudgets over these pods say. A deletion is no eviction, so they hold nothing up here; but whoever
 * scales in should know when he goes below what was promised.
 */
export async function disruptionRoom(cluster: Cluster, pods: readonly Pod[], available: number): Promise<string[]> {
  const budgets = await budgetsOf(cluster);
  return budgets
    .filter(({ spec }) => pods.some((pod) => matchesSelector(spec?.selector ?? {}, pod.labels)))
    .map(({ metadata, status }) => {
      const allowed = status?.disruptionsAllowed ?? 0;
      const room = `PodDisruptionBudget ${metadata.name} allows ${allowed} disruptions now`;
      return allowed >= available ? room : `${room}: this goes below it, and deletions do not ask`;
    });
}

/** Reading them is a courtesy: whoever may not see them may scale in all the same. */
async function budgetsOf(cluster: Cluster): Promise<Budget[]> {
  const options = { namespace: cluster.namespace, ...cluster.limits };
  return await ifAllowed(async () => (await cluster.client.list<Budget>(POD_DISRUPTION_BUDGETS, options)).items);
}
