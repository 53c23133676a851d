/** What may be particular about a kind? Each kind says so in a file of its own; `kinds.ts` puts them together. */
import type { Resource } from "../kube/resources.ts";
import type { StoredObject } from "./objects.ts";

export type Subresource = "" | "status" | "scale" | "resize" | "eviction" | "binding" | "finalize" | "log";

/** What is particular about a kind. Everything else is the same for all. */
export interface KindRules {
  /** `metadata.generation` counts the changes of what is asked for. */
  hasGeneration?: boolean;
  /** Subresources that are written like the object itself; what each leaves alone is for `prepareUpdate`. */
  subresources?: readonly Subresource[];
  /** A custom resource: lists have no merge keys, so strategic patches are not understood. */
  isCustom?: boolean;
  /** DELETE answers with the object, not with a Status. */
  answersDeleted?: boolean;
  /** Fills in what the server knows better. */
  prepareCreate?: (object: StoredObject) => StoredObject;
  /** The object to store for what was sent, or a refusal. `next` has the metadata settled already. */
  prepareUpdate?: (next: StoredObject, old: StoredObject, subresource: Subresource) => StoredObject;
  /** How clients find the pods that the scale subresource counts, as a query has it. */
  scaleSelector?: (object: StoredObject) => string | undefined;
  /** Seconds between the request to delete and the end; 0 = at once. */
  graceSeconds?: (object: StoredObject, asked: number | undefined) => number;
  /** Finalizers that every new object gets. */
  finalizers?: readonly string[];
  /** Whether something besides finalizers keeps an object that is deleted. */
  isHeld?: (object: StoredObject) => boolean;
  /** What deletion makes of an object that stays for now. */
  prepareDelete?: (object: StoredObject) => StoredObject;
}

export interface Kind extends KindRules {
  resource: Resource;
  shortNames: readonly string[];
}
