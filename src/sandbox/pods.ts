import type { KindRules, Subresource } from "./kinds.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap, isSame } from "./objects.ts";
import { invalid } from "./refusal.ts";

const PODS = { group: "", plural: "pods", kind: "Pod" };
const CLAIMS = { group: "", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim" };
const GRACE_SECONDS = 30;

/** What the API server itself does with pods. */
export const podRules: KindRules = {
  hasGeneration: true,
  subresources: ["status", "resize", "eviction", "binding"],
  answersDeleted: true,
  prepareCreate: (object) => ({
    ...object,
    spec: { restartPolicy: "Always", terminationGracePeriodSeconds: GRACE_SECONDS, ...specOf(object) },
    status: { phase: "Pending", qosClass: "BestEffort" },
  }),
  prepareUpdate: preparePodUpdate,
  graceSeconds: (object, asked) => {
    const { phase } = statusOf(object);
    const unstarted = specOf(object)["nodeName"] === undefined;
    if (unstarted || phase === "Succeeded" || phase === "Failed") return 0;
    return asked ?? Number(specOf(object)["terminationGracePeriodSeconds"] ?? GRACE_SECONDS);
  },
};

export const claimRules: KindRules = {
  subresources: ["status"],
  answersDeleted: true,
  finalizers: ["kubernetes.io/pvc-protection"],
  prepareCreate: (object) => ({ ...object, status: { phase: "Pending" } }),
  prepareUpdate: (next, old, subresource) => {
    if (subresource === "status") return { ...old, metadata: next.metadata, status: next["status"] };
    const { resources: _new, ...spec } = specOf(next);
    const { resources: _old, ...before } = specOf(old);
    if (before["volumeName"] !== undefined && !isSame(spec, before))
      throw invalid(
        CLAIMS,
        old.metadata.name,
        "spec",
        "Forbidden: spec is immutable after creation except resources.requests",
      );
    return { ...next, status: old["status"] };
  },
};

export function specOf(object: StoredObject): JsonMap {
  return isMap(object["spec"]) ? object["spec"] : {};
}

export function statusOf(object: StoredObject): JsonMap {
  return isMap(object["status"]) ? object["status"] : {};
}

function preparePodUpdate(next: StoredObject, old: StoredObject, subresource: Subresource): StoredObject {
  switch (subresource) {
    case "status": {
      // Labels, annotations and finalizers may be written along; who owns a pod may not.
      const { ownerReferences: _sent, ...metadata } = next.metadata;
      const { ownerReferences } = old.metadata;
      return {
        ...old,
        metadata: { ...metadata, ...(ownerReferences ? { ownerReferences } : {}) },
        status: next["status"],
      };
    }
    case "resize": {
      mustBeSame(next, old, "resources");
      return {
        ...old,
        metadata: { ...old.metadata, resourceVersion: next.metadata.resourceVersion },
        spec: next["spec"],
      };
    }
    case "":
    case "scale":
    case "eviction":
    case "binding":
    case "finalize":
      mustBeSame(next, old, "image");
      return { ...next, status: old["status"] };
  }
}

/** Refuses a spec in which containers differ in anything but one field, or anything but containers differs. */
function mustBeSame(next: StoredObject, old: StoredObject, but: "image" | "resources"): void {
  const [after, before] = [specOf(next), specOf(old)];
  if (after === before) return;
  const free = but === "image" ? ["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds"] : [];
  const fields = new Set([...Object.keys(after), ...Object.keys(before)].filter((field) => !free.includes(field)));
  for (const field of fields) {
    const isContainers = field === "containers" || field === "initContainers";
    const strip = (value: unknown): unknown =>
      isContainers && Array.isArray(value) ? value.map((item) => without(item, but)) : value;
    if (!isSame(strip(after[field]), strip(before[field]))) {
      throw invalid(
        PODS,
        old.metadata.name,
        "spec",
        but === "image"
          ? "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
          : "Forbidden: only cpu and memory resources are mutable",
      );
    }
  }
}

function without(container: unknown, field: string): unknown {
  if (!isMap(container)) return container;
  const { [field]: _gone, ...rest } = container;
  return rest;
}
