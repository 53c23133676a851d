import type { KubeObject, Resource } from "../../kube/resources.ts";
import { CONFIG_MAPS } from "../../kube/resources.ts";
import type { Cluster } from "../cluster.ts";
import { looked } from "../looked.ts";
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

/** What a `scaleTargetRef` says. */
export interface Target {
  apiVersion: string;
  kind: string;
  name: string;
}

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const ENTRY = "migration.json";

export function configMapName(workload: string): string {
  return `${workload}-migration`;
}

/** @returns undefined if no migration of this name was ever begun */
export async function readMigration(cluster: Cluster, workload: string): Promise<Migration | undefined> {
  const ref = { namespace: cluster.namespace, name: configMapName(workload) };
  const look = await looked(() => cluster.client.get<ConfigMap>(CONFIG_MAPS, ref, cluster.limits));
  const text = look.kind === "found" ? look.value.data?.[ENTRY] : undefined;
  return text === undefined ? undefined : (JSON.parse(text) as Migration);
}

export async function writeMigration(cluster: Cluster, workload: string, migration: Migration): Promise<void> {
  const name = configMapName(workload);
  const { namespace } = cluster;
  const configMap: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels: { "app.kubernetes.io/managed-by": "kubectl-cloneset" } },
    data: { [ENTRY]: JSON.stringify(migration, undefined, 2) },
  };
  await cluster.client.patch(CONFIG_MAPS, { namespace, name }, configMap, {
    type: "apply",
    force: true,
    ...cluster.limits,
  });
}

export async function forgetMigration(cluster: Cluster, workload: string): Promise<void> {
  await cluster.client.delete(CONFIG_MAPS, { namespace: cluster.namespace, name: configMapName(workload) });
}

/** "deployment.apps/web", as kubectl names things. */
export function spoken({ kind, name }: { kind: string; name: string }): string {
  const group = { CloneSet: ".apps.kruise.io", HorizontalPodAutoscaler: ".autoscaling" }[kind] ?? ".apps";
  return `${kind.toLowerCase()}${group}/${name}`;
}

export function referenceTo(kind: Resource, { metadata }: KubeObject): Reference {
  return { kind: kind.kind, name: metadata.name, uid: metadata.uid ?? "" };
}
