import type { KubeObject, Resource } from "../../kube/resources.ts";
import type { Cluster, EventObject } from "../cluster.ts";
import type { Budget } from "../disruption-room.ts";
import { POD_DISRUPTION_BUDGETS } from "../disruption-room.ts";
import { ifAllowed } from "../looked.ts";
import type { Seen } from "../seen.ts";

const RESOURCE_QUOTAS: Resource = {
  group: "",
  version: "v1",
  plural: "resourcequotas",
  kind: "ResourceQuota",
  namespaced: true,
};

/** More pods in trouble rarely have more to say. */
const PODS_ASKED_ABOUT = 3;

export interface Quota extends KubeObject {
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

/** What an explanation stands on. */
export interface Evidence {
  seen: Seen;
  /** About the CloneSet itself, oldest first. */
  events: EventObject[];
  /** About those of its pods and PVCs that were asked about, by their name, oldest first. */
  eventsOf: ReadonlyMap<string, EventObject[]>;
  quotas: Quota[];
  budgets: Budget[];
}

/** `inTrouble`: names of pods, the worst first. Whatever the caller may not read is left out. */
export async function gather(cluster: Cluster, seen: Seen, inTrouble: readonly string[]): Promise<Evidence> {
  const { namespace } = seen.object.metadata;
  const asked = seen.pods.filter(({ name }) => inTrouble.slice(0, PODS_ASKED_ABOUT).includes(name));
  const claims = seen.claims.filter(
    ({ name, phase }) => phase === "Pending" && asked.some(({ claimNames }) => claimNames.includes(name)),
  );
  const listed = <T extends KubeObject>(resource: Resource) =>
    ifAllowed(async () => (await cluster.client.list<T>(resource, { namespace, ...cluster.limits })).items);
  const [events, quotas, budgets, ...theirs] = await Promise.all([
    ifAllowed(() => cluster.eventsOf(seen.object)),
    listed<Quota>(RESOURCE_QUOTAS),
    listed<Budget>(POD_DISRUPTION_BUDGETS),
    ...[...asked, ...claims].map(async ({ name, uid, namespace: itsNamespace }) => {
      const about = { metadata: { name, uid, namespace: itsNamespace } };
      return [name, await ifAllowed(() => cluster.eventsOf(about))] as const;
    }),
  ]);
  return { seen, events, eventsOf: new Map(theirs), quotas, budgets };
}
