import { label } from "../../api/constants.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { countOf, listed } from "../pods-in-words.ts";
import type { Migration } from "./migration.ts";
import { configMapName, spoken } from "./migration.ts";
import type { Step } from "./steps.ts";

/** What is told before anything is done. */
export function planText(
  name: string,
  {
    migration,
    steps,
    pods,
    notes,
  }: {
    migration: Migration;
    steps: readonly Step[];
    pods: readonly KubeObject[];
    notes: readonly string[];
  },
): string[] {
  const { from, to } = migration.retarget;
  const runOn = pods.length === 0 ? "there are no pods" : `${countOf(pods.length)} run on: ${namesOf(pods)}`;
  const doings = [`keep all that is to be done in configmap/${configMapName(name)}`, ...steps.map(doing)];
  return [
    `${spoken(from)} becomes ${spoken(to)}; ${runOn}`,
    ...doings.map((text, i) => `${String(i + 1).padStart(3)}. ${text}`),
    ...notes.map((note) => `Note: ${note}`),
  ];
}

/** One step, as a plan has it and as progress is told. */
export function doing(step: Step): string {
  switch (step.kind) {
    case "letGo":
      return `delete ${spoken(step.object)}, and leave ${step.object.kind === "Deployment" ? "its ReplicaSets" : "its pods"}`;
    case "awaitGone":
      return `wait until garbage collection has let go of what ${spoken(step.object)} owned (${step.left} left)`;
    case "label":
      return `label ${countOf(step.pods.length)} ${label.podTemplateHash}=${step.hash}`;
    case "create":
      return `create ${spoken({ kind: step.object.kind ?? "", name: step.object.metadata.name })}, which takes ${step.object.kind === "Deployment" ? "the ReplicaSet" : "the pods"}`;
    case "awaitTaken":
      return step.what === "pods"
        ? `wait until the ${step.by} has taken ${countOf(step.left)}`
        : `wait until the ${step.by} has taken the ReplicaSet`;
    case "retarget":
      return `let horizontalpodautoscaler.autoscaling/${step.autoscaler.metadata.name} scale ${spoken(step.to)}`;
    case "clear":
      return `delete ${spoken(step.object)}`;
  }
}

function namesOf(pods: readonly KubeObject[]): string {
  return listed(pods.map(({ metadata }) => metadata.name));
}
