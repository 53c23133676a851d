import type { CloneSet } from "../api/cloneset.ts";
import { API_VERSION, GROUP, KIND } from "../api/constants.ts";
import type { JsonObject, OwnerReference } from "../api/kubernetes.ts";
import { controllerOf } from "../api/kubernetes.ts";
import type { Claim, ObjectRef, Pod, Revision } from "../api/pod.ts";
import { instanceId, isActive, isTerminating } from "../api/pod.ts";
import { matchesSelector } from "../api/selector.ts";
import type { Action } from "./actions.ts";
import type { Observation } from "./observation.ts";

/** An object that may have owners. */
type Owned = ObjectRef & { owners: readonly OwnerReference[] };

/** The owner reference on everything we make. Its version is one that is served: others break garbage collection. */
export function ownerReference({ name, uid }: { name: string; uid: string }): OwnerReference {
  return { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Whether the CloneSet is the controller of an object. Ownership is a matter of uid alone. */
export function ownedBy(object: Owned, cloneSet: { uid: string }): boolean {
  return controllerOf(object.owners)?.uid === cloneSet.uid;
}

/** Whether a pod is ours, or would be adopted: one that is finished or on its way out would not. */
export function isOursOrFree(pod: Pod, { uid, spec }: Pick<CloneSet, "uid" | "spec">): boolean {
  if (pod.ownerUids.length > 0) return pod.ownerUids.includes(uid);
  return isActive(pod) && matchesSelector(spec.selector, pod.labels);
}

/** Which of the observed objects are ours, and what it takes to settle the others. */
export interface Membership {
  /** Our pods, in any phase. */
  pods: Pod[];
  revisions: Revision[];
  /** Pods that nobody owns and that are to be adopted. */
  orphans: Pod[];
  /** Adoptions of other objects, releases, and the version in old owner references. */
  actions: Action[];
}

/**
 * Sorts the observed objects into ours and others.
 *
 * - ours and still selected: kept. Ours and no longer selected: released; its PVCs stay.
 * - ownerless and selected: adopted, which happens after a live read of the CloneSet.
 * - somebody else's: left alone, whatever podsToDelete says.
 * - finished or on their way out: neither adopted nor released.
 *
 * Nothing is adopted or released while the CloneSet is being deleted.
 */
export function membership(seen: Observation): Membership {
  const { cloneSet, pods, claims, revisions } = seen;
  const { deleting } = cloneSet;
  const actions: Action[] = [];
  const kept: Pod[] = [];
  const orphans: Pod[] = [];
  for (const pod of pods) {
    const selected = matchesSelector(cloneSet.spec.selector, pod.labels);
    if (ownedBy(pod, cloneSet)) {
      if (selected || !isActive(pod)) kept.push(pod);
      else if (!deleting) actions.push(release(pod, cloneSet.uid));
      if (selected && !isTerminating(pod)) actions.push(...ownerVersion(pod, cloneSet.uid, "pod"));
    } else if (!deleting && selected && isActive(pod) && controllerOf(pod.owners) === undefined) {
      orphans.push(pod);
    }
  }
  const keptRevisions: Revision[] = [];
  for (const revision of revisions) {
    if (ownedBy(revision, cloneSet)) {
      keptRevisions.push(revision);
      actions.push(...ownerVersion(revision, cloneSet.uid, "revision"));
    } else if (!deleting && controllerOf(revision.owners) === undefined) {
      keptRevisions.push(revision);
      actions.push({ kind: "adoptRevision", revision });
    }
  }
  for (const claim of claims) {
    if (ownedBy(claim, cloneSet)) actions.push(...ownerVersion(claim, cloneSet.uid, "claim"));
    else if (!deleting && isOrphanedClaim(claim, seen)) actions.push({ kind: "adoptClaim", claim });
  }
  return { pods: kept, revisions: keptRevisions, orphans, actions };
}

/**
 * An ownerless PVC whose labels, id and name say that a CloneSet of this name made it. Not one whose pod is somebody else's, or
 * is not yet seen to be free: it goes with its pod, and would be garbage collected with us while that pod lives on.
 */
function isOrphanedClaim(claim: Claim, { cloneSet, pods, foreignNames }: Observation): boolean {
  const id = instanceId(claim);
  const podName = `${cloneSet.name}-${id}`;
  return (
    claim.owners.length === 0 &&
    !claim.deleting &&
    id !== undefined &&
    matchesSelector({ matchLabels: cloneSet.spec.selector.matchLabels ?? {} }, claim.labels) &&
    cloneSet.spec.claimTemplates.some(({ metadata }) => claim.name === `${metadata.name}-${podName}`) &&
    (!foreignNames.has(podName) || pods.some(({ name }) => name === podName))
  );
}

function release(pod: Pod, uid: string): Action {
  const ownerReferences = pod.owners.filter((owner) => owner.uid !== uid);
  return {
    kind: "refreshPod",
    pod,
    patches: [{ subresource: "", body: { metadata: { ownerReferences: replaced(ownerReferences) } } }],
    why: "release",
  };
}

/** Objects made by an OpenKruise of another API version: the one field that a take-over writes. */
function ownerVersion(object: Owned, uid: string, kind: "pod" | "revision" | "claim"): Action[] {
  const stale = object.owners.some(
    (owner) => owner.uid === uid && owner.apiVersion !== API_VERSION && owner.apiVersion.startsWith(`${GROUP}/`),
  );
  if (!stale) return [];
  const ownerReferences = object.owners.map((owner) =>
    owner.uid === uid ? { ...owner, apiVersion: API_VERSION } : owner,
  );
  const body = { metadata: { ownerReferences: replaced(ownerReferences) } };
  switch (kind) {
    case "pod":
      return [{ kind: "refreshPod", pod: object, patches: [{ subresource: "", body }], why: "ownerVersion" }];
    case "revision":
      return [{ kind: "patchRevision", revision: object, body, why: "ownerVersion" }];
    case "claim":
      return [{ kind: "patchClaim", claim: object, body, why: "ownerVersion" }];
  }
}

/** A strategic merge patch merges owner references by uid; this form replaces the list. */
function replaced(ownerReferences: readonly OwnerReference[]): JsonObject[] {
  return [...ownerReferences.map((owner) => ({ ...owner })), { $patch: "replace" }];
}
