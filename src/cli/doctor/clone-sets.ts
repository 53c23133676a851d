import type { CloneSetObject } from "../cluster.ts";
import type { Look } from "../looked.ts";
import type { Check } from "./check.ts";
import { check } from "./check.ts";

const NAMED = 3;

/** Edits that nobody carries out are the surest sign of a controller that does not work. */
export function judgeCloneSets(look: Look<CloneSetObject[]>): Check[] {
  // That they cannot be listed is said by the rights and the definition.
  if (look.kind !== "found") return [];
  const unseen = look.value.filter(isUnseen);
  const count = look.value.length;
  if (count === 0) return [check("clonesets", "OK", "there are none here")];
  if (unseen.length === 0) {
    const all = count === 1 ? "the only one" : `all ${count}`;
    return [check("clonesets", "OK", `the controller has seen the last edit of ${all}`)];
  }
  const names = unseen.slice(0, NAMED).map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`);
  const more = unseen.length > NAMED ? ` and ${unseen.length - NAMED} more` : "";
  const says = `the controller has not yet seen the last edit of ${names.join(", ")}${more}`;
  return [check("clonesets", "WARN", says, "look again; if it stays so, see what the controller logs")];
}

/** Whether there are edits, and somebody has seen all of them. */
export function areAllSeen(look: Look<CloneSetObject[]>): boolean {
  return look.kind === "found" && look.value.length > 0 && !look.value.some(isUnseen);
}

function isUnseen({ metadata, status }: CloneSetObject): boolean {
  return (status?.observedGeneration ?? -1) < (metadata.generation ?? 0);
}
