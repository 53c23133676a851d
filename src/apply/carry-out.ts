import type { CloneSet } from "../api/cloneset.ts";
import { annotation, readinessGate } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import { controllerOf } from "../api/kubernetes.ts";
import type { Claim, ObjectRef } from "../api/pod.ts";
import { instanceId } from "../api/pod.ts";
import { intoService } from "../inplace/patch.ts";
import { ApiError, isStatus, NotLeaderError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/resources.ts";
import type { Action, NewClaim } from "../plan/actions.ts";
import { ownedBy, ownerReference } from "../plan/membership.ts";
import type { CreateRevision } from "../revision/history.ts";
import { afterCollision } from "../revision/history.ts";
import type { Kind } from "./look.ts";
import { isStaying, look } from "./look.ts";
import { isRevisionInUse } from "./revision-in-use.ts";
import type { Hands } from "./writes.ts";
import {
  createOrFind,
  patch,
  patchGuarded,
  patchInTurn,
  remove,
  StaleError,
  settle,
  UnsettledError,
} from "./writes.ts";

/** Two templates have one hash once in billions; so many in a row are no accident. */
const NAMES_MAX = 5;

/**
 * One switch over all actions. No default case: a new kind must be handled to compile.
 *
 * @param beforeAttempt called before each attempt of the write that makes a pod, or takes it out of service; it may throw
 */
export async function carryOut(
  hands: Hands,
  cloneSet: CloneSet,
  action: Action,
  beforeAttempt: () => void,
): Promise<void> {
  switch (action.kind) {
    case "createRevision":
      // There was one for this generation: garbage collection may have taken it, and go on doing so.
      if (cloneSet.status.observedGeneration === cloneSet.generation) await mustLive(hands, cloneSet);
      return createRevision(hands, cloneSet, action.tried);
    case "patchRevision":
      await patch(hands, "revision", action.revision, action.body);
      return;
    case "deleteRevision":
      if (await isRevisionInUse(hands, cloneSet, action.revision)) throw new StaleError();
      await remove(hands, "revision", action.revision, { ifUnchanged: true });
      return;
    case "createPod":
      await all(reusedClaims(hands, cloneSet, action).map((claim) => takeOver(hands, cloneSet, claim)));
      await all(action.claims.map((claim) => createClaim(hands, cloneSet, claim)));
      return createOwned(hands, cloneSet, "pod", action.manifest, beforeAttempt);
    case "deletePod":
      return deletePod(hands, cloneSet, action, beforeAttempt);
    case "updatePodInPlace":
      return updateInPlace(hands, action, beforeAttempt);
    case "refreshPod":
      if (action.whileIn) return patchGuarded(hands, action.pod, action.whileIn, action.patches);
      return patchInTurn(hands, action.pod, action.patches, beforeAttempt);
    case "adoptPod":
      return adopt(hands, cloneSet, "pod", action.pod, action.labels);
    case "adoptClaim":
      return adopt(hands, cloneSet, "claim", action.claim);
    case "adoptRevision":
      return adopt(hands, cloneSet, "revision", action.revision);
    case "patchClaim":
      await patch(hands, "claim", action.claim, action.body);
      return;
    case "deleteClaim": {
      const user = { namespace: cloneSet.namespace, name: action.podName };
      if (await look(hands, { kind: "pod", ...user })) throw new StaleError();
      await remove(hands, "claim", action.claim, { ifUnchanged: true, beforeAttempt: () => mustBeGone(hands, user) });
      return;
    }
  }
}

/**
 * The pod first: a PVC that is gone while its pod lives is a loss, the other way round it is merely idle. And the PVCs only if it
 * was us who deleted a pod of ours: whoever else did may have made a successor that uses them, and a pod that was set free a
 * moment ago took them along.
 */
async function deletePod(
  hands: Hands,
  cloneSet: CloneSet,
  action: Action & { kind: "deletePod" },
  beforeAttempt: () => void,
): Promise<void> {
  const { pod, claims, ifUnchanged } = action;
  await all(claims.map((claim) => checkClaim(hands, cloneSet, claim)));
  const gone = await remove(hands, "pod", pod, { ifUnchanged, beforeAttempt });
  if (gone === undefined) throw new StaleError();
  if (!isStatus(gone) && controllerOf(gone.metadata.ownerReferences ?? [])?.uid !== cloneSet.uid) return;
  const options = { ifUnchanged: true, doomed: true, beforeAttempt: () => mustBeGone(hands, pod) };
  await all(claims.map((claim) => remove(hands, "claim", asHeld(hands, claim), options)));
}

/** Asked before each attempt to delete a PVC: a pod of this name may have come late, from whoever led before. */
function mustBeGone(
  { caches }: Hands,
  { namespace, name, uid }: Pick<ObjectRef, "namespace" | "name"> & { uid?: string },
): void {
  const pod = caches.pods.get(namespace, name);
  if (pod && pod.uid !== uid) throw new StaleError();
}

/** Data is not deleted from memory: a PVC that was given to somebody else, or another id, stays, and so does the pod for now. */
async function checkClaim(hands: Hands, cloneSet: CloneSet, claim: ObjectRef): Promise<void> {
  const known = hands.caches.claims.getByUid(claim.uid);
  await look(hands, { kind: "claim", ...claim });
  const live = hands.caches.claims.getByUid(claim.uid);
  if (live === undefined) return;
  if (!ownedBy(live, cloneSet) || (known && instanceId(live) !== instanceId(known))) throw new StaleError();
}

function asHeld({ caches }: Hands, claim: ObjectRef): ObjectRef {
  return caches.claims.getByUid(claim.uid) ?? claim;
}

/** All at once, and all to their end: an answer that comes after the first failure must reach the caches, too. */
async function all(tasks: Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const errors = results.flatMap((result): unknown[] => (result.status === "rejected" ? [result.reason] : []));
  if (errors.length === 0) return;
  const unknown = errors.flatMap((error) => (error instanceof UnsettledError ? error.unknown : []));
  const [first] = errors;
  throw (
    errors.find((error) => error instanceof NotLeaderError) ??
    (unknown.length > 0 ? new UnsettledError(unknown, first) : first)
  );
}

async function createOwned(
  hands: Hands,
  cloneSet: CloneSet,
  kind: Kind,
  manifest: JsonObject,
  beforeAttempt?: () => void,
): Promise<void> {
  const object = manifest as unknown as KubeObject;
  const target = { kind, namespace: cloneSet.namespace, name: object.metadata.name };
  const made = await createOrFind(hands, target, object, beforeAttempt);
  const owner = controllerOf(made.metadata.ownerReferences ?? []);
  if (owner?.uid !== cloneSet.uid) {
    throw new Error(`${target.name} exists already and belongs to ${owner ? `${owner.kind} ${owner.name}` : "nobody"}`);
  }
}

/**
 * A name that another revision has already, with other data, gives way to the next one. If none of several names comes
 * out as it was sent, the server (or a webhook) changes what it stores, and no name will do.
 */
async function createRevision(hands: Hands, cloneSet: CloneSet, first: CreateRevision): Promise<void> {
  let tried = first;
  for (let attempt = 0; attempt < NAMES_MAX; attempt++) {
    const { name, object } = tried;
    const target = { kind: "revision" as const, namespace: cloneSet.namespace, name };
    await createOrFind(hands, target, object as unknown as KubeObject);
    const existing = hands.caches.revisions.get(cloneSet.namespace, name);
    if (existing === undefined) throw new StaleError();
    const next = afterCollision(tried, existing, cloneSet);
    if (next.kind === "use") return;
    tried = next;
  }
  throw new Error(
    `${NAMES_MAX} names from ${first.name} on are taken by revisions with other data: if they are new, something changes ControllerRevisions on their way`,
  );
}

/** PVCs of ours that a new pod takes over. */
function reusedClaims(
  { caches }: Hands,
  cloneSet: CloneSet,
  { manifest, claims }: Action & { kind: "createPod" },
): Claim[] {
  const made = new Set(claims.map(({ name }) => name));
  const { volumes = [] } = (manifest["spec"] ?? {}) as {
    volumes?: { persistentVolumeClaim?: { claimName: string } }[];
  };
  return volumes
    .flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])
    .filter((name) => !made.has(name))
    .flatMap((name) => caches.claims.get(cloneSet.namespace, name) ?? [])
    .filter(({ ownerUids }) => ownerUids.includes(cloneSet.uid));
}

/**
 * An id comes back only with its PVCs: one that went meanwhile would leave the pod waiting for it for ever, and one that was given
 * away is not ours. It gets another version, so that a deletion which is still on its way, from whoever led before, is refused.
 */
async function takeOver(hands: Hands, cloneSet: CloneSet, { namespace, name, uid }: Claim): Promise<void> {
  await settle(hands, { kind: "claim", namespace, name, uid }, new Error(`claim ${name} could not be looked at`));
  const found = hands.caches.claims.get(namespace, name);
  if (found?.uid !== uid || found.deleting || !ownedBy(found, cloneSet)) throw new StaleError();
  const now = new Date(hands.clock.nowMs()).toISOString();
  await patch(hands, "claim", found, { metadata: { annotations: { [annotation.claimReusedAt]: now } } });
}

async function createClaim(hands: Hands, cloneSet: CloneSet, claim: NewClaim): Promise<void> {
  await createOwned(hands, cloneSet, "claim", claim.manifest);
  if (hands.caches.claims.get(cloneSet.namespace, claim.name)?.deleting) {
    throw new Error(`claim ${claim.name} is still being deleted`);
  }
}

/**
 * A pod whose patch is refused after it was taken out of service goes back into service: refusing changed nothing in it.
 * One that was out of service before stays there: an earlier update of it is still under way.
 */
async function updateInPlace(
  hands: Hands,
  action: Action & { kind: "updatePodInPlace" },
  beforeAttempt: () => void,
): Promise<void> {
  const before = hands.caches.pods.getByUid(action.pod.uid);
  const wasOut = before?.conditions[readinessGate.inPlaceUpdateReady]?.status === "False";
  try {
    await patchInTurn(hands, action.pod, action.patches, beforeAttempt);
  } catch (error) {
    const pod = hands.caches.pods.getByUid(action.pod.uid);
    const mayUndo = error instanceof ApiError && pod && !wasOut;
    const undo = mayUndo ? intoService(pod, { nowMs: hands.clock.nowMs() }) : undefined;
    if (pod && undo) await patchInTurn(hands, pod, [undo]);
    throw error;
  }
}

/** Takes in an object nobody owns, after a live read of the CloneSet: one that is being deleted adopts nothing. */
async function adopt(
  hands: Hands,
  cloneSet: CloneSet,
  kind: Kind,
  object: ObjectRef,
  labels: Record<string, string> = {},
): Promise<void> {
  await mustLive(hands, cloneSet);
  await patch(hands, kind, object, { metadata: { ownerReferences: [{ ...ownerReference(cloneSet) }], labels } });
}

/** Reads the CloneSet live: nothing is made for, or given to, one that is on its way out. */
async function mustLive(hands: Hands, { namespace, name, uid }: CloneSet): Promise<void> {
  const live = await look(hands, { kind: "cloneSet", namespace, name, uid });
  if (!isStaying(live, uid)) throw new StaleError();
}
