import type { UpdateStrategy } from "../api/cloneset.ts";
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
import { byPriority } from "./priority.ts";
import { scattered } from "./scatter.ts";

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
 * The order in which pods move to another revision: those that serve least first, since deletion cost plays no part where
 * nothing is deleted; then as the user's priorities and scatter terms say. Pods that already wait for an update hook come
 * before all others, so that none is left waiting.
 */
export function inUpdateOrder(
  candidates: readonly Member[],
  { strategy, all }: { strategy: Pick<UpdateStrategy, "priority" | "scatter">; all: readonly Member[] },
): Member[] {
  const leastLoss = [...candidates].sort((a, b) => leastLossFirst(a.pod, b.pod));
  const ordered = scattered(byPriority(leastLoss, strategy.priority), strategy.scatter, all);
  const isPreparing = ({ pod }: Member) => lifecycleState(pod) === "PreparingUpdate";
  return [...ordered.filter(isPreparing), ...ordered.filter((member) => !isPreparing(member))];
}
