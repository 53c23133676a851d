/** The two annotations that an in-place update keeps on the pod: what was started, and what is to follow after the grace period. */

import { annotation } from "../api/constants.ts";
import type { Pod } from "../api/pod.ts";
import { goText, ordered } from "../revision/go-json.ts";
import type { ResourceAmounts } from "./can-update.ts";

/** Labels and annotations that a container's env reads. Written by other versions only; applied as they are. */
export interface RefMetadata {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** What was seen of a container just before its image was patched. */
export interface LastContainerStatus {
  imageID: string;
  /** "" = it had not started; undefined = recorded by a controller that does not note it. */
  containerID?: string | undefined;
  /** The container ran the new image already (an update taken back before the node had acted), so it may never restart. */
  sameImage?: boolean | undefined;
}

/** `apps.kruise.io/inplace-update-state`. */
export interface InPlaceState {
  revision: string;
  updateTimestamp: string;
  lastContainerStatuses: Record<string, LastContainerStatus>;
  updateEnvFromMetadata: boolean;
  updateResources: boolean;
  updateImages: boolean;
  nextContainerImages: Record<string, string>;
  nextContainerRefMetadata: Record<string, RefMetadata>;
  nextContainerResources: Record<string, ResourceAmounts>;
  /** Containers that must be ready before the next batch. */
  containersRequiredReady: string[];
  containerBatchesRecord: { timestamp: string; containers: string[] }[];
}

/** `apps.kruise.io/inplace-update-grace`: the update that follows when the grace period is over. */
export interface InPlaceGrace {
  revision: string;
  containerImages: Record<string, string>;
  containerRefMetadata: Record<string, RefMetadata>;
  containerResources: Record<string, ResourceAmounts>;
  labels: Record<string, string | null>;
  annotations: Record<string, string | null>;
  finalizers: { add: string[]; remove: string[] };
  updateEnvFromMetadata: boolean;
  graceSeconds: number;
}

/** Something that was read: absent, there, or not readable (with the reason, in words). */
export type Read<T> = { kind: "absent" } | { kind: "found"; value: T } | { kind: "unreadable"; why: string };

/** How a strategic merge patch names entries to take out of a list of finalizers. */
export const REMOVED_FINALIZERS = "$deleteFromPrimitiveList/finalizers";

/** The in-place state of a pod, from its annotation or the legacy one. */
export function readState(pod: Pick<Pod, "annotations">): Read<InPlaceState> {
  return read(pod, annotation.inPlaceState, annotation.inPlaceStateLegacy, (json) => ({
    revision: text(json, "revision"),
    updateTimestamp: text(json, "updateTimestamp"),
    lastContainerStatuses: mapOf(json, "lastContainerStatuses", lastStatus),
    updateEnvFromMetadata: flag(json, "updateEnvFromMetadata"),
    updateResources: flag(json, "updateResources"),
    updateImages: flag(json, "updateImages"),
    nextContainerImages: mapOf(json, "nextContainerImages", aText),
    nextContainerRefMetadata: mapOf(json, "nextContainerRefMetadata", refMetadata),
    nextContainerResources: mapOf(json, "nextContainerResources", amounts),
    containersRequiredReady: listOf(object(json, "preCheckBeforeNext"), "containersRequiredReady", aText),
    containerBatchesRecord: listOf(json, "containerBatchesRecord", (batch) => ({
      timestamp: text(anObject(batch), "timestamp"),
      containers: listOf(anObject(batch), "containers", aText),
    })),
  }));
}

/** The update waiting for the end of the pod's grace period. */
export function readGrace(pod: Pick<Pod, "annotations">): Read<InPlaceGrace> {
  return read(pod, annotation.inPlaceGrace, annotation.inPlaceGraceLegacy, (json) => {
    const encoded = json["metaDataPatch"] ?? "";
    const patch = encoded === "" ? {} : anObject(JSON.parse(Buffer.from(aText(encoded), "base64").toString("utf8")));
    const metadata = object(patch, "metadata");
    return {
      revision: text(json, "revision"),
      containerImages: mapOf(json, "containerImages", aText),
      containerRefMetadata: mapOf(json, "containerRefMetadata", refMetadata),
      containerResources: mapOf(json, "containerResources", amounts),
      // A null in place of the whole map would wipe every label or annotation of the pod, others' too: it is read as no change.
      labels: mapOf(metadata, "labels", textOrNull),
      annotations: mapOf(metadata, "annotations", textOrNull),
      finalizers: { add: listOf(metadata, "finalizers", aText), remove: listOf(metadata, REMOVED_FINALIZERS, aText) },
      updateEnvFromMetadata: flag(json, "updateEnvFromMetadata"),
      graceSeconds: aNumber(json["graceSeconds"] ?? 0),
    };
  });
}

/** The state as annotation text, members in the original's order. */
export function formatState(state: InPlaceState): string {
  const required = state.containersRequiredReady;
  return goText(
    ordered({
      revision: state.revision,
      updateTimestamp: state.updateTimestamp,
      lastContainerStatuses: unlessEmpty(sortedMap(state.lastContainerStatuses, memberOrder)) ?? null,
      updateEnvFromMetadata: state.updateEnvFromMetadata || undefined,
      updateResources: state.updateResources || undefined,
      updateImages: state.updateImages || undefined,
      nextContainerImages: unlessEmpty(sortedMap(state.nextContainerImages)),
      nextContainerRefMetadata: unlessEmpty(sortedMap(state.nextContainerRefMetadata, refMetadataText)),
      nextContainerResources: unlessEmpty(sortedMap(state.nextContainerResources)),
      preCheckBeforeNext: required.length > 0 ? { containersRequiredReady: required } : undefined,
      containerBatchesRecord: state.containerBatchesRecord.length > 0 ? state.containerBatchesRecord : undefined,
    }),
  );
}

/** The grace annotation's text, members in the original's order. */
export function formatGrace(grace: InPlaceGrace): string {
  const metadata = {
    [REMOVED_FINALIZERS]: unlessEmptyList(grace.finalizers.remove),
    annotations: unlessEmpty(sortedMap(grace.annotations)),
    finalizers: unlessEmptyList(grace.finalizers.add),
    labels: unlessEmpty(sortedMap(grace.labels)),
  };
  const hasMetadata = Object.values(metadata).some((member) => member !== undefined);
  return goText(
    ordered({
      revision: grace.revision,
      containerImages: unlessEmpty(sortedMap(grace.containerImages)),
      containerRefMetadata: unlessEmpty(sortedMap(grace.containerRefMetadata, refMetadataText)),
      containerResources: unlessEmpty(sortedMap(grace.containerResources)),
      metaDataPatch: hasMetadata ? Buffer.from(goText(ordered({ metadata }))).toString("base64") : undefined,
      updateEnvFromMetadata: grace.updateEnvFromMetadata || undefined,
      graceSeconds: grace.graceSeconds || undefined,
    }),
  );
}

function memberOrder({ imageID, containerID, sameImage }: LastContainerStatus): object {
  return { imageID, containerID, sameImage };
}

function refMetadataText({ labels, annotations }: RefMetadata): object {
  return { creationTimestamp: null, labels, annotations };
}

function sortedMap<T>(
  map: Record<string, T>,
  written: (value: T) => unknown = (value) => value,
): Record<string, unknown> {
  const keys = Object.keys(map).sort();
  return Object.fromEntries(keys.map((key) => [key, written(map[key] as T)]));
}

function unlessEmpty<T extends object>(map: T): T | undefined {
  return Object.keys(map).length > 0 ? map : undefined;
}

function unlessEmptyList(list: string[]): string[] | undefined {
  return list.length > 0 ? list : undefined;
}

// Reading. What does not have the form that is written here is somebody's mistake: nothing is done on it, and the reason is told.

type JsonMembers = Record<string, unknown>;

/** Says what is wrong with an annotation; caught in `read`. */
class WrongForm extends Error {}

function read<T>(
  pod: Pick<Pod, "annotations">,
  key: string,
  legacyKey: string,
  parse: (json: JsonMembers) => T,
): Read<T> {
  const found = pod.annotations[key] ? key : legacyKey;
  const written = pod.annotations[found];
  if (!written) return { kind: "absent" };
  try {
    return { kind: "found", value: parse(anObject(JSON.parse(written))) };
  } catch (error) {
    const reason = error instanceof WrongForm ? error.message : "it is not JSON";
    return { kind: "unreadable", why: `Cannot read annotation ${found}: ${reason}` };
  }
}

function anObject(value: unknown): JsonMembers {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonMembers;
  throw new WrongForm("want an object");
}

function aText(value: unknown): string {
  if (typeof value === "string") return value;
  throw new WrongForm("want a text");
}

function aNumber(value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new WrongForm("want a number");
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : aText(value);
}

function text(json: JsonMembers, member: string): string {
  if (typeof json[member] === "string") return json[member];
  throw new WrongForm(`want a text as ${member}`);
}

function flag(json: JsonMembers, member: string): boolean {
  return json[member] === true;
}

function object(json: JsonMembers, member: string): JsonMembers {
  return anObject(json[member] ?? {});
}

function mapOf<T>(json: JsonMembers, member: string, parse: (value: unknown) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(object(json, member)).map(([key, value]) => [key, parse(value)]));
}

function listOf<T>(json: JsonMembers, member: string, parse: (value: unknown) => T): T[] {
  const list = json[member] ?? [];
  if (!Array.isArray(list)) throw new WrongForm(`want a list as ${member}`);
  return list.map(parse);
}

function lastStatus(value: unknown): LastContainerStatus {
  const json = anObject(value);
  return {
    imageID: aText(json["imageID"] ?? ""),
    ...(json["containerID"] !== undefined && { containerID: aText(json["containerID"]) }),
    ...(flag(json, "sameImage") && { sameImage: true }),
  };
}

function refMetadata(value: unknown): RefMetadata {
  const json = anObject(value);
  const [labels, annotations] = [mapOf(json, "labels", aText), mapOf(json, "annotations", aText)];
  return { ...(unlessEmpty(labels) && { labels }), ...(unlessEmpty(annotations) && { annotations }) };
}

function amounts(value: unknown): ResourceAmounts {
  const json = anObject(value);
  const [limits, requests] = [mapOf(json, "limits", anAmount), mapOf(json, "requests", anAmount)];
  return { ...(unlessEmpty(limits) && { limits }), ...(unlessEmpty(requests) && { requests }) };
}

function anAmount(value: unknown): string {
  return typeof value === "number" ? String(value) : aText(value);
}
