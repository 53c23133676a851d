/** I1: our own acts leave at least replicas - maxUnavailable pods serving. */

import type { StoredObject } from "../../../src/sandbox/objects.ts";
import { isUp, ownerUid, readySeconds, SPECIFIED } from "../truth.ts";
import type { Inquiry, Ownership } from "./books.ts";

/** @param pod the one that is taken down */
export function checkFloor(
  { books, sending, fail }: Inquiry,
  pod: StoredObject,
  { uid, specs, cloneSet }: Ownership,
): void {
  const { slackSeconds } = books;
  // A request that its sender gave up may come at any time: no promise holds for it.
  if (specs.length === 0 || books.comesLate(sending)) return;
  // Whose clock jumps cannot tell how long a pod has been ready.
  if (slackSeconds === Number.POSITIVE_INFINITY && specs.some(({ minReadySeconds }) => minReadySeconds > 0)) return;
  const isNamed = SPECIFIED in (pod.metadata.labels ?? {}) || specs.some(({ named }) => named.has(pod.metadata.name));
  const floor = Math.min(...specs.map(({ replicas, maxUnavailable }) => replicas - maxUnavailable));
  const minReady = isNamed ? 0 : Math.min(...specs.map(({ minReadySeconds }) => minReadySeconds)) - slackSeconds;
  const counts = (seconds: number) => minReady <= 0 || seconds > minReady;
  const nowMs = books.clock.nowMs();
  // Whoever lost its owner serves on, and is taken back or not when the controller hears of it.
  const serving = books
    .all("pods")
    .filter((one) => ownerUid(one) === uid || books.whenLeft(one)?.owner === uid)
    .filter((one) => isUp(one) && counts(readySeconds(one, nowMs)));
  // In doubt the pod was not available yet, and taking it cost nothing.
  const surelyReady = Math.min(...specs.map(({ minReadySeconds }) => minReadySeconds)) + (isNamed ? 0 : slackSeconds);
  if (!isNamed && minReady > -slackSeconds && readySeconds(pod, nowMs) <= surelyReady) return;
  const unheard = books
    .unheard(sending, uid)
    .filter(([lost, { readySinceMs }]) => lost !== pod.metadata.uid && counts((nowMs - readySinceMs) / 1000));
  const left = serving.length + unheard.length;
  if (left < floor) {
    fail(
      "I1",
      `${sending.method} ${pod.metadata.name} leaves ${serving.length} pods of ${cloneSet.metadata.name} serving (and ${unheard.length} not known to be down): the floor is ${floor}`,
    );
  }
}
