/** I3: no more pods are on the new revision than the partition lets go. */

import type { StoredObject } from "../../../src/sandbox/objects.ts";
import {
  containersOf,
  hasOtherClaims,
  isActive,
  isOf,
  isSelected,
  podsOf,
  revisionOf,
  SPECIFIED,
  STATE,
  short,
  statusOf,
  templateOf,
} from "../truth.ts";
import type { Inquiry, Ownership } from "./books.ts";

/** @param pod the one that was created (`isNew`) or moved */
export function checkPartition(
  { books, sending, fail }: Inquiry,
  pod: StoredObject,
  { uid, specs, cloneSet, isNew }: Ownership & { isNew: boolean },
): void {
  // Given up long ago, by a process that may be dead: the pod is removed again.
  if (isNew && books.comesLate(sending)) return;
  const revision = revisionOf(pod);
  const { currentRevision: current = "" } = statusOf(cloneSet) as { currentRevision?: string };
  const currentIsThere = books.server.collection("controllerrevisions").get(cloneSet.metadata.namespace ?? "", current);
  if (!currentIsThere || current === "" || short(current) === short(revision)) return;
  const stored = books.all("controllerrevisions").find(({ metadata }) => short(metadata.name) === short(revision));
  const asking = specs.filter(({ template }) => stored && isOf(containersOf(templateOf(stored)), template));
  if (asking.length === 0 || specs.some(({ paused }) => paused)) return;
  const limit = Math.max(
    ...asking.map(({ replicas, partition, maxSurge }) => replicas - partition + (isNew ? maxSurge : 0)),
  );
  // It goes; what stands in for it has its place.
  const isGoing = ({ metadata: { name, labels = {} } }: StoredObject) =>
    SPECIFIED in labels ||
    // Who is only moved makes no pod more: the rule counts no pod that is named, or waits for its preDelete hook.
    (!isNew && (labels[STATE] === "PreparingDelete" || asking.some(({ named }) => named.has(name))));
  const onNew = podsOf(books.server, uid).filter(
    (one) =>
      isActive(one) &&
      isSelected(one, cloneSet) &&
      short(revisionOf(one)) === short(revision) &&
      !isGoing(one) &&
      // Made with other claim templates it is an old one.
      !(books.claimsMatter && asking.some((wanted) => hasOtherClaims(one, wanted))) &&
      books.isOwnedSince(one, sending.sentMs - books.passMs),
  );
  if (onNew.length > limit) {
    fail(
      "I3",
      `${pod.metadata.name} is pod ${onNew.length} of ${cloneSet.metadata.name} on ${revision}: the partition lets ${limit} go`,
    );
  }
}
