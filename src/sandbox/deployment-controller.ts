/** Rolls each Deployment out through its ReplicaSets. */
import type { Clock } from "../kube/clock.ts";
import { DEPLOYMENTS, REPLICA_SETS, resourcePath } from "../kube/resources.ts";
import { claimsOf, concerns, controllerOf, settle } from "./adoption.ts";
import type { ApiServer } from "./api-server.ts";
import { onChangesOf } from "./change-queue.ts";
import type { StoredObject } from "./objects.ts";
import { isSame } from "./objects.ts";
import type { Sets, Step } from "./rollout.ts";
import { REVISION, revisionOf, rolloutSteps, setsOf } from "./rollout.ts";
import { deploymentStatus } from "./rollout-status.ts";
import type { Write } from "./store.ts";

const USER = "deployment-controller";
const MERGE = { "content-type": "application/merge-patch+json" };

/** Returns the way to stop. */
export function keepDeployments({ server, clock }: { server: ApiServer; clock: Clock }): () => void {
  return onChangesOf(DEPLOYMENTS.plural, {
    server,
    clock,
    touched: (write) => deploymentsTouched(server, write),
    keep: (deployment) => keep(server, deployment, clock.nowMs()),
  });
}

function deploymentsTouched(server: ApiServer, { kind, before, after, subresource }: Write): StoredObject[] {
  const { plural } = kind.resource;
  if (plural === DEPLOYMENTS.plural) return after && subresource !== "status" ? [after] : [];
  if (plural !== REPLICA_SETS.plural) return [];
  return server
    .collection(DEPLOYMENTS.plural)
    .all()
    .filter((deployment) => [before, after].some((set) => set && concerns(deployment, set)));
}

/** Answers when to look again. */
function keep(server: ApiServer, deployment: StoredObject, nowMs: number): number | undefined {
  const claims = claimsOf(deployment, server.collection(REPLICA_SETS.plural).all());
  settle(server, deployment, claims, { of: REPLICA_SETS, user: USER });
  for (const step of rolloutSteps(deployment, setsOf(deployment, claims.held))) carryOut(server, deployment, step);
  const sets = setsOf(deployment, ownSets(server, deployment));
  const { status, againInMs } = deploymentStatus(deployment, sets, nowMs);
  tell(server, deployment, sets, status);
  return againInMs;
}

function ownSets(server: ApiServer, { metadata }: StoredObject): StoredObject[] {
  const sets = server.collection(REPLICA_SETS.plural).all();
  return sets.filter((set) => controllerOf(set)?.uid === metadata.uid);
}

function carryOut(server: ApiServer, { metadata: { namespace } }: StoredObject, step: Step): void {
  if (step.kind === "create") {
    const path = resourcePath(REPLICA_SETS, { namespace });
    server.request({ method: "POST", path, headers: {}, user: USER, body: step.set });
    return;
  }
  const { name, uid } = step.set.metadata;
  const path = resourcePath(REPLICA_SETS, { namespace, name });
  if (step.kind === "delete") {
    server.request({ method: "DELETE", path, headers: {}, user: USER, body: { preconditions: { uid } } });
    return;
  }
  server.request({ method: "PATCH", path, headers: MERGE, user: USER, body: step.change });
}

/** The status, and with it the revision, which is not the user's to write. */
function tell(server: ApiServer, deployment: StoredObject, { current }: Sets, status: object): void {
  const { metadata } = deployment;
  const revision = current ? String(revisionOf(current)) : metadata.annotations?.[REVISION];
  const annotations = { ...metadata.annotations, ...(revision === undefined ? {} : { [REVISION]: revision }) };
  if (isSame(status, deployment["status"]) && metadata.annotations?.[REVISION] === revision) return;
  const path = resourcePath(DEPLOYMENTS, { ...metadata, subresource: "status" });
  const body = { ...deployment, metadata: { ...metadata, annotations }, status };
  server.request({ method: "PUT", path, headers: {}, user: USER, body });
}
