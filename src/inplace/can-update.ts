/** Can a pod be moved from one template to another without being re-created? */

import jsonpatch from "fast-json-patch";
import type { PodTemplate, ResourceRequirements, TemplateContainer } from "../api/kubernetes.ts";
import { alignedForms } from "../revision/equal.ts";
import { sameQuantity } from "../revision/quantity.ts";

/** What changes in a pod that moves in place. Containers by name; native sidecars (restartable init containers) count as containers. */
export interface InPlaceUpdate {
  /** The new image of each container that gets one. */
  images: Record<string, string>;
  /** The image that the old template has for each of these. */
  oldImages: Record<string, string>;
  /** The new amounts of cpu and memory, of those that change. */
  resources: Record<string, ResourceAmounts>;
  /** Changed labels; null = removed. */
  labels: Record<string, string | null>;
  /** Changed annotations; null = removed. */
  annotations: Record<string, string | null>;
  finalizers: { add: string[]; remove: string[] };
  /** Whether some container that gets an image reads a changed label or annotation through its env. */
  envFromMetadata: boolean;
  /** Whether the pod is to be marked not ready first. False where only resources change and nothing restarts for it. */
  drains: boolean;
}

/** Amounts by resource name. */
export interface ResourceAmounts {
  limits?: Record<string, string>;
  requests?: Record<string, string>;
}

/** A revision's template, with the hash of its claim templates if it has one on record. */
export interface RevisionSide {
  template: PodTemplate;
  claimTemplatesHash?: string | undefined;
}

export interface InPlaceOptions {
  /** Whether cpu and memory may be changed in place. */
  resize: boolean;
  /** Whether other claim templates ask for a new pod (never with InPlaceOnly). */
  recreateOnClaimChange: boolean;
}

export type InPlaceVerdict =
  | { possible: true; update: InPlaceUpdate }
  /** `field` names what stands in the way, as users write it: `spec.template.spec.containers[app].env`. */
  | Refusal;

interface Refusal {
  possible: false;
  field: string;
  why: string;
}

type ContainerList = "containers" | "initContainers";

/** Env variables that follow the metadata of a sidecar injector, not of the user: they restart nothing. */
const INJECTED_ENV: ReadonlySet<unknown> = new Set(["SIDECARSET_VERSION", "SIDECARSET_VERSION_ALT"]);

/**
 * Whether pods of `old` can become pods of `target` in place, and with which changes.
 *
 * Only real differences count (equality by meaning). Containers are compared by name, and must be the same ones in the same order.
 * In place go: images of containers and native sidecars, amounts of cpu and memory (if switched on), labels, annotations, finalizers.
 */
export function canUpdateInPlace(old: RevisionSide, target: RevisionSide, options: InPlaceOptions): InPlaceVerdict {
  if (options.recreateOnClaimChange && claimsDiffer(old, target)) {
    return refuse(
      "spec.volumeClaimTemplates",
      "the claim templates changed, and this controller re-creates pods for that",
    );
  }
  const { a, b } = alignedForms(old.template, target.template);
  const moved = otherContainers(a, b, "containers") ?? otherContainers(a, b, "initContainers");
  if (moved) return moved;

  const update = metadataChanges(a, b);
  const differences = jsonpatch.compare(a.spec, b.spec);
  for (const { op, path } of differences.toSorted((x, y) => (x.path < y.path ? -1 : 1))) {
    const refusal = takeOver(update, { op, path: pathParts(path) }, { a, b, target: target.template }, options);
    if (refusal) return refusal;
  }
  const resized = Object.keys(update.resources);
  if (resized.length > 0 && qosClass(a) !== qosClass(b)) {
    return refuse(
      containerField("containers", resized[0] ?? "", "resources"),
      `the pod's quality of service would change from ${qosClass(a)} to ${qosClass(b)}`,
    );
  }
  return stuckEnv(update, b) ?? { possible: true, update: { ...update, drains: drains(update, target.template) } };
}

function claimsDiffer(old: RevisionSide, target: RevisionSide): boolean {
  const hashes = [old.claimTemplatesHash, target.claimTemplatesHash];
  return !hashes.includes(undefined) && hashes[0] !== hashes[1];
}

/** Refuses when the containers are not the same ones in the same order: a pod's containers cannot be added, removed or moved. */
function otherContainers(a: PodTemplate, b: PodTemplate, list: ContainerList): Refusal | undefined {
  const [before, after] = [names(a.spec[list]), names(b.spec[list])];
  const field = `spec.template.spec.${list}`;
  const added = after.find((name) => !before.includes(name));
  const removed = before.find((name) => !after.includes(name));
  if (added !== undefined && removed !== undefined && before.length === after.length) {
    return refuse(field, `container "${removed}" was renamed to "${added}" or replaced by it`);
  }
  if (added !== undefined) return refuse(field, `container "${added}" was added`);
  if (removed !== undefined) return refuse(field, `container "${removed}" was removed`);
  const isSameOrder = before.length === after.length && before.every((name, i) => name === after[i]);
  return isSameOrder ? undefined : refuse(field, "the order of the containers changed");
}

/** Takes one difference of the specs over into the update, or says why it cannot go in place. */
function takeOver(
  update: InPlaceUpdate,
  difference: { op: string; path: string[] },
  given: { a: PodTemplate; b: PodTemplate; target: PodTemplate },
  options: InPlaceOptions,
): Refusal | undefined {
  const [list, index, member, ...rest] = difference.path;
  if (!isContainerList(list) || index === undefined || member === undefined) {
    return refuse(`spec.template.spec.${list ?? ""}`, "only a new pod can take this change");
  }
  const before = given.a.spec[list]?.[Number(index)];
  const after = given.b.spec[list]?.[Number(index)];
  if (!before || !after) return refuse(`spec.template.spec.${list}`, "the containers changed");
  const field = containerField(list, after.name, member);

  if (member === "image") {
    if (!before.image || !after.image) return refuse(field, "one of the two revisions names no image");
    if (list === "initContainers" && after["restartPolicy"] !== "Always") {
      return refuse(field, "an init container that has run does not run again");
    }
    update.images[after.name] = after.image;
    update.oldImages[after.name] = before.image;
    return undefined;
  }
  if (member === "resources" && list === "containers") {
    const refusal = refuseResize(difference.op, rest, options);
    if (refusal !== undefined) return refuse([field, ...rest].join("."), refusal);
    const [kind, resource] = rest as ["limits" | "requests", string];
    const written = given.target.spec.containers.find(({ name }) => name === after.name)?.resources;
    const amounts = (update.resources[after.name] ??= {});
    (amounts[kind] ??= {})[resource] = writtenAmount(written, kind, resource);
    return undefined;
  }
  return refuse(field, "only a new pod can take this change");
}

function refuseResize(op: string, [kind, resource, ...rest]: string[], options: InPlaceOptions): string | undefined {
  const isAmount = (kind === "limits" || kind === "requests") && resource !== undefined && rest.length === 0;
  if (!isAmount || op !== "replace") return "only an amount that was there before can change in place";
  if (resource !== "cpu" && resource !== "memory") return "only cpu and memory can change in place";
  return options.resize ? undefined : "changing cpu and memory in place is switched off";
}

/** The amount as the user wrote it; a request that is not written is equal to the limit. */
function writtenAmount(
  written: ResourceRequirements | undefined,
  kind: "limits" | "requests",
  resource: string,
): string {
  return String(written?.[kind]?.[resource] ?? written?.limits?.[resource] ?? "0");
}

function metadataChanges(a: PodTemplate, b: PodTemplate): InPlaceUpdate {
  const [before, after] = [a.metadata?.finalizers ?? [], b.metadata?.finalizers ?? []];
  return {
    images: {},
    oldImages: {},
    resources: {},
    labels: changes(a.metadata?.labels ?? {}, b.metadata?.labels ?? {}),
    annotations: changes(a.metadata?.annotations ?? {}, b.metadata?.annotations ?? {}),
    finalizers: {
      add: after.filter((finalizer) => !before.includes(finalizer)),
      remove: before.filter((finalizer) => !after.includes(finalizer)),
    },
    envFromMetadata: false,
    drains: true,
  };
}

/** What turns one map into the other. Keys that neither has are never named: they are other people's. */
function changes(before: Record<string, string>, after: Record<string, string>): Record<string, string | null> {
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const set = Object.entries(after).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value);
  return Object.fromEntries([...removed.map((key): [string, null] => [key, null]), ...set]);
}

/**
 * Refuses when a container reads a changed label or annotation through its env, but keeps its image: env is read when a container
 * starts, and nothing would start it. With a new image it starts anyway.
 */
function stuckEnv(update: InPlaceUpdate, target: PodTemplate): Refusal | undefined {
  const changed = new Set([
    ...Object.keys(update.labels).map((key) => `metadata.labels['${key}']`),
    ...Object.keys(update.annotations).map((key) => `metadata.annotations['${key}']`),
  ]);
  const sidecars = (target.spec.initContainers ?? []).filter((container) => container["restartPolicy"] === "Always");
  for (const container of [...target.spec.containers, ...sidecars]) {
    for (const { variable, path } of envFromFields(container)) {
      if (!changed.has(path)) continue;
      if (!Object.hasOwn(update.images, container.name)) {
        return refuse(
          `spec.template.${path.replaceAll("'", "")}`,
          `container "${container.name}" reads it through its env "${variable}" when it starts, and its image does not change`,
        );
      }
      update.envFromMetadata = true;
    }
  }
  return undefined;
}

function envFromFields(container: TemplateContainer): { variable: string; path: string }[] {
  const env = Array.isArray(container["env"]) ? (container["env"] as EnvVariable[]) : [];
  return env.flatMap(({ name, value, valueFrom }) => {
    const path = valueFrom?.fieldRef?.fieldPath?.replaceAll('"', "'");
    return path && !value && !INJECTED_ENV.has(name) ? [{ variable: name, path }] : [];
  });
}

interface EnvVariable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef?: { fieldPath?: string } };
}

/** Whether traffic must leave first: always, unless nothing but resources changes and no container restarts for that. */
function drains(update: InPlaceUpdate, target: PodTemplate): boolean {
  const others = [update.images, update.labels, update.annotations];
  const onlyResources =
    others.every((change) => Object.keys(change).length === 0) &&
    update.finalizers.add.length + update.finalizers.remove.length === 0;
  return (
    !onlyResources ||
    target.spec.containers.some((container) => restartsFor(container, update.resources[container.name]))
  );
}

function restartsFor(container: TemplateContainer, amounts: ResourceAmounts | undefined): boolean {
  const touched = new Set([...Object.keys(amounts?.limits ?? {}), ...Object.keys(amounts?.requests ?? {})]);
  const policies = (container["resizePolicy"] ?? []) as { resourceName: string; restartPolicy: string }[];
  return policies.some(
    ({ resourceName, restartPolicy }) => restartPolicy === "RestartContainer" && touched.has(resourceName),
  );
}

/** The quality of service class that the pods of a template in normal form have. */
function qosClass({ spec }: PodTemplate): "Guaranteed" | "Burstable" | "BestEffort" {
  const amounts = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    ["cpu", "memory"].map((resource) => ({
      limit: resources?.limits?.[resource],
      request: resources?.requests?.[resource],
    })),
  );
  if (amounts.every(({ limit, request }) => limit === undefined && request === undefined)) return "BestEffort";
  return amounts.every(({ limit, request }) => limit !== undefined && sameQuantity(limit, request))
    ? "Guaranteed"
    : "Burstable";
}

function refuse(field: string, why: string): Refusal {
  return { possible: false, field, why };
}

function containerField(list: ContainerList, name: string, member: string): string {
  return `spec.template.spec.${list}[${name}].${member}`;
}

function isContainerList(name: string | undefined): name is ContainerList {
  return name === "containers" || name === "initContainers";
}

function names(containers: readonly TemplateContainer[] | undefined): string[] {
  return (containers ?? []).map(({ name }) => name);
}

/** The members of a JSON pointer: "/a~1b/0" → ["a/b", "0"]. */
function pathParts(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
