import assert from "node:assert/strict";
import type { KubeApi, KubeObject } from "../../cluster/kube-api.ts";
import { eventually } from "./eventually.ts";
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
  /** Waits until all is seen that has happened before the call: events take a moment, and a busy test takes them late. */
  catchUp(): Promise<void>;
  /** Catches up and stops, and fails if fewer than `floor` pods served at any moment. */
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
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`;
  const following = api.follow<Pod>(path, {
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
  const catchUp = async () => {
    const now = await api.get<KubeObject & { items: Pod[] }>(path);
    const listed = new Map(now.items.map((pod) => [pod.metadata.uid, pod]));
    await eventually("the watch to see what has happened", () => {
      for (const pod of listed.values()) {
        const seen = pods.get(pod.metadata.uid);
        const isOver = seen === undefined && everSeen.has(pod.metadata.uid);
        assert.ok(isOver || (seen && version(seen) >= version(pod)), `${pod.metadata.name} as it was listed`);
      }
      for (const pod of pods.values()) {
        const isYounger = version(pod) > version(now);
        assert.ok(listed.has(pod.metadata.uid) || isYounger, `the end of ${pod.metadata.name}`);
      }
    });
  };
  return {
    fewestServing: () => fewest,
    mostPods: () => most,
    mostCounted: () => counted,
    everSeen: () => everSeen,
    history: () => history,
    catchUp,
    end: async () => {
      await catchUp();
      stopped.abort();
      await following;
      assert.deepEqual(breaches, [], `at least ${floor} pods should have served at every moment`);
    },
  };
}

/** Versions of one kind are numbers that only grow. */
function version({ metadata }: KubeObject): number {
  return Number(metadata.resourceVersion);
}
