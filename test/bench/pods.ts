/** The pods of a namespace, straight from one list and watch: neither cache nor projection. */
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/resources.ts";
import { PODS } from "../../src/kube/resources.ts";

export interface WirePod extends KubeObject {
  spec: { nodeName?: string; containers: { image: string }[]; readinessGates?: { conditionType: string }[] };
  status?: {
    conditions?: { type: string; status: string }[];
    containerStatuses?: { image: string; state?: { running?: object } }[];
  };
}

interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: WirePod;
}

/** Calls `onPod` for each pod and each change, until the signal ends it. A watch that breaks spoils a measurement: it throws. */
export async function followPods(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
  onPod: (pod: WirePod, gone: boolean) => void,
): Promise<void> {
  const list = await client.list<WirePod>(PODS, { namespace });
  for (const pod of list.items) onPod(pod, false);
  let { resourceVersion } = list;
  try {
    // A server may end a watch whenever it likes, and then expects another one.
    while (!signal.aborted) {
      const { events } = await client.watch(PODS, { namespace, resourceVersion, timeoutSeconds: 1800, signal });
      for await (const { type, object } of events as AsyncIterable<WatchEvent>) {
        if (type === "ERROR") throw new Error(`watch of pods: ${JSON.stringify(object)}`);
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        if (type !== "BOOKMARK") onPod(object, type === "DELETED");
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export function conditionOf(pod: WirePod, type: string): string | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)?.status;
}

export function isReady(pod: WirePod): boolean {
  return pod.metadata.deletionTimestamp === undefined && conditionOf(pod, "Ready") === "True";
}

/** The container of this image runs. */
export function runs(pod: WirePod, image: string): boolean {
  return (
    pod.status?.containerStatuses?.some((container) => container.image === image && container.state?.running) ?? false
  );
}
