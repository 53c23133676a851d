import type { ObjectRef } from "../api/pod.ts";
import type { DeleteReason } from "./actions.ts";
import type { WorkPlan } from "./plan.ts";

/** This share of the pods, or one, may go at once without anybody having asked for it. */
const SHARE = 0.05;

/** What a plan would remove for good, so that it is worth another look. */
export interface Surprise {
  /** It deletes PVCs. */
  claims: boolean;
  /** How many pods it deletes although no edit asks for it; 0 if they are few. */
  unasked: number;
  /** The pods that it goes by, if so: those that are to stay matter as much as those that go. */
  pods: ObjectRef[];
}

/**
 * Would the plan delete PVCs, or many pods that nobody asked to be deleted?
 *
 * A deletion is asked for if the pod was named, if the spec was edited just now, or if the status already said what is to
 * be done: that there are so many pods, that these are outdated. What is news to the status as well is a surprise: pods
 * that came from nowhere, a template that means something else to a new version of this controller.
 */
export function surprise({ actions, statusInput }: WorkPlan): Surprise | undefined {
  const { cloneSet, members, updateRevision } = statusInput;
  const { status } = cloneSet;
  const isEdited = cloneSet.generation !== status.observedGeneration;
  const isCounted = members.length <= status.replicas;
  const isUnderWay = status.updateRevision === updateRevision && status.updatedReplicas < status.replicas;
  const isAsked: Record<DeleteReason, boolean> = {
    podsToDelete: true,
    hookDone: true,
    finished: true,
    scaleDown: isEdited || isCounted,
    recreateUpdate: isEdited || isUnderWay,
  };
  const deletions = actions.filter((action) => action.kind === "deletePod");
  const count = deletions.filter(({ reason }) => !isAsked[reason]).length;
  const unasked = count > Math.max(1, members.length * SHARE) ? count : 0;
  const claims = actions.some(({ kind }) => kind === "deleteClaim") || deletions.some((one) => one.claims.length > 0);
  return claims || unasked > 0
    ? { claims, unasked, pods: unasked > 0 ? members.map(({ pod }) => pod) : [] }
    : undefined;
}
