import type { PriorityStrategy } from "../api/cloneset.ts";
import type { Pod } from "../api/pod.ts";
import { matchesSelector } from "../api/selector.ts";
import type { Member } from "./observation.ts";

/**
 * Puts the pods that the user wants updated first to the front; equals keep their order.
 *
 * With weights: the sum of the weights of all terms that match, larger first. With ordered keys: pods that carry an
 * earlier key first, among them the larger number at the end of its value ("sts-10" is 10); pods with no key come last.
 */
export function byPriority(candidates: readonly Member[], { weights, orderedKeys }: PriorityStrategy): Member[] {
  if (weights.length > 0) {
    const weight = (pod: Pod) =>
      weights.reduce((sum, term) => (matchesSelector(term.selector, pod.labels) ? sum + term.weight : sum), 0);
    return [...candidates].sort((a, b) => weight(b.pod) - weight(a.pod));
  }
  if (orderedKeys.length === 0) return [...candidates];
  const rank = (pod: Pod) => {
    const level = orderedKeys.findIndex((key) => key in pod.labels);
    const key = orderedKeys[level];
    return key === undefined
      ? { level: orderedKeys.length, number: 0 }
      : { level, number: trailingNumber(pod.labels[key] ?? "") };
  };
  return [...candidates].sort((a, b) => {
    const [first, second] = [rank(a.pod), rank(b.pod)];
    return first.level - second.level || second.number - first.number;
  });
}

/** The whole number at the end of a text; 0 if there is none or it is beyond what can be counted. */
function trailingNumber(text: string): number {
  const number = Number(/\d+$/.exec(text)?.[0] ?? 0);
  return Number.isSafeInteger(number) ? number : 0;
}
