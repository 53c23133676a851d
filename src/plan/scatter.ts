import type { ScatterTerm } from "../api/cloneset.ts";
import type { Member } from "./observation.ts";

/**
 * Spreads the pods that carry a label evenly over the order of update, so that they are not updated all at once.
 *
 * Several terms are applied one after the other, the one that most candidates match first; terms that match none are
 * left out. `all` are the pods of the CloneSet, updated or not: their mix says what "evenly" means.
 */
export function scattered(
  candidates: readonly Member[],
  terms: readonly ScatterTerm[],
  all: readonly Member[],
): Member[] {
  const matching = (term: ScatterTerm) => candidates.filter((member) => matches(member, term)).length;
  const used =
    terms.length === 1 ? terms : terms.filter((term) => matching(term) > 0).sort((a, b) => matching(b) - matching(a));
  return used.reduce<Member[]>((order, term) => scatterOne(order, term, all), [...candidates]);
}

/**
 * One term. M pods match and N do not; they are laid out in g groups, each with its share of both. The last matching pod
 * goes to the very end. While matching pods are scarce among all pods, the candidates follow the mix of all pods and the
 * surplus of others goes first.
 *
 * Example: 0-2 match, 3-9 do not → 0, 3 4 5 6, 1, 7 8 9, 2.
 */
function scatterOne(order: readonly Member[], term: ScatterTerm, all: readonly Member[]): Member[] {
  const matched = order.filter((member) => matches(member, term));
  const others = order.filter((member) => !matches(member, term));
  if (matched.length <= 1 || others.length <= 1) return [...order];
  const last = matched.slice(-1);
  const queue = { matched: matched.slice(0, -1), others: [...others] };
  const allMatching = all.filter((member) => matches(member, term)).length;
  const total = { matched: allMatching - 1, others: all.length - allMatching };
  const shape = groups(queue.matched.length, queue.others.length, total);
  const result = queue.others.splice(0, shape.first);
  for (let group = 0; group < shape.count; group++) {
    result.push(...queue.matched.splice(0, shape.matched), ...queue.others.splice(0, shape.others));
  }
  return [...result, ...queue.matched, ...queue.others, ...last];
}

/** How many groups, how much of each sort in one, and how many others come before the first. */
function groups(
  matched: number,
  others: number,
  total: { matched: number; others: number },
): { count: number; matched: number; others: number; first: number } {
  const of = (a: number, b: number) => {
    const count = Math.min(a, b);
    return { count, matched: Math.round(a / count), others: Math.round(b / count) };
  };
  if (total.others / total.matched >= others / matched) return { ...of(matched, others), first: 0 };
  const mix = of(total.matched, total.others);
  const count = Math.min(Math.floor(matched / mix.matched), Math.floor(others / mix.others));
  return { ...mix, count, first: others - count * mix.others };
}

function matches({ pod }: Member, { key, value }: ScatterTerm): boolean {
  return pod.labels[key] === value;
}
