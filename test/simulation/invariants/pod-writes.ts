/** May a controller write this pod? And then: was it right to make it, to change it, to delete it? */

import type { StoredObject } from "../../../src/sandbox/objects.ts";
import { isSame } from "../../../src/sandbox/objects.ts";
import type { Write } from "../../../src/sandbox/store.ts";
import { pinsOf, preconditionsOf, STATE_TEST } from "../pins.ts";
import { isActive, isUp, ownerUid, STATE } from "../truth.ts";
import type { Inquiry } from "./books.ts";
import { checkCreated } from "./creation.ts";
import { checkDeleted } from "./deletion.ts";
import { checkFloor } from "./floor.ts";
import { checkPatched } from "./in-place.ts";

export function checkPodWrite(inquiry: Inquiry, write: Write): void {
  const { books, sending } = inquiry;
  const { before, after, method } = write;
  if (before === undefined) {
    if (after) checkCreated(inquiry, after);
    return;
  }
  checkPins(inquiry, write, before);
  const uid = ownerUid(before);
  const cloneSet = books.cloneSet(uid);
  if (uid === undefined || cloneSet === undefined) {
    checkForeign(inquiry, write, before);
    return;
  }
  const ownership = { uid, cloneSet, specs: books.specsOf(sending, uid) };
  if (isUp(before) && (after === undefined || !isUp(after))) checkFloor(inquiry, before, ownership);
  if (method === "DELETE") checkDeleted(inquiry, before, ownership);
  if (after && isActive(after)) checkPatched(inquiry, before, after, ownership);
}

/** W1: a patch names the uid and the version it is meant for. I4: a deletion names the uid. */
function checkPins({ fail }: Inquiry, { after, method, body }: Write, before: StoredObject): void {
  if (method === "PATCH") {
    const meta = pinsOf(body);
    if (meta["uid"] === undefined) fail("W1", `a patch of pod ${before.metadata.name} names no uid`);
    // The gate of a new pod opens whatever the pod's version, as long as the pod is in the state that this ends.
    const opensNewPod = meta[STATE_TEST] === "PreparingNormal" && after?.metadata.labels?.[STATE] === "Normal";
    if (meta["resourceVersion"] === undefined && !(opensNewPod && isSame(before["spec"], after["spec"])))
      fail("W1", `a patch of ${before.metadata.name} names no version: ${JSON.stringify(body)}`);
  }
  if (method === "DELETE" && preconditionsOf(body)["uid"] === undefined)
    fail("I4", `pod ${before.metadata.name} is deleted without a uid`);
}

/** I6: what belongs to nobody, or to somebody else, is not written but to adopt it. */
function checkForeign({ books, sending, fail }: Inquiry, { after, method, body }: Write, before: StoredObject): void {
  const uid = ownerUid(before);
  const adopted = after && ownerUid(after);
  // What names a version is refused once the pod was let go of; what names none may just have been under way.
  const pins = method === "DELETE" ? preconditionsOf(body) : pinsOf(body);
  const isPinned = pins["resourceVersion"] !== undefined;
  const leftMs = books.whenLeft(before)?.atMs ?? Number.NEGATIVE_INFINITY;
  const justLeft = !isPinned && leftMs > sending.sentMs - books.passMs;
  if (adopted === undefined && uid === undefined && !justLeft)
    fail("I6", `pod ${before.metadata.name} belongs to nobody and was written`);
  if (uid !== undefined && !books.wasCloneSet(uid))
    fail("I6", `pod ${before.metadata.name} belongs to somebody else and was written`);
}
