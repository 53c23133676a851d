import type { IntOrPercent } from "../../../src/api/cloneset.ts";
import type { WireCloneSet } from "../../../src/api/convert.ts";
import type { Snapshot } from "./cluster.ts";
import type { WirePod, WireRevision } from "./objects.ts";
import { conditionOf, controllerUid, isAlive, labelOf } from "./objects.ts";

// The numbers of the behaviour contract (section 3.2), worked out from objects on the wire and from the words of the
// contract, not with the code that is tested.

type Hook = { labelsHandler?: Record<string, string> | null; finalizersHandler?: string[] | null } | null | undefined;

/** At least one handler of the hook is on the pod. */
export function holds(hook: Hook, { metadata }: WirePod): boolean {
  return (
    (hook?.finalizersHandler ?? []).some((finalizer) => metadata.finalizers?.includes(finalizer)) ||
    Object.entries(hook?.labelsHandler ?? {}).some(([key, value]) => metadata.labels?.[key] === value)
  );
}

/** Every handler of the hook is on the pod. */
export function isFull(hook: Hook, { metadata }: WirePod): boolean {
  return (
    (hook?.finalizersHandler ?? []).every((finalizer) => metadata.finalizers?.includes(finalizer)) &&
    Object.entries(hook?.labelsHandler ?? {}).every(([key, value]) => metadata.labels?.[key] === value)
  );
}

export const STATE = "lifecycle.apps.kruise.io/state";
export const NAMED = "apps.kruise.io/specified-delete";
export const ID = "apps.kruise.io/cloneset-instance-id";
export const HASH = "controller-revision-hash";

/** Pods of the CloneSet that count. */
export function ourPods({ cloneSet, pods }: Snapshot): WirePod[] {
  const { app } = cloneSet.spec?.selector?.matchLabels ?? {};
  return pods.filter(
    (pod) => isAlive(pod) && controllerUid(pod) === cloneSet.metadata.uid && labelOf(pod, "app") === app,
  );
}

export function isServing(pod: WirePod): boolean {
  const gate = conditionOf(pod, "InPlaceUpdateReady");
  return (
    pod.status.phase === "Running" &&
    conditionOf(pod, "Ready")?.status === "True" &&
    (gate === undefined || gate.status === "True") &&
    ["", "Normal"].includes(labelOf(pod, STATE) ?? "")
  );
}

export function isAvailable(pod: WirePod, { nowMs, cloneSet }: Pick<Snapshot, "nowMs" | "cloneSet">): boolean {
  const minReadyMs = (cloneSet.spec?.minReadySeconds ?? 0) * 1000;
  const sinceMs = Date.parse(conditionOf(pod, "Ready")?.lastTransitionTime ?? "");
  return isServing(pod) && (minReadyMs === 0 || nowMs - sinceMs > minReadyMs);
}

export function isNamed(pod: WirePod, { spec }: WireCloneSet): boolean {
  return labelOf(pod, NAMED) !== undefined || (spec?.scaleStrategy?.podsToDelete ?? []).includes(pod.metadata.name);
}

/** The template of a revision as text: equal texts are equal templates. */
export function templateText(revision: WireRevision): string {
  return JSON.stringify(revision.data);
}

export function share(value: IntOrPercent, of: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const hundredths = Math.round(Number(value.slice(0, -1)) * 100) * of;
  return round === "up" ? Math.ceil(hundredths / 10_000) : Math.floor(hundredths / 10_000);
}

export interface Numbers {
  replicas: number;
  maxSurge: number;
  maxUnavailable: number;
  partition: number;
  throttle: number;
  pods: WirePod[];
  available: WirePod[];
  old: WirePod[];
  updated: WirePod[];
  leaving: WirePod[];
  named: WirePod[];
  /** Every pod that is down or leaving, named or not. */
  down: number;
  /** Pods that count when scaling. */
  counted: WirePod[];
  countedOld: number;
  mayRollBack: boolean;
  /** The update revision is the current one: the template was set back, or nothing was ever changed. */
  isSame: boolean;
  surge: number;
  surgeOld: number;
  isUpdated: (pod: WirePod) => boolean;
}

/** `held`: how many pods stay old while paused, as the status recorded it. `surgeable`: pods that surge may stand in for. */
export function numbers(
  snapshot: Snapshot,
  given: {
    update: string;
    current: string;
    rollBack: boolean;
    asUpdated: boolean;
    surgeable: (old: readonly WirePod[], maxUnavailable: number) => number;
  },
): Numbers {
  const { cloneSet } = snapshot;
  const spec = cloneSet.spec ?? {};
  const strategy = spec.updateStrategy ?? {};
  const replicas = spec.replicas ?? 1;
  const isOnDelete = strategy.type === "OnDelete";
  const isPaused = strategy.paused === true;
  const maxSurge = isOnDelete || isPaused ? 0 : share(strategy.maxSurge ?? 0, replicas, "up");
  const maxUnavailable = share(strategy.maxUnavailable ?? "20%", replicas, maxSurge === 0 ? "up" : "down");
  const texts = new Map(snapshot.revisions.map((one) => [one.metadata.name.split("-").pop(), templateText(one)]));
  const wanted = texts.get(given.update.split("-").pop());
  const isUpdated = (pod: WirePod) => {
    const hash = labelOf(pod, HASH)?.split("-").pop();
    return hash !== undefined && texts.get(hash) === wanted;
  };
  const countsAsUpdated = (pod: WirePod) =>
    isUpdated(pod) || (given.asUpdated && labelOf(pod, STATE) === "PreparingUpdate");
  const pods = ourPods(snapshot);
  const isLeaving = (pod: WirePod) => labelOf(pod, STATE) === "PreparingDelete";
  const leaving = pods.filter(isLeaving);
  const staying = pods.filter((pod) => !isLeaving(pod));
  const old = staying.filter((pod) => !isUpdated(pod));
  const updated = staying.filter(isUpdated);
  const named = staying.filter((pod) => isNamed(pod, cloneSet));
  const available = pods.filter((pod) => isAvailable(pod, snapshot));
  const isDown = (pod: WirePod) => isLeaving(pod) || !isAvailable(pod, snapshot);
  const counted = cloneSet.metadata.labels?.["apps.kruise.io/cloneset-scaling-exclude-preparing-delete"]
    ? staying
    : pods;
  const isSame = given.current === given.update;
  const mayRollBack = given.rollBack && !isSame;

  const asked = share(isOnDelete ? 0 : (strategy.partition ?? 0), replicas, "up");
  const isAlmostAll = typeof strategy.partition === "string" && strategy.partition !== "100%" && asked === replicas;
  const record = cloneSet.status?.pausedSplit;
  const isRecorded = record !== undefined && record !== null && record.updateRevision === given.update;
  const allOld = pods.filter((pod) => !isUpdated(pod)).length;
  const held = isRecorded
    ? (record.oldReplicas * replicas) / record.replicas
    : pods.length === 0
      ? replicas
      : (allOld * replicas) / pods.length;
  const partition = isPaused
    ? Math.min(Math.ceil(held - 1e-9), replicas)
    : Math.min(isAlmostAll && replicas > 1 ? replicas - 1 : asked, replicas);

  const oldSide = staying.filter((pod) => !countsAsUpdated(pod));
  const dOld = oldSide.length - partition;
  const dNew = staying.length - oldSide.length - (replicas - partition);
  const [apartOld, apartNew] = mayRollBack ? [dOld, dNew] : [Math.max(dOld, 0), Math.min(dNew, 0)];
  const unnamedDown = pods.filter((pod) => isLeaving(pod) || (isDown(pod) && !named.includes(pod))).length;
  const D = named.length;
  const namedNew = named.filter(countsAsUpdated).length;
  const delSurge = D > 0 ? Math.min(Math.max(unnamedDown + D - maxUnavailable, 0), D) : 0;
  const updSurge =
    apartOld * apartNew < 0
      ? Math.min(Math.abs(apartOld), Math.abs(apartNew), given.surgeable(old, maxUnavailable))
      : 0;
  const updIsOld = Math.abs(apartOld) <= Math.abs(apartNew) ? apartOld < 0 : apartNew > 0;
  const isForNamed = delSurge >= updSurge;
  const surge = Math.min(maxSurge, isForNamed ? delSurge : updSurge);
  const surgeOld = Math.min(surge, isForNamed ? Math.max(delSurge - namedNew, 0) : updIsOld ? updSurge : 0);
  const throttle = spec.scaleStrategy?.maxUnavailable;
  return {
    replicas,
    maxSurge,
    maxUnavailable,
    partition,
    throttle: throttle === undefined || throttle === null ? Number.POSITIVE_INFINITY : share(throttle, replicas, "up"),
    pods,
    available,
    old,
    updated,
    leaving,
    named,
    down: pods.filter(isDown).length,
    counted,
    countedOld: counted.filter((pod) => !countsAsUpdated(pod)).length,
    mayRollBack,
    isSame,
    surge,
    surgeOld,
    isUpdated,
  };
}
