import type { ApiServer } from "../../src/sandbox/api-server.ts";
import { claimNamesOf } from "../../src/sandbox/nodes.ts";
import type { StoredObject } from "../../src/sandbox/objects.ts";
import type { Wanted } from "./truth.ts";
import {
  conditionOf,
  containersOf,
  differsInImagesOnly,
  hasOtherClaims,
  idOf,
  isActive,
  isOf,
  isReady,
  isUp,
  ownerUid,
  podsOf,
  readySeconds,
  revisionOf,
  SPECIFIED,
  short,
  specOf,
  statusOf,
  wantedOf,
} from "./truth.ts";

/** Pods that count as available only after this hold up a rollout for longer than anybody watches. */
const PATIENT_SECONDS = 3600;

/**
 * Why a cluster is not what its CloneSets ask for; undefined if it is.
 *
 * @param nowMs undefined if controllers have clocks of their own: then nobody can tell how long they take a pod to be ready
 * @param claimsMatter whether other claim templates make a pod an old one
 */
export function whyUnsettled(
  server: ApiServer,
  namespace: string,
  { nowMs, claimsMatter }: { nowMs: number | undefined; claimsMatter: boolean },
): string | undefined {
  const cloneSets = server.collection("clonesets").all();
  for (const cloneSet of cloneSets) {
    const why = whyCloneSet(server, cloneSet, { nowMs, claimsMatter });
    if (why) return `${cloneSet.metadata.name}: ${why}`;
  }
  const uids = new Set(cloneSets.map(({ metadata }) => metadata.uid));
  const users = server.collection("pods").all().filter(isActive);
  // A pod that was set free keeps its claim for as long as it lives.
  const isHeld = ({ kind, metadata: { name, deletionTimestamp } }: StoredObject) =>
    kind === "PersistentVolumeClaim" &&
    deletionTimestamp !== undefined &&
    users.some((pod) => pod.metadata.namespace === namespace && claimNamesOf(pod).includes(name));
  for (const plural of ["pods", "persistentvolumeclaims", "controllerrevisions"]) {
    for (const object of server.collection(plural).all()) {
      const owner = ownerUid(object);
      if (
        object.metadata.namespace === namespace &&
        owner !== undefined &&
        !uids.has(owner) &&
        !isHeld(object) &&
        object.metadata.ownerReferences?.[0]?.kind === "CloneSet"
      )
        return `I6: ${plural} ${object.metadata.name} outlives its CloneSet`;
    }
  }
  return undefined;
}

function whyCloneSet(
  server: ApiServer,
  cloneSet: StoredObject,
  { nowMs, claimsMatter }: { nowMs: number | undefined; claimsMatter: boolean },
): string | undefined {
  if (cloneSet.metadata.deletionTimestamp !== undefined) {
    return waitsForReleased(server, cloneSet) ? undefined : "still being deleted";
  }
  const { uid, namespace = "" } = cloneSet.metadata;
  const wanted = wantedOf(cloneSet);
  const pods = podsOf(server, uid);
  const active = pods.filter(isActive);
  const selector = (specOf(cloneSet)["selector"] as { matchLabels: Record<string, string> }).matchLabels;
  const unowned = server
    .collection("pods")
    .all()
    .find(
      (pod) =>
        isActive(pod) &&
        ownerUid(pod) === undefined &&
        Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value),
    );
  if (unowned) return `${unowned.metadata.name} is not adopted`;
  const going = pods.find(({ metadata }) => metadata.deletionTimestamp !== undefined);
  if (going) return `${going.metadata.name} is terminating`;
  if (active.length !== wanted.replicas) return `${active.length} pods of ${wanted.replicas}`;
  const named = active.find(({ metadata }) => wanted.named.has(metadata.name) || SPECIFIED in (metadata.labels ?? {}));
  if (named) return `${named.metadata.name} is named and lives`;
  const down = active.find((pod) => !isUp(pod) && !isBeyondHelp(pod, wanted));
  if (down)
    return `${down.metadata.name} does not serve: ${JSON.stringify(down.metadata.labels)} ${JSON.stringify(statusOf(down)["conditions"])}`;
  const ids = new Set(active.map(idOf));
  if (ids.size !== active.length && active.every((pod) => idOf(pod) !== undefined))
    return "two pods have one instance id";
  for (const pod of active) {
    for (const name of claimNamesOf(pod)) {
      const claim = server.collection("persistentvolumeclaims").get(namespace, name);
      if (claim === undefined || claim.metadata.deletionTimestamp !== undefined)
        return `${pod.metadata.name} has no claim ${name}`;
    }
  }
  const isOld = (pod: StoredObject) => claimsMatter && wanted.type !== "InPlaceOnly" && hasOtherClaims(pod, wanted);
  return whyNotUpdated(server, cloneSet, { active, pods, isOld }) ?? whyStatus(cloneSet, { active, nowMs, isOld });
}

/** Deleted in the foreground it waits for its claims, and a claim for the pod that uses it, though that be nobody's any more. */
function waitsForReleased(server: ApiServer, { metadata: { uid, finalizers } }: StoredObject): boolean {
  const claims = server.collection("persistentvolumeclaims").all();
  const waiting = new Set(claims.filter((claim) => ownerUid(claim) === uid).map(({ metadata }) => metadata.name));
  const released = server
    .collection("pods")
    .all()
    .filter((pod) => ownerUid(pod) !== uid);
  return (
    finalizers?.includes("foregroundDeletion") === true &&
    released.some((pod) => claimNamesOf(pod).some((name) => waiting.has(name)))
  );
}

/** Nobody knows what it was made from: under InPlaceOnly it stays as it is, also with an image that does not run, until a user deletes it. */
function isBeyondHelp(pod: StoredObject, { type, template }: Wanted): boolean {
  const isBroken = conditionOf(pod, "ContainersReady") === "False" && !isOf(containersOf(pod), template);
  return type === "InPlaceOnly" && isBroken && !isOfKnownOrigin(pod);
}

function isOfKnownOrigin(pod: StoredObject): boolean {
  return revisionOf(pod) !== "" && !revisionOf(pod).endsWith("-unknown");
}

/** I11: but for what is held back, every pod is as a fresh one of the last template would be. */
function whyNotUpdated(
  server: ApiServer,
  cloneSet: StoredObject,
  {
    active,
    pods,
    isOld,
  }: { active: readonly StoredObject[]; pods: readonly StoredObject[]; isOld: (pod: StoredObject) => boolean },
): string | undefined {
  const wanted = wantedOf(cloneSet);
  const { partition, replicas, paused, type, template, historyLimit } = wanted;
  // What nobody knows the origin of is replaced, though it may look like a fresh one; but not under InPlaceOnly.
  const canStay = (pod: StoredObject) => isOfKnownOrigin(pod) || type === "InPlaceOnly";
  const updated = active.filter((pod) => isOf(containersOf(pod), template) && !isOld(pod) && canStay(pod));
  const isFree = !paused && type !== "OnDelete";
  const hasOther = active.some(
    (pod) => !isOf(containersOf(pod), template) && !(isOfKnownOrigin(pod) && differsInImagesOnly(pod, template)),
  );
  // Updated pods that do not count as available yet use the budget up: an adopted pod, say, is old and waits for them.
  const isOnTrial = wanted.minReadySeconds >= PATIENT_SECONDS && updated.length >= wanted.maxUnavailable;
  if (isFree && !isOnTrial && !(type === "InPlaceOnly" && hasOther) && updated.length < replicas - partition) {
    const others = active.filter((pod) => !updated.includes(pod));
    const said = others.map(
      (pod) =>
        `${pod.metadata.name} on ${revisionOf(pod)} ${JSON.stringify(containersOf(pod))} ${JSON.stringify(pod.metadata.labels)}`,
    );
    return `${updated.length} updated pods of at least ${replicas - partition}: ${said.join("; ")}`;
  }
  const inUse = new Set([...pods.map((pod) => short(revisionOf(pod))), ...revisionsInStatus(cloneSet)]);
  const idle = server
    .collection("controllerrevisions")
    .all()
    .filter((revision) => ownerUid(revision) === cloneSet.metadata.uid && !inUse.has(short(revision.metadata.name)));
  return idle.length > historyLimit
    ? `I14: ${idle.length} revisions are kept that nothing is on: the limit is ${historyLimit}`
    : undefined;
}

function revisionsInStatus(cloneSet: StoredObject): string[] {
  const { currentRevision = "", updateRevision = "" } = statusOf(cloneSet) as Record<string, string>;
  return [short(currentRevision), short(updateRevision)];
}

/** I12: the counters are those of the store. */
function whyStatus(
  cloneSet: StoredObject,
  {
    active,
    nowMs,
    isOld,
  }: { active: readonly StoredObject[]; nowMs: number | undefined; isOld: (pod: StoredObject) => boolean },
): string | undefined {
  const status = statusOf(cloneSet);
  const update = short(String(status["updateRevision"]));
  const { minReadySeconds } = wantedOf(cloneSet);
  const isUpdated = (pod: StoredObject) => short(revisionOf(pod)) === update && !isOld(pod);
  const isLong = (pod: StoredObject) =>
    isUp(pod) && (minReadySeconds === 0 || readySeconds(pod, nowMs ?? 0) > minReadySeconds);
  const canTell = nowMs !== undefined || minReadySeconds === 0;
  const counts: Record<string, number> = {
    observedGeneration: cloneSet.metadata.generation ?? 0,
    replicas: active.length,
    readyReplicas: active.filter(isReady).length,
    ...(canTell && { availableReplicas: active.filter(isLong).length }),
    updatedReplicas: active.filter(isUpdated).length,
    updatedReadyReplicas: active.filter((pod) => isUpdated(pod) && isReady(pod)).length,
    ...(canTell && { updatedAvailableReplicas: active.filter((pod) => isUpdated(pod) && isLong(pod)).length }),
    terminatingReplicas: 0,
  };
  for (const [field, count] of Object.entries(counts)) {
    if (status[field] !== count) return `I12: status.${field} says ${String(status[field])}, it is ${count}`;
  }
  return undefined;
}
