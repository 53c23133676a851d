import { annotation } from "../api/constants.ts";
import type { Pod } from "../api/pod.ts";
import type { Member } from "./observation.ts";
import type { Order } from "./pod-order.ts";
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

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

/**
 * What removing a pod costs in its owner's eyes (annotation `controller.kubernetes.io/pod-deletion-cost`).
 * A value that is no int32 in plain decimal form ("+9", "007", "abc") counts as 0.
 */
export function deletionCost(pod: Pod): number {
  const text = pod.annotations[annotation.deletionCost];
  if (text === undefined || !/^(0|-\d+|[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= INT32_MIN && cost <= INT32_MAX ? cost : 0;
}

const cheapFirst: Order = (a, b) => deletionCost(a) - deletionCost(b);

/**
 * The order in which pods go when any of them may: those that serve least first. Cost is compared only among pods that
 * are alike in readiness, so a broken pod goes before a cheap one.
 */
export function inDeleteOrder(members: readonly Member[]): Member[] {
  const available = new Map(members.map((member) => [member.pod, member.available]));
  const unavailableFirst: Order = (a, b) => Number(available.get(a)) - Number(available.get(b));
  const crowded = crowdedNodeRank(members);
  const crowdedFirst: Order = (a, b) => (crowded.get(b) ?? 0) - (crowded.get(a) ?? 0);
  const order = by(
    unassignedFirst,
    lessStartedFirst,
    unavailableFirst,
    notReadyFirst,
    cheapFirst,
    crowdedFirst,
    readyLaterFirst,
    moreRestartsFirst,
    createdLaterFirst,
    byName,
  );
  return [...members].sort((a, b) => order(a.pod, b.pod));
}

/**
 * How many pods that are worth more share a pod's node: the pods of crowded nodes go first, and the best pod of each
 * node last. Ready pods a, b, c (best first) of one node rank 0, 1, 2.
 */
function crowdedNodeRank(members: readonly Member[]): Map<Pod, number> {
  const leastWorthFirst = by(
    unassignedFirst,
    lessStartedFirst,
    notReadyFirst,
    cheapFirst,
    readyLaterFirst,
    moreRestartsFirst,
    createdLaterFirst,
    byName,
  );
  const byNode = Map.groupBy(
    members.map(({ pod }) => pod).filter((pod) => pod.nodeName !== undefined),
    (pod) => pod.nodeName,
  );
  const ranks = new Map<Pod, number>();
  for (const pods of byNode.values()) {
    pods.sort(leastWorthFirst).forEach((pod, index) => {
      ranks.set(pod, pods.length - 1 - index);
    });
  }
  return ranks;
}
