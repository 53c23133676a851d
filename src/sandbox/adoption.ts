/**
 * Which objects are an owner's, and which does it adopt or let go? The same for ReplicaSets with their pods as for
 * Deployments with their ReplicaSets.
 */
import type { OwnerReference, Resource } from "../kube/resources.ts";
import { resourcePath } from "../kube/resources.ts";
import type { ApiServer } from "./api-server.ts";
import type { StoredObject } from "./objects.ts";
import { isGoing } from "./objects.ts";
import { meetsSelector } from "./selectors.ts";
import { selectorOf } from "./workloads.ts";

const STRATEGIC = { "content-type": "application/strategic-merge-patch+json" };

export function controllerOf({ metadata }: StoredObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller);
}

/** The reference by which an owner controls what it made or adopted. */
export function controlBy({ apiVersion, kind, metadata: { name, uid } }: StoredObject): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Whether an owner should look again when this object changes: it is the owner's, or could become so. */
export function concerns(owner: StoredObject, object: StoredObject): boolean {
  const controller = controllerOf(object);
  return controller === undefined ? matches(owner, object) : controller.uid === owner.metadata.uid;
}

export interface Claims {
  /** What the owner has from now on. */
  held: StoredObject[];
  /** Of these, what belonged to nobody until now. */
  adopted: StoredObject[];
  /** What it had until now. */
  released: StoredObject[];
}

/** An owner that is being deleted keeps what it has, and takes nothing new. */
export function claimsOf(owner: StoredObject, candidates: readonly StoredObject[]): Claims {
  const own = candidates.filter((object) => controllerOf(object)?.uid === owner.metadata.uid);
  if (isGoing(owner)) return { held: own, adopted: [], released: [] };
  const released = own.filter((object) => !matches(owner, object));
  const adopted = candidates.filter(
    (object) => controllerOf(object) === undefined && !isGoing(object) && matches(owner, object),
  );
  return { held: [...own.filter((object) => !released.includes(object)), ...adopted], adopted, released };
}

/** Writes down what was adopted and released. */
export function settle(
  server: ApiServer,
  owner: StoredObject,
  claims: Claims,
  given: { of: Resource; user: string },
): void {
  const patch = ({ metadata: { namespace, name, uid } }: StoredObject, reference: object) => {
    const path = resourcePath(given.of, { namespace, name });
    const body = { metadata: { uid, ownerReferences: [reference] } };
    server.request({ method: "PATCH", path, headers: STRATEGIC, user: given.user, body });
  };
  for (const object of claims.adopted) patch(object, controlBy(owner));
  for (const object of claims.released) patch(object, { $patch: "delete", uid: owner.metadata.uid });
}

function matches(owner: StoredObject, { metadata }: StoredObject): boolean {
  return metadata.namespace === owner.metadata.namespace && meetsSelector(selectorOf(owner), metadata.labels ?? {});
}
