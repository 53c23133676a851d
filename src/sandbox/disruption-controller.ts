import { CLONE_SETS } from "../api/resource.ts";
import type { Clock } from "../kube/clock.ts";
import { apiVersionOf, DEPLOYMENTS, REPLICA_SETS } from "../kube/resources.ts";
import { controllerOf } from "./adoption.ts";
import type { ApiServer } from "./api-server.ts";
import { onChangesOf } from "./change-queue.ts";
import { budgetCovers, budgetStatus } from "./disruption.ts";
import { KINDS } from "./kinds.ts";
import type { StoredObject } from "./objects.ts";
import { isSame } from "./objects.ts";
import { specOf } from "./pods.ts";
import type { Write } from "./store.ts";

/** Kinds that say how many pods there should be. */
const SCALED: readonly string[] = [CLONE_SETS.plural, DEPLOYMENTS.plural, REPLICA_SETS.plural];
const MERGE = { "content-type": "application/merge-patch+json" };

/** Keeps the status of disruption budgets in step with the pods they cover. Returns the way to stop. */
export function keepBudgets({ server, clock }: { server: ApiServer; clock: Clock }): () => void {
  return onChangesOf("poddisruptionbudgets", {
    server,
    clock,
    touched: (write) => budgetsTouched(server, write),
    keep: (budget) => {
      const { namespace, name } = budget.metadata;
      const pods = server
        .collection("pods")
        .all()
        .filter((pod) => budgetCovers(budget, pod));
      const expectedPods = expected(server, pods);
      const status = budgetStatus(budget, pods, { expectedPods, nowMs: clock.nowMs() });
      if (isSame(status, budget["status"])) return undefined;
      const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${name}/status`;
      // What is left out is to go.
      const body = { status: { disruptedPods: null, ...status } };
      server.request({ method: "PATCH", path, headers: MERGE, user: "disruption-controller", body });
      return undefined;
    },
  });
}

function budgetsTouched(server: ApiServer, { kind, before, after, subresource }: Write): StoredObject[] {
  const { plural } = kind.resource;
  if (plural === "poddisruptionbudgets") return after && subresource !== "status" ? [after] : [];
  const budgets = server.collection("poddisruptionbudgets").all();
  // How many pods there should be may have changed.
  if (SCALED.includes(plural)) {
    return budgets.filter(({ metadata }) => metadata.namespace === (after ?? before)?.metadata.namespace);
  }
  if (plural !== "pods") return [];
  return budgets.filter((budget) => [before, after].some((pod) => pod && budgetCovers(budget, pod)));
}

/** What the owners of the pods want in all; a pod without owner counts for itself. */
function expected(server: ApiServer, pods: readonly StoredObject[]): number {
  let sum = 0;
  const counted = new Set<string>();
  for (const pod of pods) {
    const decider = deciderOf(server, pod);
    const uid = decider?.uid ?? pod.metadata.uid;
    if (counted.has(uid)) continue;
    counted.add(uid);
    const replicas = decider?.replicas;
    sum += typeof replicas === "number" ? replicas : 1;
  }
  return sum;
}

/** Who decides how many such pods there are: not the ReplicaSet of a Deployment. It may be gone already. */
function deciderOf(server: ApiServer, object: StoredObject): { uid: string; replicas: unknown } | undefined {
  const owner = controllerOf(object);
  if (owner === undefined) return undefined;
  const kind = KINDS.find(
    ({ resource }) => apiVersionOf(resource) === owner.apiVersion && resource.kind === owner.kind,
  );
  const stored = kind && server.collection(kind.resource.plural).get(object.metadata.namespace ?? "", owner.name);
  const isDeployed = stored?.kind === REPLICA_SETS.kind && controllerOf(stored)?.kind === DEPLOYMENTS.kind;
  if (isDeployed) return deciderOf(server, stored);
  return { uid: owner.uid, replicas: stored && specOf(stored)["replicas"] };
}
