/** What becomes of a write once admission has had its say, and its content was checked? */
import type { Attempt } from "../admission.ts";
import { metadataCauses } from "../metadata-check.ts";
import type { StoredObject } from "../objects.ts";
import { withoutNulls } from "../objects.ts";
import { invalidFor } from "../refusal.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { isDryRun } from "./target.ts";

/** A write before anybody was asked. */
interface Proposal {
  operation: "CREATE" | "UPDATE";
  object: StoredObject;
  old?: StoredObject;
  /** Settles what clients may not set; done again for what a webhook changed. */
  prepare: (object: StoredObject) => StoredObject;
}

/**
 * The object to store.
 *
 * @throws {Refusal} if a webhook says no, or the object may not look like that
 */
export function admitted(
  { contents, store }: Backend,
  target: Target,
  call: Call,
  { operation, object, old, prepare }: Proposal,
): StoredObject {
  const { kind, namespace, name, subresource } = target;
  const { admission, user } = call;
  const content = contents.get(kind.resource.plural);
  const proposed = (old === undefined && content?.admit?.(object, store)) || object;
  const attempt: Attempt = {
    operation,
    kind,
    subresource,
    namespace,
    name: object.metadata.name || name,
    object: proposed,
    old,
    isDryRun: isDryRun(target),
    user,
    warn: (text) => call.warnings.push(text),
  };
  let next = proposed;
  const changed = admission?.mutate(attempt) ?? proposed;
  if (changed !== proposed) {
    const { metadata } = object;
    const decoded = content ? content.decode(changed).object : changed;
    const { labels, annotations, finalizers, ownerReferences } = changed.metadata;
    const settled = { ...metadata, labels, annotations, finalizers, ownerReferences };
    next = prepare(withoutNulls({ ...object, ...decoded, metadata: settled }) as StoredObject);
  }
  const causes = [
    ...(contents.size > 0 ? metadataCauses(next.metadata) : []),
    ...(content?.check(next, old, subresource) ?? []),
  ];
  if (causes.length > 0) throw invalidFor(kind.resource, next.metadata.name, causes);
  admission?.validate({ ...attempt, object: next });
  return next;
}
