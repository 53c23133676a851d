/** Was it right to make this pod, now and under this name? */

import { claimNamesOf } from "../../../src/sandbox/nodes.ts";
import type { StoredObject } from "../../../src/sandbox/objects.ts";
import {
  differsInImagesOnly,
  hasOtherClaims,
  idOf,
  isActive,
  isSelected,
  isUp,
  ownerUid,
  podsOf,
  revisionOf,
  SPECIFIED,
  STATE,
} from "../truth.ts";
import type { Inquiry, Ownership } from "./books.ts";
import { checkPartition } from "./partition.ts";

/** For so long a create without an answer may be sent again: its process is cut off for up to 15 s, and then waits a little. */
const REPEATED_MS = 30_000;

/** I2: replicas + maxSurge is the ceiling. I7: who is named in podsToDelete is not made anew. */
export function checkCreated(inquiry: Inquiry, pod: StoredObject): void {
  const { books, sending, fail } = inquiry;
  const uid = ownerUid(pod);
  const cloneSet = books.cloneSet(uid);
  // Made for a CloneSet that is gone: the garbage collector takes it.
  if (uid === undefined || cloneSet === undefined) return;
  const { name } = pod.metadata;
  const specs = books.specsOf(sending, uid);
  const ownership = { uid, cloneSet, specs };
  const pods = podsOf(books.server, uid);
  const selected = pods.filter((one) => isSelected(one, cloneSet));
  const active = selected.filter((one) => isActive(one) && books.isOwnedSince(one, books.nowMs - books.passMs));
  const ceiling = Math.max(...specs.map(({ replicas, maxSurge }) => replicas + maxSurge));
  // Given up long ago, by a process that may be dead: the pod is removed again.
  const comesLate = books.comesLate(sending);
  if (specs.length > 0 && active.length > ceiling && !comesLate) {
    fail("I2", `creating ${name} makes ${active.length} pods of ${cloneSet.metadata.name}: the ceiling is ${ceiling}`);
  }
  checkThrottle(inquiry, pod, { selected, specs });
  checkSurge(inquiry, pod, { active, specs });
  if (!checkIdentity(inquiry, pod, { pods, ...ownership })) return;
  if (specs.length > 0 && specs.every(({ named }) => named.has(name)))
    fail("I7", `${name} is named in podsToDelete and created`);
  checkPartition(inquiry, pod, { ...ownership, isNew: true });
}

/** S4: pods are created only while fewer than scaleStrategy.maxUnavailable are unavailable. */
function checkThrottle(
  { books, sending, fail }: Inquiry,
  pod: StoredObject,
  { selected, specs }: { selected: readonly StoredObject[]; specs: Ownership["specs"] },
): void {
  const limit = Math.max(...specs.map(({ scaleMaxUnavailable }) => scaleMaxUnavailable));
  const { up, versions } = books.known(sending.process);
  const down = selected.filter(
    (one) =>
      isActive(one) && !isUp(one) && one !== pod && up.get(one.metadata.uid) !== true && versions.has(one.metadata.uid),
  );
  const knownMs = sending.sentMs - books.passMs;
  const surely = down.filter((one) => Number(up.get(one.metadata.uid)) < knownMs && books.isOwnedSince(one, knownMs));
  if (specs.length > 0 && surely.length >= limit) {
    fail("S4", `${pod.metadata.name} is created while ${surely.length} pods are unavailable: the limit is ${limit}`);
  }
}

/** I2: no surge for pods that can be patched where they are. */
function checkSurge(
  { books, fail }: Inquiry,
  pod: StoredObject,
  { active, specs }: { active: readonly StoredObject[]; specs: Ownership["specs"] },
): void {
  const inPlace =
    specs.length > 0 && specs.every(({ type, maxUnavailable }) => type.startsWith("InPlace") && maxUnavailable > 0);
  const replicas = Math.max(...specs.map((wanted) => wanted.replicas));
  // A slow create may arrive when what it was to stand in for is gone.
  if (!inPlace || active.length <= replicas || books.isSlow) return;
  const fit = (one: StoredObject) =>
    specs.every((wanted) => differsInImagesOnly(one, wanted.template) && !hasOtherClaims(one, wanted)) &&
    !revisionOf(one).endsWith("unknown") &&
    revisionOf(one) !== "";
  const isNamed = (one: StoredObject) =>
    SPECIFIED in (one.metadata.labels ?? {}) || specs.some(({ named }) => named.has(one.metadata.name));
  if (active.every((one) => fit(one) && !isNamed(one) && one.metadata.labels?.[STATE] !== "PreparingDelete")) {
    fail("I2", `${pod.metadata.name} is made as surge although every pod can be patched in place`);
  }
}

/** I5: an instance id belongs to one pod, and comes back only with its claims. Says whether the pod has one. */
function checkIdentity(
  { books, sending, fail }: Inquiry,
  pod: StoredObject,
  { uid, cloneSet, pods }: { uid: string; cloneSet: StoredObject; pods: readonly StoredObject[] },
): boolean {
  const { name } = pod.metadata;
  const id = idOf(pod);
  if (id === undefined || name !== `${cloneSet.metadata.name}-${id}`) {
    fail("I5", `pod ${name} has the instance id ${id}`);
    return false;
  }
  if (pods.some((one) => one !== pod && idOf(one) === id && one.metadata.uid !== pod.metadata.uid)) {
    fail("I5", `two pods have the instance id ${id}`);
  }
  const hadPod = books.lastOf(uid, id);
  const claims = books.all("persistentvolumeclaims").filter((claim) => idOf(claim) === id && ownerUid(claim) === uid);
  const hasClaims = claimNamesOf(pod).length > 0;
  // A create without an answer is sent again under its name. Until the process could look it plans nothing, so it does not
  // notice that the pod was there meanwhile and others took it.
  const isRepeated =
    hadPod?.creation?.process === sending.process &&
    !books.wasAnswered(hadPod.creation) &&
    books.nowMs - hadPod.bornMs < REPEATED_MS;
  // Given up long ago, by a process that may be dead: others used the id since, and this pod is removed again.
  const comesBack = hadPod !== undefined && !books.comesLate(sending);
  if (comesBack && !hasClaims && !isRepeated) fail("I5", `instance id ${id} comes back without a claim`);
  if (comesBack && hasClaims && claims.every(({ metadata }) => metadata.deletionTimestamp !== undefined)) {
    fail("I5", `instance id ${id} comes back, but its claims do not`);
  }
  books.givenTo(uid, id, sending);
  return true;
}
