import type { CloneSet } from "../api/cloneset.ts";
import type { Claim, Pod } from "../api/pod.ts";
import { instanceId, isActive } from "../api/pod.ts";
import type { Action } from "./actions.ts";
import { ownedBy } from "./membership.ts";
import type { Observation } from "./observation.ts";

/** Which PVCs belong to whom. */
export interface ClaimBook {
  /** Per instance id, the PVCs of ours that are not on their way out. */
  byId: ReadonlyMap<string, Claim[]>;
  /** Names of all PVCs of ours, also of terminating ones. */
  names: ReadonlySet<string>;
  /** Ids whose PVCs wait for a new pod: no pod object carries the id any more. In ascending order. */
  idle: string[];
  /** Ids of finished or terminating pods whose PVCs stay: id and volumes come back when the pod object is gone. Ascending. */
  returning: string[];
  /** Every id that some PVC of ours carries. */
  ids: ReadonlySet<string>;
}

/**
 * Sorts the PVCs by the pods they belong to. `pods` are ours, in any phase; `observed` also holds those that are released
 * or adopted just now: they use their PVCs all the same.
 */
export function claimBook(
  cloneSet: CloneSet,
  claims: readonly Claim[],
  pods: readonly Pod[],
  observed: readonly Pod[],
): ClaimBook {
  const ours = claims.filter((claim) => ownedBy(claim, cloneSet));
  const byId = new Map<string, Claim[]>();
  const ids = new Set<string>();
  for (const claim of ours) {
    const id = instanceId(claim);
    if (id === undefined) continue;
    ids.add(id);
    if (claim.deleting) continue;
    const others = byId.get(id);
    if (others) others.push(claim);
    else byId.set(id, [claim]);
  }
  // Most CloneSets have no PVCs, and this is asked in every plan.
  const reuse = cloneSet.spec.scaleStrategy.reusePvcs && byId.size > 0;
  const podOf = new Map(reuse ? pods.map((pod) => [instanceId(pod), pod]) : []);
  const inUse = reuse ? idsInUse(cloneSet, observed) : new Set<string>();
  const idsOfClaims = [...byId.keys()].sort();
  return {
    byId,
    names: new Set(ours.map(({ name }) => name)),
    idle: reuse ? idsOfClaims.filter((id) => !inUse.has(id)) : [],
    returning: reuse
      ? idsOfClaims.filter((id) => {
          const pod = podOf.get(id);
          return pod !== undefined && !isActive(pod);
        })
      : [],
    ids,
  };
}

/**
 * The PVCs that go with a pod when we delete it. A pod without an id has none. One that was given another id has none of that
 * id's either: they are named after another pod.
 */
export function claimsOf(pod: Pod, book: ClaimBook): Claim[] {
  const id = instanceId(pod);
  const claims = id === undefined ? [] : (book.byId.get(id) ?? []);
  return claims.filter(({ name }) => name.endsWith(`-${pod.name}`) || pod.claimNames.includes(name));
}

/** Ids that pods have: as a label, or, should somebody have changed that, in their names. */
function idsInUse({ name }: CloneSet, pods: readonly Pod[]): ReadonlySet<string> {
  return new Set(pods.flatMap((pod) => [instanceId(pod) ?? "", pod.name.slice(name.length + 1)]));
}

/**
 * With `disablePVCReuse`: PVCs follow their pod. Those of a pod that is finished or on its way out become the pod's own,
 * so that garbage collection takes both; those whose pod does not exist any more are deleted.
 */
export function unusedClaims(
  { cloneSet, foreignNames, pods: observed }: Observation,
  book: ClaimBook,
  pods: readonly Pod[],
): Action[] {
  if (cloneSet.spec.scaleStrategy.reusePvcs) return [];
  const podOf = new Map(pods.map((pod) => [instanceId(pod), pod]));
  const inUse = idsInUse(cloneSet, observed);
  return [...book.byId].flatMap(([id, claims]) => {
    const pod = podOf.get(id);
    if (pod === undefined) {
      const podName = `${cloneSet.name}-${id}`;
      // A pod that was released still uses them.
      if (inUse.has(id) || foreignNames.has(podName)) return [];
      return claims.map((claim): Action => ({ kind: "deleteClaim", claim, podName }));
    }
    if (isActive(pod)) return [];
    // A pod that had to wait for its PVCs would ask for the right to update finalizers of pods, and gain nothing.
    const owner = { apiVersion: "v1", kind: "Pod", name: pod.name, uid: pod.uid, controller: true };
    return claimsOf(pod, book).map(
      (claim): Action => ({
        kind: "patchClaim",
        claim,
        body: { metadata: { ownerReferences: [owner, { $patch: "replace" }] } },
        why: "goesWithPod",
      }),
    );
  });
}
