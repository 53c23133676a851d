import { CLONE_SETS } from "../../api/resource.ts";
import type { Lease } from "../../kube/leader.ts";
import type { KubeObject, Resource } from "../../kube/resources.ts";
import { CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, LEASES } from "../../kube/resources.ts";
import { missingRights } from "../access-review.ts";
import type { Cluster } from "../cluster.ts";
import { looked } from "../looked.ts";
import type { ConfigMap } from "./argocd.ts";
import { ARGOCD_CONFIG, judgeArgoCd } from "./argocd.ts";
import type { Check } from "./check.ts";
import { areAllSeen, judgeCloneSets } from "./clone-sets.ts";
import type { Definition } from "./definition.ts";
import { judgeDefinition } from "./definition.ts";
import { judgeLeader, LEASE, OPEN_KRUISE } from "./leader.ts";
import { judgeRights, RIGHTS } from "./rights.ts";
import { judgeVersions, minorOf } from "./versions.ts";
import type { WebhookConfiguration } from "./webhook.ts";
import { judgeWebhooks } from "./webhook.ts";

const resource = (group: string, plural: string, kind: string, namespaced: boolean): Resource => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced,
});
const ADMISSION = "admissionregistration.k8s.io";
const WEBHOOKS = [
  resource(ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false),
  resource(ADMISSION, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false),
];

/** Asks everything at once, and judges the answers. Changes nothing. */
export async function examine(cluster: Cluster, nowMs: number): Promise<Check[]> {
  const { client, limits, namespace } = cluster;
  const get = <T extends KubeObject>(of: Resource, ref: { namespace?: string; name: string }) =>
    looked(() => client.get<T>(of, ref, limits));
  const list = <T extends KubeObject>(
    of: Resource,
    selectors: { fieldSelector?: string; labelSelector?: string } = {},
  ) => looked(async () => (await client.list<T>(of, { ...selectors, ...limits })).items);
  // First by itself: whether the server answers at all is told once, and not by every check.
  const { minor } = await client.getPath<{ minor?: string }>("/version", limits);
  const serverMinor = minorOf(minor);
  const [definition, webhooks, leases, kruise, cloneSets, missing, controllers, argoCd] = await Promise.all([
    get<Definition>(CUSTOM_RESOURCE_DEFINITIONS, { name: `${CLONE_SETS.plural}.${CLONE_SETS.group}` }),
    looked(async () =>
      (await Promise.all(WEBHOOKS.map((of) => client.list<WebhookConfiguration>(of, limits)))).flatMap(
        ({ items }) => items,
      ),
    ),
    list<Lease>(LEASES, { fieldSelector: `metadata.name=${LEASE}` }),
    get<Lease>(LEASES, OPEN_KRUISE),
    looked(() => cluster.cloneSets()),
    missingRights(cluster, RIGHTS),
    list(DEPLOYMENTS, { labelSelector: "app.kubernetes.io/name=cloneset-controller" }),
    get<ConfigMap>(CONFIG_MAPS, ARGOCD_CONFIG),
  ]);
  return [
    ...judgeDefinition(definition, serverMinor),
    ...judgeWebhooks(webhooks, nowMs),
    ...judgeLeader(leases, kruise, nowMs, areAllSeen(cloneSets)),
    ...judgeCloneSets(cloneSets),
    ...judgeRights(missing, namespace),
    ...judgeVersions(serverMinor, controllers),
    ...judgeArgoCd(argoCd),
  ];
}
