/** The writes of an in-place update, as plain data. */

import type { LifecycleState } from "../api/constants.ts";
import {
  annotation,
  label,
  READINESS_GATES_NOT_READY,
  readinessGate,
  START_IN_PLACE_UPDATE,
} from "../api/constants.ts";
import type { JsonObject, PodTemplate } from "../api/kubernetes.ts";
import { timestamp } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { hasGate, lifecycleState } from "../api/pod.ts";
import { shortPart } from "../revision/hash.ts";
import type { InPlaceUpdate, ResourceAmounts } from "./can-update.ts";
import { sameImageName } from "./image-name.ts";
import type { InPlaceProgress } from "./progress.ts";
import { containerOf, statusOf, whyUnfinished } from "./progress.ts";
import type { InPlaceGrace, InPlaceState, LastContainerStatus, RefMetadata } from "./state.ts";
import { formatGrace, formatState, REMOVED_FINALIZERS, readState } from "./state.ts";

/**
 * A strategic merge patch of a pod. The sender adds metadata.uid and metadata.resourceVersion:
 * the version the patch was planned from, then that of each answer.
 */
export interface PodPatch {
  subresource: "" | "status" | "resize";
  body: JsonObject;
}

/** Patches to send one after the other, each only if the one before was accepted. */
export interface InPlaceWrites {
  patches: PodPatch[];
  /** Containers whose image in the pod is not the one that the pod's revision has; they are patched all the same. */
  foreignImages: ForeignImage[];
  /** Set when a grace period starts here: when to look again. */
  requeueAfterMs?: number;
}

export interface ForeignImage {
  container: string;
  podImage: string;
  revisionImage: string;
}

/** The revision that a pod moves to. */
export interface Target {
  name: string;
  /** What pods carry in the label `controller-revision-hash`: the name, or its short hash. */
  label: string;
  template: PodTemplate;
}

/** What is to be done to containers, in one or more batches. */
interface ContainerWork {
  images: Record<string, string>;
  resources: Record<string, ResourceAmounts>;
  refMetadata: Record<string, RefMetadata>;
}

type Change = Record<string, string | null>;

interface MetadataChange {
  labels: Change;
  annotations: Change;
  finalizers?: { add: string[]; remove: string[] };
}

/** Labels that say who a pod is: no template takes them off or changes them. */
const IDENTITY: ReadonlySet<string> = new Set([label.instanceId, label.specifiedDelete]);

/**
 * Starts to move a pod to a revision: out of service first (gated pods), then the grace period or the first batch of containers.
 *
 * An update that is still under way is taken over: containers that it has not reached yet, or that have not restarted, are part of
 * the new one as far as the target does not change them again.
 */
export function startUpdate(
  pod: Pod,
  update: InPlaceUpdate,
  given: { target: Target; gracePeriodSeconds: number; nowMs: number },
): InPlaceWrites {
  const { target, gracePeriodSeconds, nowMs } = given;
  const before = unfinishedState(pod);
  const work: ContainerWork = {
    images: missingImages(pod, { ...before.nextContainerImages, ...update.images }),
    resources: onlyOf(pod, { ...before.nextContainerResources, ...update.resources }),
    refMetadata: before.nextContainerRefMetadata,
  };
  const change: MetadataChange = {
    labels: { ...update.labels, ...revisionLabels(target), [label.lifecycleState]: "Updating" },
    annotations: { ...update.annotations, [annotation.lifecycleTimestamp]: timestamp(nowMs) },
    finalizers: update.finalizers,
  };
  const started: InPlaceState = {
    ...emptyState(target.name, nowMs),
    lastContainerStatuses: before.lastContainerStatuses,
    updateResources: Object.keys(work.resources).length > 0,
    updateImages: Object.keys(work.images).length + Object.keys(before.lastContainerStatuses).length > 0,
  };
  const foreignImages = foreignImagesOf(pod, update, before);
  const conditions = update.drains && hasGate(pod, readinessGate.inPlaceUpdateReady) ? outOfService(pod, nowMs) : [];

  if (gracePeriodSeconds > 0) {
    const { labels, annotations, finalizers } = update;
    const grace: InPlaceGrace = {
      revision: target.name,
      containerImages: work.images,
      containerRefMetadata: work.refMetadata,
      containerResources: work.resources,
      labels,
      annotations,
      finalizers,
      updateEnvFromMetadata: false,
      graceSeconds: gracePeriodSeconds,
    };
    const metadata: MetadataChange = {
      labels: { ...revisionLabels(target), [label.lifecycleState]: "Updating" },
      annotations: {
        [annotation.lifecycleTimestamp]: timestamp(nowMs),
        ...stateAnnotation(pod, started),
        [annotation.inPlaceGrace]: formatGrace(grace),
      },
    };
    return { patches: [podPatch(conditions, metadata)], foreignImages, requeueAfterMs: gracePeriodSeconds * 1000 };
  }

  const batch = batchPatches(pod, { work, state: started, change, template: target.template, nowMs });
  const drain = conditions.length > 0 ? [podPatch(conditions)] : [];
  return { patches: [...drain, ...batch], foreignImages };
}

/** The grace period is over: patches the first batch of containers. `template`: of the revision that the pod moves to. */
export function endGrace(
  pod: Pod,
  { grace, state }: Extract<InPlaceProgress, { kind: "graceOver" }>,
  given: { template: PodTemplate | undefined; nowMs: number },
): InPlaceWrites {
  const work: ContainerWork = {
    images: missingImages(pod, grace.containerImages),
    resources: onlyOf(pod, grace.containerResources),
    refMetadata: grace.containerRefMetadata,
  };
  // The labels of the revision and of the lifecycle were written when the grace period began.
  const change: MetadataChange = {
    labels: grace.labels,
    annotations: { ...grace.annotations, ...noGrace(pod) },
    finalizers: grace.finalizers,
  };
  return { patches: batchPatches(pod, { work, state, change, ...given }), foreignImages: [] };
}

/**
 * Begins the grace period anew, now: of one that seems to begin in the future nobody can tell how much is over. Both annotations
 * are written, as at its first start.
 */
export function restartGrace(
  pod: Pod,
  { grace, state }: Extract<InPlaceProgress, { kind: "graceAhead" }>,
  nowMs: number,
): PodPatch {
  const annotations = {
    ...noGrace(pod),
    ...stateAnnotation(pod, { ...state, updateTimestamp: timestamp(nowMs) }),
    [annotation.inPlaceGrace]: formatGrace(grace),
  };
  return podPatch([], { labels: {}, annotations });
}

/** Removes a grace annotation that no longer applies, and nothing else. */
export function dropGrace(pod: Pod): PodPatch {
  return podPatch([], { labels: {}, annotations: noGrace(pod) });
}

/** Patches the next batch of containers. `template`: of the pod's revision, for the launch priorities. */
export function nextBatch(
  pod: Pod,
  { state }: Extract<InPlaceProgress, { kind: "nextBatch" }>,
  given: { template: PodTemplate | undefined; nowMs: number },
): InPlaceWrites {
  const work: ContainerWork = {
    images: missingImages(pod, state.nextContainerImages),
    resources: onlyOf(pod, state.nextContainerResources),
    refMetadata: state.nextContainerRefMetadata,
  };
  return {
    patches: batchPatches(pod, { work, state, change: { labels: {}, annotations: {} }, ...given }),
    foreignImages: [],
  };
}

/** Whether a gate that we serve is without its condition, or `InPlaceUpdateReady` is anything but plainly True. */
export function needsReadyConditions(pod: Pod): boolean {
  return readyConditions(pod, 0).length > 0;
}

/**
 * Puts a pod into service: `InPlaceUpdateReady` True (gated pods), any gate of ours without condition True, and the lifecycle
 * state if one is given. One patch, for new pods, finished updates and refused ones alike. Undefined: there is nothing to write.
 */
export function intoService(
  pod: Pod,
  { state, nowMs }: { state?: LifecycleState | undefined; nowMs: number },
): PodPatch | undefined {
  const conditions = readyConditions(pod, nowMs);
  if (state === undefined || state === lifecycleState(pod)) {
    return conditions.length > 0 ? podPatch(conditions) : undefined;
  }
  return podPatch(conditions, {
    labels: { [label.lifecycleState]: state },
    annotations: { [annotation.lifecycleTimestamp]: timestamp(nowMs) },
  });
}

/** Repairs a `pod-template-hash` that does not fit the revision label. Undefined: it fits, or the pod has no revision. */
export function repairTemplateHash(pod: Pod): PodPatch | undefined {
  const revision = pod.labels[label.revision];
  if (!revision || pod.labels[label.podTemplateHash] === shortPart(revision)) return undefined;
  return podPatch([], { labels: { [label.podTemplateHash]: shortPart(revision) }, annotations: {} });
}

/**
 * One batch: of the containers with work, those of the highest launch priority; the others are noted in the state. Resizes go first,
 * in a patch of their own (the server wants it so), then images, metadata and record in one.
 *
 * Where there are both, the images are a batch of their own that follows when the node has resized the pod: a container that restarts
 * sooner finds the pod's cgroup as it was, and with a higher limit than that it does not start (kubernetes/kubernetes#138760).
 */
function batchPatches(
  pod: Pod,
  given: {
    work: ContainerWork;
    state: InPlaceState;
    change: MetadataChange;
    template: PodTemplate | undefined;
    nowMs: number;
  },
): PodPatch[] {
  const { work, state, change, template, nowMs } = given;
  const batch = firstBatch(work, template);
  const inBatch = (name: string): boolean => batch.includes(name);
  const isLater = (name: string): boolean => !inBatch(name);
  const wanted = pickWork(work, inBatch);
  const rest = pickWork(work, isLater);
  const resizesFirst = Object.keys(wanted.resources).length > 0 && Object.keys(wanted.images).length > 0;
  const now = resizesFirst ? { ...wanted, images: {} } : wanted;
  const later = resizesFirst ? { ...rest, images: { ...wanted.images, ...rest.images } } : rest;
  const hasMore = Object.values(later).some((part) => Object.keys(part).length > 0);
  const record: InPlaceState = {
    ...state,
    lastContainerStatuses: { ...state.lastContainerStatuses, ...seenBefore(pod, now.images, state) },
    nextContainerImages: later.images,
    nextContainerResources: later.resources,
    nextContainerRefMetadata: later.refMetadata,
    // What is resized and gets its image next may well be broken until then.
    containersRequiredReady: hasMore && !resizesFirst ? batch : [],
    containerBatchesRecord: [...state.containerBatchesRecord, { timestamp: timestamp(nowMs), containers: batch }],
  };
  const references = Object.values(now.refMetadata);
  const metadata: MetadataChange = {
    ...change,
    labels: Object.assign({}, ...references.map(({ labels }) => labels), change.labels),
    annotations: {
      ...Object.assign({}, ...references.map(({ annotations }) => annotations), change.annotations),
      ...stateAnnotation(pod, record),
    },
  };
  const spec = containerPatch(pod, (name) =>
    Object.hasOwn(now.images, name) ? { image: now.images[name] ?? "" } : undefined,
  );
  const resize = containerPatch(pod, (name) => {
    const amounts = now.resources[name];
    return amounts && { resources: { ...amounts } };
  });
  return [
    ...(resize ? [{ subresource: "resize", body: { spec: resize } } as const] : []),
    { subresource: "", body: { ...metadataPatch(metadata), ...(spec && { spec }) } },
  ];
}

/**
 * The names, sorted, of the containers of the highest launch priority among those with work (unset = 0), and of all that share a label
 * or annotation with one of them: that cannot change for one container alone.
 */
function firstBatch(work: ContainerWork, template: PodTemplate | undefined): string[] {
  const touched = [...new Set(Object.values(work).flatMap((part) => Object.keys(part)))].sort();
  const highest = Math.max(...touched.map((name) => launchPriority(template, name)));
  const batch = new Set(touched.filter((name) => launchPriority(template, name) === highest));
  for (let size = -1; size !== batch.size; ) {
    size = batch.size;
    const keys = new Set([...batch].flatMap((name) => referenceKeys(work.refMetadata[name])));
    for (const name of touched) if (referenceKeys(work.refMetadata[name]).some((key) => keys.has(key))) batch.add(name);
  }
  return touched.filter((name) => batch.has(name));
}

/** The launch priority of a container: its env `KRUISE_CONTAINER_PRIORITY`, a whole number; 0 if unset or unreadable. */
export function launchPriority(template: PodTemplate | undefined, container: string): number {
  const containers = [...(template?.spec.containers ?? []), ...(template?.spec.initContainers ?? [])];
  const env = containers.find(({ name }) => name === container)?.["env"];
  const variables = Array.isArray(env) ? (env as { name?: unknown; value?: unknown }[]) : [];
  const value = variables.findLast(({ name }) => name === "KRUISE_CONTAINER_PRIORITY")?.value;
  return typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : 0;
}

function referenceKeys(metadata: RefMetadata | undefined): string[] {
  return [
    ...Object.keys(metadata?.labels ?? {}).map((key) => `label ${key}`),
    ...Object.keys(metadata?.annotations ?? {}).map((key) => `annotation ${key}`),
  ];
}

function pickWork(work: ContainerWork, isWanted: (name: string) => boolean): ContainerWork {
  return {
    images: pick(work.images, isWanted),
    resources: pick(work.resources, isWanted),
    refMetadata: pick(work.refMetadata, isWanted),
  };
}

function pick<T>(map: Record<string, T>, isWanted: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => isWanted(name)));
}

/** Without containers that the pod does not have: a patch would try to add them. */
function onlyOf<T>(pod: Pod, map: Record<string, T>): Record<string, T> {
  return pick(map, (name) => containerOf(pod, name) !== undefined);
}

/** The images that the pod does not ask for yet. To patch what is there already would restart nothing, and be waited for in vain. */
function missingImages(pod: Pod, images: Record<string, string>): Record<string, string> {
  return pick(onlyOf(pod, images), (name) => containerOf(pod, name)?.image !== images[name]);
}

/** What an update that is still under way has left to do: batches to come, and containers that have not restarted yet. */
function unfinishedState(pod: Pod): InPlaceState {
  const read = readState(pod);
  const isCurrent =
    read.kind === "found" && shortPart(read.value.revision) === shortPart(pod.labels[label.revision] ?? "");
  if (!isCurrent) return emptyState("", 0);
  const unfinished = Object.entries(read.value.lastContainerStatuses).filter(
    ([name, last]) => whyUnfinished(pod, name, last) !== undefined,
  );
  return { ...read.value, lastContainerStatuses: Object.fromEntries(unfinished) };
}

/** What is known of the containers just before they are patched. */
function seenBefore(
  pod: Pod,
  images: Record<string, string>,
  before: InPlaceState,
): Record<string, LastContainerStatus> {
  const seen = Object.entries(images).map(([name, image]): [string, LastContainerStatus] => {
    const status = statusOf(pod, name);
    const { imageID = "", containerID = "" } = status ?? {};
    const earlier = before.lastContainerStatuses[name];
    // An unfinished update found this container, one with the same image that has crashed since, or none yet; and what runs is
    // now wanted: the update is taken back.
    const isUntouched =
      earlier?.containerID === "" || earlier?.containerID === containerID || earlier?.imageID === imageID;
    const isTakenBack = isUntouched && containerID !== "" && sameImageName(status?.image ?? "", image);
    return [name, { imageID, containerID, ...(isTakenBack && { sameImage: true }) }];
  });
  return Object.fromEntries(seen);
}

function foreignImagesOf(pod: Pod, update: InPlaceUpdate, before: InPlaceState): ForeignImage[] {
  return Object.entries(update.oldImages).flatMap(([container, revisionImage]) => {
    const podImage = containerOf(pod, container)?.image;
    const isExplained =
      podImage === undefined ||
      sameImageName(podImage, revisionImage) ||
      podImage === update.images[container] ||
      Object.hasOwn(before.nextContainerImages, container);
    return isExplained ? [] : [{ container, podImage, revisionImage }];
  });
}

function emptyState(revision: string, nowMs: number): InPlaceState {
  return {
    revision,
    updateTimestamp: timestamp(nowMs),
    lastContainerStatuses: {},
    updateEnvFromMetadata: false,
    updateResources: false,
    updateImages: false,
    nextContainerImages: {},
    nextContainerRefMetadata: {},
    nextContainerResources: {},
    containersRequiredReady: [],
    containerBatchesRecord: [],
  };
}

function revisionLabels(target: Target): Record<string, string> {
  return { [label.revision]: target.label, [label.podTemplateHash]: shortPart(target.name) };
}

function stateAnnotation(pod: Pod, state: InPlaceState): Change {
  return {
    [annotation.inPlaceState]: formatState(state),
    ...(annotation.inPlaceStateLegacy in pod.annotations && { [annotation.inPlaceStateLegacy]: null }),
  };
}

function noGrace(pod: Pod): Change {
  const keys = [annotation.inPlaceGrace, annotation.inPlaceGraceLegacy].filter((key) => key in pod.annotations);
  return Object.fromEntries(keys.map((key) => [key, null]));
}

/** The conditions that take a gated pod out of service; [] if they are so already. */
function outOfService(pod: Pod, nowMs: number): JsonObject[] {
  const gate = pod.conditions[readinessGate.inPlaceUpdateReady];
  const isOut = gate?.status === "False" && gate.reason === START_IN_PLACE_UPDATE;
  const mustUnready =
    pod.conditions["ContainersReady"]?.status === "True" && pod.conditions["Ready"]?.status !== "False";
  const message = notReadyInKubeletsWords(pod);
  return [
    ...(isOut
      ? []
      : [
          condition(pod, readinessGate.inPlaceUpdateReady, {
            status: "False",
            reason: START_IN_PLACE_UPDATE,
            message: "",
            nowMs,
          }),
        ]),
    ...(mustUnready
      ? [condition(pod, "Ready", { status: "False", reason: READINESS_GATES_NOT_READY, message, nowMs })]
      : []),
  ];
}

/**
 * What the kubelet will say of the closed gate. Said in its own words, it has nothing to add: otherwise it would write
 * the pod's status at once, and the patch that follows ours would meet another version of the pod.
 */
function notReadyInKubeletsWords({ readinessGates, conditions }: Pod): string {
  return readinessGates
    .flatMap((gate) => {
      const status = gate === readinessGate.inPlaceUpdateReady ? "False" : conditions[gate]?.status;
      if (status === "True") return [];
      if (status === undefined) return [`corresponding condition of pod readiness gate "${gate}" does not exist.`];
      return [`the status of pod readiness gate "${gate}" is not "True", but ${status}`];
    })
    .join(", ");
}

/** The conditions that put a pod into service, as far as they are not there. */
function readyConditions(pod: Pod, nowMs: number): JsonObject[] {
  const { inPlaceUpdateReady, kruisePodReady } = readinessGate;
  const inPlace = pod.conditions[inPlaceUpdateReady];
  const isPlainlyTrue = inPlace?.status === "True" && !inPlace.reason && !inPlace.message;
  const missing = [
    ...(hasGate(pod, inPlaceUpdateReady) && !isPlainlyTrue ? [inPlaceUpdateReady] : []),
    ...(hasGate(pod, kruisePodReady) && !pod.conditions[kruisePodReady] ? [kruisePodReady] : []),
  ];
  return missing.map((type) => condition(pod, type, { status: "True", reason: "", message: "", nowMs }));
}

/** An entry of `status.conditions`. All members are written, since the merge keeps what is not. Its time is that of the last change. */
function condition(
  pod: Pod,
  type: string,
  { status, reason, message, nowMs }: { status: "True" | "False"; reason: string; message: string; nowMs: number },
): JsonObject {
  const before = pod.conditions[type];
  const sinceMs = before?.status === status && before.lastTransitionMs > 0 ? before.lastTransitionMs : nowMs;
  return { type, status, reason, message, lastTransitionTime: timestamp(sinceMs) };
}

/** A patch of conditions and metadata together, or of metadata alone: the status subresource takes both. */
function podPatch(conditions: JsonObject[], metadata?: MetadataChange): PodPatch {
  const body = metadata ? metadataPatch(metadata) : {};
  if (conditions.length === 0) return { subresource: "", body };
  return { subresource: "status", body: { ...body, status: { conditions } } };
}

function metadataPatch({ labels, annotations, finalizers }: MetadataChange): JsonObject {
  const theirs = pick(labels, (key) => !IDENTITY.has(key));
  const metadata: JsonObject = {
    ...(Object.keys(theirs).length > 0 && { labels: theirs }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(finalizers && finalizers.add.length > 0 && { finalizers: finalizers.add }),
    ...(finalizers && finalizers.remove.length > 0 && { [REMOVED_FINALIZERS]: finalizers.remove }),
  };
  return Object.keys(metadata).length > 0 ? { metadata } : {};
}

/** Entries for the containers and native sidecars that something changes in, by name, in the pod's order; undefined if there are none. */
function containerPatch(pod: Pod, changeOf: (name: string) => JsonObject | undefined): JsonObject | undefined {
  const entries = (list: Pod["containers"]): JsonObject[] =>
    list.flatMap(({ name }) => {
      const change = changeOf(name);
      return change ? [{ name, ...change }] : [];
    });
  const [containers, initContainers] = [entries(pod.containers), entries(pod.initContainers)];
  if (containers.length + initContainers.length === 0) return undefined;
  return { ...(containers.length > 0 && { containers }), ...(initContainers.length > 0 && { initContainers }) };
}
