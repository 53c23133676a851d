import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";

/** Definitions are stored, and said to be established. What is served does not depend on them. */
export const definitionRules: KindRules = {
  hasGeneration: true,
  subresources: ["status"],
  prepareCreate: (object) => {
    const full = withDefaults(object);
    return { ...full, status: statusOf(full) };
  },
  prepareUpdate: (next, old, subresource) => {
    if (subresource === "status") return { ...old, metadata: next.metadata, status: next["status"] };
    return { ...withDefaults(next), status: old["status"] };
  },
};

function withDefaults(object: StoredObject): StoredObject {
  const spec: JsonMap = isMap(object["spec"]) ? object["spec"] : {};
  return { ...object, spec: { conversion: { strategy: "None" }, ...spec } };
}

function statusOf({ metadata, spec }: StoredObject): JsonMap {
  const { names, versions } = spec as { names?: JsonMap; versions?: { name: string; storage?: boolean }[] };
  const now = metadata.creationTimestamp;
  return {
    acceptedNames: names,
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
    ],
    storedVersions: (versions ?? []).filter(({ storage }) => storage).map(({ name }) => name),
  };
}

function condition(type: string, reason: string, message: string, lastTransitionTime: string): JsonMap {
  return { type, status: "True", reason, message, lastTransitionTime };
}
