import { Option } from "@commander-js/extra-typings";
import type { Revision } from "../api/pod.ts";
import type { Edit } from "./edit.ts";
import type { Seen } from "./seen.ts";

/** Why a revision came to be, as kubectl has it. The controller copies it from the CloneSet to each new revision. */
const CHANGE_CAUSE = "kubernetes.io/change-cause";

export function causeOption() {
  return new Option("--change-cause <text>", "shown by history for the new revision; default: this command");
}

/** Goes with the edit that makes the revision: an older cause would be wrong for it. */
export function setCause(edit: Edit, cause: string): void {
  const path = ["metadata", "annotations", CHANGE_CAUSE];
  if (cause === "") edit.remove(path);
  else edit.set(path, cause);
}

/**
 * Why a revision has its number; "" = nobody said.
 *
 * A revision that is made the template again gets a new number and keeps its annotation, which tells how it came to be at
 * first. Why it came back stands at the CloneSet, if anywhere: there a cause that no revision has can be of nothing else.
 */
export function causeOf(revision: Revision, { object, revisions }: Pick<Seen, "object" | "revisions">): string {
  const own = revision.annotations[CHANGE_CAUSE] ?? "";
  if (!cameBack(revision, revisions)) return own;
  const { annotations = {} } = object.metadata;
  const latest = annotations[CHANGE_CAUSE];
  const isUpdate = revision.name === object.status?.updateRevision;
  const isTaken = revisions.some((one) => one.annotations[CHANGE_CAUSE] === latest);
  if (isUpdate && latest !== undefined && !isTaken) return latest;
  return own === "" ? "came back" : `came back; at first: ${own}`;
}

/** Whether it has its number from coming back: a revision of a lower number was made later. */
export function cameBack(revision: Revision, revisions: readonly Revision[]): boolean {
  return revisions.some((one) => one.revision < revision.revision && one.createdMs > revision.createdMs);
}
