/** Looks into JSON that may have any form: what is not of the form asked for counts as absent. The schema speaks about forms. */

export type Members = Readonly<Record<string, unknown>>;

/** An object; anything else is one without members. */
export function members(value: unknown): Members {
  return isObject(value) ? value : {};
}

/** The member if it is an object. */
export function objectIn(value: unknown, name: string): Members | undefined {
  const member = members(value)[name];
  return isObject(member) ? member : undefined;
}

/** The member if it is a list; else an empty one. */
export function listIn(value: unknown, name: string): readonly unknown[] {
  const member = members(value)[name];
  return Array.isArray(member) ? member : [];
}

/** The member if it is a string that is not empty: the API takes "" for "not set". */
export function textIn(value: unknown, name: string): string | undefined {
  const member = members(value)[name];
  return typeof member === "string" && member !== "" ? member : undefined;
}

/** The member if it is a number. */
export function numberIn(value: unknown, name: string): number | undefined {
  const member = members(value)[name];
  return typeof member === "number" ? member : undefined;
}

/** Keys and values of a map member whose values are strings. */
export function textEntriesIn(value: unknown, name: string): [string, string][] {
  return Object.entries(objectIn(value, name) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
}

/** The own member of a map with keys of the user's choice: `constructor` is nothing special there. */
export function ownText(map: unknown, key: string): string | undefined {
  if (!isObject(map) || !Object.hasOwn(map, key)) return undefined;
  const value = map[key];
  return typeof value === "string" ? value : undefined;
}

export function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
