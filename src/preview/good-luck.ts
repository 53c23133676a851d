/** What nodes and hooks make of a pod when nothing goes wrong. */

import type { Lifecycle, LifecycleHook } from "../api/cloneset.ts";
import { label, readinessGate } from "../api/constants.ts";
import { timestamp } from "../api/kubernetes.ts";
import type { KubeObject } from "../kube/resources.ts";

interface WireContainer {
  name: string;
  image: string;
  restartPolicy?: string;
  resources?: unknown;
}

interface WireStatus {
  name: string;
  image?: string;
  imageID?: string;
  containerID?: string;
  ready?: boolean;
  restartCount?: number;
  state?: Record<string, unknown>;
  resources?: unknown;
}

interface WireCondition {
  type: string;
  status: string;
  lastTransitionTime?: string;
}

export interface WirePod extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: WireContainer[];
    initContainers?: WireContainer[];
    readinessGates?: { conditionType: string }[];
  };
  status?: {
    phase?: string;
    observedGeneration?: number;
    conditions?: WireCondition[];
    containerStatuses?: WireStatus[];
    initContainerStatuses?: WireStatus[];
  };
}

/** In the containers' own words the new image is pulled and started; a pod that is broken with an image stays so with it. */
const BROKEN = new Set(["waiting", "terminated"]);

/** What a kubelet says of a container that nothing is wrong with. */
const STARTING = new Set(["ContainerCreating", "PodInitializing"]);

/**
 * The pod a moment later: scheduled, with the images of its spec running, ready; its hook answered, if one holds it. The same
 * object if there is nothing left to do; undefined once a pod that was deleted is gone.
 */
export function goesWell(pod: WirePod, given: { lifecycle: Lifecycle; nowMs: number }): WirePod | undefined {
  const { metadata, spec = {}, status = {} } = pod;
  if (status.phase === "Failed" || status.phase === "Succeeded") {
    return metadata.deletionTimestamp === undefined ? pod : undefined;
  }
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const started = {
    ...status,
    phase: "Running",
    observedGeneration: metadata.generation ?? 0,
    containerStatuses: running(spec.containers ?? [], status.containerStatuses ?? []),
    // Of init containers only sidecars go on running.
    initContainerStatuses: running(
      (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always"),
      status.initContainerStatuses ?? [],
    ),
  };
  const conditions = readyConditions(pod, started.containerStatuses, given.nowMs);
  const next: WirePod = {
    ...pod,
    metadata: answered(pod, given.lifecycle),
    spec: { ...spec, nodeName: spec.nodeName ?? "some-node" },
    status: { ...started, conditions },
  };
  return JSON.stringify(next) === JSON.stringify({ ...pod, spec, status }) ? pod : next;
}

function running(containers: readonly WireContainer[], before: readonly WireStatus[]): WireStatus[] {
  return containers.map(({ name, image, resources }) => {
    const was = before.find((status) => status.name === name);
    const isSame = was !== undefined && was.image !== undefined && sameImage(was, image);
    const stays = { ...was, name, ...(resources === undefined ? {} : { resources }) };
    if (isSame && isStarting(was)) return { ...stays, ready: true, state: { running: {} } };
    if (isSame) return stays;
    const restartCount = was === undefined ? 0 : (was.restartCount ?? 0) + 1;
    const ids = { imageID: `preview://${image}`, containerID: `preview://${name}/${image}/${restartCount}` };
    return { ...stays, ...ids, image, ready: true, restartCount, state: { running: {} } };
  });
}

/** It was started, or is about to be, and all that is missing is that it says so. */
function isStarting({ ready, state = {} }: WireStatus): boolean {
  if (ready === true) return false;
  const { reason } = (state["waiting"] ?? {}) as { reason?: string };
  return state["running"] !== undefined || (reason !== undefined && STARTING.has(reason));
}

/** Whether the container already is what the spec asks for; nodes spell images out. */
function sameImage(was: WireStatus, image: string): boolean {
  if (was.image === image) return true;
  const isBroken = Object.keys(was.state ?? {}).some((state) => BROKEN.has(state));
  return !isBroken && was.image !== undefined && (was.image.endsWith(`/${image}`) || was.image === `${image}:latest`);
}

function readyConditions(pod: WirePod, containers: readonly WireStatus[], nowMs: number): WireCondition[] {
  const before = pod.status?.conditions ?? [];
  const isTrue = (type: string) => before.some((condition) => condition.type === type && condition.status === "True");
  const gates = (pod.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType);
  const ours: string[] = Object.values(readinessGate);
  // Gates of others are theirs to open: what is closed now stays closed, and what is new is opened.
  const isNew = before.length === 0;
  const foreign = gates.filter((gate) => !ours.includes(gate));
  const areUp = containers.every(({ ready }) => ready === true);
  const isReady =
    areUp && gates.filter((gate) => ours.includes(gate)).every(isTrue) && (isNew || foreign.every(isTrue));
  const set = (list: WireCondition[], type: string, status: string): WireCondition[] => {
    const was = list.find((condition) => condition.type === type);
    if (was?.status === status) return list;
    return [
      ...list.filter((condition) => condition.type !== type),
      { type, status, lastTransitionTime: timestamp(nowMs) },
    ];
  };
  let conditions = set(before, "PodScheduled", "True");
  if (isNew) for (const gate of foreign) conditions = set(conditions, gate, "True");
  conditions = set(conditions, "ContainersReady", areUp ? "True" : "False");
  return set(conditions, "Ready", isReady ? "True" : "False");
}

/** The hook that holds the pod is answered: whoever answers takes its handlers off before, and puts them on after. */
function answered({ metadata }: WirePod, lifecycle: Lifecycle): KubeObject["metadata"] {
  switch (metadata.labels?.[label.lifecycleState]) {
    case "PreparingDelete":
      return withoutHandlers(metadata, lifecycle.preDelete);
    case "PreparingUpdate":
      return withoutHandlers(metadata, lifecycle.inPlaceUpdate);
    case "PreparingNormal":
      return withHandlers(metadata, lifecycle.preNormal);
    case "Updated":
      return withHandlers(metadata, lifecycle.inPlaceUpdate);
    case "Normal":
    case "Updating":
    case undefined:
    default:
      return metadata;
  }
}

function withoutHandlers(metadata: KubeObject["metadata"], hook: LifecycleHook | undefined): KubeObject["metadata"] {
  if (hook === undefined) return metadata;
  const labels = Object.entries(metadata.labels ?? {}).filter(([key]) => !Object.hasOwn(hook.labelsHandler, key));
  const finalizers = (metadata.finalizers ?? []).filter((one) => !hook.finalizersHandler.includes(one));
  return { ...metadata, labels: Object.fromEntries(labels), finalizers };
}

function withHandlers(metadata: KubeObject["metadata"], hook: LifecycleHook | undefined): KubeObject["metadata"] {
  if (hook === undefined) return metadata;
  const finalizers = [...new Set([...(metadata.finalizers ?? []), ...hook.finalizersHandler])];
  return { ...metadata, labels: { ...metadata.labels, ...hook.labelsHandler }, finalizers };
}
