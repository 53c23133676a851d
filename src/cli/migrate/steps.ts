import { controllerOf } from "../../api/kubernetes.ts";
import type { KubeObject } from "../../kube/resources.ts";
import type { Migration, Reference, Target } from "./migration.ts";
import type { Autoscaler } from "./workloads.ts";

/** What is there now, of all that a migration is about. */
export interface Live {
  /** Deployments, ReplicaSets, CloneSets and ControllerRevisions, each with its kind. */
  objects: KubeObject[];
  /** Pods that the selector matches and that are neither finished nor on their way out. */
  pods: KubeObject[];
  autoscalers: Autoscaler[];
}

export type Step =
  | { kind: "letGo"; object: Reference }
  | { kind: "awaitGone"; object: Reference }
  | { kind: "create"; object: KubeObject }
  | { kind: "awaitTaken"; by: string; left: number; what: "pods" | "ReplicaSet" }
  | { kind: "retarget"; autoscaler: Autoscaler; to: Target }
  | { kind: "clear"; object: Reference };

/** What is still to be done, in order; [] when the migration is over. The first step is always safe to take, and to take again. */
export function remaining(migration: Migration, live: Live): Step[] {
  const alive = (reference: Reference) => live.objects.find(({ metadata }) => metadata.uid === reference.uid);
  const steps: Step[] = [];
  for (const object of migration.letGo) {
    const found = alive(object);
    if (found) steps.push({ kind: found.metadata.deletionTimestamp ? "awaitGone" : "letGo", object });
  }
  migration.create.forEach((object, i) => {
    const { kind = "", metadata } = object;
    const found = live.objects.find((one) => one.kind === kind && one.metadata.name === metadata.name);
    // One that is on its way out is the other side of this migration, not this side.
    if (found === undefined || found.metadata.deletionTimestamp) {
      steps.push({ kind: "create", object });
      return;
    }
    const before = migration.create[i - 1];
    const left = (before === undefined ? live.pods : live.objects.filter((one) => isSame(one, before))).filter(isFree);
    const what = before === undefined ? "pods" : "ReplicaSet";
    if (left.length > 0) steps.push({ kind: "awaitTaken", by: kind, left: left.length, what });
  });
  const { from, to } = migration.retarget;
  for (const autoscaler of live.autoscalers.filter((one) => scales(one, from) && isFree(one))) {
    steps.push({ kind: "retarget", autoscaler, to });
  }
  for (const object of migration.clear) if (alive(object)) steps.push({ kind: "clear", object });
  return steps;
}

/** Whether an autoscaler points to a workload: the version of the API does not matter, its group does. */
export function scales({ spec }: Autoscaler, { apiVersion, kind, name }: Target): boolean {
  const { scaleTargetRef: target } = spec;
  const group = (version = "") => version.split("/")[0];
  return target.kind === kind && target.name === name && group(target.apiVersion) === group(apiVersion);
}

function isSame(one: KubeObject, other: KubeObject): boolean {
  return one.kind === other.kind && one.metadata.name === other.metadata.name;
}

/** What has an owner is looked after by that. */
export function isFree({ metadata }: KubeObject): boolean {
  return controllerOf(metadata.ownerReferences ?? []) === undefined;
}

/** Whether anything was let go yet: from then on a migration must be brought to its end. */
export function isBegun({ letGo: [first] }: Migration, live: Live): boolean {
  const found = live.objects.find(({ metadata }) => metadata.uid === first?.uid);
  return found === undefined || found.metadata.deletionTimestamp !== undefined;
}
