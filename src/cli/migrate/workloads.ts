import type { IntOrPercent } from "../../api/cloneset.ts";
import type { LabelSelector, PodTemplate } from "../../api/kubernetes.ts";
import { controllerOf } from "../../api/kubernetes.ts";
import type { KubeObject } from "../../kube/resources.ts";

/** A Deployment, as far as a migration reads it. */
export interface Deployment extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy?: {
      type?: string;
      rollingUpdate?: { maxSurge?: IntOrPercent; maxUnavailable?: IntOrPercent } | null;
    };
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    progressDeadlineSeconds?: number;
    paused?: boolean;
  };
  status?: { observedGeneration?: number; replicas?: number; updatedReplicas?: number };
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; selector: LabelSelector; template?: PodTemplate };
}

/** Whatever takes pods by a selector. */
export interface Claimant extends KubeObject {
  spec?: { selector?: LabelSelector };
}

/** What has an owner is looked after by that. */
export function isFree({ metadata }: KubeObject): boolean {
  return controllerOf(metadata.ownerReferences ?? []) === undefined;
}
