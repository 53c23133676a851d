import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import { specOf } from "./pods.ts";

/** What the API server itself does with services. Addresses are of no use: nothing is routed. */
export const serviceRules: KindRules = {
  subresources: ["status"],
  answersDeleted: true,
  prepareCreate: (object) => ({ ...object, spec: withDefaults(object), status: { loadBalancer: {} } }),
  prepareUpdate: (next, old, subresource) => {
    if (subresource === "status") return { ...old, metadata: next.metadata, status: next["status"] };
    const { clusterIP, clusterIPs } = specOf(old);
    const kept = { ...(clusterIP ? { clusterIP } : {}), ...(clusterIPs ? { clusterIPs } : {}) };
    return { ...next, spec: { ...kept, ...withDefaults(next) }, status: old["status"] };
  },
};

function withDefaults(service: StoredObject): JsonMap {
  const spec = specOf(service);
  const ports = Array.isArray(spec["ports"]) ? spec["ports"].filter(isMap) : undefined;
  const clusterIP = spec["clusterIP"] ?? addressFrom(service.metadata.uid);
  return {
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    ...(spec["type"] === "ExternalName" ? {} : { clusterIP, clusterIPs: [clusterIP] }),
    ...spec,
    ...(ports ? { ports: ports.map((port) => ({ protocol: "TCP", targetPort: port["port"], ...port })) } : {}),
  };
}

/** Differs from service to service, and is the same every time. */
function addressFrom(uid: string): string {
  return `10.96.${Number.parseInt(uid.slice(0, 2), 16)}.${Number.parseInt(uid.slice(2, 4), 16)}`;
}
