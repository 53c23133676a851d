import { createHash } from "node:crypto";

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const LENGTH = 5;

/**
 * The n-th instance id of a CloneSet: 5 letters of the alphabet, always the same for the same CloneSet and number.
 * So a create that is sent twice meets its own name instead of making a second pod.
 */
export function instanceIdOf(cloneSetUid: string, n: number): string {
  const digest = createHash("sha256").update(`${cloneSetUid}/${n}`).digest();
  return Array.from(digest.subarray(0, LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/** Ids for new pods, and the counter they used up. */
export interface DrawnIds {
  /** In ascending order. */
  ids: string[];
  /** How many numbers were ever drawn, including these; to be stored before the ids are used. */
  counter: number;
}

/**
 * Chooses the ids of `count` new pods: first those that come back with their PVCs, then spare ones, then fresh ones.
 *
 * @param returning ids whose PVCs exist and whose pods are gone
 * @param spare     ids drawn earlier whose pods never came about
 * @param taken     ids that must not be given out: of any pod or PVC, and those listed in podsToDelete
 */
export function drawIds(
  count: number,
  {
    cloneSetUid,
    counter,
    returning,
    spare,
    taken,
  }: {
    cloneSetUid: string;
    counter: number;
    returning: readonly string[];
    spare: readonly string[];
    taken: ReadonlySet<string>;
  },
): DrawnIds {
  const usable = spare.filter((id) => !taken.has(id));
  const ids = [...[...returning].sort(), ...usable].slice(0, count);
  const used = new Set([...taken, ...ids]);
  let n = counter;
  while (ids.length < count) {
    const id = instanceIdOf(cloneSetUid, n);
    n += 1;
    if (used.has(id)) continue;
    used.add(id);
    ids.push(id);
  }
  return { ids: ids.sort(), counter: n };
}
