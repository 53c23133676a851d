import { label } from "../../api/constants.ts";
import type { PodTemplate } from "../../api/kubernetes.ts";
import { CLONE_SETS } from "../../api/resource.ts";
import type { Lease } from "../../kube/leader.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { apiVersionOf, CONTROLLER_REVISIONS, DEPLOYMENTS, LEASES, REPLICA_SETS } from "../../kube/resources.ts";
import type { Target } from "../autoscalers.ts";
import { scales } from "../autoscalers.ts";
import type { Cli } from "../cli.ts";
import type { CloneSetObject, Cluster } from "../cluster.ts";
import { ownedBy, selectorOf } from "../cluster.ts";
import { LEASE, OPEN_KRUISE } from "../doctor/leader.ts";
import { Failure } from "../failure.ts";
import { looked } from "../looked.ts";
import { listed } from "../pod-moves.ts";
import { adoption, held } from "./adoption.ts";
import { againstTheController } from "./attendance.ts";
import { keepers } from "./keepers.ts";
import type { Around } from "./look.ts";
import { lookAround, lookAtClaimants } from "./look.ts";
import type { Migration, Reference } from "./migration.ts";
import { referenceTo, resourceOf, spoken } from "./migration.ts";
import type { Objection } from "./objections.ts";
import {
  againstAdoption,
  againstClaimants,
  againstCloneSet,
  againstDeployment,
  againstOtherTemplate,
} from "./objections.ts";
import { RIGHTS, withoutRights } from "./rights.ts";
import { isFree } from "./steps.ts";
import { asWritten, toCloneSet } from "./to-clone-set.ts";
import { toDeployment } from "./to-deployment.ts";
import type { Deployment, ReplicaSet } from "./workloads.ts";

/** A migration that may begin: nothing was written yet. */
export interface Ready {
  migration: Migration;
  around: Around;
  /** Those that are to live on. */
  pods: KubeObject[];
  /** The CloneSet or the Deployment that is to be, as a manifest. */
  manifest: KubeObject;
  notes: string[];
}

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

/** The labels by which others would take the pods: those they have, and those that the next one would have. */
function labelsOf(
  { spec }: KubeObject & { spec?: { template?: PodTemplate } },
  pods: readonly KubeObject[],
): Record<string, string>[] {
  return [spec?.template?.metadata?.labels ?? {}, ...pods.map(({ metadata }) => metadata.labels ?? {})];
}

/** Admission may protect an object from deletion: better known before the first one is gone. */
async function tryDeletions({ client, namespace, limits }: Cluster, letGo: readonly Reference[]): Promise<void> {
  for (const { kind, name, uid } of letGo) {
    const how = { uid, propagationPolicy: "Orphan", dryRun: true } as const;
    await client.delete(resourceOf(kind), { namespace, name }, { ...how, ...limits });
  }
}

function targets(name: string): [Target, Target] {
  return [
    { apiVersion: apiVersionOf(DEPLOYMENTS), kind: DEPLOYMENTS.kind, name },
    { apiVersion: apiVersionOf(CLONE_SETS), kind: CLONE_SETS.kind, name },
  ];
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

function stopFor(objections: readonly Objection[], from: Target): void {
  const [first] = objections;
  if (first === undefined) return;
  const whys = objections.map(({ why }) => why);
  const text = whys.length === 1 ? ` ${first.why}` : whys.map((why) => `\n  - ${why}`).join("");
  throw new Failure(`${spoken(from)} stays what it is:${text}`, { next: first.next });
}

/** What else is concerned. */
function besides({ autoscalers }: Around, from: Target, { metadata }: KubeObject): string[] {
  const owned = autoscalers.filter((one) => scales(one, from) && !isFree(one));
  return [
    ...owned.map(
      (one) => `horizontalpodautoscaler.autoscaling/${one.metadata.name} has an owner: change its target there`,
    ),
    ...keepers(metadata).map(
      (who) => `${who} would make ${spoken(from)} again: change it there first, or stop it for now`,
    ),
  ];
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
