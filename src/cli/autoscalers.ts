import { API_VERSION, KIND } from "../api/constants.ts";
import type { KubeObject } from "../kube/resources.ts";
import { HORIZONTAL_POD_AUTOSCALERS } from "../kube/resources.ts";
import type { Cluster } from "./cluster.ts";
import { ifAllowed } from "./looked.ts";

/** A HorizontalPodAutoscaler. */
export interface Autoscaler extends KubeObject {
  spec: {
    scaleTargetRef: { apiVersion?: string; kind: string; name: string };
    minReplicas?: number;
    maxReplicas?: number;
  };
}

/** What a `scaleTargetRef` says. */
export interface Target {
  apiVersion: string;
  kind: string;
  name: string;
}

/** Whether an autoscaler points to a workload: the version of the API does not matter, its group does. */
export function scales({ spec }: Autoscaler, { apiVersion, kind, name }: Target): boolean {
  const { scaleTargetRef: target } = spec;
  const group = (version = "") => version.split("/")[0];
  return target.kind === kind && target.name === name && group(target.apiVersion) === group(apiVersion);
}

/**
 * Who else sets the replicas of a CloneSet, for somebody who is about to set them. Reading it is a courtesy: whoever may not may
 * scale all the same.
 */
export async function otherHands(cluster: Cluster, name: string, replicas: number): Promise<string[]> {
  const options = { namespace: cluster.namespace, ...cluster.limits };
  const all = await ifAllowed(
    async () => (await cluster.client.list<Autoscaler>(HORIZONTAL_POD_AUTOSCALERS, options)).items,
  );
  return all
    .filter((one) => scales(one, { apiVersion: API_VERSION, kind: KIND, name }))
    .map(({ metadata, spec: { minReplicas = 1, maxReplicas } }) => {
      const who = `HorizontalPodAutoscaler ${metadata.name} sets replicas from ${minReplicas} to ${maxReplicas ?? "?"}`;
      return replicas < minReplicas ? `${who}: it will raise them again` : `${who}: it may raise them again`;
    });
}
