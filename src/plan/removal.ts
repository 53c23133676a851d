import { label } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import type { ObjectRef, Pod } from "../api/pod.ts";
import { instanceId, isTerminal, isTerminating } from "../api/pod.ts";
import type { PodPatch } from "../inplace/patch.ts";
import type { Action, DeleteReason } from "./actions.ts";
import { claimsOf } from "./claims.ts";
import { isBlocked, stateConditions, toState } from "./lifecycle.ts";
import type { Member } from "./observation.ts";
import type { Scene } from "./scene.ts";
import { makesWayAtMs } from "./turned-away.ts";

/** Finished pods without PVCs that stay, for whoever wants to know why they finished. */
const FINISHED_KEPT = 3;

/** Deletes a pod with its PVCs; or, while a preDelete hook holds it, says so on the pod and waits. */
export function removePod(
  { cloneSet, book, seen }: Scene,
  { pod, preparingDelete, ...member }: Member,
  reason: DeleteReason,
  because?: string,
): Action[] {
  const { lifecycle } = cloneSet.spec;
  if (isBlocked(lifecycle.preDelete, pod)) {
    const settled = preparingDelete && stateConditions(pod, "PreparingDelete", lifecycle, seen.nowMs).length === 0;
    if (settled) return [];
    const leaving = toState(pod, "PreparingDelete", { lifecycle, nowMs: seen.nowMs });
    // A pod to be re-created must not be taken back when the next plan finds a pod missing: the label says it is to go.
    return [reason === "recreateUpdate" ? { ...leaving, patches: leaving.patches.map(named) } : leaving];
  }
  // A named pod that is not ready goes at once because it costs nothing: that must still be so.
  const ifUnchanged = !preparingDelete && !(member.named && member.ready);
  const claims = claimsOf(pod, book).map(objectRef);
  const why = because === undefined ? {} : { because };
  return [{ kind: "deletePod", pod: objectRef(pod), reason, claims, ifUnchanged, ...why }];
}

/**
 * Finished pods (Failed, Succeeded) that are in the way. Those whose PVCs wait for a successor: the pod object alone goes,
 * so that its id and name are free again, and the PVCs stay. Of those without PVCs the last few stay to be looked at; older
 * ones go once every pod that is wanted is available.
 *
 * @param inTheWay those whose PVCs wait, and that go now; see `finishedWithClaims`
 */
export function clearFinished({ cloneSet, pods, book, members, wanted }: Scene, inTheWay: readonly Pod[]): Action[] {
  const finished = pods.filter((pod) => isTerminal(pod) && !isTerminating(pod));
  const isReplaced = members.filter(({ available }) => available).length >= wanted.replicas;
  const idle = finished.filter((pod) => claimsOf(pod, book).length === 0);
  const oldestFirst = [...idle].sort((a, b) => a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1));
  const surplus =
    isReplaced && !cloneSet.deleting ? oldestFirst.slice(0, Math.max(idle.length - FINISHED_KEPT, 0)) : [];
  return [...inTheWay, ...surplus].map((pod) => ({
    kind: "deletePod",
    pod: objectRef(pod),
    reason: "finished",
    claims: [],
    ifUnchanged: true,
  }));
}

/** Finished pods whose ids and PVCs come back when they are gone: those that go now, and those that make way later. */
export function finishedWithClaims({ seen: { nowMs }, pods, book }: Pick<Scene, "seen" | "pods" | "book">): {
  now: Pod[];
  later: Pod[];
} {
  const returning = new Set(book.returning);
  const finished = pods.filter((pod) => isTerminal(pod) && !isTerminating(pod) && returning.has(instanceId(pod) ?? ""));
  const { now = [], later = [] } = Object.groupBy(finished, (pod) =>
    makesWayAtMs(pod, nowMs) > nowMs ? "later" : "now",
  );
  return { now, later };
}

export function objectRef({ namespace, name, uid, resourceVersion }: ObjectRef): ObjectRef {
  return { namespace, name, uid, resourceVersion };
}

function named({ subresource, body }: PodPatch): PodPatch {
  const metadata = body["metadata"] as { labels: JsonObject } & JsonObject;
  const labels = { ...metadata.labels, [label.specifiedDelete]: "true" };
  return { subresource, body: { ...body, metadata: { ...metadata, labels } } };
}
