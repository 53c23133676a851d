import assert from "node:assert/strict";
import type { KubeApi } from "../../cluster/kube-api.ts";
import { isServing, isTerminating, type Pod } from "./objects.ts";
import type { PodHistory } from "./pod-history.ts";

/** What an outsider who sees every single change can tell of a set of pods. */
export interface PodWatch {
  /** How many pods served at the worst moment, after as many as `floor` had served for the first time. */
  fewestServing(): number;
  /** How many pods there were at the fullest moment, terminating ones not counted. */
  mostPods(): number;
  /** How many pods `count` held for at once, at the worst moment. */
  mostCounted(): number;
  /** The uids of all pods that ever were. */
  everSeen(): ReadonlySet<string>;
  /** Every version of every pod until now. */
  history(): PodHistory;
  /** Stops, and fails if fewer than `floor` pods served at any moment. */
  end(): Promise<void>;
}

export interface PodWatchOptions {
  /** How many pods must serve at every moment, once so many did. */
  floor: number;
  /** What to count besides. */
  count?: ((pod: Pod) => boolean) | undefined;
}

/**
 * Watches the pods of a label, event by event, apart from the controller and its caches. Each event is a state the
 * cluster was really in, so the floor is checked at every one of them.
 */
export function watchPods(
  api: KubeApi,
  { namespace, app, floor, count, over }: PodWatchOptions & { namespace: string; app: string; over: AbortSignal },
): PodWatch {
  const stopped = new AbortController();
  const pods = new Map<string, Pod>();
  const everSeen = new Set<string>();
  const history: Pod[] = [];
  const breaches: string[] = [];
  let fewest = Number.POSITIVE_INFINITY;
  let most = 0;
  let counted = 0;
  let armed = false;
  const look = (cause: string) => {
    const serving = [...pods.values()].filter(isServing).length;
    most = Math.max(most, [...pods.values()].filter((pod) => !isTerminating(pod)).length);
    if (count !== undefined) counted = Math.max(counted, [...pods.values()].filter(count).length);
    if (serving >= floor) armed = true;
    if (!armed) return;
    fewest = Math.min(fewest, serving);
    if (serving < floor) breaches.push(`${serving} pods served after ${cause}`);
  };
  const following = api.follow<Pod>(`/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`, {
    signal: AbortSignal.any([stopped.signal, over]),
    onChange: (pod) => {
      pods.set(pod.metadata.uid, pod);
      everSeen.add(pod.metadata.uid);
      history.push(pod);
      look(`version ${pod.metadata.resourceVersion} of ${pod.metadata.name}`);
    },
    onGone: (pod) => {
      pods.delete(pod.metadata.uid);
      look(`the end of ${pod.metadata.name}`);
    },
  });
  return {
    fewestServing: () => fewest,
    mostPods: () => most,
    mostCounted: () => counted,
    everSeen: () => everSeen,
    history: () => history,
    end: async () => {
      stopped.abort();
      await following;
      assert.deepEqual(breaches, [], `at least ${floor} pods should have served at every moment`);
    },
  };
}
