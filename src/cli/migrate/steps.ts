import { label } from "../../api/constants.ts";
import { controllerOf } from "../../api/kubernetes.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { PODS, REPLICA_SETS } from "../../kube/resources.ts";
import type { Autoscaler, Target } from "../autoscalers.ts";
import { scales } from "../autoscalers.ts";
import type { Migration, Reference } from "./migration.ts";
import { referenceTo, spoken } from "./migration.ts";
import type { Objection } from "./objections.ts";
import type { ReplicaSet } from "./workloads.ts";
import { isFree } from "./workloads.ts";

/** What is there now, of all that a migration is about. */
export interface Live {
  /** Deployments, ReplicaSets, CloneSets and ControllerRevisions, each with its kind. */
  objects: KubeObject[];
  /** Pods that the selector matches and that are neither finished nor on their way out. */
  pods: KubeObject[];
  autoscalers: Autoscaler[];
}

export type Step =
  /** `resourceVersion`: the one that was looked at, and that alone may be deleted. */
  | { kind: "letGo"; object: Reference; resourceVersion: string }
  | { kind: "awaitGone"; object: Reference; left: number }
  | { kind: "label"; pods: Reference[]; hash: string }
  | { kind: "create"; object: KubeObject }
  | { kind: "awaitTaken"; by: string; left: number; what: "pods" | "ReplicaSet" }
  | { kind: "retarget"; autoscaler: Autoscaler; to: Target }
  | { kind: "clear"; object: Reference };

/** What is still to be done, in order; [] when the migration is over. The first step is always safe to take, and to take again. */
export function remaining(migration: Migration, live: Live): Step[] {
  const steps: Step[] = [];
  for (const object of migration.letGo) {
    const found = alive(object, live);
    if (found === undefined) continue;
    const { resourceVersion = "", deletionTimestamp } = found.metadata;
    if (deletionTimestamp === undefined) steps.push({ kind: "letGo", object, resourceVersion });
    else
      steps.push({
        kind: "awaitGone",
        object,
        left: [...live.pods, ...live.objects].filter((one) => isOwnedBy(object.uid, one)).length,
      });
  }
  const unlabelled = withoutLabels(migration, live);
  if (unlabelled) steps.push(unlabelled);
  const made = migration.create.map((object) => standing(object, live));
  migration.create.forEach((object, i) => {
    if (made[i] === undefined) {
      // Whatever took an earlier one looks after it, also when that is to go.
      if (made.slice(i).every((one) => one === undefined)) steps.push({ kind: "create", object });
      return;
    }
    const before = migration.create[i - 1];
    const left = (before === undefined ? live.pods : live.objects.filter((one) => isSame(one, before))).filter(isFree);
    const what = before === undefined ? "pods" : "ReplicaSet";
    if (left.length > 0) steps.push({ kind: "awaitTaken", by: object.kind ?? "", left: left.length, what });
  });
  const { from, to } = migration.retarget;
  for (const autoscaler of live.autoscalers.filter((one) => scales(one, from) && isFree(one))) {
    steps.push({ kind: "retarget", autoscaler, to });
  }
  for (const object of migration.clear) if (alive(object, live)) steps.push({ kind: "clear", object });
  return steps;
}

function isSame(one: KubeObject, other: KubeObject): boolean {
  return one.kind === other.kind && one.metadata.name === other.metadata.name;
}

function isOwnedBy(uid: string, { metadata }: KubeObject): boolean {
  return controllerOf(metadata.ownerReferences ?? [])?.uid === uid;
}

/**
 * A ReplicaSet selects by the hash of its Deployment's template, and a CloneSet may have pods with several: those it took over
 * as they were, and its own.
 */
function withoutLabels({ create: [first], letGo }: Migration, live: Live): Step | undefined {
  if (first?.kind !== REPLICA_SETS.kind || standing(first, live)) return undefined;
  const hash = (first as ReplicaSet).spec.selector.matchLabels?.[label.podTemplateHash] ?? "";
  const isLetGo = (pod: KubeObject) => isFree(pod) || letGo.some(({ uid }) => isOwnedBy(uid, pod));
  const pods = live.pods.filter((pod) => isLetGo(pod) && pod.metadata.labels?.[label.podTemplateHash] !== hash);
  if (pods.length === 0) return undefined;
  return { kind: "label", pods: pods.map((pod) => referenceTo(PODS, pod)), hash };
}

/** Whether it was begun and not overtaken: from then on a migration must be brought to its end. */
export function isHalfway(migration: Migration, live: Live): boolean {
  const [first] = migration.letGo;
  const found = first && alive(first, live);
  const isBegun = found === undefined || found.metadata.deletionTimestamp !== undefined;
  return migration.state === "underWay" && isBegun && successor(migration, live) === undefined;
}

/** Why no step may be taken any more: the plan is of another time. */
export function overtaken(migration: Migration, live: Live): Objection | undefined {
  const { letGo, generation, retarget } = migration;
  const [first] = letGo;
  const found = first && alive(first, live);
  if (found && !found.metadata.deletionTimestamp && found.metadata.generation !== generation) {
    return { why: `${spoken(retarget.from)} was edited meanwhile, nothing was changed`, next: "repeat the command" };
  }
  const other = successor(migration, live);
  if (other === undefined) return undefined;
  const next = standing(retarget.to, live)
    ? `stop whoever makes it, then delete one of the two: ${spoken(retarget.from)}, or ${spoken(retarget.to)}`
    : "stop whoever makes it, then repeat the command, which begins anew";
  return { why: `${spoken(retarget.from)} was made again meanwhile, and wants pods, too`, next };
}

/** Another one under the name of what was let go: Argo CD, Flux or somebody's `kubectl apply` were at work. */
function successor({ letGo: [first], retarget: { from } }: Migration, live: Live): KubeObject | undefined {
  const found = standing(from, live);
  return found?.metadata.uid === first?.uid ? undefined : found;
}

function alive({ uid }: Reference, { objects }: Live): KubeObject | undefined {
  return objects.find(({ metadata }) => metadata.uid === uid);
}

/** The object of this kind and name. One that is on its way out is the other side of a migration, not this side. */
function standing(wanted: KubeObject | Target, { objects }: Live): KubeObject | undefined {
  const name = "metadata" in wanted ? wanted.metadata.name : wanted.name;
  return objects.find(
    ({ kind, metadata }) => kind === wanted.kind && metadata.name === name && !metadata.deletionTimestamp,
  );
}
