import { CLONE_SETS } from "../../api/resource.ts";
import type { Lease } from "../../kube/leader.ts";
import { apiVersionOf, DEPLOYMENTS, LEASES, REPLICA_SETS } from "../../kube/resources.ts";
import type { Cli } from "../cli.ts";
import type { CloneSetObject, Cluster } from "../cluster.ts";
import { ownedBy, selectorOf } from "../cluster.ts";
import { LEASE, OPEN_KRUISE } from "../doctor/leader.ts";
import { looked } from "../looked.ts";
import { listed } from "../pods-in-words.ts";
import { adoption, held } from "./adoption.ts";
import { againstTheController } from "./attendance.ts";
import { lookAround, lookAtClaimants } from "./look.ts";
import type { Migration } from "./migration.ts";
import { referenceTo } from "./migration.ts";
import type { Objection } from "./objections.ts";
import { againstAdoption, againstClaimants, againstCloneSet } from "./objections.ts";
import type { Ready } from "./ready.ts";
import { besides, labelsOf, stopFor, targets, tryDeletions } from "./ready.ts";
import { RIGHTS, withoutRights } from "./rights.ts";
import { asWritten, toCloneSet } from "./to-clone-set.ts";
import type { Deployment } from "./workloads.ts";

/** @throws {Failure} telling everything that stands against it */
export async function readyForCloneSet(
  cli: Cli,
  deployment: Deployment,
  { skipControllerCheck }: { skipControllerCheck: boolean },
): Promise<Ready> {
  const cluster = await cli.cluster();
  const nowMs = cli.io.clock.nowMs();
  const { name } = deployment.metadata;
  const selector = selectorOf(deployment);
  const around = await lookAround(cluster, name, selector);
  const [from, to] = targets(name);
  // The one with the pods goes last: the others would only make the time longer in which nobody looks after these.
  const replicaSets = ownedBy(deployment, around.replicaSets).toSorted(
    (a, b) => (a.spec.replicas ?? 1) - (b.spec.replicas ?? 1),
  );
  const pods = replicaSets.flatMap((one) => ownedBy(one, around.pods));
  const letGo = [referenceTo(DEPLOYMENTS, deployment), ...replicaSets.map((one) => referenceTo(REPLICA_SETS, one))];
  stopFor(
    [
      ...againstCloneSet(deployment, { ...around, flag: cluster.namespaceFlag() }),
      ...againstClaimants(await lookAtClaimants(cluster), { own: letGo, labels: labelsOf(deployment, pods) }),
      ...(skipControllerCheck ? [] : await unattended(cluster, nowMs)),
      ...(await withoutRights(cluster, RIGHTS.toCloneSet, around, from)),
    ],
    from,
  );

  const { cloneSet, notes } = toCloneSet(deployment);
  await tryDeletions(cluster, letGo);
  const tried = await cluster.client.create<CloneSetObject>(CLONE_SETS, cloneSet, { dryRun: true, ...cluster.limits });
  const { refused, touched } = adoption(tried, pods, nowMs);
  const stillTouched = touched.length > 0 ? adoption(held(tried), pods, nowMs).touched : [];
  stopFor(againstAdoption({ refused, touched: stillTouched }), from);
  // Nobody asked for a rollout.
  const manifest = touched.length === 0 ? cloneSet : held(cloneSet);
  if (touched.length > 0) {
    notes.push(
      `not made from the template as it is, so they count as old, and a partition of 100% holds them: ${listed(touched)}; kubectl cloneset promote ${name} --full replaces them`,
    );
  }
  const older = replicaSets.length - 1;
  if (older > 0) notes.push(`the history of the Deployment ends: older ReplicaSets go, ${older} in number`);
  if (pods.length > 0)
    notes.push("the pods have no readiness gate: in-place updates patch them without taking them out of service first");
  const migration: Migration = {
    direction: "toCloneSet",
    state: "underWay",
    selector,
    letGo,
    generation: deployment.metadata.generation ?? 0,
    create: [manifest],
    retarget: { from, to },
    clear: [],
    deployment: asItWas(deployment),
  };
  return { migration, around, pods, manifest, notes: [...notes, ...besides(around, from, deployment)] };
}

async function unattended({ client, limits }: Cluster, nowMs: number): Promise<Objection[]> {
  const [leases, kruise] = await Promise.all([
    looked(
      async () => (await client.list<Lease>(LEASES, { fieldSelector: `metadata.name=${LEASE}`, ...limits })).items,
    ),
    looked(() => client.get<Lease>(LEASES, OPEN_KRUISE, limits)),
  ]);
  return againstTheController(leases, kruise, nowMs);
}

/** What the server and the Deployment controller keep in it is of no use later. */
function asItWas({ apiVersion, kind, metadata, spec }: Deployment): Deployment {
  return {
    apiVersion: apiVersion ?? apiVersionOf(DEPLOYMENTS),
    kind: kind ?? DEPLOYMENTS.kind,
    metadata: asWritten(metadata, /^deployment\.kubernetes\.io\//),
    spec,
  };
}
