/** A cache of what never changes. */

interface Entry {
  namespace: string;
  name: string;
  ownerUids: readonly string[];
}

/** The questions that `observe` asks of a cache. */
export function index<T extends Entry>(entries: readonly T[]) {
  return {
    get: (namespace: string, name: string) =>
      entries.find((entry) => entry.name === name && entry.namespace === namespace),
    byOwner: (uid: string) => entries.filter(({ ownerUids }) => ownerUids.includes(uid)),
    unowned: (namespace: string) =>
      entries.filter((entry) => entry.namespace === namespace && entry.ownerUids.length === 0),
  };
}
