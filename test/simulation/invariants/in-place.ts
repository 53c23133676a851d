/** Was it right to change this pod where it is? */

import type { StoredObject } from "../../../src/sandbox/objects.ts";
import { isMap, isSame } from "../../../src/sandbox/objects.ts";
import type { Wanted } from "../truth.ts";
import { blocks, conditionOf, containersOf, GATE, hasGate, idOf, revisionOf, STATE, short } from "../truth.ts";
import { whyNotFinished } from "../write-rules.ts";
import type { Inquiry, Ownership } from "./books.ts";
import { checkPartition } from "./partition.ts";

/** I13: images change behind a closed gate. S18: it opens when they run. I5: ids stay. S19: nothing moves that may not. */
export function checkPatched(inquiry: Inquiry, before: StoredObject, after: StoredObject, ownership: Ownership): void {
  const { books, fail } = inquiry;
  const { specs } = ownership;
  const { name } = before.metadata;
  const images = (pod: StoredObject) => containersOf(pod).map(({ image }) => image);
  const moved = short(revisionOf(before)) !== short(revisionOf(after));
  if (!isSame(images(before), images(after))) {
    if (hasGate(before) && conditionOf(before, GATE) === "True")
      fail("I13", `the image of ${name} is written while its gate is open`);
    books.updating.add(before.metadata.uid);
    checkGrace(inquiry, before, specs);
    checkHeld(inquiry, before, specs);
  }
  if (conditionOf(after, GATE) === "True" && books.updating.delete(before.metadata.uid)) {
    const why = whyNotFinished(before, after);
    if (why) fail("S18", why);
  }
  if (idOf(before) !== idOf(after)) fail("I5", `the instance id of ${name} changes`);
  if (!moved || revisionOf(before) === "") return;
  if (specs.length > 0 && specs.every(({ type, paused }) => type === "OnDelete" || paused)) {
    fail("S19", `${name} moves to ${revisionOf(after)} although no pod may be moved`);
  }
  checkPartition(inquiry, after, { ...ownership, isNew: false });
}

/** I13: between the closing of the gate and the new image lies the grace period. */
function checkGrace({ books, fail }: Inquiry, pod: StoredObject, specs: readonly Wanted[]): void {
  const closedMs = books.closedMs(pod);
  if (closedMs === undefined || specs.length === 0 || books.slackSeconds > 2) return;
  const graceSeconds = Math.min(...specs.map((wanted) => wanted.graceSeconds));
  const passedSeconds = (books.nowMs - closedMs) / 1000;
  // Times are whole seconds, and the patch may have been tried for another one.
  if (passedSeconds < graceSeconds - 2)
    fail("I13", `${pod.metadata.name} had ${passedSeconds} s of its ${graceSeconds} s of grace`);
}

/** S22: a pod that its inPlaceUpdate hook holds gets no other image. */
function checkHeld({ fail }: Inquiry, pod: StoredObject, specs: readonly Wanted[]): void {
  const hooks = specs.flatMap(({ lifecycle }) =>
    isMap(lifecycle["inPlaceUpdate"]) ? [lifecycle["inPlaceUpdate"]] : [],
  );
  const state = pod.metadata.labels?.[STATE] ?? "";
  const mustWait = ["", "PreparingNormal", "Normal", "PreparingUpdate"].includes(state);
  if (mustWait && hooks.length > 0 && hooks.length === specs.length && hooks.every((hook) => blocks(hook, pod)))
    fail("S22", `the image of ${pod.metadata.name} is written while its inPlaceUpdate hook holds it`);
}
