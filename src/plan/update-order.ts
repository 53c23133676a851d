import { lifecycleState } from "../api/pod.ts";
import type { Member } from "./observation.ts";
import {
  by,
  byName,
  createdLaterFirst,
  lessStartedFirst,
  moreRestartsFirst,
  notReadyFirst,
  readyLaterFirst,
  unassignedFirst,
} from "./pod-order.ts";

const leastLossFirst = by(
  unassignedFirst,
  lessStartedFirst,
  notReadyFirst,
  readyLaterFirst,
  moreRestartsFirst,
  createdLaterFirst,
  byName,
);

/**
 * The order in which pods move to another revision: those that serve least first. Deletion cost plays no part, because
 * nothing is deleted. Pods that already wait for an update hook come before all others, so that none is left waiting.
 */
export function inUpdateOrder(candidates: readonly Member[]): Member[] {
  const ordered = [...candidates].sort((a, b) => leastLossFirst(a.pod, b.pod));
  const preparing = ordered.filter(({ pod }) => lifecycleState(pod) === "PreparingUpdate");
  return [...preparing, ...ordered.filter(({ pod }) => lifecycleState(pod) !== "PreparingUpdate")];
}
