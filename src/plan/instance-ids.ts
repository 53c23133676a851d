import { hash } from "node:crypto";

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const LENGTH = 5;

/**
 * The n-th instance id of a CloneSet: 5 letters of the alphabet, always the same for the same CloneSet and number.
 * So a create that is sent twice meets its own name instead of making a second pod.
 */
export function instanceIdOf(cloneSetUid: string, n: number): string {
  return idFrom(`${cloneSetUid}/${n}`);
}

/** The id of a pod that is adopted without one. It comes from the pod's uid, so it needs no counter and never changes. */
export function adoptedId(cloneSetUid: string, podUid: string, taken: ReadonlySet<string | undefined>): string {
  for (let attempt = 0; ; attempt++) {
    const id = idFrom(`${cloneSetUid}/${podUid}/${attempt}`);
    if (!taken.has(id)) return id;
  }
}

function idFrom(text: string): string {
  const digest = hash("sha256", text, "buffer");
  let id = "";
  for (const byte of digest.subarray(0, LENGTH)) id += ALPHABET[byte % ALPHABET.length];
  return id;
}

/** Ids for new pods, and the counter they used up. */
export interface DrawnIds {
  /** In ascending order. */
  ids: string[];
  /** Drawn beyond what was asked for: free for later pods, without another write of the counter. */
  ahead: string[];
  /** How many numbers were ever drawn, including these; to be stored before the ids are used. */
  counter: number;
}

/**
 * Chooses the ids of `count` new pods: first those that come back with their PVCs, then spare ones, then fresh ones. If
 * fresh ones are needed, at least `block` numbers are drawn, so that pods replaced a few at a time cost one write together.
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
    block,
    returning,
    spare,
    taken,
  }: {
    cloneSetUid: string;
    counter: number;
    block: number;
    returning: readonly string[];
    spare: readonly string[];
    taken: ReadonlySet<string>;
  },
): DrawnIds {
  const usable = spare.filter((id) => !taken.has(id));
  const ids = [...[...returning].sort(), ...usable].slice(0, count);
  const used = new Set([...taken, ...ids]);
  const ahead: string[] = [];
  const isEnough = (drawn: number) => ids.length >= count && (drawn === 0 || drawn >= block);
  let drawn = 0;
  for (; !isEnough(drawn); drawn++) {
    const id = instanceIdOf(cloneSetUid, counter + drawn);
    if (used.has(id)) continue;
    used.add(id);
    if (ids.length < count) ids.push(id);
    else ahead.push(id);
  }
  return { ids: ids.sort(), ahead, counter: counter + drawn };
}
