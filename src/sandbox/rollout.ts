/** What does a Deployment do with its ReplicaSets now? */
import { createHash } from "node:crypto";
import { controlBy } from "./adoption.ts";
import { countOf } from "./disruption.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isGoing, isSame } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import type { Template } from "./workloads.ts";
import { replicasOf, selectorOf, templateOf } from "./workloads.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const HASH = "pod-template-hash";
/** Annotations that are a Deployment's own affair. */
const OWN = ["deployment.kubernetes.io/", "kubectl.kubernetes.io/last-applied-configuration"];

export interface Sets {
  /** The one whose pods are as the Deployment wants them now. */
  current: StoredObject | undefined;
  /** The others, oldest first. */
  old: StoredObject[];
}

export type Step =
  | { kind: "create"; set: JsonMap }
  | { kind: "patch"; set: StoredObject; change: JsonMap }
  | { kind: "delete"; set: StoredObject };

export function setsOf(deployment: StoredObject, held: readonly StoredObject[]): Sets {
  const ageOf = ({ metadata }: StoredObject) => `${metadata.creationTimestamp} ${metadata.name}`;
  const sets = held.toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
  const wanted = unhashed(templateOf(deployment));
  const current = sets.find((set) => isSame(unhashed(templateOf(set)), wanted));
  return { current, old: sets.filter((set) => set !== current) };
}

/** In order; each look decides anew, so what must wait for pods waits for the next one. */
export function rolloutSteps(deployment: StoredObject, sets: Sets): Step[] {
  const { current, old } = sets;
  if (isGoing(deployment)) return [];
  const refreshed = current ? refresh(deployment, current, old) : [];
  if (specOf(deployment)["paused"] === true) return [...refreshed, ...pausedScale(deployment, sets)];
  const isRecreate = strategyOf(deployment).type === "Recreate";
  if (isRecreate && !old.every(isEmpty)) return [...refreshed, ...old.flatMap((set) => scale(set, 0))];
  const wanted = isRecreate ? replicasOf(deployment) : currentReplicas(deployment, sets);
  if (current === undefined) return [{ kind: "create", set: newSet(deployment, old, wanted) }];
  const grown = scale(current, wanted);
  const steps = grown.length > 0 || isRecreate ? grown : shrinkOld(deployment, current, old);
  return [...refreshed, ...steps, ...(isComplete(deployment, sets) ? forgotten(deployment, old) : [])];
}

/**
 * How many pods the newest set may have now: up to `replicas`, while all sets together stay within `replicas` + `maxSurge`.
 *
 * 4 replicas, 25 % surge, all 4 old: 1.
 */
function currentReplicas(deployment: StoredObject, { current, old }: Sets): number {
  const wanted = replicasOf(deployment);
  const has = current ? replicasOf(current) : 0;
  if (has >= wanted) return wanted;
  const room = wanted + strategyOf(deployment).maxSurge - has - sum(old, replicasOf);
  return Math.min(wanted, has + Math.max(0, room));
}

/**
 * Takes away old pods while `replicas` − `maxUnavailable` stay available; those that are not available first.
 * New pods that are still to come count as missing.
 *
 * 4 replicas, 25 % unavailable, 3 old and 2 new ones of which 1 is available: 5 − 3 − 1 = 1 may go.
 */
function shrinkOld(deployment: StoredObject, current: StoredObject, old: readonly StoredObject[]): Step[] {
  const least = replicasOf(deployment) - strategyOf(deployment).maxUnavailable;
  let removable = sum([current, ...old], replicasOf) - least - missingIn(current);
  const left = new Map(old.map((set) => [set, replicasOf(set)]));
  const take = (set: StoredObject, most: number) => {
    const has = left.get(set) ?? 0;
    const taken = Math.max(0, Math.min(has, most, removable));
    left.set(set, has - taken);
    removable -= taken;
  };
  for (const set of old) take(set, missingIn(set));
  for (const set of old) take(set, removable);
  return [...left].flatMap(([set, replicas]) => scale(set, replicas));
}

function missingIn(set: StoredObject): number {
  return Math.max(0, replicasOf(set) - availableOf(set));
}

/** Nothing is rolled on; the only set with pods follows the number of replicas. */
function pausedScale(deployment: StoredObject, { current, old }: Sets): Step[] {
  const newest = current ?? old.at(-1);
  const active = allOf({ current, old }).filter((set) => replicasOf(set) > 0);
  const [only = newest, another] = active;
  return only === undefined || another !== undefined ? [] : scale(only, replicasOf(deployment));
}

function scale(set: StoredObject, replicas: number): Step[] {
  return replicasOf(set) === replicas ? [] : [{ kind: "patch", set, change: { spec: { replicas } } }];
}

function newSet(deployment: StoredObject, old: readonly StoredObject[], replicas: number): JsonMap {
  const { name } = deployment.metadata;
  const template = templateOf(deployment);
  const { labels } = template.metadata;
  const hash = createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
  const selector = selectorOf(deployment);
  const hashed = { ...labels, [HASH]: hash };
  return {
    metadata: {
      name: `${name}-${hash}`,
      labels: hashed,
      annotations: annotationsFor(deployment, nextRevision(old)),
      ownerReferences: [controlBy(deployment)],
    },
    spec: {
      replicas,
      minReadySeconds: specOf(deployment)["minReadySeconds"],
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels: hashed } },
    },
  };
}

/** The set gets what it takes over from the Deployment, and a new revision where it was an old one until now. */
function refresh(deployment: StoredObject, current: StoredObject, old: readonly StoredObject[]): Step[] {
  const { annotations = {} } = current.metadata;
  const wanted = annotationsFor(deployment, Math.max(revisionOf(current), nextRevision(old)));
  const { minReadySeconds } = specOf(deployment);
  const change = {
    metadata: { annotations: wanted },
    spec: { minReadySeconds: minReadySeconds ?? null },
  };
  const isFresh = Object.entries(wanted).every(([key, value]) => annotations[key] === value);
  return isFresh && specOf(current)["minReadySeconds"] === minReadySeconds
    ? []
    : [{ kind: "patch", set: current, change }];
}

function annotationsFor({ metadata }: StoredObject, revision: number): Record<string, string> {
  const copied = Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN.some((own) => key.startsWith(own)));
  return { ...Object.fromEntries(copied), [REVISION]: String(revision) };
}

function nextRevision(old: readonly StoredObject[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1;
}

export function revisionOf({ metadata }: StoredObject): number {
  return Number(metadata.annotations?.[REVISION] ?? 0);
}

/** Old sets without pods beyond `revisionHistoryLimit`, lowest revision first. */
function forgotten(deployment: StoredObject, old: readonly StoredObject[]): Step[] {
  const limit = Number(specOf(deployment)["revisionHistoryLimit"] ?? Number.POSITIVE_INFINITY);
  const staying = old.filter((set) => !isGoing(set));
  return staying
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, staying.length - limit))
    .filter(isEmpty)
    .map((set) => ({ kind: "delete", set }));
}

/** All pods there should be are there, new and available, and no others. */
export function isComplete(deployment: StoredObject, { current, old }: Sets): boolean {
  if (current === undefined) return false;
  const { replicas } = statusOf(current);
  const wanted = replicasOf(deployment);
  return replicas === wanted && availableOf(current) === wanted && sum(old, countedIn("replicas")) === 0;
}

/** Not even a pod that is going is left, and the set's controller has seen that none is wanted. */
function isEmpty(set: StoredObject): boolean {
  const { observedGeneration, replicas, terminatingReplicas } = statusOf(set);
  return (
    replicasOf(set) === 0 && observedGeneration === set.metadata.generation && replicas === 0 && !terminatingReplicas
  );
}

export interface Strategy {
  type: string;
  maxSurge: number;
  maxUnavailable: number;
}

/** The strategy in pods. Surge rounds up and unavailability down; that both are 0 would stop everything. */
export function strategyOf(deployment: StoredObject): Strategy {
  const { type = "RollingUpdate", rollingUpdate = {} } = (specOf(deployment)["strategy"] ?? {}) as {
    type?: string;
    rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string };
  };
  const replicas = replicasOf(deployment);
  if (type === "Recreate") return { type, maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = countOf(rollingUpdate.maxSurge ?? 0, replicas, "up");
  const maxUnavailable = Math.min(replicas, countOf(rollingUpdate.maxUnavailable ?? 0, replicas, "down"));
  return { type, maxSurge, maxUnavailable: maxSurge + maxUnavailable === 0 ? 1 : maxUnavailable };
}

export function allOf({ current, old }: Sets): StoredObject[] {
  return current ? [...old, current] : old;
}

export function countedIn(field: string): (set: StoredObject) => number {
  return (set) => Number(statusOf(set)[field] ?? 0);
}

const availableOf = countedIn("availableReplicas");

export function sum(sets: readonly StoredObject[], count: (set: StoredObject) => number): number {
  return sets.reduce((total, set) => total + count(set), 0);
}

function unhashed({ metadata, spec }: Template): JsonMap {
  const { [HASH]: _hash, ...labels } = metadata.labels ?? {};
  return { spec, metadata: { ...metadata, labels } };
}
