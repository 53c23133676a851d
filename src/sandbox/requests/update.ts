/** What becomes of an object for which another one was sent? */
import type { ObjectMeta } from "../../kube/resources.ts";
import type { JsonMap, StoredMeta, StoredObject } from "../objects.ts";
import { isMap, isSame } from "../objects.ts";
import { badRequest, conflict, misnamed, Refusal } from "../refusal.ts";
import { admitted } from "./admit.ts";
import { decoded, withoutBare } from "./decode.ts";
import { owned, withOwners } from "./owners.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { found, isDryRun } from "./target.ts";

/** @param known the object that there is, where that was looked up already */
export function update(
  backend: Backend,
  target: Target,
  call: Call,
  sent: unknown,
  known?: StoredObject,
): StoredObject {
  const { store, tracksOwners } = backend;
  const { kind, subresource } = target;
  const { method, user, body } = call;
  const old = known ?? found(store, target);
  if (!isMap(sent) || !isMap(sent["metadata"])) throw badRequest("the body of the request is no object");
  const meta = withoutBare(sent["metadata"]);
  mustFit(meta, old.metadata, target, method);
  const { generation, deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
  const metadata = settled(meta, old.metadata, target);
  const content = decoded(backend, target, sent, call);
  const full = { ...content, apiVersion: old.apiVersion, kind: old.kind, metadata };
  const prepare = (whole: StoredObject) => kind.prepareUpdate?.(whole, old, subresource) ?? whole;
  const { managedFields } = owned(backend, target, call, { next: full, old }).metadata;
  const object = admitted(backend, target, call, { operation: "UPDATE", object: prepare(full), old, prepare });
  let next = tracksOwners ? withOwners(object, managedFields) : object;
  if (isSame(next, old)) return old;
  if (kind.hasGeneration && !isSame(askedFor(next), askedFor(old))) {
    next = { ...next, metadata: { ...next.metadata, generation: (generation ?? 0) + 1 } };
  }
  if (isDryRun(target)) return next;
  const isOver =
    deletionTimestamp !== undefined &&
    (next.metadata.finalizers ?? []).length === 0 &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    !kind.isHeld?.(next);
  const write = { user, method, kind, subresource, before: old, body };
  if (isOver) return store.remove({ ...write, after: undefined }, next);
  return store.put({ ...write, after: next });
}

/** Refuses what speaks of another object, or of another version of it. */
function mustFit(meta: Partial<ObjectMeta>, old: StoredMeta, { kind, name }: Target, method: string): void {
  if (meta.name !== undefined && meta.name !== name) throw misnamed(meta.name, name);
  if (meta.uid !== undefined && meta.uid !== old.uid) {
    const why = `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.uid}`;
    // A patch may not change a uid; an update speaks of another object.
    if (method === "PATCH")
      throw new Refusal(
        422,
        "Invalid",
        `${kind.resource.kind} "${name}" is invalid: metadata.uid: Invalid value: field is immutable`,
      );
    throw conflict(kind.resource, name, why);
  }
  if (meta.resourceVersion && meta.resourceVersion !== old.resourceVersion) throw conflict(kind.resource, name);
  if (old.deletionTimestamp !== undefined && meta.finalizers?.some((one) => !old.finalizers?.includes(one))) {
    throw new Refusal(
      403,
      "Forbidden",
      `metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted`,
    );
  }
}

/** The metadata that was sent, but for what only the server writes. */
function settled(meta: Partial<ObjectMeta>, old: StoredMeta, { kind, name, namespace }: Target): StoredMeta {
  const { creationTimestamp, uid, resourceVersion, generation, deletionTimestamp, deletionGracePeriodSeconds } = old;
  return {
    ...meta,
    name,
    ...(kind.resource.namespaced ? { namespace } : {}),
    uid,
    creationTimestamp,
    resourceVersion,
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  };
}

/** Only the part of an object that counts for `metadata.generation`. */
function askedFor({ status: _status, metadata: _metadata, ...rest }: StoredObject): JsonMap {
  return rest;
}
