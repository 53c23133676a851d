import type { JsonMap, StoredObject } from "./objects.ts";
import type { Cause } from "./refusal.ts";
import { badRequest } from "./refusal.ts";
import type { Store } from "./store.ts";

/** What the objects of one kind may look like. Simulations do without: their clients write what is right. */
export interface Content extends ContentRules {
  /** Takes an object from the wire: without fields that nobody knows, with defaults. */
  decode(sent: JsonMap): Decoded;
}

/** What a kind has of its own, besides its schema. */
export interface ContentRules {
  /** What the cluster puts into a new object of its own accord. */
  admit?(object: StoredObject, cluster: Pick<Store, "collection">): StoredObject;
  /** What is wrong with an object that is about to be stored. */
  check(next: StoredObject, old: StoredObject | undefined, subresource: string): Cause[];
}

export interface Decoded {
  object: JsonMap;
  /** Paths of the fields that were dropped. */
  unknown: readonly string[];
}

/** By plural. */
export type Contents = ReadonlyMap<string, Content>;

/** What happens to fields that the schema does not know: `fieldValidation` of the query. Without it they are warned of. */
export function tellUnknown(
  unknown: readonly string[],
  { asked, warn, what }: { asked: string | null; warn: (text: string) => void; what: string },
): void {
  if (unknown.length === 0 || asked === "Ignore") return;
  const said = unknown.toSorted().map((field) => `unknown field "${field}"`);
  if (asked === "Strict") throw badRequest(`${what}: strict decoding error: ${said.join(", ")}`);
  said.forEach(warn);
}
