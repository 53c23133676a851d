/** Keeps endpoints and endpoint slices in step with the readiness of the pods that a service selects. */
import type { Clock } from "../kube/clock.ts";
import type { ApiServer } from "./api-server.ts";
import { onChanges } from "./change-queue.ts";
import { isReady } from "./disruption.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isSame } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import { meetsSelector } from "./selectors.ts";
import type { Write } from "./store.ts";

interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  targetPort?: number | string;
}

interface Member {
  pod: StoredObject;
  ip: string;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
}

const USER = "endpointslice-controller";
const MANAGED_BY = "endpointslice-controller.k8s.io";

export function keepEndpoints({ server, clock }: { server: ApiServer; clock: Clock }): () => void {
  return onChanges({
    server,
    clock,
    delayMs: 20,
    keysOf: (write) => servicesTouched(server, write),
    act: (key) => {
      const [namespace = "", name = ""] = key.split("/");
      keep(server, namespace, name);
      return undefined;
    },
  });
}

function servicesTouched(server: ApiServer, { kind, before, after }: Write): string[] {
  const object = after ?? before;
  const { plural } = kind.resource;
  if (object === undefined || (plural !== "services" && plural !== "pods")) return [];
  const { namespace = "", name } = object.metadata;
  if (plural === "services") return [`${namespace}/${name}`];
  return server
    .collection("services")
    .all()
    .filter((service) => [before, after].some((pod) => pod !== undefined && selects(service, pod)))
    .map((service) => `${namespace}/${service.metadata.name}`);
}

function selects(service: StoredObject, pod: StoredObject): boolean {
  const selector = specOf(service)["selector"] as Record<string, string> | undefined;
  return (
    selector !== undefined &&
    Object.keys(selector).length > 0 &&
    pod.metadata.namespace === service.metadata.namespace &&
    meetsSelector({ matchLabels: selector }, pod.metadata.labels ?? {})
  );
}

function keep(server: ApiServer, namespace: string, name: string): void {
  const service = server.collection("services").get(namespace, name);
  if (service === undefined) {
    remove(server, `/api/v1/namespaces/${namespace}/endpoints/${name}`);
    return;
  }
  // Without a selector, somebody else says where the service is.
  if (specOf(service)["selector"] === undefined) return;
  const members = server
    .collection("pods")
    .all()
    .filter((pod) => selects(service, pod))
    .flatMap((pod) => memberOf(pod, specOf(service)["publishNotReadyAddresses"] === true));
  const ports = (specOf(service)["ports"] as ServicePort[] | undefined) ?? [];
  put(server, "endpoints", endpointsOf(service, members, ports));
  put(server, "endpointslices", sliceOf(service, members, ports));
}

/** Pods that are over, or have no address yet, are no endpoints. */
function memberOf(pod: StoredObject, publishesAll: boolean): Member[] {
  const { podIP, phase } = statusOf(pod);
  if (typeof podIP !== "string" || phase === "Failed" || phase === "Succeeded") return [];
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = publishesAll || isReady(pod);
  return [{ pod, ip: podIP, serving, terminating, ready: publishesAll || (serving && !terminating) }];
}

function endpointsOf(service: StoredObject, members: readonly Member[], ports: readonly ServicePort[]): JsonMap {
  const addressesOf = (ready: boolean) =>
    members
      .filter((member) => member.ready === ready && !member.terminating)
      .map(({ pod, ip }) => ({ ip, nodeName: specOf(pod)["nodeName"], targetRef: targetOf(pod) }));
  const [addresses, notReadyAddresses] = [addressesOf(true), addressesOf(false)];
  const subset = {
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ports: ports.map((port) => portOf(port, members)),
  };
  const { name, namespace, labels } = service.metadata;
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name, namespace, labels: { ...labels, "endpoints.kubernetes.io/managed-by": "endpoint-controller" } },
    ...(addresses.length + notReadyAddresses.length > 0 ? { subsets: [subset] } : {}),
  };
}

function sliceOf(service: StoredObject, members: readonly Member[], ports: readonly ServicePort[]): JsonMap {
  const { name, namespace, uid, labels } = service.metadata;
  const owner = { apiVersion: "v1", kind: "Service", name, uid, controller: true, blockOwnerDeletion: true };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      // One slice is enough, so it needs no name from a die.
      name: `${name}-${uid.slice(0, 5)}`,
      namespace,
      labels: {
        ...labels,
        "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
        "kubernetes.io/service-name": name,
      },
      ownerReferences: [owner],
    },
    addressType: "IPv4",
    endpoints: members.map(({ pod, ip, ready, serving, terminating }) => ({
      addresses: [ip],
      conditions: { ready, serving, terminating },
      nodeName: specOf(pod)["nodeName"],
      targetRef: targetOf(pod),
    })),
    ports: ports.map((port) => portOf(port, members)),
  };
}

function targetOf({ metadata: { name, namespace, uid } }: StoredObject): JsonMap {
  return { kind: "Pod", name, namespace, uid };
}

/** A target port by name is the number that the pods' containers give it. */
function portOf(
  { name = "", port, protocol = "TCP", targetPort = port }: ServicePort,
  members: readonly Member[],
): JsonMap {
  const named = members
    .flatMap(({ pod }) => specOf(pod)["containers"] as { ports?: { name?: string; containerPort: number }[] }[])
    .flatMap(({ ports = [] }) => ports)
    .find((one) => one.name === targetPort);
  return { name, port: typeof targetPort === "number" ? targetPort : named?.containerPort, protocol };
}

function put(server: ApiServer, plural: "endpoints" | "endpointslices", wanted: JsonMap): void {
  const metadata = wanted["metadata"] as StoredObject["metadata"];
  const { name, namespace = "" } = metadata;
  const root = plural === "endpoints" ? "/api/v1" : "/apis/discovery.k8s.io/v1";
  const path = `${root}/namespaces/${namespace}/${plural}`;
  const old = server.collection(plural).get(namespace, name);
  if (old === undefined) {
    server.request({ method: "POST", path, headers: {}, user: USER, body: wanted });
    return;
  }
  const { metadata: _old, ...before } = old;
  const { metadata: _new, ...after } = wanted;
  if (isSame(before, after)) return;
  const body = { ...wanted, metadata: { ...old.metadata, ...metadata } };
  server.request({ method: "PUT", path: `${path}/${name}`, headers: {}, user: USER, body });
}

function remove(server: ApiServer, path: string): void {
  server.request({ method: "DELETE", path, headers: {}, user: USER });
}
