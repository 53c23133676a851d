/** What warnings ask about pods: from the controller's cache, or from the server. Never waits long, never fails. */

import { readinessGate } from "../src/api/constants.ts";
import type { LabelSelector } from "../src/api/kubernetes.ts";
import { isTerminal, isTerminating } from "../src/api/pod.ts";
import { selectorText } from "../src/api/selector.ts";
import type { KubeClient } from "../src/kube/client.ts";
import type { Clock } from "../src/kube/clock.ts";
import { isNotFound } from "../src/kube/errors.ts";
import type { KubeObject } from "../src/kube/resources.ts";
import { PODS } from "../src/kube/resources.ts";
import type { Caches } from "../src/observe/caches.ts";

/** One pod, as far as a warning is interested. */
export interface PodNote {
  /** Uid of the controller that owns it; "" without one. */
  owner: string;
  terminating: boolean;
  /** Made with the readiness gate of in-place updates. */
  gated: boolean;
}

export interface PodLookup {
  /** null = there is no such pod; undefined = nobody knows. */
  pod(namespace: string, name: string): Promise<PodNote | null | undefined>;
  /** Running pods of a CloneSet; undefined = nobody knows. */
  podsOf(cloneSet: { namespace: string; uid: string; selector: unknown }): Promise<PodNote[] | undefined>;
}

const TIMEOUT_MS = 800;
const PODS_LOOKED_AT = 500;

/** From what the controller has in memory. Until `isReady`, nobody knows. */
export function cachedPods(pods: Caches["pods"], isReady: () => boolean): PodLookup {
  return {
    pod: (namespace, name) => {
      if (!isReady()) return Promise.resolve(undefined);
      const pod = pods.get(namespace, name);
      return Promise.resolve(
        pod === undefined
          ? null
          : {
              owner: pod.owners.find(({ controller }) => controller)?.uid ?? "",
              terminating: isTerminating(pod),
              gated: pod.readinessGates.includes(readinessGate.inPlaceUpdateReady),
            },
      );
    },
    podsOf: ({ uid }) => {
      if (!isReady()) return Promise.resolve(undefined);
      const running = pods.byOwner(uid).filter((pod) => !isTerminating(pod) && !isTerminal(pod));
      return Promise.resolve(
        running.map((pod) => ({
          owner: uid,
          terminating: false,
          gated: pod.readinessGates.includes(readinessGate.inPlaceUpdateReady),
        })),
      );
    },
  };
}

/** From the server, for a process that holds no pods in memory. */
export function livePods(client: KubeClient): PodLookup {
  const options = { timeoutMs: TIMEOUT_MS };
  return {
    pod: async (namespace, name) => {
      try {
        return noteOf(await client.get<RawPod>(PODS, { namespace, name }, options));
      } catch (error) {
        return isNotFound(error) ? null : undefined;
      }
    },
    podsOf: async ({ namespace, uid, selector }) => {
      try {
        const labelSelector = selectorText(selector as LabelSelector);
        const pages = client.listPages<RawPod>(PODS, { namespace, labelSelector, limit: PODS_LOOKED_AT, ...options });
        for await (const { items } of pages) {
          const active = items.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
          return active.map(noteOf).filter(({ owner, terminating }) => owner === uid && !terminating);
        }
      } catch {
        // A warning is not worth an error.
      }
      return undefined;
    },
  };
}

interface RawPod extends KubeObject {
  spec?: { readinessGates?: { conditionType: string }[] };
  status?: { phase?: string };
}

function noteOf({ metadata, spec }: RawPod): PodNote {
  return {
    owner: metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? "",
    terminating: metadata.deletionTimestamp !== undefined,
    gated: (spec?.readinessGates ?? []).some(({ conditionType }) => conditionType === readinessGate.inPlaceUpdateReady),
  };
}

/** The answer, or undefined when it takes longer than `ms` or goes wrong. */
export async function inTime<T>(answer: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([answer.catch(() => undefined), late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
