/** What stands in the columns that `kubectl get` shows, per kind, by the name of the column. */

import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import { selectorText } from "./selectors.ts";
import { selectorOf } from "./workloads.ts";

export type Cell = (object: StoredObject) => unknown;

const NONE = "<none>";
const name: Cell = ({ metadata }) => metadata.name;
const ageOf: Cell = ({ metadata }) => age(metadata.creationTimestamp);
const inSpec =
  (field: string, otherwise: unknown = NONE): Cell =>
  (object) =>
    specOf(object)[field] ?? otherwise;
const inStatus =
  (field: string, otherwise: unknown = ""): Cell =>
  (object) =>
    statusOf(object)[field] ?? otherwise;
const member =
  (field: string, otherwise: unknown = NONE): Cell =>
  (object) =>
    object[field] ?? otherwise;
const sizeOf =
  (field: string): Cell =>
  (object) =>
    Object.keys(isMap(object[field]) ? object[field] : {}).length;
const COMMON: Readonly<Record<string, Cell>> = { Name: name, Age: ageOf, AGE: ageOf };

/** What a set of pods says of its template. */
const TEMPLATE: Readonly<Record<string, Cell>> = {
  Containers: (set) =>
    templateContainers(set)
      .map((container) => textOf(container["name"]))
      .join(","),
  Images: (set) =>
    templateContainers(set)
      .map(({ image }) => textOf(image))
      .join(","),
  Selector: (set) => selectorText(selectorOf(set)) || NONE,
};

const CELLS: Readonly<Record<string, Readonly<Record<string, Cell>>>> = {
  clonesets: {
    DESIRED: inSpec("replicas", null),
    UPDATED: inStatus("updatedReplicas", null),
    UPDATED_READY: inStatus("updatedReadyReplicas", null),
    UPDATED_AVAILABLE: inStatus("updatedAvailableReplicas", null),
    READY: inStatus("readyReplicas", null),
    TOTAL: inStatus("replicas", null),
    CONTAINERS: (set) => templateContainers(set).map((container) => container["name"])[0],
    IMAGES: (set) => templateContainers(set).map(({ image }) => image)[0],
    SELECTOR: inStatus("labelSelector", null),
  },
  configmaps: { Data: (map) => Number(sizeOf("data")(map)) + Number(sizeOf("binaryData")(map)) },
  controllerrevisions: {
    Controller: ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller);
      if (owner === undefined) return NONE;
      const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : "";
      return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
    },
    Revision: member("revision"),
  },
  customresourcedefinitions: { "Created At": ({ metadata }) => metadata.creationTimestamp },
  deployments: {
    Ready: (deployment) => {
      const { readyReplicas = 0 } = statusOf(deployment) as { readyReplicas?: number };
      return `${readyReplicas}/${textOf(specOf(deployment)["replicas"])}`;
    },
    "Up-to-date": inStatus("updatedReplicas", 0),
    Available: inStatus("availableReplicas", 0),
    ...TEMPLATE,
  },
  endpoints: {
    Endpoints: ({ subsets }) => {
      const all = listOf(subsets).flatMap((subset) =>
        listOf(subset["addresses"]).flatMap(({ ip }) =>
          listOf(subset["ports"]).map(({ port }) => `${textOf(ip)}:${textOf(port)}`),
        ),
      );
      return shortened(all, 3);
    },
  },
  endpointslices: {
    AddressType: member("addressType"),
    Ports: ({ ports }) =>
      shortened(
        listOf(ports).map(({ port }) => textOf(port ?? "*")),
        3,
        "<unset>",
      ),
    Endpoints: ({ endpoints }) =>
      shortened(
        listOf(endpoints).flatMap(({ addresses }) => (Array.isArray(addresses) ? addresses.map(textOf) : [])),
        3,
        "<unset>",
      ),
  },
  events: {
    "Last Seen": (event) => age(textOf(lastSeen(event) ?? event.metadata.creationTimestamp)),
    Type: member("type", ""),
    Reason: member("reason", ""),
    Object: ({ involvedObject }) => {
      const about = (involvedObject ?? {}) as { kind?: string; name?: string };
      return about.name ? `${about.kind?.toLowerCase()}/${about.name}` : about.kind?.toLowerCase();
    },
    Subobject: ({ involvedObject }) => (isMap(involvedObject) ? (involvedObject["fieldPath"] ?? "") : ""),
    Source: (event) => {
      const { component, host } = (event["source"] ?? {}) as { component?: string; host?: string };
      const who = component ?? textOf(event["reportingComponent"] ?? "");
      return host ? `${who}, ${host}` : who;
    },
    Message: (event) => textOf(event["message"] ?? "").trim(),
    "First Seen": (event) =>
      age(textOf(event["firstTimestamp"] ?? event["eventTime"] ?? event.metadata.creationTimestamp)),
    Count: (event) => {
      const { series } = event;
      return (isMap(series) ? series["count"] : undefined) ?? event["count"] ?? 1;
    },
  },
  horizontalpodautoscalers: {
    Reference: (scaler) => {
      const { kind, name: target } = (specOf(scaler)["scaleTargetRef"] ?? {}) as { kind?: string; name?: string };
      return `${kind}/${target}`;
    },
    Targets: (scaler) => (listOf(specOf(scaler)["metrics"]).length > 0 ? "<unknown>" : NONE),
    MinPods: inSpec("minReplicas", "<unset>"),
    MaxPods: inSpec("maxReplicas"),
    Replicas: inStatus("currentReplicas", 0),
  },
  leases: { Holder: inSpec("holderIdentity", "") },
  mutatingwebhookconfigurations: { Webhooks: ({ webhooks }) => listOf(webhooks).length },
  namespaces: { Status: inStatus("phase", "Active") },
  nodes: {
    Status: nodeStatus,
    Roles: ({ metadata }) => {
      const prefix = "node-role.kubernetes.io/";
      const roles = Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(prefix));
      return roles.map((key) => key.slice(prefix.length)).join(",") || NONE;
    },
    Version: nodeInfo("kubeletVersion", ""),
    "Internal-IP": (node) => nodeAddress(node, "InternalIP"),
    "External-IP": (node) => nodeAddress(node, "ExternalIP"),
    "OS-Image": nodeInfo("osImage", "<unknown>"),
    "Kernel-Version": nodeInfo("kernelVersion", "<unknown>"),
    "Container-Runtime": nodeInfo("containerRuntimeVersion", "<unknown>"),
  },
  persistentvolumeclaims: {
    Status: (claim) => (claim.metadata.deletionTimestamp ? "Terminating" : statusOf(claim)["phase"]),
    Volume: inSpec("volumeName", ""),
    Capacity: (claim) => (specOf(claim)["volumeName"] ? storageOf(statusOf(claim)["capacity"]) : ""),
    "Access Modes": (claim) => (specOf(claim)["volumeName"] ? accessModes(statusOf(claim)["accessModes"]) : ""),
    StorageClass: inSpec("storageClassName", ""),
    VolumeAttributesClass: inSpec("volumeAttributesClassName", "<unset>"),
    VolumeMode: inSpec("volumeMode", "<unset>"),
  },
  persistentvolumes: {
    Capacity: (volume) => storageOf(specOf(volume)["capacity"]),
    "Access Modes": (volume) => accessModes(specOf(volume)["accessModes"]),
    "Reclaim Policy": inSpec("persistentVolumeReclaimPolicy", ""),
    Status: (volume) => (volume.metadata.deletionTimestamp ? "Terminating" : statusOf(volume)["phase"]),
    Claim: (volume) => {
      const { namespace, name: claim } = (specOf(volume)["claimRef"] ?? {}) as { namespace?: string; name?: string };
      return claim === undefined ? "" : `${namespace}/${claim}`;
    },
    StorageClass: inSpec("storageClassName", ""),
    VolumeAttributesClass: inSpec("volumeAttributesClassName", "<unset>"),
    Reason: inStatus("reason"),
    VolumeMode: inSpec("volumeMode", "<unset>"),
  },
  poddisruptionbudgets: {
    "Min Available": inSpec("minAvailable", "N/A"),
    "Max Unavailable": inSpec("maxUnavailable", "N/A"),
    "Allowed Disruptions": inStatus("disruptionsAllowed", 0),
  },
  pods: {
    Ready: (pod) =>
      `${containerStatuses(pod).filter(({ ready }) => ready).length}/${listOf(specOf(pod)["containers"]).length}`,
    Status: podStatus,
    Restarts: restarts,
    IP: inStatus("podIP", NONE),
    Node: inSpec("nodeName"),
    "Nominated Node": inStatus("nominatedNodeName", NONE),
    "Readiness Gates": (pod) => {
      const gates = listOf(specOf(pod)["readinessGates"]);
      if (gates.length === 0) return NONE;
      const conditions = listOf(statusOf(pod)["conditions"]);
      const passed = gates.filter(({ conditionType }) =>
        conditions.some(({ type, status }) => type === conditionType && status === "True"),
      );
      return `${passed.length}/${gates.length}`;
    },
  },
  replicasets: {
    Desired: inSpec("replicas", 0),
    Current: inStatus("replicas", 0),
    Ready: inStatus("readyReplicas", 0),
    ...TEMPLATE,
  },
  secrets: { Type: member("type", "Opaque"), Data: sizeOf("data") },
  services: {
    Type: inSpec("type", "ClusterIP"),
    "Cluster-IP": inSpec("clusterIP"),
    "External-IP": () => NONE,
    "Port(s)": (service) =>
      listOf(specOf(service)["ports"])
        .map(({ port, protocol = "TCP" }) => `${textOf(port)}/${textOf(protocol)}`)
        .join(",") || NONE,
    Selector: (service) => {
      const selector = specOf(service)["selector"];
      return isMap(selector)
        ? Object.entries(selector)
            .map(([key, value]) => `${key}=${textOf(value)}`)
            .join(",")
        : NONE;
    },
  },
  storageclasses: {
    Name: (storageClass) => {
      const isDefault = storageClass.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
      return `${storageClass.metadata.name}${isDefault ? " (default)" : ""}`;
    },
    Provisioner: member("provisioner", ""),
    ReclaimPolicy: member("reclaimPolicy", "Delete"),
    VolumeBindingMode: member("volumeBindingMode", "Immediate"),
    AllowVolumeExpansion: ({ allowVolumeExpansion }) => textOf(allowVolumeExpansion ?? false),
  },
  validatingwebhookconfigurations: { Webhooks: ({ webhooks }) => listOf(webhooks).length },
};

/** What fills a column of a kind; undefined if nobody knows. */
export function cellOf(plural: string, column: string): Cell | undefined {
  return CELLS[plural]?.[column] ?? COMMON[column];
}

function listOf(value: unknown): JsonMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function shortened(all: readonly string[], shown: number, otherwise = NONE): string {
  if (all.length === 0) return otherwise;
  const more = all.length - shown;
  return more > 0 ? `${all.slice(0, shown).join(",")} + ${more} more...` : all.join(",");
}

function templateContainers(set: StoredObject): JsonMap[] {
  const template = specOf(set)["template"];
  const spec = isMap(template) ? template["spec"] : undefined;
  return isMap(spec) ? listOf(spec["containers"]) : [];
}

interface ContainerStatus {
  ready?: boolean;
  restartCount?: number;
  state?: JsonMap;
  lastState?: { terminated?: { finishedAt?: string } };
}

function containerStatuses(pod: StoredObject): ContainerStatus[] {
  return (statusOf(pod)["containerStatuses"] as ContainerStatus[] | undefined) ?? [];
}

/** "2 (5m ago)": how often, and when last. */
function restarts(pod: StoredObject): string {
  const statuses = containerStatuses(pod);
  const count = statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
  const last = statuses
    .flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
    .toSorted()
    .at(-1);
  return count > 0 && last !== undefined ? `${count} (${age(last)} ago)` : String(count);
}

function podStatus(pod: StoredObject): string {
  const { reason, phase } = statusOf(pod) as { reason?: string; phase?: string };
  if (pod.metadata.deletionTimestamp) return reason === "NodeLost" ? "Unknown" : "Terminating";
  for (const { state } of containerStatuses(pod)) {
    const told = state?.["waiting"] ?? state?.["terminated"];
    if (isMap(told) && typeof told["reason"] === "string") return told["reason"];
  }
  const scheduling = listOf(statusOf(pod)["conditions"]).find(({ type }) => type === "PodScheduled");
  if (scheduling?.["reason"] === "SchedulingGated") return "SchedulingGated";
  return reason ?? phase ?? "Unknown";
}

function nodeStatus(node: StoredObject): string {
  const ready = listOf(statusOf(node)["conditions"]).find(({ type }) => type === "Ready");
  const word = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady";
  return specOf(node)["unschedulable"] ? `${word},SchedulingDisabled` : word;
}

function nodeInfo(field: string, otherwise: string): Cell {
  return (node) => {
    const info = statusOf(node)["nodeInfo"];
    return (isMap(info) ? info[field] : undefined) ?? otherwise;
  };
}

function nodeAddress(node: StoredObject, wanted: string): unknown {
  return listOf(statusOf(node)["addresses"]).find(({ type }) => type === wanted)?.["address"] ?? NONE;
}

function storageOf(quantities: unknown): unknown {
  return (isMap(quantities) ? quantities["storage"] : undefined) ?? "";
}

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function accessModes(modes: unknown): string {
  return Array.isArray(modes) ? modes.map((mode) => MODES[String(mode)] ?? String(mode)).join(",") : "";
}

function lastSeen(event: StoredObject): unknown {
  const { series } = event;
  return (
    (isMap(series) ? series["lastObservedTime"] : undefined) ??
    event["lastTimestamp"] ??
    event["eventTime"] ??
    undefined
  );
}

/** "5s", "3m4s", "2h5m", "4d": two units while the first is small. */
export function age(since: string, nowMs = Date.now()): string {
  const seconds = Math.floor((nowMs - Date.parse(since)) / 1000);
  if (Number.isNaN(seconds)) return "<unknown>";
  if (seconds < 0) return "0s";
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  const and = (rest: number, unit: string) => (rest > 0 ? `${rest}${unit}` : "");
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return `${minutes}m${and(seconds % 60, "s")}`;
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return `${hours}h${and(minutes % 60, "m")}`;
  if (hours < 48) return `${hours}h`;
  if (days < 8) return `${days}d${and(hours % 24, "h")}`;
  if (days < 365 * 2) return `${days}d`;
  return `${Math.floor(days / 365)}y${and(days % 365, "d")}`;
}
