import type { CloneSet } from "../api/cloneset.ts";
import type { Member } from "./observation.ts";

/**
 * Pods on their way out that are wanted after all: they still wait for their preDelete hook, nobody named them, and
 * without them pods would be missing. Never with markPodNotReady: those pods are out of service already.
 */
export function regretted(members: readonly Member[], { spec }: CloneSet, replicas: number): Member[] {
  if (spec.lifecycle.preDelete?.markPodNotReady || spec.lifecycle.inPlaceUpdate?.markPodNotReady) return [];
  const leaving = members.filter((member) => member.named || member.preparingDelete).length;
  const lack = replicas - members.length + leaving;
  return members.filter((member) => member.preparingDelete && !member.named).slice(0, Math.max(lack, 0));
}
