import { annotation } from "../api/constants.ts";
import type { PodTemplate } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import type { Member } from "./observation.ts";
import type { Key, Order } from "./pod-order.ts";
import {
  by,
  byName,
  createdLaterFirst,
  decidingKey,
  lessStartedFirst,
  moreRestartsFirst,
  notReadyFirst,
  readyLaterFirst,
  unassignedFirst,
} from "./pod-order.ts";

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);
const HOSTNAME = "kubernetes.io/hostname";

/** What the order knows about nodes: the labels by which pods are to be spread. */
export interface Topology {
  /** Node label keys of the template's topologySpreadConstraints; [] = pods are only spread over nodes. */
  keys: readonly string[];
  /** Labels of the nodes that could be read. */
  nodeLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** The node label keys that a template wants its pods spread over. */
export function spreadKeys({ spec }: PodTemplate): string[] {
  const constraints = spec["topologySpreadConstraints"];
  if (!Array.isArray(constraints)) return [];
  return constraints.flatMap((constraint: { topologyKey?: unknown } | null) =>
    typeof constraint?.topologyKey === "string" ? [constraint.topologyKey] : [],
  );
}

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

/** A pod that goes, and why this one. */
export interface Victim {
  member: Member;
  because: string;
}

/**
 * The first `count` of the order in which pods go when any of them may: those that serve least first. Cost is compared
 * only among pods that are alike in readiness, so a broken pod goes before a cheap one; crowding only among pods of the
 * same cost. `ifAllGo`: why they go if none is spared to compare them with.
 */
export function firstToGo(
  members: readonly Member[],
  count: number,
  { topology, ifAllGo }: { topology: Topology; ifAllGo: string },
): Victim[] {
  if (count <= 0) return [];
  const available = new Map(members.map((member) => [member.pod, member.available]));
  const unavailableFirst: Order = (a, b) => Number(available.get(a)) - Number(available.get(b));
  const keys = leastWorthFirst({ unavailableFirst, crowded: crowding(members, topology) });
  const order = ordered(keys);
  const sorted = [...members].sort((a, b) => order(a.pod, b.pod));
  const spared = sorted[count]?.pod;
  return sorted.slice(0, count).map((member) => ({
    member,
    because: spared ? `it ${decidingKey(keys, member.pod, spared)} ${spared.name}` : ifAllGo,
  }));
}

const cheapFirst: Order = (a, b) => deletionCost(a) - deletionCost(b);

/** The keys in their order; availability and crowding only where they are given. */
function leastWorthFirst({
  unavailableFirst,
  crowded,
}: {
  unavailableFirst?: Order;
  crowded?: ReadonlyMap<Pod, number>;
}): Key[] {
  const crowdedFirst: Order = (a, b) => (crowded?.get(b) ?? 0) - (crowded?.get(a) ?? 0);
  return [
    { says: "has no node, unlike", order: unassignedFirst },
    { says: "has not come as far as", order: lessStartedFirst },
    ...(unavailableFirst ? [{ says: "is not available, unlike", order: unavailableFirst }] : []),
    { says: "is not ready, unlike", order: notReadyFirst },
    { says: "has a lower deletion cost than", order: cheapFirst },
    ...(crowded ? [{ says: "shares its place with more pods than", order: crowdedFirst }] : []),
    { says: "became ready later than", order: readyLaterFirst },
    { says: "restarted more often than", order: moreRestartsFirst },
    { says: "is younger than", order: createdLaterFirst },
    { says: "comes by name before", order: byName },
  ];
}

function ordered(keys: readonly Key[]): Order {
  return by(...keys.map(({ order }) => order));
}

/** How crowded each pod's place is: the larger, the earlier the pod goes. */
function crowding(members: readonly Member[], { keys, nodeLabels }: Topology): ReadonlyMap<Pod, number> {
  const pods = members.map(({ pod }) => pod);
  const onNode = nodeCrowding(pods);
  if (keys.length === 0) return onNode;
  const ranks = new Map<Pod, number>();
  for (const key of keys) {
    const domains = grouped(pods, (pod) => nodeLabels.get(pod.nodeName ?? "")?.[key]);
    const order = ordered(leastWorthFirst(key === HOSTNAME ? {} : { crowded: onNode }));
    const weight = Math.log(domains.length + 2);
    for (const domain of domains) {
      domain.sort(order).forEach((pod, index) => {
        ranks.set(pod, (ranks.get(pod) ?? 0) + (domain.length - index) * weight);
      });
    }
  }
  return ranks;
}

/** How many pods worth more share a pod's node: pods a, b, c of one node, best first, rank 0, 1, 2. */
function nodeCrowding(pods: readonly Pod[]): ReadonlyMap<Pod, number> {
  const ranks = new Map<Pod, number>();
  for (const node of grouped(pods, (pod) => pod.nodeName)) {
    node.sort(ordered(leastWorthFirst({}))).forEach((pod, index) => {
      ranks.set(pod, node.length - 1 - index);
    });
  }
  return ranks;
}

/** The pods by where they are; those of which it is not known are in no group. */
function grouped(pods: readonly Pod[], place: (pod: Pod) => string | undefined): Pod[][] {
  const groups = Map.groupBy(pods, place);
  groups.delete(undefined);
  return [...groups.values()];
}
