import { label } from "../../api/constants.ts";
import { CLONE_SETS } from "../../api/resource.ts";
import { CONTROLLER_REVISIONS, DEPLOYMENTS, REPLICA_SETS } from "../../kube/resources.ts";
import type { Cli } from "../cli.ts";
import type { CloneSetObject } from "../cluster.ts";
import { ownedBy, selectorOf } from "../cluster.ts";
import { lookAround, lookAtClaimants } from "./look.ts";
import type { Migration } from "./migration.ts";
import { referenceTo } from "./migration.ts";
import { againstClaimants, againstDeployment, againstOtherTemplate } from "./objections.ts";
import type { Ready } from "./ready.ts";
import { besides, labelsOf, stopFor, targets, tryDeletions } from "./ready.ts";
import { RIGHTS, withoutRights } from "./rights.ts";
import { toDeployment } from "./to-deployment.ts";
import type { Deployment, ReplicaSet } from "./workloads.ts";
import { isFree } from "./workloads.ts";

/**
 * `before`: the Deployment that the CloneSet came from.
 *
 * @throws {Failure} telling everything that stands against it
 */
export async function readyForDeployment(
  cli: Cli,
  cloneSet: CloneSetObject,
  { before }: { before: Deployment | undefined },
): Promise<Ready> {
  const cluster = await cli.cluster();
  const { name } = cloneSet.metadata;
  const selector = selectorOf(cloneSet);
  const around = await lookAround(cluster, name, selector);
  const [to, from] = targets(name);
  const pods = ownedBy(cloneSet, around.pods);
  const letGo = [referenceTo(CLONE_SETS, cloneSet)];
  const given = {
    pods,
    strangers: around.pods.filter(isFree),
    deployment: around.deployment,
    replicaSets: around.replicaSets.filter(isFree),
    before,
    flag: cluster.namespaceFlag(),
  };
  stopFor(
    [
      ...againstDeployment(cloneSet, given),
      ...againstClaimants(await lookAtClaimants(cluster), { own: letGo, labels: labelsOf(cloneSet, pods) }),
      ...(await withoutRights(cluster, RIGHTS.toDeployment, around, from)),
    ],
    from,
  );

  const hash = pods[0]?.metadata.labels?.[label.podTemplateHash] ?? "migrated";
  const { deployment, replicaSet, notes } = toDeployment(cloneSet, { before, hash });
  const dryRun = { dryRun: true, ...cluster.limits };
  await tryDeletions(cluster, letGo);
  const tried = {
    replicaSet: await cluster.client.create<ReplicaSet>(REPLICA_SETS, replicaSet, dryRun),
    deployment: await cluster.client.create<Deployment>(DEPLOYMENTS, deployment, dryRun),
  };
  stopFor(againstOtherTemplate(tried), from);
  const migration: Migration = {
    direction: "toDeployment",
    state: "underWay",
    selector,
    letGo,
    generation: cloneSet.metadata.generation ?? 0,
    create: [replicaSet, deployment],
    retarget: { from, to },
    clear: ownedBy(cloneSet, around.revisions).map((one) => referenceTo(CONTROLLER_REVISIONS, one)),
    deployment: before,
  };
  return { migration, around, pods, manifest: deployment, notes: [...notes, ...besides(around, from, cloneSet)] };
}
