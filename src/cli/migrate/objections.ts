import { label } from "../../api/constants.ts";
import { controllerOf } from "../../api/kubernetes.ts";
import type { KubeObject, ObjectMeta } from "../../kube/resources.ts";
import type { CloneSetObject } from "../cluster.ts";
import { listed } from "../pod-moves.ts";
import { isFree } from "./steps.ts";
import type { Deployment } from "./workloads.ts";

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

/** What stands against making a Deployment of a CloneSet. [] = nothing. */
export function againstDeployment(
  { metadata, spec = {}, status = {} }: CloneSetObject,
  given: {
    pods: readonly KubeObject[];
    deployment: KubeObject | undefined;
    replicaSets: readonly KubeObject[];
    flag: string;
  },
): Objection[] {
  const { pods, deployment, replicaSets, flag } = given;
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
  const replicas = spec.replicas ?? 1;
  const { replicas: all = 0, updatedReplicas: updated = 0, observedGeneration = -1 } = status;
  const isSeen = observedGeneration >= (metadata.generation ?? 0);
  if (!isSeen || updated !== replicas || all !== replicas || pods.length !== replicas) {
    found.push({
      why: `its rollout is not done: ${updated} of ${replicas} pods are up to date, and there are ${pods.length}`,
      next: `kubectl cloneset status ${name}${flag}; promote --full or undo brings them together`,
    });
  } else if (new Set(pods.map((pod) => pod.metadata.labels?.[label.podTemplateHash])).size > 1) {
    found.push({
      why: `its pods differ in the label ${label.podTemplateHash}`,
      next: `kubectl cloneset doctor${flag}; the controller gives all pods of a revision the same`,
    });
  }
  return found;
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
