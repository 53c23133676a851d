import { label } from "../../api/constants.ts";
import { fromV1alpha1 } from "../../api/convert.ts";
import { NO_DEADLINE } from "../../api/defaults.ts";
import type { CloneSetObject } from "../cluster.ts";
import { carriedOver } from "./to-clone-set.ts";
import type { Deployment, ReplicaSet } from "./workloads.ts";

/**
 * The Deployment that goes on with a CloneSet's pods, and its ReplicaSet, which is made first so that it finds them: a Deployment
 * takes any ReplicaSet of its template for its own, whatever hash that has.
 *
 * `before`: the Deployment that the CloneSet came from, whose metadata and strategy come back. `hash`: the `pod-template-hash`
 * that the pods carry.
 */
export function toDeployment(
  object: CloneSetObject,
  { before, hash }: { before: Deployment | undefined; hash: string },
): { deployment: Deployment; replicaSet: ReplicaSet; notes: string[] } {
  const { spec } = fromV1alpha1(object);
  const { selector, template } = spec;
  const { namespace, name } = object.metadata;
  const { maxUnavailable, maxSurge } = spec.updateStrategy;
  const deployment: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: before?.metadata ?? carriedOver(object.metadata),
    spec: {
      replicas: spec.replicas,
      selector,
      template,
      strategy: before?.spec.strategy ?? { type: "RollingUpdate", rollingUpdate: { maxUnavailable, maxSurge } },
      minReadySeconds: spec.minReadySeconds,
      revisionHistoryLimit: spec.revisionHistoryLimit,
      progressDeadlineSeconds: spec.progressDeadlineSeconds ?? NO_DEADLINE,
      ...(spec.updateStrategy.paused ? { paused: true } : {}),
    },
  };
  const own = { [label.podTemplateHash]: hash };
  const labels = { ...template.metadata?.labels, ...own };
  const replicaSet: ReplicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: `${name}-${hash}`, ...(namespace === undefined ? {} : { namespace }), labels },
    spec: {
      replicas: spec.replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...own } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
  return { deployment, replicaSet, notes: lost(object) };
}

/** What a Deployment has no field for. */
function lost({ spec = {} }: CloneSetObject): string[] {
  const { updateStrategy, scaleStrategy, lifecycle } = spec;
  const fields: Record<string, unknown> = {
    "scaleStrategy.maxUnavailable": scaleStrategy?.maxUnavailable,
    "updateStrategy.partition": updateStrategy?.partition,
    "updateStrategy.priorityStrategy": updateStrategy?.priorityStrategy,
    "updateStrategy.scatterStrategy": updateStrategy?.scatterStrategy,
    "updateStrategy.inPlaceUpdateStrategy": updateStrategy?.inPlaceUpdateStrategy,
    "lifecycle.inPlaceUpdate": lifecycle?.inPlaceUpdate,
    "lifecycle.preNormal": lifecycle?.preNormal,
  };
  const set = Object.keys(fields).filter((field) => Boolean(fields[field]));
  return set.length === 0 ? [] : [`a Deployment has no ${set.join(", ")}: lost`];
}
