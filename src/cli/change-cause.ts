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

type Told = Pick<Seen, "object" | "revisions">;

/**
 * Why a revision has its number; "" = nobody said.
 *
 * A revision that is made the template again gets a new number and keeps its annotation, which tells how it came to be at
 * first.
 */
export function causeOf(revision: Revision, seen: Told): string {
  const own = revision.annotations[CHANGE_CAUSE] ?? "";
  if (!cameBack(revision, seen)) return own;
  return causeOfReturn(revision, seen) ?? (own === "" ? "came back" : `came back; at first: ${own}`);
}

/** Whether it has its number from coming back, as far as that can be told: one of a lower number was made later, or a cause says so. */
export function cameBack(revision: Revision, seen: Told): boolean {
  const { revisions } = seen;
  const isOlder = revisions.some((one) => one.revision < revision.revision && one.createdMs > revision.createdMs);
  return isOlder || causeOfReturn(revision, seen) !== undefined;
}

/** What the CloneSet says and no revision does was said after the last of them was made: of the one that is rolled out now. */
function causeOfReturn({ name }: Revision, { object, revisions }: Told): string | undefined {
  const { metadata, status } = object;
  const latest = metadata.annotations?.[CHANGE_CAUSE];
  const isSeen = (status?.observedGeneration ?? -1) >= (metadata.generation ?? 0);
  const isTaken = revisions.some((one) => one.annotations[CHANGE_CAUSE] === latest);
  return name === status?.updateRevision && isSeen && !isTaken ? latest : undefined;
}
