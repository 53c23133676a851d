/** How do annotations script the fate of a pod? */

/** The annotations; durations are like "500ms" or "2s". */
export const SCRIPT = {
  readyAfter: "fake-node/ready-after",
  /** "false": the containers run and are not ready, for as long as it stands there. */
  ready: "fake-node/ready",
  /** "never": no image of this pod can be pulled. */
  pull: "fake-node/pull",
  /** How long pulling an image takes. */
  pullAfter: "fake-node/pull-after",
  /** How long after its start each container fails, again and again. */
  crashAfter: "fake-node/crash-after",
  /** From a failure to the next start; otherwise 10 s, and twice as long each time, up to 5 minutes. */
  crashBackOff: "fake-node/crash-back-off",
  terminateAfter: "fake-node/terminate-after",
  resizeAfter: "fake-node/resize-after",
  /** "deferred" or "infeasible": the node has no room for a resize now, or ever. */
  resize: "fake-node/resize",
  /** "Failed" or "Succeeded": all containers end. */
  phase: "fake-node/phase",
} as const;

/** "500ms", "2s", "1m" in milliseconds; what cannot be read counts as the default. */
export function durationMs(text: string | undefined, defaultMs: number): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text ?? "") ?? [];
  if (amount === undefined) return defaultMs;
  return Number(amount) * (unit === "ms" ? 1 : unit === "s" ? 1000 : 60_000);
}
