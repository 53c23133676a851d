import type { Pod } from "../api/pod.ts";
import { isPodReady } from "./availability.ts";

/** Compares two pods: negative = the first one comes earlier. */
export type Order = (a: Pod, b: Pod) => number;

/** The first key on which two pods differ decides. */
export function by(...keys: Order[]): Order {
  return (a, b) => {
    for (const key of keys) {
      const difference = key(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

/** A key of an order, and what it says of the pod that comes first: "is not ready, unlike" the other one. */
export interface Key {
  says: string;
  order: Order;
}

/** What the first key says on which two pods differ; of equal ones nothing. */
export function decidingKey(keys: readonly Key[], first: Pod, other: Pod): string | undefined {
  return keys.find(({ order }) => order(first, other) !== 0)?.says;
}

/** Pods without a node first. */
export const unassignedFirst: Order = (a, b) => Number(a.nodeName !== undefined) - Number(b.nodeName !== undefined);

/** Pending (and anything odd) before Unknown before Running. */
export const lessStartedFirst: Order = (a, b) => phaseRank(a.phase) - phaseRank(b.phase);

export const notReadyFirst: Order = (a, b) => Number(isPodReady(a)) - Number(isPodReady(b));

/** Of two ready pods the one that became ready later; one that never says when counts as latest. */
export const readyLaterFirst: Order = (a, b) =>
  isPodReady(a) && isPodReady(b) ? laterFirst(readySinceMs(a), readySinceMs(b)) : 0;

/** The pod whose most restarted container has restarted more often; sidecars decide between equals. */
export const moreRestartsFirst: Order = (a, b) =>
  mostRestarts(b.containerStatuses) - mostRestarts(a.containerStatuses) ||
  mostRestarts(b.initContainerStatuses) - mostRestarts(a.initContainerStatuses);

export const createdLaterFirst: Order = (a, b) => laterFirst(a.createdMs, b.createdMs);

/** Ends every order: two runs over the same pods choose the same ones. */
export const byName: Order = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

function phaseRank(phase: string): number {
  if (phase === "Running") return 2;
  return phase === "Unknown" ? 1 : 0;
}

function readySinceMs(pod: Pod): number {
  return pod.conditions.Ready?.lastTransitionMs ?? 0;
}

function laterFirst(aMs: number, bMs: number): number {
  const latest = Number.POSITIVE_INFINITY;
  const a = aMs === 0 ? latest : aMs;
  const b = bMs === 0 ? latest : bMs;
  return a === b ? 0 : b - a;
}

function mostRestarts(statuses: Pod["containerStatuses"]): number {
  return statuses.reduce((most, { restartCount }) => Math.max(most, restartCount), 0);
}
