/** Keeps as many pods as each ReplicaSet asks for. */
import type { Clock } from "../kube/clock.ts";
import { PODS, REPLICA_SETS, resourcePath } from "../kube/resources.ts";
import { claimsOf, concerns, controlBy, settle } from "./adoption.ts";
import type { ApiServer } from "./api-server.ts";
import { onChangesOf } from "./change-queue.ts";
import { readySince } from "./disruption.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isGoing, isSame } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import { meetsSelector } from "./selectors.ts";
import type { Write } from "./store.ts";
import { replicasOf, templateOf, unlessZero } from "./workloads.ts";

const USER = "replicaset-controller";
/** After a pod was refused. */
const AGAIN_MS = 1000;

/** Returns the way to stop. */
export function keepReplicaSets({ server, clock }: { server: ApiServer; clock: Clock }): () => void {
  return onChangesOf(REPLICA_SETS.plural, {
    server,
    clock,
    touched: (write) => setsTouched(server, write),
    keep: (set) => keep(server, set, clock.nowMs()),
  });
}

function setsTouched(server: ApiServer, { kind, before, after, subresource }: Write): StoredObject[] {
  const { plural } = kind.resource;
  if (plural === REPLICA_SETS.plural) return after && subresource !== "status" ? [after] : [];
  if (plural !== "pods") return [];
  return server
    .collection(REPLICA_SETS.plural)
    .all()
    .filter((set) => [before, after].some((pod) => pod && concerns(set, pod)));
}

/** Answers when to look again. */
function keep(server: ApiServer, set: StoredObject, nowMs: number): number | undefined {
  const candidates = server.collection("pods").all().filter(isStanding);
  const claims = claimsOf(set, candidates);
  settle(server, set, claims, { of: PODS, user: USER });
  const { surplus, missing } = balance(set, claims.held);
  const { namespace } = set.metadata;
  for (const { metadata } of surplus) {
    const path = resourcePath(PODS, { namespace, name: metadata.name });
    const body = { preconditions: { uid: metadata.uid } };
    server.request({ method: "DELETE", path, headers: {}, user: USER, body });
  }
  let isRefused = false;
  for (let i = 0; i < missing && !isRefused; i++) {
    const path = resourcePath(PODS, { namespace });
    isRefused = server.request({ method: "POST", path, headers: {}, user: USER, body: podOf(set) }).status >= 300;
  }
  const { status, againInMs } = replicaSetStatus(set, claims.held, nowMs);
  if (!isSame(status, set["status"])) {
    const path = resourcePath(REPLICA_SETS, { ...set.metadata, subresource: "status" });
    server.request({ method: "PUT", path, headers: {}, user: USER, body: { ...set, status } });
  }
  return isRefused ? AGAIN_MS : againInMs;
}

/** A pod that is over counts for nothing. */
function isStanding(pod: StoredObject): boolean {
  const { phase } = statusOf(pod);
  return phase !== "Succeeded" && phase !== "Failed";
}

/** How many pods are missing, or which are too many: those that are not ready first, then the newest. */
export function balance(
  set: StoredObject,
  held: readonly StoredObject[],
): { missing: number; surplus: StoredObject[] } {
  if (isGoing(set)) return { missing: 0, surplus: [] };
  const pods = held.filter((pod) => !isGoing(pod));
  const difference = replicasOf(set) - pods.length;
  if (difference >= 0) return { missing: difference, surplus: [] };
  const isUp = (pod: StoredObject) => Number(readySince(pod) !== undefined);
  const ranked = pods.toSorted(
    (a, b) => isUp(a) - isUp(b) || (a.metadata.creationTimestamp > b.metadata.creationTimestamp ? -1 : 1),
  );
  return { missing: 0, surplus: ranked.slice(0, -difference) };
}

function podOf(set: StoredObject): JsonMap {
  const { metadata, spec } = templateOf(set);
  const { labels, annotations, finalizers } = metadata;
  const generateName = `${set.metadata.name}-`;
  return {
    metadata: { generateName, labels, annotations, finalizers, ownerReferences: [controlBy(set)] },
    spec,
  };
}

/** Zeros are left out, but for those that the server always has. */
export function replicaSetStatus(
  set: StoredObject,
  held: readonly StoredObject[],
  nowMs: number,
): { status: JsonMap; againInMs: number | undefined } {
  const pods = held.filter((pod) => !isGoing(pod));
  const { labels = {} } = templateOf(set).metadata;
  const minReadyMs = Number(specOf(set)["minReadySeconds"] ?? 0) * 1000;
  const waits = pods.flatMap((pod) => {
    const since = readySince(pod);
    return since === undefined ? [] : [Math.max(0, since + minReadyMs - nowMs)];
  });
  const pending = waits.filter((ms) => ms > 0);
  const fullyLabeled = pods.filter(({ metadata }) => meetsSelector({ matchLabels: labels }, metadata.labels ?? {}));
  return {
    status: {
      replicas: pods.length,
      ...unlessZero("fullyLabeledReplicas", fullyLabeled.length),
      ...unlessZero("readyReplicas", waits.length),
      ...unlessZero("availableReplicas", waits.length - pending.length),
      terminatingReplicas: held.length - pods.length,
      observedGeneration: set.metadata.generation,
    },
    againInMs: pending.length > 0 ? Math.min(...pending) : undefined,
  };
}
