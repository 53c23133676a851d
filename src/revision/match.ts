/** Which revision is this pod? */

import { label } from "../api/constants.ts";
import type { Pod, Revision } from "../api/pod.ts";
import { sameMeaning } from "./equal.ts";
import { shortPart } from "./hash.ts";

/** Short hashes of some revisions: one look-up per pod. */
export type RevisionSet = ReadonlySet<string>;

/** The short hash in the pod's revision label, which may hold a full name; undefined if the pod has none. */
export function revisionHash(pod: Pick<Pod, "labels">): string | undefined {
  const revision = pod.labels[label.revision];
  return revision ? shortPart(revision) : undefined;
}

/** Whether the pod's revision label names this revision: by its full name, or by equal short hashes. */
export function isOnRevision(pod: Pick<Pod, "labels">, revisionName: string): boolean {
  return revisionHash(pod) === shortPart(revisionName);
}

/** The first of `revisions` that the pod is on. */
export function revisionOf(pod: Pick<Pod, "labels">, revisions: readonly Revision[]): Revision | undefined {
  const hash = revisionHash(pod);
  return hash === undefined ? undefined : revisions.find(({ name }) => shortPart(name) === hash);
}

/** The revisions that count as updated: the update revision and every revision that is equal to it by meaning. Ask with `isOnAny`. */
export function updatedRevisions(revisions: readonly Revision[], update: Revision): RevisionSet {
  const same = revisions.filter(
    ({ template }) => template && update.template && sameMeaning(template, update.template),
  );
  return new Set([update, ...same].map(({ name }) => shortPart(name)));
}

/** Whether the pod is on one of the revisions. A pod without a revision label is on none. */
export function isOnAny(pod: Pick<Pod, "labels">, revisions: RevisionSet): boolean {
  const hash = revisionHash(pod);
  return hash !== undefined && revisions.has(hash);
}
