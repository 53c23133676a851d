import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";

interface Column {
  name: string;
  type?: "string" | "integer" | "date";
  /** Shown with `-o wide` only. */
  wide?: true;
  cell: (object: StoredObject) => unknown;
}

const status = (field: string) => (object: StoredObject) => statusOf(object)[field] ?? 0;
const NAME: Column = { name: "Name", cell: ({ metadata }) => metadata.name };
const AGE: Column = { name: "Age", cell: ({ metadata }) => age(metadata.creationTimestamp) };

/** The columns that `kubectl get` shows, per kind. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  CloneSet: [
    NAME,
    { name: "DESIRED", type: "integer", cell: (object) => specOf(object)["replicas"] },
    { name: "UPDATED", type: "integer", cell: status("updatedReplicas") },
    { name: "UPDATED_READY", type: "integer", cell: status("updatedReadyReplicas") },
    { name: "UPDATED_AVAILABLE", type: "integer", cell: status("updatedAvailableReplicas") },
    { name: "READY", type: "integer", cell: status("readyReplicas") },
    { name: "TOTAL", type: "integer", cell: status("replicas") },
    { name: "AGE", cell: AGE.cell },
  ],
  Pod: [
    NAME,
    { name: "Ready", cell: readyContainers },
    { name: "Status", cell: podStatus },
    {
      name: "Restarts",
      cell: (pod) => containerStatuses(pod).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0),
    },
    AGE,
    { name: "IP", wide: true, cell: (pod) => statusOf(pod)["podIP"] ?? "<none>" },
    { name: "Node", wide: true, cell: (pod) => specOf(pod)["nodeName"] ?? "<none>" },
  ],
  PersistentVolumeClaim: [
    NAME,
    { name: "Status", cell: (claim) => (claim.metadata.deletionTimestamp ? "Terminating" : statusOf(claim)["phase"]) },
    { name: "Volume", cell: (claim) => specOf(claim)["volumeName"] ?? "" },
    AGE,
  ],
  Node: [NAME, { name: "Status", cell: nodeStatus }, AGE],
  Event: [
    {
      name: "Last Seen",
      cell: (event) => age((event["lastTimestamp"] as string | undefined) ?? event.metadata.creationTimestamp),
    },
    { name: "Type", cell: (event) => event["type"] },
    { name: "Reason", cell: (event) => event["reason"] },
    {
      name: "Object",
      cell: (event) => {
        const about = (event["involvedObject"] ?? {}) as { kind?: string; name?: string };
        return `${about.kind?.toLowerCase()}/${about.name}`;
      },
    },
    { name: "Message", cell: (event) => event["message"] },
  ],
};

/** Objects as a `meta.k8s.io/v1` Table. Of a watch only the first table has columns. */
export function tableOf(objects: readonly StoredObject[], { columns }: { columns: boolean }) {
  const [first] = objects;
  const shown = COLUMNS[first?.kind ?? ""] ?? [NAME, AGE];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: first?.metadata.resourceVersion ?? "" },
    columnDefinitions: columns
      ? shown.map(({ name, type = "string", wide }) => ({
          name,
          type,
          format: name === "Name" ? "name" : "",
          description: name,
          priority: wide ? 1 : 0,
        }))
      : [],
    rows: objects.map((object) => ({
      cells: shown.map(({ cell }) => cell(object)),
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
    })),
  };
}

function containerStatuses(pod: StoredObject): { ready?: boolean; restartCount?: number; state?: JsonMap }[] {
  return (
    (statusOf(pod)["containerStatuses"] as { ready?: boolean; restartCount?: number; state?: JsonMap }[] | undefined) ??
    []
  );
}

function readyContainers(pod: StoredObject): string {
  const containers = specOf(pod)["containers"];
  return `${containerStatuses(pod).filter(({ ready }) => ready).length}/${Array.isArray(containers) ? containers.length : 0}`;
}

function podStatus(pod: StoredObject): string {
  if (pod.metadata.deletionTimestamp) return "Terminating";
  for (const { state } of containerStatuses(pod)) {
    const told = state?.["waiting"] ?? state?.["terminated"];
    if (isMap(told) && typeof told["reason"] === "string") return told["reason"];
  }
  const { reason, phase } = statusOf(pod) as { reason?: string; phase?: string };
  return reason ?? phase ?? "Unknown";
}

function nodeStatus(node: StoredObject): string {
  const conditions = (statusOf(node)["conditions"] as { type: string; status: string }[] | undefined) ?? [];
  const ready = conditions.find(({ type }) => type === "Ready")?.status === "True" ? "Ready" : "NotReady";
  return specOf(node)["unschedulable"] ? `${ready},SchedulingDisabled` : ready;
}

/** "5s", "3m", "2h", "4d". */
function age(since: string): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
