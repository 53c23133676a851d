import { CLONE_SETS } from "../../api/resource.ts";
import { HORIZONTAL_POD_AUTOSCALERS } from "../../kube/resources.ts";
import type { Right } from "../access-review.ts";
import { missingRights, rightInWords } from "../access-review.ts";
import type { Target } from "../autoscalers.ts";
import { scales } from "../autoscalers.ts";
import type { Cluster } from "../cluster.ts";
import type { Around } from "./look.ts";
import type { Objection } from "./objections.ts";

const right = (verb: string, group: string, resource: string): Right => ({ verb, group, resource });
const RECORD = [right("create", "", "configmaps"), right("patch", "", "configmaps")];
export const RIGHTS = {
  toCloneSet: [
    ...RECORD,
    right("delete", "apps", "deployments"),
    right("delete", "apps", "replicasets"),
    right("create", CLONE_SETS.group, "clonesets"),
  ],
  toDeployment: [
    ...RECORD,
    right("delete", CLONE_SETS.group, "clonesets"),
    right("patch", "", "pods"),
    right("create", "apps", "replicasets"),
    right("create", "apps", "deployments"),
    right("delete", "apps", "controllerrevisions"),
    right("delete", "", "configmaps"),
  ],
};

/** A migration that stops halfway for want of a right leaves pods without an owner. */
export async function withoutRights(
  cluster: Cluster,
  rights: readonly Right[],
  { autoscalers }: Around,
  from: Target,
): Promise<Objection[]> {
  const patch = right("patch", HORIZONTAL_POD_AUTOSCALERS.group, HORIZONTAL_POD_AUTOSCALERS.plural);
  const needed = autoscalers.some((one) => scales(one, from)) ? [...rights, patch] : rights;
  const missing = await missingRights(cluster, needed);
  if (missing.length === 0) return [];
  return [
    {
      why: `you may not ${missing.map(rightInWords).join(", ")}`,
      next: `kubectl auth can-i --list -n ${cluster.namespace}`,
    },
  ];
}
