import { CLONE_SETS } from "../../api/resource.ts";
import type { KubeObject, Resource } from "../../kube/resources.ts";
import { CONFIG_MAPS, CONTROLLER_REVISIONS, DEPLOYMENTS, REPLICA_SETS } from "../../kube/resources.ts";
import type { Target } from "../autoscalers.ts";
import type { Cluster } from "../cluster.ts";
import { Failure } from "../failure.ts";
import { ifThere } from "../looked.ts";
import type { Deployment } from "./workloads.ts";

/** One object, by identity: another one of the same name is not meant. */
export interface Reference {
  kind: string;
  name: string;
  uid: string;
}

/**
 * All that a migration has to do, written down before the first deletion: whoever repeats the command goes on from what is
 * there, although the Deployment that it was made from may be gone.
 */
export interface Migration {
  direction: "toCloneSet" | "toDeployment";
  state: "underWay" | "done";
  /** Which pods it is about, as the query parameter has it. */
  selector: string;
  /** Deleted in this order; what they own stays and has no owner then. */
  letGo: Reference[];
  /** Of the first of `letGo`, when this was written: another one means that it was edited since. */
  generation: number;
  /** Created in this order; the first takes the pods, each further one takes the one before. */
  create: KubeObject[];
  /** What scales the old one scales the new one from then on. */
  retarget: { from: Target; to: Target };
  /** Of no use any more when the pods have their new owner. */
  clear: Reference[];
  /** As it was: the way back restores from it what a CloneSet does not know. */
  deployment: Deployment | undefined;
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const ENTRY = "migration.json";
/** Marks the ConfigMaps that are a migration's. */
const MANAGED_BY = "app.kubernetes.io/managed-by";
const US = "kubectl-cloneset";

export function configMapName(workload: string): string {
  return `${workload}-migration`;
}

/**
 * @returns undefined if no migration of this name was ever begun
 * @throws {Failure} if the ConfigMap of this name is not what a migration has written
 */
export async function readMigration(cluster: Cluster, workload: string): Promise<Migration | undefined> {
  const ref = { namespace: cluster.namespace, name: configMapName(workload) };
  const found = await ifThere(() => cluster.client.get<ConfigMap>(CONFIG_MAPS, ref, cluster.limits));
  return found && migrationIn(found);
}

/** @throws {Failure} as above */
export function migrationIn({ metadata, data = {} }: ConfigMap): Migration {
  if (metadata.labels?.[MANAGED_BY] !== US) {
    throw new Failure(`configmap/${metadata.name} is somebody else's: a migration keeps there what is to be done`, {
      next: `give that one another name; only if it is a migration's after all: kubectl label configmap ${metadata.name} ${MANAGED_BY}=${US}`,
    });
  }
  const kept = parsed(data[ENTRY]);
  if (kept === undefined) {
    throw new Failure(`configmap/${metadata.name} has no migration under ${ENTRY}`, {
      next: "if all pods have an owner, delete it; if not, make the CloneSet or the Deployment by hand (docs/taking-over.md)",
    });
  }
  return kept;
}

function parsed(text = ""): Migration | undefined {
  try {
    const kept = JSON.parse(text) as Partial<Migration> | null;
    const isWhole = kept?.direction && kept.state && kept.selector && kept.letGo && kept.create && kept.retarget;
    return isWhole ? (kept as Migration) : undefined;
  } catch {
    return undefined;
  }
}

export async function writeMigration(
  cluster: Cluster,
  workload: string,
  migration: Migration,
  { dryRun = false } = {},
): Promise<void> {
  const name = configMapName(workload);
  const { namespace } = cluster;
  const configMap: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels: { [MANAGED_BY]: US } },
    data: { [ENTRY]: JSON.stringify(migration, undefined, 2) },
  };
  await cluster.client.patch(CONFIG_MAPS, { namespace, name }, configMap, {
    type: "apply",
    force: true,
    dryRun,
    ...cluster.limits,
  });
}

export async function forgetMigration(cluster: Cluster, workload: string): Promise<void> {
  const ref = { namespace: cluster.namespace, name: configMapName(workload) };
  await ifThere(() => cluster.client.delete(CONFIG_MAPS, ref, cluster.limits));
}

/** "deployment.apps/web", as kubectl names things. */
export function spoken({ kind, name }: { kind: string; name: string }): string {
  const group = { CloneSet: ".apps.kruise.io", HorizontalPodAutoscaler: ".autoscaling" }[kind] ?? ".apps";
  return `${kind.toLowerCase()}${group}/${name}`;
}

export function referenceTo(kind: Resource, { metadata }: KubeObject): Reference {
  return { kind: kind.kind, name: metadata.name, uid: metadata.uid ?? "" };
}

export function resourceOf(kind: KubeObject["kind"]): Resource {
  const known = [CLONE_SETS, DEPLOYMENTS, REPLICA_SETS, CONTROLLER_REVISIONS].find((one) => one.kind === kind);
  if (known === undefined) throw new Error(`a migration knows no ${kind}`);
  return known;
}
