/** The life of a pod as src/sandbox tells it, with container ids drawn as a container runtime draws them. */
import { randomBytes } from "node:crypto";
import type { Pod } from "../../src/sandbox/kubelet/pod.ts";
import type { Step, Surroundings } from "../../src/sandbox/pod-life.ts";
import { nextStep as step } from "../../src/sandbox/pod-life.ts";

export { imageIdOf } from "../../src/sandbox/kubelet/container.ts";
export type { ContainerStatus, Pod } from "../../src/sandbox/kubelet/pod.ts";
export type { KubeletHabits, Moments } from "../../src/sandbox/kubelet/scene.ts";
export { durationMs, SCRIPT } from "../../src/sandbox/kubelet/script.ts";
export type { Step } from "../../src/sandbox/pod-life.ts";

export function nextStep(pod: Pod, surroundings: Omit<Surroundings, "newContainerId">): Step {
  return step(pod, { ...surroundings, newContainerId: () => randomBytes(32).toString("hex") });
}
