import { label, readinessGate } from "../../api/constants.ts";
import { controllerOf } from "../../api/kubernetes.ts";
import { hasGate, lifecycleState } from "../../api/pod.ts";
import { matchesSelector } from "../../api/selector.ts";
import type { KubeObject, ObjectMeta } from "../../kube/resources.ts";
import { Trimmer } from "../../observe/trim.ts";
import { sameMeaning } from "../../revision/equal.ts";
import type { CloneSetObject } from "../cluster.ts";
import { listed } from "../pods-in-words.ts";
import type { Adoption } from "./adoption.ts";
import type { Reference } from "./migration.ts";
import { spoken } from "./migration.ts";
import type { Claimant, Deployment, ReplicaSet } from "./workloads.ts";
import { isFree } from "./workloads.ts";

/** Why a migration must not begin now, and what to do about it. */
export interface Objection {
  why: string;
  next: string;
}

/** What stands against making a CloneSet of a Deployment. [] = nothing. */
export function againstCloneSet(
  deployment: Deployment,
  { pods, cloneSet, flag }: { pods: readonly KubeObject[]; cloneSet: KubeObject | undefined; flag: string },
): Objection[] {
  const { metadata, spec, status = {} } = deployment;
  const { name } = metadata;
  const found = aboutAny(metadata, "deployment");
  if (cloneSet !== undefined) {
    found.push({
      why: `cloneset.apps.kruise.io/${name} exists already`,
      next: `kubectl cloneset get ${name}${flag}`,
    });
  }
  const replicas = spec.replicas ?? 1;
  const { replicas: all = 0, updatedReplicas: updated = 0, observedGeneration = 0 } = status;
  if (observedGeneration < (metadata.generation ?? 0) || updated !== replicas || all !== replicas) {
    found.push({
      why: `its rollout is not done: ${updated} of ${replicas} pods are up to date, and there are ${all}`,
      next: `kubectl rollout status deployment/${name}${flag}`,
    });
  }
  const strangers = pods.filter(isFree);
  if (strangers.length > 0) {
    found.push({
      why: `the CloneSet would adopt pods that the Deployment leaves alone, as they match its selector: ${namesOf(strangers)}`,
      next: "take a label that the selector asks for off these pods",
    });
  }
  return found;
}

/**
 * What stands against making a Deployment of a CloneSet. [] = nothing.
 *
 * `pods`: its own. `strangers`: those of nobody that its selector matches. `before`: the Deployment that it came from.
 */
export function againstDeployment(
  { metadata, spec = {}, status = {} }: CloneSetObject,
  given: {
    pods: readonly KubeObject[];
    strangers: readonly KubeObject[];
    deployment: KubeObject | undefined;
    replicaSets: readonly KubeObject[];
    before: Deployment | undefined;
    flag: string;
  },
): Objection[] {
  const { pods, strangers, deployment, replicaSets, before, flag } = given;
  const { name } = metadata;
  const found = aboutAny(metadata, "cloneset");
  if (deployment !== undefined) {
    found.push({ why: `deployment.apps/${name} exists already`, next: `kubectl get deployment ${name}${flag}` });
  }
  if (replicaSets.length > 0) {
    const names = replicaSets.map((one) => one.metadata.name).join(", ");
    found.push({ why: `there are ReplicaSets with this selector already: ${names}`, next: "delete them" });
  }
  if ((spec.volumeClaimTemplates ?? []).length > 0) {
    found.push({
      why: "it has volumeClaimTemplates: a Deployment has no PVCs for each pod",
      next: "stay with the CloneSet, or give the pods other volumes first",
    });
  }
  if (spec.lifecycle?.preDelete) {
    found.push({
      why: "its pods wait for a preDelete hook when they go, and a Deployment calls none",
      next: "take spec.lifecycle.preDelete out first",
    });
  }
  if (strangers.length > 0) {
    found.push({
      why: `the ReplicaSet would take pods that the CloneSet leaves alone: ${namesOf(strangers)}`,
      next: "take a label that the selector asks for off these pods",
    });
  }
  const hooks = [spec.lifecycle?.preNormal, spec.lifecycle?.inPlaceUpdate].flatMap((h) => h?.finalizersHandler ?? []);
  const hooked = pods.filter((pod) => hooks.some((hook) => pod.metadata.finalizers?.includes(hook)));
  if (hooked.length > 0) {
    found.push({
      why: `nobody would take the hooks' finalizers off its pods, so they could not go any more: ${namesOf(hooked)}`,
      next: `take spec.lifecycle out, and these finalizers off the pods: ${hooks.join(", ")}`,
    });
  }
  const replicas = spec.replicas ?? 1;
  const { replicas: all = 0, updatedReplicas = 0, observedGeneration = -1 } = status;
  // Pods that came from the Deployment and were changed on their way in name no revision, but this is the template they had.
  const isUnchanged = before !== undefined && spec.template && sameMeaning(before.spec.template, spec.template);
  const updated = updatedReplicas + (isUnchanged ? pods.filter(isUnnamed).length : 0);
  const isSeen = observedGeneration >= (metadata.generation ?? 0);
  const busy = pods.filter(isBeingUpdated);
  if (!isSeen) {
    found.push({ why: "the controller has not seen its last edit yet", next: "repeat the command in a moment" });
  } else if (updated !== replicas || all !== replicas || pods.length !== replicas) {
    found.push({
      why: `its rollout is not done: ${updated} of ${replicas} pods are up to date, and there are ${pods.length}`,
      next: `kubectl cloneset status ${name}${flag}; promote --full or undo brings them together`,
    });
  } else if (busy.length > 0) {
    found.push({
      why: `pods are out of service for an update in place, and only the controller brings them back: ${namesOf(busy)}`,
      next: `kubectl cloneset status ${name}${flag} --watch`,
    });
  }
  return found;
}

/**
 * Others that would take what nobody owns for a moment. Two workloads with one selector get along only as long as every pod
 * has its owner.
 *
 * `labels`: those of the template, and of each pod.
 */
export function againstClaimants(
  claimants: readonly Claimant[],
  { own, labels }: { own: readonly Reference[]; labels: readonly Record<string, string>[] },
): Objection[] {
  const others = claimants.filter(
    ({ metadata, spec: { selector } = {} }) =>
      selector && !own.some(({ uid }) => uid === metadata.uid) && labels.some((set) => matchesSelector(selector, set)),
  );
  if (others.length === 0) return [];
  const names = others.map(({ kind = "", metadata }) => spoken({ kind, name: metadata.name }));
  return [
    {
      why: `its pods would be taken by others that select them, too, while nobody owns them: ${listed(names)}`,
      next: "give the others selectors that leave these pods alone, or delete them",
    },
  ];
}

/** What stands against the CloneSet itself. */
export function againstAdoption({ refused, touched }: Adoption): Objection[] {
  if (refused !== undefined) {
    return [
      { why: `the controller would not carry the CloneSet out: ${refused}`, next: "change the Deployment first" },
    ];
  }
  if (touched.length === 0) return [];
  return [
    {
      why: `the controller would not take pods as they are, but replace or remove them: ${listed(touched)}`,
      next: "wait until all pods are ready; kubectl cloneset migrate --dry-run tries again",
    },
  ];
}

/** `tried`: as the server would store them. */
export function againstOtherTemplate(tried: { replicaSet: ReplicaSet; deployment: Deployment }): Objection[] {
  const { template } = tried.replicaSet.spec;
  const { [label.podTemplateHash]: _hash, ...labels } = template?.metadata?.labels ?? {};
  const plain = template && { ...template, metadata: { ...template.metadata, labels } };
  if (plain && sameMeaning(plain, tried.deployment.spec.template)) return [];
  return [
    {
      why: "the server stores another template in a Deployment than in its ReplicaSet, so that every pod would be replaced: a policy or a webhook changes one of them",
      next: "let the policy leave both alone, or change both alike",
    },
  ];
}

function isUnnamed({ metadata }: KubeObject): boolean {
  return metadata.labels?.[label.revision] === undefined;
}

/** Whether a pod is on its way through a hook or an update in place: a Deployment would leave it there. */
function isBeingUpdated(object: KubeObject): boolean {
  const pod = new Trimmer().pod(object);
  const state = lifecycleState(pod);
  const waits = Object.values(readinessGate).some(
    (gate) => hasGate(pod, gate) && pod.conditions[gate]?.status !== "True",
  );
  return waits || (state !== undefined && state !== "Normal");
}

function aboutAny({ deletionTimestamp, ownerReferences = [] }: ObjectMeta, kind: string): Objection[] {
  const found: Objection[] = [];
  if (deletionTimestamp) found.push({ why: "it is being deleted", next: "wait until it is gone" });
  const owner = controllerOf(ownerReferences);
  if (owner !== undefined) {
    found.push({
      why: `it belongs to ${owner.kind} ${owner.name}, which would make it again`,
      next: `let ${owner.kind} ${owner.name} make the other kind in place of this ${kind}`,
    });
  }
  return found;
}

function namesOf(objects: readonly KubeObject[]): string {
  return listed(objects.map(({ metadata }) => metadata.name));
}
