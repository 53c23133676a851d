import { label } from "../../api/constants.ts";
import { CLONE_SETS } from "../../api/resource.ts";
import type { Lease } from "../../kube/leader.ts";
import type { KubeObject } from "../../kube/resources.ts";
import {
  apiVersionOf,
  CONTROLLER_REVISIONS,
  DEPLOYMENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  LEASES,
  REPLICA_SETS,
} from "../../kube/resources.ts";
import type { Right } from "../access-review.ts";
import { missingRights, rightInWords } from "../access-review.ts";
import type { Cli } from "../cli.ts";
import type { CloneSetObject, Cluster } from "../cluster.ts";
import { ownedBy, selectorOf } from "../cluster.ts";
import { LEASE, OPEN_KRUISE } from "../doctor/leader.ts";
import { Failure } from "../failure.ts";
import { looked } from "../looked.ts";
import { listed } from "../pod-moves.ts";
import { notTakenAsTheyAre } from "./adoption.ts";
import { againstTheController } from "./attendance.ts";
import { keepers } from "./keepers.ts";
import type { Around } from "./look.ts";
import { lookAround } from "./look.ts";
import type { Migration, Target } from "./migration.ts";
import { readMigration, referenceTo, spoken } from "./migration.ts";
import type { Objection } from "./objections.ts";
import { againstCloneSet, againstDeployment } from "./objections.ts";
import { isFree, scales } from "./steps.ts";
import { toCloneSet } from "./to-clone-set.ts";
import { toDeployment } from "./to-deployment.ts";
import type { Deployment } from "./workloads.ts";

/** A migration that may begin: nothing was written yet. */
export interface Ready {
  migration: Migration;
  around: Around;
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
  const objections = [
    ...againstCloneSet(deployment, { ...around, flag: cluster.namespaceFlag() }),
    ...(skipControllerCheck ? [] : await unattended(cluster, nowMs)),
    ...(await withoutRights(cluster, RIGHTS.toCloneSet, around, from)),
  ];
  stopFor(objections, from);

  const { cloneSet, notes } = toCloneSet(deployment);
  const tried = await cluster.client.create<CloneSetObject>(CLONE_SETS, cloneSet, { dryRun: true, ...cluster.limits });
  const others = notTakenAsTheyAre(tried, around.pods, nowMs);
  if (others.length > 0) {
    // Nobody asked for a rollout.
    cloneSet.spec = { ...cloneSet.spec, updateStrategy: { ...cloneSet.spec?.updateStrategy, partition: "100%" } };
    notes.push(
      `not made from the template as it is, so they count as old, and a partition of 100% holds them: ${listed(others)}; kubectl cloneset promote ${name} --full replaces them`,
    );
  }
  const older = ownedBy(deployment, around.replicaSets).filter(({ spec }) => spec.replicas === 0).length;
  if (older > 0) notes.push(`the history of the Deployment ends: ${older} older ReplicaSets without pods go`);
  if (around.pods.length > 0)
    notes.push("the pods have no readiness gate: in-place updates patch them without taking them out of service first");
  const migration: Migration = {
    direction: "toCloneSet",
    state: "underWay",
    selector,
    letGo: [
      referenceTo(DEPLOYMENTS, deployment),
      ...ownedBy(deployment, around.replicaSets).map((one) => referenceTo(REPLICA_SETS, one)),
    ],
    generation: deployment.metadata.generation ?? 0,
    create: [cloneSet],
    retarget: { from, to },
    clear: [],
    deployment: asItWas(deployment),
  };
  return { migration, around, manifest: cloneSet, notes: [...notes, ...besides(around, from, deployment)] };
}

/** @throws {Failure} telling everything that stands against it */
export async function readyForDeployment(cli: Cli, cloneSet: CloneSetObject): Promise<Ready> {
  const cluster = await cli.cluster();
  const { name } = cloneSet.metadata;
  const selector = selectorOf(cloneSet);
  const around = await lookAround(cluster, name, selector);
  const [to, from] = targets(name);
  const ours = ownedBy(cloneSet, around.pods);
  const replicaSets = around.replicaSets.filter(isFree);
  const objections = [
    ...againstDeployment(cloneSet, { ...around, pods: ours, replicaSets, flag: cluster.namespaceFlag() }),
    ...(await withoutRights(cluster, RIGHTS.toDeployment, around, from)),
  ];
  stopFor(objections, from);

  const before = (await readMigration(cluster, name))?.deployment;
  const hash = ours[0]?.metadata.labels?.[label.podTemplateHash] ?? "migrated";
  const { deployment, replicaSet, notes } = toDeployment(cloneSet, { before, hash });
  const dryRun = { dryRun: true, ...cluster.limits };
  await cluster.client.create(REPLICA_SETS, replicaSet, dryRun);
  await cluster.client.create(DEPLOYMENTS, deployment, dryRun);
  const migration: Migration = {
    direction: "toDeployment",
    state: "underWay",
    selector,
    letGo: [referenceTo(CLONE_SETS, cloneSet)],
    generation: cloneSet.metadata.generation ?? 0,
    create: [replicaSet, deployment],
    retarget: { from, to },
    clear: ownedBy(cloneSet, around.revisions).map((one) => referenceTo(CONTROLLER_REVISIONS, one)),
    deployment: before,
  };
  return { migration, around, manifest: deployment, notes: [...notes, ...besides(around, from, cloneSet)] };
}

function targets(name: string): [Target, Target] {
  return [
    { apiVersion: apiVersionOf(DEPLOYMENTS), kind: DEPLOYMENTS.kind, name },
    { apiVersion: apiVersionOf(CLONE_SETS), kind: CLONE_SETS.kind, name },
  ];
}

const right = (verb: string, group: string, resource: string): Right => ({ verb, group, resource });
const RECORD = [right("create", "", "configmaps"), right("patch", "", "configmaps")];
const RIGHTS = {
  toCloneSet: [
    ...RECORD,
    right("delete", "apps", "deployments"),
    right("delete", "apps", "replicasets"),
    right("create", CLONE_SETS.group, "clonesets"),
  ],
  toDeployment: [
    ...RECORD,
    right("delete", CLONE_SETS.group, "clonesets"),
    right("create", "apps", "replicasets"),
    right("create", "apps", "deployments"),
    right("delete", "apps", "controllerrevisions"),
    right("delete", "", "configmaps"),
  ],
};

/** A migration that stops halfway for want of a right leaves pods without an owner. */
async function withoutRights(
  cluster: Cluster,
  rights: readonly Right[],
  { autoscalers }: Around,
  from: Target,
): Promise<Objection[]> {
  const patch = right("patch", HORIZONTAL_POD_AUTOSCALERS.group, HORIZONTAL_POD_AUTOSCALERS.plural);
  const needed = autoscalers.some((one) => scales(one, from)) ? [...rights, patch] : rights;
  const missing = await missingRights(cluster, needed);
  if (missing.length === 0) return [];
  return [
    {
      why: `you may not ${missing.map(rightInWords).join(", ")}`,
      next: `kubectl auth can-i --list -n ${cluster.namespace}`,
    },
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

/** What the server keeps in an object is of no use later. */
function asItWas({ apiVersion, kind, metadata, spec }: Deployment): Deployment {
  const { name, namespace, labels, annotations } = metadata;
  return {
    apiVersion: apiVersion ?? apiVersionOf(DEPLOYMENTS),
    kind: kind ?? DEPLOYMENTS.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    spec,
  };
}
