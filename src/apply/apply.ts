import type { CloneSet } from "../api/cloneset.ts";
import type { LifecycleState } from "../api/constants.ts";
import { annotation, readinessGate } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import { controllerOf } from "../api/kubernetes.ts";
import type { Claim, ObjectRef } from "../api/pod.ts";
import { instanceId, lifecycleState } from "../api/pod.ts";
import type { PodPatch } from "../inplace/patch.ts";
import { intoService } from "../inplace/patch.ts";
import { guardedOperations } from "../inplace/state-guard.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
  isRefused,
  mayHaveBeenApplied,
  messageOf,
  NotLeaderError,
} from "../kube/errors.ts";
import type { KubeObject } from "../kube/resources.ts";
import { PODS } from "../kube/resources.ts";
import type { Caches } from "../observe/caches.ts";
import type { Action, NewClaim } from "../plan/actions.ts";
import { ownerReference } from "../plan/membership.ts";
import type { CreateRevision } from "../revision/history.ts";
import { afterCollision } from "../revision/history.ts";
import { inTurn } from "./in-turn.ts";
import type { LastLook, Objection, Rule } from "./last-look.ts";
import type { Kind, Named } from "./look.ts";
import { cacheOf, look, resourceOf } from "./look.ts";
import { slowStart } from "./slow-start.ts";

/** What carrying out needs. */
export interface Hands {
  client: Pick<KubeClient, "get" | "create" | "patch" | "delete">;
  caches: Caches;
  clock: Clock;
}

/** What came of one action. */
export type Outcome =
  | { kind: "done"; action: Action }
  /** The object changed under our hands, or is gone: nothing was written, and the next plan decides anew. */
  | { kind: "stale"; action: Action }
  /** A last look spoke against it: nothing was written. */
  | { kind: "withheld"; action: Action; rule: Rule; message: string }
  /** `refused`: the server will not have it; in a namespace that is being deleted nothing new at all. */
  | { kind: "failed"; action: Action; message: string; refused?: "asItIs" | "namespaceEnds" }
  /** It cannot be told whether the write was applied. Nothing may be planned before these objects were read live. */
  | { kind: "unsettled"; action: Action; message: string; unknown: Named[] };

/** Thrown inside an action whose write left something open that could not be looked up either. */
class UnsettledError extends Error {
  readonly unknown: Named[];

  constructor(unknown: Named[], cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = "UnsettledError";
    this.unknown = unknown;
  }
}

/** The object, or the CloneSet, is not as it was planned for. */
class StaleError extends Error {}

/** A last look spoke against a write. */
class WithheldError extends Error {
  readonly objection: Objection;

  constructor(objection: Objection) {
    super(objection.message);
    this.name = "WithheldError";
    this.objection = objection;
  }
}

/** As many as the client has writes in flight: so the writes of one action follow each other without a queue in between. */
const AT_ONCE = 32;
/** Two templates have one hash once in billions; so many in a row are no accident. */
const NAMES_MAX = 5;

/** The patch that starts a grace period says when that was. Tried for long, it would come true when half the period is over. */
const GRACE_START_MS = 1000;

export interface ApplyOptions {
  /** Stores the instance counter; called before the first create, which does not happen if it fails. */
  reserve?: (() => Promise<void>) | undefined;
  /** The creations of the pass before all succeeded: no slow start. */
  creationsGoWell?: boolean;
  /** By the monotonic clock: actions not begun by then are not begun at all. Default: all are. */
  beginUntilMs?: number;
  /** Asked just before each attempt of a write. */
  lastLook?: Pick<LastLook, "objection" | "isOvertaken"> | undefined;
}

/**
 * Carries out the actions of a plan, some at a time, creations in a slow start. One failure never stops the others.
 * Every answer goes into the caches before this returns, so the next observation sees our own writes.
 *
 * @returns an outcome for each action that was begun. The others are to be planned anew: by the time it is the
 *   thousandth pod's turn, the first ones want their next step.
 */
export async function apply(
  hands: Hands,
  cloneSet: CloneSet,
  actions: readonly Action[],
  { reserve, creationsGoWell = false, beginUntilMs = Number.POSITIVE_INFINITY, lastLook }: ApplyOptions = {},
): Promise<Outcome[]> {
  const creations = actions.filter(({ kind }) => kind === "createPod");
  // What puts pods into service goes before what takes them out of it.
  const refreshes = actions.filter(({ kind }) => kind === "refreshPod");
  const others = actions.filter(({ kind }) => kind !== "createPod" && kind !== "refreshPod");
  const pace = { atOnce: AT_ONCE, mayBegin: () => hands.clock.monotonicMs() < beginUntilMs };
  const task = (action: Action) => async (): Promise<Outcome> => {
    const mustStillHold = () => {
      if (lastLook?.isOvertaken(action)) throw new StaleError();
      const objection = lastLook?.objection(action);
      if (objection) throw new WithheldError(objection);
    };
    return outcomeOf(action, async () => {
      mustStillHold();
      await carryOut(hands, cloneSet, action, mustStillHold);
    });
  };
  const create = async (): Promise<Outcome[]> => {
    const [first] = creations;
    if (first === undefined) return [];
    if (reserve) {
      const reserved = await outcomeOf(first, reserve);
      if (reserved.kind !== "done") return [reserved];
    }
    const tasks = creations.map(task);
    const isFailure = ({ kind }: Outcome) => kind !== "done";
    return slowStart(tasks, { ...pace, firstAtOnce: creationsGoWell ? AT_ONCE : 1, isFailure });
  };
  const outcomes = await Promise.all([create(), inTurn([...refreshes, ...others].map(task), pace)]);
  return outcomes.flat();
}

async function outcomeOf(action: Action, work: () => Promise<void>): Promise<Outcome> {
  try {
    await work();
    return { kind: "done", action };
  } catch (error) {
    if (error instanceof NotLeaderError) throw error;
    if (error instanceof StaleError || isConflict(error)) return { kind: "stale", action };
    if (error instanceof WithheldError) return { kind: "withheld", action, ...error.objection };
    if (error instanceof UnsettledError)
      return { kind: "unsettled", action, message: error.message, unknown: error.unknown };
    const message = error instanceof ApiError ? error.serverMessage || error.message : messageOf(error);
    if (!isRefused(error)) return { kind: "failed", action, message };
    return { kind: "failed", action, message, refused: isNamespaceTerminating(error) ? "namespaceEnds" : "asItIs" };
  }
}

/**
 * One switch over all actions. No default case: a new kind must be handled to compile.
 *
 * @param beforeAttempt called before each attempt of the write that makes a pod, or takes it out of service; it may throw
 */
async function carryOut(hands: Hands, cloneSet: CloneSet, action: Action, beforeAttempt: () => void): Promise<void> {
  switch (action.kind) {
    case "createRevision":
      return createRevision(hands, cloneSet, action.tried);
    case "patchRevision":
      await patch(hands, "revision", action.revision, action.body);
      return;
    case "deleteRevision":
      await remove(hands, "revision", action.revision, { ifUnchanged: true });
      return;
    case "createPod":
      await all(reusedClaims(hands, cloneSet, action).map((claim) => checkReused(hands, claim)));
      await all(action.claims.map((claim) => createClaim(hands, cloneSet, claim)));
      return createOwned(hands, cloneSet, "pod", action.manifest, beforeAttempt);
    case "deletePod":
      await all(action.claims.map((claim) => checkClaim(hands, cloneSet, claim)));
      // Whoever else removed the pod may have made a successor that uses its PVCs.
      if (!(await remove(hands, "pod", action.pod, { ...action, beforeAttempt }))) throw new StaleError();
      // Only now: a PVC that is gone while its pod lives is a loss, the other way round it is merely idle.
      await all(action.claims.map((claim) => remove(hands, "claim", claim, { ifUnchanged: false })));
      return;
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
      const user = await look(hands, { kind: "pod", namespace: cloneSet.namespace, name: action.podName });
      if (user) throw new StaleError();
      await remove(hands, "claim", action.claim, { ifUnchanged: true });
      return;
    }
  }
}

/** Data is not deleted from memory: a PVC that was given to somebody else, or another id, stays, and so does the pod for now. */
async function checkClaim(hands: Hands, { uid }: CloneSet, claim: ObjectRef): Promise<void> {
  const known = hands.caches.claims.getByUid(claim.uid);
  await look(hands, { kind: "claim", ...claim });
  const live = hands.caches.claims.getByUid(claim.uid);
  const isOurs = live === undefined || controllerOf(live.owners)?.uid === uid;
  if (!isOurs || (live && known && instanceId(live) !== instanceId(known))) throw new StaleError();
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

/** Reads live what a write left open. */
async function settle(hands: Hands, target: Named, error: unknown): Promise<KubeObject | undefined> {
  try {
    return await look(hands, target);
  } catch {
    throw new UnsettledError([target], error);
  }
}

/** Creates an object; or finds what has its name already: our own earlier attempt, or something that is in the way. */
async function createOrFind(
  hands: Hands,
  target: Named,
  object: KubeObject,
  beforeAttempt?: () => void,
): Promise<KubeObject> {
  let answer: KubeObject;
  try {
    answer = await hands.client.create(resourceOf[target.kind], object, { retryable: true, beforeAttempt });
  } catch (error) {
    if (!isAlreadyExists(error) && !mayHaveBeenApplied(error)) throw error;
    const found = await settle(hands, target, error);
    if (found === undefined) throw error;
    return found;
  }
  hands.caches[cacheOf[target.kind]].applied(answer);
  return answer;
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

/** An id comes back only with its PVCs: one that went meanwhile would leave the pod waiting for it for ever. */
async function checkReused(hands: Hands, { namespace, name, uid }: Claim): Promise<void> {
  await settle(hands, { kind: "claim", namespace, name, uid }, new Error(`claim ${name} could not be looked at`));
  const found = hands.caches.claims.get(namespace, name);
  if (found?.uid !== uid || found.deleting) throw new StaleError();
}

async function createClaim(hands: Hands, cloneSet: CloneSet, claim: NewClaim): Promise<void> {
  await createOwned(hands, cloneSet, "claim", claim.manifest);
  if (hands.caches.claims.get(cloneSet.namespace, claim.name)?.deleting) {
    throw new Error(`claim ${claim.name} is still being deleted`);
  }
}

async function patch(
  hands: Hands,
  kind: Kind,
  object: ObjectRef,
  body: JsonObject,
  {
    subresource = "",
    beforeAttempt,
  }: { subresource?: PodPatch["subresource"]; beforeAttempt?: (() => void) | undefined } = {},
): Promise<KubeObject> {
  const { namespace, name, uid, resourceVersion } = object;
  const given = (body.metadata ?? {}) as { annotations?: JsonObject };
  const metadata = { ...given, uid, resourceVersion };
  const startsGrace = typeof given.annotations?.[annotation.inPlaceGrace] === "string";
  const options = {
    type: "strategic" as const,
    ...(subresource === "" ? {} : { subresource }),
    ...(startsGrace && { retryForMs: GRACE_START_MS }),
    beforeAttempt,
  };
  let answer: KubeObject;
  try {
    answer = await hands.client.patch(resourceOf[kind], { namespace, name }, { ...body, metadata }, options);
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error) && !mayHaveBeenApplied(error)) throw error;
    const found = await settle(hands, { kind, namespace, name, uid }, error);
    if (isNotFound(error) && subresource !== "" && found?.metadata.uid === uid) throw notServed(error, subresource);
    // Unchanged: the write did not come about, and sending it again at once would hardly help.
    throw mayHaveBeenApplied(error) && found?.metadata.resourceVersion === resourceVersion ? error : new StaleError();
  }
  hands.caches[cacheOf[kind]].applied(answer);
  return answer;
}

/** The pod is there, so it is the path that is not: `resize` came with Kubernetes 1.33. */
function notServed({ code, reason, verb, path }: ApiError, subresource: string): ApiError {
  return new ApiError({ code, reason, verb, path, message: `the API server does not serve pods/${subresource}` });
}

/** Patches a pod for as long as it is in a state that each of the patches ends. */
async function patchGuarded(
  hands: Hands,
  pod: ObjectRef,
  state: LifecycleState,
  patches: readonly PodPatch[],
): Promise<void> {
  for (const { body, subresource } of patches) {
    const operations = guardedOperations(pod.uid, state, { body, subresource });
    const options = { type: "json" as const, retryable: true, ...(subresource === "" ? {} : { subresource }) };
    try {
      hands.caches.pods.applied(await hands.client.patch(PODS, pod, operations, options));
    } catch (error) {
      if (!isNotFound(error) && !isInvalid(error) && !mayHaveBeenApplied(error)) throw error;
      await settle(hands, { ...pod, kind: "pod" }, error);
      const found = hands.caches.pods.getByUid(pod.uid);
      // Still in that state: it was not the guard that refused.
      throw found && lifecycleState(found) === state ? error : new StaleError();
    }
  }
}

/** Each patch is pinned to the version that the one before produced, so nobody can come in between unnoticed. */
async function patchInTurn(
  hands: Hands,
  pod: ObjectRef,
  patches: readonly PodPatch[],
  beforeAttempt?: () => void,
): Promise<void> {
  let { resourceVersion } = pod;
  for (const [index, { body, subresource }] of patches.entries()) {
    // What the first one began the others end.
    const options = { subresource, beforeAttempt: index === 0 ? beforeAttempt : undefined };
    const answer = await patch(hands, "pod", { ...pod, resourceVersion }, body, options);
    resourceVersion = answer.metadata.resourceVersion ?? resourceVersion;
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

/**
 * Deletes an object, if it still is the one that was seen.
 *
 * @returns whether it goes by our doing; false if it was gone, or going, before
 */
async function remove(
  hands: Hands,
  kind: Kind,
  { namespace, name, uid, resourceVersion }: ObjectRef,
  { ifUnchanged, beforeAttempt }: { ifUnchanged: boolean; beforeAttempt?: () => void },
): Promise<boolean> {
  const { client, caches } = hands;
  const mayComeLate = kind === "claim" && !ifUnchanged;
  const target = { kind, namespace, name, uid, ...(mayComeLate && { doomed: true }) };
  try {
    const preconditions = ifUnchanged ? { uid, resourceVersion } : { uid };
    const answer = await client.delete(resourceOf[kind], { namespace, name }, { ...preconditions, beforeAttempt });
    if (answer.kind === "Status" && kind === "claim")
      await settle(hands, target, new Error(`cannot see whether ${kind} ${name} is gone`));
    else caches[cacheOf[kind]].removed({ namespace, name, uid }, answer);
    return true;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error) && !mayHaveBeenApplied(error)) throw error;
    const found = await settle(hands, target, error);
    const replaced = found !== undefined && found.metadata.uid !== uid;
    const gone = found === undefined || replaced || found.metadata.deletionTimestamp !== undefined;
    // The request may still be under way, and would take the claim from a pod that got it in the meantime.
    if (!gone && mayComeLate && mayHaveBeenApplied(error)) throw new UnsettledError([target], error);
    if (!gone) throw isConflict(error) ? new StaleError() : error;
    return mayHaveBeenApplied(error) && !replaced;
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
  const { namespace, name, uid } = cloneSet;
  const live = await look(hands, { kind: "cloneSet", namespace, name, uid });
  if (live?.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) throw new StaleError();
  await patch(hands, kind, object, { metadata: { ownerReferences: [{ ...ownerReference(cloneSet) }], labels } });
}
