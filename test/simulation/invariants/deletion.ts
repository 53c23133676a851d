/** Was it right to delete this pod, and was it its turn? */

import { claimNamesOf } from "../../../src/sandbox/nodes.ts";
import type { JsonMap, StoredObject } from "../../../src/sandbox/objects.ts";
import { isMap } from "../../../src/sandbox/objects.ts";
import {
  blocks,
  containersOf,
  hasOtherClaims,
  isActive,
  isOf,
  podsOf,
  revisionOf,
  SPECIFIED,
  STATE,
  short,
} from "../truth.ts";
import type { Books, Inquiry, Ownership } from "./books.ts";

/** S20: InPlaceOnly never re-creates. S21: hooks are waited for. I7: named pods go first. S24: none goes without a reason. */
export function checkDeleted({ books, sending, fail }: Inquiry, pod: StoredObject, { uid, specs }: Ownership): void {
  const { name, namespace = "" } = pod.metadata;
  if (pod.metadata.deletionTimestamp !== undefined || specs.length === 0) return;
  const mayBeNamed = SPECIFIED in (pod.metadata.labels ?? {}) || specs.some(({ named }) => named.has(name));
  // Who names a pod means its claims, too, should it fail a moment before it is deleted.
  if (isActive(pod) || mayBeNamed) for (const claim of claimNamesOf(pod)) books.dropped.add(`${namespace}/${claim}`);
  if (!isActive(pod)) return;
  const { labelled, versions } = books.known(sending.process);
  const isNamed = (one: StoredObject) =>
    (labelled.get(one.metadata.uid) ?? Number.POSITIVE_INFINITY) < sending.sentMs - books.passMs ||
    specs.every(({ named }) => named.has(one.metadata.name));
  const hooks = specs.every(({ lifecycle }) => isMap(lifecycle["preDelete"]))
    ? specs.map(({ lifecycle }) => lifecycle["preDelete"] as JsonMap)
    : [];
  if (hooks.length > 0 && hooks.every((hook) => blocks(hook, pod)))
    fail("S21", `${name} is deleted while its preDelete hook holds it`);
  const others = podsOf(books.server, uid).filter((one) => isActive(one) && one.metadata.uid !== pod.metadata.uid);
  const unheard = books.unheard(sending, uid).filter(([lost]) => !others.some(({ metadata }) => metadata.uid === lost));
  const left = others.length + unheard.length;
  const least = Math.min(...specs.map(({ replicas }) => replicas));
  const isMove = specs.some(
    (spec) =>
      spec.type !== "OnDelete" &&
      (!isOf(containersOf(pod), spec.template) ||
        (books.claimsMatter && spec.type !== "InPlaceOnly" && hasOtherClaims(pod, spec))),
  );
  // Nobody knows any more what it was made from, so it is an old one whatever it runs.
  const isStray = !isKnown(books, revisionOf(pod));
  const rests = specs.every(({ paused, type }) => paused || type === "OnDelete");
  const isLeaving = pod.metadata.labels?.[STATE] === "PreparingDelete";
  if (specs.every(({ type }) => type === "InPlaceOnly") && !mayBeNamed && !isLeaving && left < least) {
    fail("S20", `${name} is deleted to be made anew, under InPlaceOnly`);
  }
  const named = others.filter((one) => isNamed(one) && versions.has(one.metadata.uid));
  if (!mayBeNamed && named.length > 0 && (!(isMove || isStray || books.mayRollBack) || rests) && !isLeaving) {
    fail("I7", `${name} is deleted while ${named.map(({ metadata }) => metadata.name).join(", ")} is named`);
  }
  const mayMove = isMove || isStray || books.mayRollBack;
  if (!mayBeNamed && (rests || !mayMove) && left < least && !isLeaving) {
    fail("S24", `${name} of ${namespace} is deleted for no reason: ${left} pods are left of ${least}`);
  }
}

function isKnown(books: Books, revision: string): boolean {
  return books.all("controllerrevisions").some(({ metadata }) => short(metadata.name) === short(revision));
}
