import type { CloneSet } from "../api/cloneset.ts";
import { label } from "../api/constants.ts";
import type { Pod } from "../api/pod.ts";

/** Whether a pod is asked to go: by its name in podsToDelete, or by the label, whatever the label's value. */
export function namedForDeletion(pod: Pod, names: ReadonlySet<string>): boolean {
  return names.has(pod.name) || label.specifiedDelete in pod.labels;
}

/**
 * The names in podsToDelete as pods have them. The list is the user's and is never written by us; clients that split
 * "a, b" at the comma leave spaces behind.
 */
export function podsToDelete({ spec }: CloneSet): Set<string> {
  return new Set(spec.scaleStrategy.podsToDelete.map((name) => name.trim()));
}
