import type { Pod } from "./pod.ts";

/** When something began, in milliseconds, by name; it belongs to one pod. */
export type Moments = Map<string, number>;

export interface KubeletHabits {
  /** From the start of a container to its readiness. */
  readyAfterMs: number;
  /** From the deletion of a pod to its end, unless its grace period ends before. */
  terminateAfterMs: number;
  /** From a resize of a container to its effect. */
  resizeAfterMs: number;
  /** Images that cannot be pulled, besides those with "bad" in their name. */
  badImages: ReadonlySet<string>;
}

export const NEVER = Number.POSITIVE_INFINITY;

/** Everything one answer depends on besides the container in question. */
export interface Scene {
  pod: Pod;
  nowMs: number;
  now: string;
  moments: Moments;
  habits: KubeletHabits;
  script: Readonly<Record<string, string>>;
  newContainerId: () => string;
  /** When to look again although nothing has changed; what is found on the way may make it sooner. */
  againInMs: number;
  /** What was found out about resizes of containers. */
  resize: "none" | "inProgress" | "deferred" | "infeasible";
}

/** When something began; if it begins only now, that is remembered. */
export function since(scene: Scene, what: string): number {
  const known = scene.moments.get(what);
  if (known !== undefined) return known;
  scene.moments.set(what, scene.nowMs);
  return scene.nowMs;
}

export function lookAgainIn(scene: Scene, ms: number): void {
  scene.againInMs = Math.min(scene.againInMs, ms);
}
