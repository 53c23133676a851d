/** What the store says of pods and CloneSets, read anew here: the checks must not share the rules they check. */

import type { ClaimTemplate } from "../../src/api/kubernetes.ts";
import { claimTemplatesHash } from "../../src/revision/hash.ts";
import type { ApiServer } from "../../src/sandbox/api-server.ts";
import type { JsonMap, StoredObject } from "../../src/sandbox/objects.ts";
import { isMap, isSame } from "../../src/sandbox/objects.ts";
import { specOf, statusOf } from "../../src/sandbox/pods.ts";

export { specOf, statusOf } from "../../src/sandbox/pods.ts";

export const STATE = "lifecycle.apps.kruise.io/state";
export const REVISION = "controller-revision-hash";
export const INSTANCE = "apps.kruise.io/cloneset-instance-id";
export const SPECIFIED = "apps.kruise.io/specified-delete";
export const GATE = "InPlaceUpdateReady";

export function isStored(value: unknown): value is StoredObject {
  return isMap(value) && isMap(value["metadata"]) && typeof value["metadata"]["uid"] === "string";
}

export function ownerUid(object: StoredObject): string | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
}

export function conditionOf(pod: StoredObject, type: string): string | undefined {
  const conditions = statusOf(pod)["conditions"] as { type: string; status: string }[] | undefined;
  return conditions?.find((condition) => condition.type === type)?.status;
}

export function hasGate(pod: StoredObject): boolean {
  const gates = (specOf(pod)["readinessGates"] ?? []) as { conditionType: string }[];
  return gates.some(({ conditionType }) => conditionType === GATE);
}

export function isActive(pod: StoredObject): boolean {
  const phase = statusOf(pod)["phase"];
  return pod.metadata.deletionTimestamp === undefined && phase !== "Failed" && phase !== "Succeeded";
}

export function isReady(pod: StoredObject): boolean {
  const gate = conditionOf(pod, GATE);
  return (
    statusOf(pod)["phase"] === "Running" &&
    conditionOf(pod, "Ready") === "True" &&
    (gate === undefined || gate === "True")
  );
}

/** Serves, and counts as serving: ready in an ordinary lifecycle state, and not on its way out. */
export function isUp(pod: StoredObject): boolean {
  const state = pod.metadata.labels?.[STATE] ?? "Normal";
  return isActive(pod) && isReady(pod) && (state === "Normal" || state === "");
}

/** For how many seconds the pod has been ready. */
export function readySeconds(pod: StoredObject, nowMs: number): number {
  const conditions = statusOf(pod)["conditions"] as { type: string; lastTransitionTime?: string }[] | undefined;
  const since = conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
  return since === undefined ? 0 : (nowMs - Date.parse(since)) / 1000;
}

export function revisionOf(pod: StoredObject): string {
  return pod.metadata.labels?.[REVISION] ?? "";
}

export const short = (revision: string): string => revision.slice(revision.lastIndexOf("-") + 1);

export function idOf(object: StoredObject): string | undefined {
  return object.metadata.labels?.[INSTANCE];
}

export function podsOf(server: ApiServer, uid: string): StoredObject[] {
  return server
    .collection("pods")
    .all()
    .filter((pod) => ownerUid(pod) === uid);
}

export function containersOf(holder: unknown): { name: string; image: string; env?: unknown[] }[] {
  const spec: unknown = isMap(holder) ? holder["spec"] : undefined;
  return isMap(spec) && Array.isArray(spec["containers"])
    ? (spec["containers"] as { name: string; image: string }[])
    : [];
}

/** The numbers a CloneSet's spec asks for, worked out from the wire form. */
export interface Wanted {
  replicas: number;
  partition: number;
  maxUnavailable: number;
  maxSurge: number;
  scaleMaxUnavailable: number;
  minReadySeconds: number;
  type: string;
  paused: boolean;
  reuse: boolean;
  /** Hash of the claim templates, as pods carry it. */
  claims: string;
  named: ReadonlySet<string>;
  historyLimit: number;
  template: JsonMap;
  lifecycle: JsonMap;
  graceSeconds: number;
}

export function wantedOf(cloneSet: StoredObject): Wanted {
  const spec = specOf(cloneSet);
  const update = (spec["updateStrategy"] ?? {}) as JsonMap;
  const scale = (spec["scaleStrategy"] ?? {}) as JsonMap;
  const replicas = Number(spec["replicas"] ?? 1);
  const type = (update["type"] as string | undefined) ?? "ReCreate";
  const paused = update["paused"] === true;
  const onDelete = type === "OnDelete";
  const maxSurge = paused || onDelete ? 0 : count(update["maxSurge"] ?? 0, replicas, Math.ceil);
  const given = onDelete ? 0 : (update["partition"] ?? 0);
  let partition = Math.min(count(given, replicas, Math.ceil), replicas);
  if (typeof given === "string" && given !== "100%" && partition === replicas && replicas > 1) partition -= 1;
  return {
    replicas,
    partition,
    maxUnavailable: count(update["maxUnavailable"] ?? "20%", replicas, maxSurge === 0 ? Math.ceil : Math.floor),
    maxSurge,
    scaleMaxUnavailable:
      scale["maxUnavailable"] === undefined
        ? Number.POSITIVE_INFINITY
        : count(scale["maxUnavailable"], replicas, Math.ceil),
    minReadySeconds: Number(spec["minReadySeconds"] ?? 0),
    type,
    paused,
    reuse: scale["disablePVCReuse"] !== true,
    claims: claimTemplatesHash((spec["volumeClaimTemplates"] ?? []) as ClaimTemplate[]),
    named: new Set((scale["podsToDelete"] as string[] | undefined) ?? []),
    historyLimit: Number(spec["revisionHistoryLimit"] ?? 10),
    template: (spec["template"] ?? {}) as JsonMap,
    lifecycle: (spec["lifecycle"] ?? {}) as JsonMap,
    graceSeconds: Number((update["inPlaceUpdateStrategy"] as JsonMap | undefined)?.["gracePeriodSeconds"] ?? 0),
  };
}

function count(value: unknown, of: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  // The product first: 0.07 * 100 is not 7.
  return round((Number(String(value).replace("%", "")) * of) / 100);
}

/** Whether a pod's labels are those that its CloneSet selects. A pod that is let go of keeps its owner for a moment. */
export function isSelected(pod: StoredObject, cloneSet: StoredObject): boolean {
  const { matchLabels } = specOf(cloneSet)["selector"] as { matchLabels: Record<string, string> };
  return Object.entries(matchLabels).every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/** Whether a pod says that it was made with other claim templates. */
export function hasOtherClaims(pod: StoredObject, { claims }: Pick<Wanted, "claims">): boolean {
  const made = pod.metadata.annotations?.["kruise.io/cloneset-volumeclaimtemplate-hash"];
  return made !== undefined && made !== claims;
}

/** The template that a revision holds. */
export function templateOf(revision: StoredObject): unknown {
  const data = revision["data"] as { spec?: { template?: JsonMap } } | undefined;
  return data?.spec?.template?.["spec"] === undefined ? undefined : { ...data.spec.template };
}

/** Whether a hook holds a pod: one of its handlers is there. */
export function blocks(hook: JsonMap, pod: StoredObject): boolean {
  const labels = (hook["labelsHandler"] ?? {}) as Record<string, string>;
  const finalizers = (hook["finalizersHandler"] ?? []) as string[];
  return (
    Object.entries(labels).some(([key, value]) => pod.metadata.labels?.[key] === value) ||
    finalizers.some((one) => pod.metadata.finalizers?.includes(one))
  );
}

/** Whether a pod could become like a template by new images alone. */
export function differsInImagesOnly(pod: StoredObject, template: JsonMap): boolean {
  const containers = containersOf(pod);
  return containersOf(template).every(({ name, env = [] }) => {
    const container = containers.find((one) => one.name === name);
    return container !== undefined && isSame(container.env ?? [], env);
  });
}

/** Whether containers are as a template has them, in image and environment. */
export function isOf(
  containers: readonly { name: string; image: string; env?: unknown[] }[],
  template: JsonMap,
): boolean {
  return containersOf(template).every(({ name, image, env = [] }) => {
    const container = containers.find((one) => one.name === name);
    return container?.image === image && isSame(container.env ?? [], env);
  });
}
