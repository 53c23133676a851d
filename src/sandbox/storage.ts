import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { specOf } from "./pods.ts";

export const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** What the API server itself does with volumes. */
export const volumeRules: KindRules = {
  subresources: ["status"],
  answersDeleted: true,
  finalizers: ["kubernetes.io/pv-protection"],
  prepareCreate: (object) => ({
    ...object,
    spec: { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem", ...specOf(object) },
    status: { phase: "Pending" },
  }),
  prepareUpdate: (next, old, subresource) =>
    subresource === "status"
      ? { ...old, metadata: next.metadata, status: next["status"] }
      : { ...next, status: old["status"] },
};

/** ... and with storage classes. */
export const classRules: KindRules = {
  answersDeleted: true,
  prepareCreate: (object) => ({ reclaimPolicy: "Delete", volumeBindingMode: "Immediate", ...object }),
};

/** The default class, the newest if there are several. */
export function defaultClass(classes: Iterable<StoredObject>): StoredObject | undefined {
  const marked = [...classes].filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
  return marked.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))[0];
}

/** The capacity that a claim asks for. */
export function capacityOf(claim: StoredObject): JsonMap {
  const { requests = {} } = (specOf(claim)["resources"] ?? {}) as { requests?: JsonMap };
  return requests;
}
