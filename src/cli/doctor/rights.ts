import type { Right } from "../access-review.ts";
import { rightInWords } from "../access-review.ts";
import type { Check } from "./check.ts";
import { check } from "./check.ts";

/** One thing the plugin asks of the server, and the verbs that need it. */
interface NeededRight extends Right {
  /** "" = all of them. */
  neededBy: string;
}

const apps = "apps.kruise.io";
const right = (verb: string, group: string, resource: string, neededBy: string): NeededRight => ({
  verb,
  group,
  resource,
  neededBy,
});

export const RIGHTS: readonly NeededRight[] = [
  right("get", apps, "clonesets", ""),
  right("list", apps, "clonesets", ""),
  right("watch", apps, "clonesets", "--watch"),
  right("list", "", "pods", "get, plan, why"),
  right("list", "apps", "controllerrevisions", "get, history, undo"),
  right("list", "", "persistentvolumeclaims", "get, plan, scale-in"),
  right("list", "", "events", "why"),
  right("patch", apps, "clonesets", "set, promote, pause, undo, restart, scale-in"),
  right("get", "", "pods/log", "logs"),
  right("create", "", "pods/exec", "exec"),
  right("create", "", "pods/portforward", "port-forward"),
];

/** `missing`: those of `RIGHTS` that the server denies. */
export function judgeRights(missing: readonly NeededRight[], namespace: string): Check[] {
  if (missing.length === 0) return [check("rights", "OK", `you may do everything the plugin does in ${namespace}`)];
  return missing.map(({ neededBy, ...denied }) => {
    const says = `you may not ${rightInWords(denied)} in ${namespace}${neededBy === "" ? "" : `, which is needed by ${neededBy}`}`;
    return check("rights", neededBy === "" ? "FAIL" : "WARN", says, `kubectl auth can-i --list -n ${namespace}`);
  });
}
