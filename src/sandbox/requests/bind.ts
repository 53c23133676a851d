/** What becomes of a pod that a scheduler gives to a node? */
import { toTime } from "../../kube/clock.ts";
import type { JsonMap } from "../objects.ts";
import { conflict } from "../refusal.ts";
import { success } from "./answer.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { found } from "./target.ts";

export function bind({ clock, store }: Backend, target: Target, call: Call): JsonMap {
  const { kind, name } = target;
  const { user } = call;
  const old = found(store, target);
  const body = call.body as { target?: { name?: string }; metadata?: { uid?: string } };
  const spec = old["spec"] as JsonMap;
  if (spec["nodeName"] !== undefined || (body.metadata?.uid ?? old.metadata.uid) !== old.metadata.uid) {
    throw conflict(kind.resource, name, "pod is already assigned to a node");
  }
  const status = old["status"] as JsonMap;
  const now = toTime(clock.nowMs());
  const others = ((status["conditions"] as JsonMap[] | undefined) ?? []).filter(({ type }) => type !== "PodScheduled");
  const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: now };
  const after = {
    ...old,
    spec: { ...spec, nodeName: body.target?.name },
    status: { ...status, conditions: [...others, scheduled] },
  };
  store.put({ user, method: "POST", kind, subresource: "binding", before: old, after, body });
  return success();
}
