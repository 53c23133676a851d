/** Who owns the fields of an object after this request? Nobody is told where owners are not tracked. */
import { toTime } from "../../kube/clock.ts";
import type { Writing } from "../fields/ownership.ts";
import { ownedAfterUpdate } from "../fields/ownership.ts";
import type { StoredObject } from "../objects.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";

export function writingOf({ clock }: Backend, { kind, subresource, query }: Target, { user }: Call): Writing {
  return { kind, subresource, name: query.get("fieldManager") || user, time: toTime(clock.nowMs()) };
}

/** The object with its owners, if they are kept. */
export function owned(
  backend: Backend,
  target: Target,
  call: Call,
  { next, old }: { next: StoredObject; old: StoredObject | undefined },
): StoredObject {
  if (!backend.tracksOwners || call.isApplied) return next;
  return ownedAfterUpdate(next, old, writingOf(backend, target, call));
}

export function withOwners(object: StoredObject, managedFields: unknown[] | undefined): StoredObject {
  const { managedFields: _old, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, ...(managedFields === undefined ? {} : { managedFields }) } };
}
