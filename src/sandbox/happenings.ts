/** What schedulers and kubelets tell in events. */
import { hash } from "node:crypto";
import { toTime } from "../kube/clock.ts";
import type { ApiServer } from "./api-server.ts";
import type { ContainerStatus } from "./kubelet/pod.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { statusOf } from "./pods.ts";

export interface Happening {
  pod: StoredObject;
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  by: string;
}

type Told = Pick<Happening, "type" | "reason" | "message">;

/** What a kubelet tells of when it writes this status. */
export function kubeletEvents(pod: StoredObject, status: JsonMap): Told[] {
  const statusesIn = (from: JsonMap) =>
    (["initContainerStatuses", "containerStatuses"] as const).flatMap(
      (field) => (from[field] as ContainerStatus[] | undefined) ?? [],
    );
  const before = new Map(statusesIn(statusOf(pod)).map((old) => [old.name, old]));
  return statusesIn(status).flatMap((next) => containerEvents(next, before.get(next.name)));
}

function containerEvents(next: ContainerStatus, old: ContainerStatus | undefined): Told[] {
  const { name, image, state, containerID } = next;
  const told: Told[] = [];
  if (old?.state.running && old.image !== image) {
    const message = `Container ${name} definition changed, will be restarted`;
    told.push({ type: "Normal", reason: "Killing", message });
  }
  if (containerID !== undefined && containerID !== old?.containerID) {
    told.push(
      {
        type: "Normal",
        reason: "Pulled",
        message: `Container image ${JSON.stringify(image)} already present on machine`,
      },
      { type: "Normal", reason: "Created", message: `Container created` },
      { type: "Normal", reason: "Started", message: `Container started` },
    );
  }
  const { reason, message = "" } = state.waiting ?? {};
  if (reason !== undefined && reason !== old?.state.waiting?.reason) {
    if (reason === "ErrImagePull")
      told.push({ type: "Warning", reason: "Failed", message: `Failed to pull image: ${message}` });
    if (reason === "ImagePullBackOff") told.push({ type: "Normal", reason: "BackOff", message });
    if (reason === "CrashLoopBackOff") told.push({ type: "Warning", reason: "BackOff", message });
  }
  return told;
}

/** Writes events; one that happens again is counted. */
export function recordTo(server: ApiServer, nowMs: () => number): (happening: Happening) => void {
  return ({ pod, type, reason, message, by }) => {
    const { namespace = "", name: podName, uid, resourceVersion } = pod.metadata;
    const name = `${podName}.${hash("sha256", `${uid} ${reason} ${message}`).slice(0, 16)}`;
    const path = `/api/v1/namespaces/${namespace}/events`;
    const now = toTime(nowMs());
    const old = server.collection("events").get(namespace, name);
    if (old !== undefined) {
      const body = { count: Number(old["count"] ?? 1) + 1, lastTimestamp: now };
      const headers = { "content-type": "application/merge-patch+json" };
      server.request({ method: "PATCH", path: `${path}/${name}`, headers, user: by, body });
      return;
    }
    const involvedObject = { apiVersion: "v1", kind: "Pod", namespace, name: podName, uid, resourceVersion };
    const source = { component: by };
    const times = { firstTimestamp: now, lastTimestamp: now, count: 1 };
    const body = {
      metadata: { name },
      involvedObject,
      reason,
      message,
      type,
      source,
      reportingComponent: by,
      ...times,
    };
    server.request({ method: "POST", path, headers: {}, user: by, body });
  };
}
