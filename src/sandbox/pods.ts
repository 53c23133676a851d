import type { KindRules, Subresource } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap, isSame } from "./objects.ts";
import { invalid, invalidFor } from "./refusal.ts";

const PODS = { group: "", plural: "pods", kind: "Pod" };
const CLAIMS = { group: "", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim" };
const GRACE_SECONDS = 30;
const FREE: readonly string[] = ["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds"];
const ONLY_IMAGES =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** What the API server itself does with pods. */
export const podRules: KindRules = {
  hasGeneration: true,
  subresources: ["status", "resize", "eviction", "binding", "log"],
  answersDeleted: true,
  prepareCreate: (object) => ({
    ...object,
    spec: { restartPolicy: "Always", terminationGracePeriodSeconds: GRACE_SECONDS, ...specOf(object) },
    status: { phase: "Pending", qosClass: qosClassOf(specOf(object)) },
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

/** Guaranteed = each container may use just what it asks for; BestEffort = none asks for anything; Burstable = all others. */
export function qosClassOf(spec: JsonMap): string {
  const containers = ["containers", "initContainers"].flatMap((field) => (spec[field] as JsonMap[] | undefined) ?? []);
  let isGuaranteed = true;
  let asks = false;
  for (const container of containers) {
    const { limits = {}, requests = {} } = (container["resources"] ?? {}) as Record<string, Record<string, string>>;
    for (const resource of ["cpu", "memory"]) {
      const [limit, request = limits[resource]] = [limits[resource], requests[resource]];
      if (limit !== undefined || request !== undefined) asks = true;
      if (limit === undefined || limit !== request) isGuaranteed = false;
    }
  }
  if (!asks) return "BestEffort";
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

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
    case "resize":
      return {
        ...old,
        metadata: { ...old.metadata, resourceVersion: next.metadata.resourceVersion },
        spec: resizedSpec(specOf(old), specOf(next)),
      };
    case "":
    case "scale":
    case "eviction":
    case "binding":
    case "finalize":
    case "log":
      mustChangeImagesAlone(next, old);
      return { ...next, status: old["status"] };
  }
}

/** The old spec with the new resources of its containers: a resize passes over everything else. */
function resizedSpec(old: JsonMap, next: JsonMap): JsonMap {
  const resized = { ...old };
  for (const field of ["containers", "initContainers"]) {
    const sent = containersIn(next, field);
    const containers = containersIn(old, field).map((container) => {
      const { resources } = sent.find(({ name }) => name === container["name"]) ?? container;
      return resources === undefined ? container : { ...container, resources };
    });
    if (old[field] !== undefined) resized[field] = containers;
  }
  return resized;
}

/** @throws {Refusal} if the spec changes in anything but images and the few fields that are free */
function mustChangeImagesAlone(next: StoredObject, old: StoredObject): void {
  const [after, before] = [specOf(next), specOf(old)];
  if (after === before) return;
  const forbid = (field: string, why: string) =>
    invalidFor(PODS, old.metadata.name, [{ reason: "FieldValueForbidden", field, message: `Forbidden: ${why}` }]);
  for (const field of ["containers", "initContainers"]) {
    if (containersIn(after, field).length !== containersIn(before, field).length)
      throw forbid(`spec.${field}`, "pod updates may not add or remove containers");
  }
  // Gates may be taken away for as long as the pod has no node.
  const free = before["nodeName"] === undefined ? [...FREE, "schedulingGates"] : FREE;
  const fields = new Set([...Object.keys(after), ...Object.keys(before)].filter((field) => !free.includes(field)));
  for (const field of fields) {
    const isContainers = field === "containers" || field === "initContainers";
    const strip = (value: unknown): unknown =>
      isContainers && Array.isArray(value) ? value.map((item) => without(item, "image")) : value;
    if (!isSame(strip(after[field]), strip(before[field]))) throw forbid("spec", ONLY_IMAGES);
  }
}

function containersIn(spec: JsonMap, field: string): JsonMap[] {
  const found = spec[field];
  return Array.isArray(found) ? found.filter(isMap) : [];
}

function without(container: unknown, field: string): unknown {
  if (!isMap(container)) return container;
  const { [field]: _gone, ...rest } = container;
  return rest;
}
