import type { CreationRefusal, Observation, Refusal } from "./observation.ts";

/** Whether a refusal still holds back. One from the future does not: the clock was set back, and would hold for hours. */
export function isInForce({ sinceMs, notBeforeMs }: Pick<Refusal, "sinceMs" | "notBeforeMs">, nowMs: number): boolean {
  return sinceMs <= nowMs && nowMs < notBeforeMs;
}

/** Why a pod is not deleted now: the server refused that a moment ago. It stops no other pod. */
export function deletionHeld({ refusals, nowMs }: Observation, { uid }: { uid: string }): Refusal | undefined {
  const refusal = refusals.get(uid);
  return refusal && refusal.revision === undefined && isInForce(refusal, nowMs) ? refusal : undefined;
}

/**
 * Why no pod is created now; undefined if one may be. The server refused the last one, so the next would be refused, too, until
 * somebody edits the CloneSet, a pod makes room by going, or enough time has passed. Meanwhile everything else goes on: a full
 * quota must not keep a rollout from its end.
 */
export function creationHeld({ cloneSet, creationRefusal, pods, nowMs }: Observation): CreationRefusal | undefined {
  if (creationRefusal === undefined || !isInForce(creationRefusal, nowMs)) return undefined;
  const isEdited = cloneSet.generation !== creationRefusal.generation;
  const hasRoom = creationRefusal.pods !== undefined && pods.length < creationRefusal.pods;
  return isEdited || hasRoom ? undefined : creationRefusal;
}
