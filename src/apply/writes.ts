/** How is one object written so that nothing stays in doubt, and nobody else's write is undone? */
import type { LifecycleState } from "../api/constants.ts";
import { annotation } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import type { ObjectRef } from "../api/pod.ts";
import { lifecycleState } from "../api/pod.ts";
import type { PodPatch } from "../inplace/patch.ts";
import { guardedOperations } from "../inplace/state-guard.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import type { Status } from "../kube/errors.ts";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  mayHaveBeenApplied,
  messageOf,
} from "../kube/errors.ts";
import type { KubeObject } from "../kube/resources.ts";
import { PODS } from "../kube/resources.ts";
import type { Caches } from "../observe/caches.ts";
import type { Kind, Named } from "./look.ts";
import { cacheOf, isStaying, look, resourceOf } from "./look.ts";

/** The patch that starts a grace period says when that was. Tried for long, it would come true when half the period is over. */
const GRACE_START_MS = 1000;

/** What writing needs. */
export interface Hands {
  client: Pick<KubeClient, "get" | "list" | "create" | "patch" | "delete">;
  caches: Caches;
  clock: Clock;
}

/** Thrown inside an action whose write left something open that could not be looked up either. */
export class UnsettledError extends Error {
  readonly unknown: Named[];

  constructor(unknown: Named[], cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = "UnsettledError";
    this.unknown = unknown;
  }
}

/** The object, or the CloneSet, is not as it was planned for. */
export class StaleError extends Error {}

/** Reads live what a write left open. */
export async function settle(hands: Hands, target: Named, error: unknown): Promise<KubeObject | undefined> {
  try {
    return await look(hands, target);
  } catch {
    throw new UnsettledError([target], error);
  }
}

/** Creates an object; or finds what has its name already: our own earlier attempt, or something that is in the way. */
export async function createOrFind(
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

/** Patches an object, if it still is as it was seen. */
export async function patch(
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
export async function patchGuarded(
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
export async function patchInTurn(
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
 * Deletes an object, if it still is the one that was seen.
 *
 * @param options.doomed it is to go in any case: as long as that is in doubt nothing may be planned
 * @returns the answer, if the object goes by our doing; undefined if it was gone, or going, before, or if nobody can tell
 */
export async function remove(
  hands: Hands,
  kind: Kind,
  { namespace, name, uid, resourceVersion }: ObjectRef,
  {
    ifUnchanged,
    doomed = false,
    beforeAttempt,
  }: { ifUnchanged: boolean; doomed?: boolean; beforeAttempt?: () => void },
): Promise<KubeObject | Status | undefined> {
  const { client, caches } = hands;
  const target = { kind, namespace, name, uid, ...(doomed && { doomed }) };
  try {
    const preconditions = ifUnchanged ? { uid, resourceVersion } : { uid };
    const answer = await client.delete(resourceOf[kind], { namespace, name }, { ...preconditions, beforeAttempt });
    if (answer.kind === "Status" && kind === "claim")
      await settle(hands, target, new Error(`cannot see whether ${kind} ${name} is gone`));
    else caches[cacheOf[kind]].removed({ namespace, name, uid }, answer);
    return answer;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error) && !mayHaveBeenApplied(error)) throw error;
    const found = await settle(hands, target, error);
    if (!isStaying(found, uid)) return undefined;
    // The request may still be under way.
    if (doomed && mayHaveBeenApplied(error)) throw new UnsettledError([target], error);
    throw isConflict(error) ? new StaleError() : error;
  }
}
