import { isActive } from "../../api/pod.ts";
import { CLONE_SETS } from "../../api/resource.ts";
import type { KubeObject, Resource } from "../../kube/resources.ts";
import {
  CONTROLLER_REVISIONS,
  DEPLOYMENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  PODS,
  REPLICA_SETS,
} from "../../kube/resources.ts";
import { Trimmer } from "../../observe/trim.ts";
import type { CloneSetObject, Cluster } from "../cluster.ts";
import { looked } from "../looked.ts";
import type { Live } from "./steps.ts";
import type { Autoscaler, Deployment, ReplicaSet } from "./workloads.ts";

/** The two workloads of one name, where they are. */
export interface Pair {
  deployment: Deployment | undefined;
  cloneSet: CloneSetObject | undefined;
}

export async function lookAtPair(cluster: Cluster, name: string): Promise<Pair> {
  const get = async <T extends KubeObject>(kind: Resource): Promise<T | undefined> => {
    const ref = { namespace: cluster.namespace, name };
    const look = await looked(() => cluster.client.get<T>(kind, ref, cluster.limits));
    return look.kind === "found" ? look.value : undefined;
  };
  const [deployment, cloneSet] = await Promise.all([get<Deployment>(DEPLOYMENTS), get<CloneSetObject>(CLONE_SETS)]);
  return { deployment, cloneSet };
}

/** Everything around the two, by their selector. */
export interface Around extends Pair, Live {
  replicaSets: ReplicaSet[];
  revisions: KubeObject[];
}

export async function lookAround(cluster: Cluster, name: string, labelSelector: string): Promise<Around> {
  const { client, namespace, limits } = cluster;
  const list = async <T extends KubeObject>(of: Resource, selector?: string): Promise<T[]> =>
    (await client.list<T>(of, { namespace, labelSelector: selector, ...limits })).items;
  const [pair, replicaSets, revisions, pods, autoscalers] = await Promise.all([
    lookAtPair(cluster, name),
    list<ReplicaSet>(REPLICA_SETS, labelSelector),
    list(CONTROLLER_REVISIONS, labelSelector),
    list(PODS, labelSelector),
    list<Autoscaler>(HORIZONTAL_POD_AUTOSCALERS),
  ]);
  const trimmer = new Trimmer();
  const objects = [
    ...named(DEPLOYMENTS, pair.deployment ? [pair.deployment] : []),
    ...named(CLONE_SETS, pair.cloneSet ? [pair.cloneSet] : []),
    ...named(REPLICA_SETS, replicaSets),
    ...named(CONTROLLER_REVISIONS, revisions),
  ];
  return {
    ...pair,
    replicaSets,
    revisions,
    objects,
    pods: pods.filter((pod) => isActive(trimmer.pod(pod))),
    autoscalers,
  };
}

/** Lists leave the kind of their items out. */
function named({ kind }: Resource, objects: readonly KubeObject[]): KubeObject[] {
  return objects.map((object) => ({ ...object, kind }));
}
