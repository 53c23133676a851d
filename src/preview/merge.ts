/** By which member the entries of a list are told apart in a strategic merge patch; "" = a set of plain values. */
const KEYS: Readonly<Record<string, string>> = {
  conditions: "type",
  containers: "name",
  initContainers: "name",
  ownerReferences: "uid",
  finalizers: "",
};

const DELETE_FROM = "$deleteFromPrimitiveList/";

type Members = { readonly [key: string]: unknown };

/** A strategic merge patch, as far as pods, claims and revisions are patched here. What is handed in stays as it is. */
export function merged(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) {
      const list = key.slice(DELETE_FROM.length);
      result[list] = listOf(result[list]).filter((entry) => !listOf(value).includes(entry));
    } else if (key.startsWith("$")) throw new Error(`cannot carry out ${key}`);
    else if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergedList(key, listOf(result[key]), value);
    else result[key] = merged(result[key], value);
  }
  return result;
}

function mergedList(field: string, target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const key = KEYS[field];
  const entries = patch.filter((entry) => !(isMap(entry) && "$patch" in entry));
  if (key === undefined || entries.length < patch.length) return entries;
  if (key === "") return [...new Set([...target, ...entries])];
  const nameOf = (entry: unknown) => (isMap(entry) ? entry[key] : undefined);
  const changes = new Map(entries.map((entry) => [nameOf(entry), entry]));
  const kept = target.map((entry) => (changes.has(nameOf(entry)) ? merged(entry, changes.get(nameOf(entry))) : entry));
  const known = new Set(target.map(nameOf));
  return [...kept, ...entries.filter((entry) => !known.has(nameOf(entry)))];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isMap(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
