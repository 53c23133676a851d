import { isActive } from "../../api/pod.ts";
import { CLONE_SETS } from "../../api/resource.ts";
import type { KubeObject, Resource } from "../../kube/resources.ts";
import {
  CONTROLLER_REVISIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  PODS,
  REPLICA_SETS,
} from "../../kube/resources.ts";
import { Trimmer } from "../../observe/trim.ts";
import type { Autoscaler } from "../autoscalers.ts";
import type { CloneSetObject, Cluster } from "../cluster.ts";
import { ifThere } from "../looked.ts";
import type { Live } from "./steps.ts";
import type { Claimant, Deployment, ReplicaSet } from "./workloads.ts";

/** The two workloads of one name, where they are. */
export interface Pair {
  deployment: Deployment | undefined;
  cloneSet: CloneSetObject | undefined;
}

export async function lookAtPair(cluster: Cluster, name: string): Promise<Pair> {
  const ref = { namespace: cluster.namespace, name };
  const get = <T extends KubeObject>(kind: Resource) => ifThere(() => cluster.client.get<T>(kind, ref, cluster.limits));
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

/** All in the namespace that take pods of nobody whose labels they select, or ReplicaSets of nobody. */
export async function lookAtClaimants({ client, namespace, limits }: Cluster): Promise<Claimant[]> {
  const lists = [DEPLOYMENTS, REPLICA_SETS, DAEMON_SETS, CLONE_SETS].map(async (kind) => {
    // A server that does not serve a kind has none of it.
    const found = await ifThere(() => client.list<Claimant>(kind, { namespace, ...limits }));
    return (found?.items ?? []).map((one) => ({ ...one, kind: kind.kind }));
  });
  return (await Promise.all(lists)).flat();
}

/** Lists leave the kind of their items out. */
function named({ kind }: Resource, objects: readonly KubeObject[]): KubeObject[] {
  return objects.map((object) => ({ ...object, kind }));
}
