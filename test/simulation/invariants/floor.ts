/** I1: our own acts leave at least replicas - maxUnavailable pods serving. */

import type { StoredObject } from "../../../src/sandbox/objects.ts";
import { isUp, ownerUid, readySeconds, SPECIFIED, STATE } from "../truth.ts";
import type { Inquiry, Ownership } from "./books.ts";

/** Before each attempt of such a write the sender looks at the pods as it knows them; a moment may pass until it is sent. */
const LOOK_MS = 150;

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
  const isLabelled = SPECIFIED in (pod.metadata.labels ?? {});
  const isNamed = isLabelled || specs.every(({ named }) => named.has(pod.metadata.name));
  const mayBeNamed = isNamed || specs.some(({ named }) => named.has(pod.metadata.name));
  const heardOf = (one: StoredObject) =>
    books.known(sending.process).podsBetween(one.metadata.uid, sending.sentMs - LOOK_MS, sending.sentMs);
  // Its hook was asked to let go of it; that somebody has taken its state away since, the sender cannot know.
  if (heardOf(pod).some((one) => one.metadata.labels?.[STATE] === "PreparingDelete")) return;
  const floor = Math.min(...specs.map(({ replicas, maxUnavailable }) => replicas - maxUnavailable));
  const required = Math.min(...specs.map(({ minReadySeconds }) => minReadySeconds));
  const minReady = mayBeNamed ? 0 : required - slackSeconds;
  const counts = (seconds: number) => minReady <= 0 || seconds > minReady;
  const nowMs = books.clock.nowMs();
  // Whoever lost its owner serves on, and is taken back or not when the controller hears of it.
  const isAvailable = (one: StoredObject) => isUp(one) && counts(readySeconds(one, nowMs));
  // Up again after a crash that the sender has not heard of, a pod is still counted on.
  const serving = books
    .all("pods")
    .filter((one) => ownerUid(one) === uid || books.whenLeft(one)?.owner === uid)
    .filter((one) => isAvailable(one) || (isUp(one) && heardOf(one).some(isAvailable)));
  // In doubt the pod was not available yet, and taking it cost nothing.
  if (!isNamed && required > 0 && readySeconds(pod, nowMs) <= required + slackSeconds) return;
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
