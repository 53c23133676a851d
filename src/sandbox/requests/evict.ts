/** A deletion that asks the disruption budgets first. */
import { spentBudget } from "../disruption.ts";
import { KINDS } from "../kinds.ts";
import type { JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";
import { success } from "./answer.ts";
import { deleteOne } from "./delete.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { found, isDryRun } from "./target.ts";

const BUDGETS = "poddisruptionbudgets";
const budgets = KINDS.find(({ resource }) => resource.plural === BUDGETS);

export function evict(backend: Backend, target: Target, call: Call): JsonMap {
  const { clock, store } = backend;
  const { user, body } = call;
  const pod = found(store, target);
  const options: JsonMap = isMap(body) && isMap(body["deleteOptions"]) ? body["deleteOptions"] : {};
  const spent = spentBudget(pod, store.collection(BUDGETS).values(), clock.nowMs());
  const isDry = isDryRun(target) || Array.isArray(options["dryRun"]);
  if (spent && budgets && !isDry) {
    const { budget, status } = spent;
    const after = { ...budget, status };
    store.put({ user, method: "PUT", kind: budgets, subresource: "status", before: budget, after, body });
  }
  deleteOne(backend, { ...target, subresource: "" }, { ...call, body: options });
  return success();
}
