import { Option } from "@commander-js/extra-typings";
import type { Edit } from "./edit.ts";

/** Why a revision came to be, as kubectl has it. The controller copies it from the CloneSet to each new revision. */
export const CHANGE_CAUSE = "kubernetes.io/change-cause";

export function causeOption() {
  return new Option("--change-cause <text>", "shown by history for the new revision; default: this command");
}

/** Goes with the edit that makes the revision: an older cause would be wrong for it. */
export function setCause(edit: Edit, cause: string | undefined): void {
  const path = ["metadata", "annotations", CHANGE_CAUSE];
  if (cause === undefined || cause === "") edit.remove(path);
  else edit.set(path, cause);
}
