import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";

const KUBERNETES = "kubernetes";

/** A namespace stays, as Terminating, until somebody has emptied it and takes "kubernetes" from `spec.finalizers`. */
export const namespaceRules: KindRules = {
  subresources: ["status", "finalize"],
  answersDeleted: true,
  prepareCreate: (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name },
    },
    spec: { finalizers: [KUBERNETES] },
    status: { phase: "Active" },
  }),
  prepareUpdate: (next, old, subresource) => {
    if (subresource === "finalize") return { ...old, spec: next["spec"] };
    if (subresource === "status") return { ...old, metadata: next.metadata, status: next["status"] };
    return { ...next, spec: old["spec"], status: old["status"] };
  },
  isHeld: (object) => finalizersOf(object).length > 0,
  prepareDelete: (object) => ({ ...object, status: { phase: "Terminating" } }),
};

function finalizersOf(namespace: StoredObject): unknown[] {
  const spec: JsonMap = isMap(namespace["spec"]) ? namespace["spec"] : {};
  return Array.isArray(spec["finalizers"]) ? spec["finalizers"] : [];
}
