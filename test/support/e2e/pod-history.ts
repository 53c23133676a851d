/**
 * What became of pods, read from every version of them that the API server ever had.
 *
 * This is how scenarios tell what never happened, and in which order things did, without looking at a clock.
 */
import assert from "node:assert/strict";
import type { Pod } from "./objects.ts";

/** Versions of pods, in the order in which they came to be. */
export type PodHistory = readonly Pod[];

/** The values that `of` had for one pod, one after the other. */
export function courseOf<T>(history: PodHistory, { metadata: { uid } }: Pod, of: (pod: Pod) => T): T[] {
  const values = history.filter((pod) => pod.metadata.uid === uid).map(of);
  return values.filter((value, index) => index === 0 || value !== values[index - 1]);
}

/** The pods in the order in which `happened` first held for each, as the version that it held for. */
export function orderOf(history: PodHistory, happened: (pod: Pod) => boolean): Pod[] {
  const first = new Map<string, Pod>();
  for (const pod of history) {
    if (!first.has(pod.metadata.uid) && happened(pod)) first.set(pod.metadata.uid, pod);
  }
  return [...first.values()];
}

/** @throws if anybody but its node wrote to one of the pods */
export function assertUntouched(history: PodHistory, pods: readonly Pod[]): void {
  for (const pod of pods) {
    const courses = courseOf(history, pod, ({ metadata }) =>
      JSON.stringify([metadata.generation, metadata.deletionTimestamp, metadata.labels, metadata.annotations]),
    );
    assert.equal(courses.length, 1, `somebody wrote to ${pod.metadata.name}:\n${courses.join("\n")}`);
  }
}
