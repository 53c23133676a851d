/** What the API server itself does with Deployments and ReplicaSets, and what both have in common. */
import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap, isSame } from "./objects.ts";
import { specOf } from "./pods.ts";
import type { LabelSelector } from "./selectors.ts";
import { selectorText } from "./selectors.ts";

const both: KindRules = {
  hasGeneration: true,
  subresources: ["status", "scale"],
  scaleSelector: (object) => selectorText(selectorOf(object)),
};

export const replicaSetRules: KindRules = {
  ...both,
  prepareCreate: (object) => ({ ...object, status: { replicas: 0 } }),
  prepareUpdate: (next, old, subresource) =>
    subresource === "status"
      ? { ...old, metadata: next.metadata, status: next["status"] }
      : { ...next, status: old["status"] },
};

export const deploymentRules: KindRules = {
  ...both,
  prepareCreate: (object) => ({ ...object, status: {} }),
  prepareUpdate: (next, old, subresource) => {
    if (subresource === "status") {
      const { labels: _sent, ...metadata } = next.metadata;
      const { labels } = old.metadata;
      return { ...old, metadata: { ...metadata, ...(labels ? { labels } : {}) }, status: next["status"] };
    }
    const kept = { ...next, status: old["status"] };
    if (isSame(next.metadata.annotations, old.metadata.annotations)) return kept;
    // They are copied to ReplicaSets: a change is something to do.
    return { ...kept, metadata: { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 } };
  },
};

export function selectorOf(workload: StoredObject): LabelSelector {
  return specOf(workload)["selector"] ?? {};
}

export interface Template {
  metadata: { labels?: Record<string, string>; [field: string]: unknown };
  spec: JsonMap;
}

export function templateOf(workload: StoredObject): Template {
  const { template } = specOf(workload);
  const { metadata, spec } = (isMap(template) ? template : {}) as Partial<Template>;
  return { metadata: metadata ?? {}, spec: spec ?? {} };
}

export function replicasOf(workload: StoredObject): number {
  return Number(specOf(workload)["replicas"] ?? 0);
}

/** Numbers that the server leaves out of a status where they are 0. */
export function unlessZero(field: string, count: number): JsonMap {
  return count === 0 ? {} : { [field]: count };
}
