import type { Kind, Subresource } from "./kind-rules.ts";
import type { StoredObject } from "./objects.ts";

/** A write that is about to happen, as admission webhooks are told of it. */
export interface Attempt {
  operation: "CREATE" | "UPDATE" | "DELETE";
  kind: Kind;
  subresource: Subresource;
  namespace: string;
  name: string;
  /** Undefined = it is to be deleted. */
  object: StoredObject | undefined;
  old: StoredObject | undefined;
  isDryRun: boolean;
  user: string;
  warn: (text: string) => void;
}

/** Lets a write through, or throws a Refusal. */
export interface Admission {
  /** The object as it is to be stored; the same one if nothing is to change. */
  mutate(attempt: Attempt): StoredObject | undefined;
  validate(attempt: Attempt): void;
}
