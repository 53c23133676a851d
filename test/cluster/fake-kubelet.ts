/** The life of a pod as src/sandbox tells it, with container ids drawn as a container runtime draws them. */
import { randomBytes } from "node:crypto";
import type { Pod, Step, Surroundings } from "../../src/sandbox/pod-life.ts";
import { nextStep as step } from "../../src/sandbox/pod-life.ts";

export type { ContainerStatus, KubeletHabits, Moments, Pod, Step } from "../../src/sandbox/pod-life.ts";
export { durationMs, imageIdOf, SCRIPT } from "../../src/sandbox/pod-life.ts";

export function nextStep(pod: Pod, surroundings: Omit<Surroundings, "newContainerId">): Step {
  return step(pod, { ...surroundings, newContainerId: () => randomBytes(32).toString("hex") });
}
