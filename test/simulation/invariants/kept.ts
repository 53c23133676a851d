/** Is everything kept that somebody needs: claims, and revisions? */

import { claimNamesOf } from "../../../src/sandbox/nodes.ts";
import type { StoredObject } from "../../../src/sandbox/objects.ts";
import { isSame } from "../../../src/sandbox/objects.ts";
import type { Write } from "../../../src/sandbox/store.ts";
import { preconditionsOf } from "../pins.ts";
import { isActive, ownerUid, podsOf, revisionOf, short } from "../truth.ts";
import type { Inquiry } from "./books.ts";

/** I4: a claim goes only after its pod, and only for a cause that drops claims. */
export function checkClaimWrite({ books, sending, fail }: Inquiry, { method, before, after, body }: Write): void {
  if (before === undefined || (method !== "DELETE" && after !== undefined)) return;
  if (before.metadata.deletionTimestamp !== undefined) return;
  const { name, namespace } = before.metadata;
  if (preconditionsOf(body)["uid"] === undefined) fail("I4", `claim ${name} is deleted without a uid`);
  const users = books
    .all("pods")
    .filter((pod) => pod.metadata.namespace === namespace && isActive(pod) && claimNamesOf(pod).includes(name));
  if (users.length > 0) fail("I4", `claim ${name} of the living pod ${users[0]?.metadata.name} is deleted`);
  const specs = books.specsOf(sending, ownerUid(before) ?? "");
  if (!books.dropped.has(`${namespace}/${name}`) && specs.every(({ reuse }) => reuse)) {
    fail("I4", `claim ${name} is deleted although nobody but others took its pod`);
  }
}

/** I14: a revision that something is on is not forgotten. */
export function checkForgotten({ books, fail }: Inquiry, revision: StoredObject): void {
  const { name } = revision.metadata;
  const uid = ownerUid(revision);
  const user =
    uid === undefined
      ? undefined
      : podsOf(books.server, uid).find((pod) => isActive(pod) && short(revisionOf(pod)) === short(name));
  if (user) fail("I14", `revision ${name} is forgotten while ${user.metadata.name} is on it`);
}

/** S26: a template has one revision. */
export function checkUnique({ books, fail }: Inquiry, revision: StoredObject): void {
  const twin = books
    .all("controllerrevisions")
    .find(
      (one) =>
        one.metadata.uid !== revision.metadata.uid &&
        ownerUid(one) === ownerUid(revision) &&
        isSame(one["data"], revision["data"]),
    );
  if (twin) fail("S26", `revision ${revision.metadata.name} is made of the template of ${twin.metadata.name}`);
}
