/** JSON text as Go writes it. */

import type { Json } from "../api/kubernetes.ts";

/** A JSON value whose objects keep any order of members. A plain object would move members such as "10" to the front. */
export type OrderedJson = null | boolean | number | string | OrderedJson[] | Map<string, OrderedJson>;

/** Compact text; `<`, `>`, `&` and the line separators U+2028 and U+2029 are escaped; half of a surrogate pair becomes U+FFFD. */
export function goText(value: OrderedJson): string {
  if (value instanceof Map) {
    return `{${Array.from(value, ([key, member]) => `${goString(key)}:${goText(member)}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(goText).join(",")}]`;
  return typeof value === "string" ? goString(value) : JSON.stringify(value);
}

function goString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The value with the members of every object sorted, as Go sorts them: by their bytes. */
export function sorted(value: OrderedJson): OrderedJson {
  if (Array.isArray(value)) return value.map(sorted);
  if (!(value instanceof Map)) return value;
  const members = Array.from(value, ([key, member]): [string, OrderedJson] => [key, sorted(member)]);
  return new Map(members.sort(([a], [b]) => compareBytes(a, b)));
}

/** A plain JSON value as an ordered one. Members that are undefined are left out. */
export function ordered(value: unknown): OrderedJson {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value === "object" && value !== null) {
    return new Map(
      Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, ordered(member)]])),
    );
  }
  return value as null | boolean | number | string;
}

/** An ordered JSON value as a plain one. */
export function plain(value: OrderedJson): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, member]) => [key, plain(member)]));
  return value;
}

/** Order by UTF-8 bytes. It differs from that of UTF-16 units only where surrogates meet the characters above them. */
export function compareBytes(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [first, second] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (first !== second) return codePointRank(first) - codePointRank(second);
  }
  return a.length - b.length;
}

function codePointRank(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? unit + 0x10000 : unit;
}
