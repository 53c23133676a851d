import type { KindRules } from "./kind-rules.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import { statusOf } from "./pods.ts";

const ZERO_STATUS = {
  observedGeneration: -1,
  replicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  updatedReplicas: 0,
  updatedReadyReplicas: 0,
  updatedAvailableReplicas: 0,
  expectedUpdatedReplicas: 0,
  terminatingReplicas: 0,
  ignoredPodsToDelete: 0,
  idleClaims: 0,
  instanceCounter: 0,
};
const SPEC = { replicas: 1, revisionHistoryLimit: 10, scaleStrategy: {} };
const UPDATE_STRATEGY = { maxSurge: 0, maxUnavailable: "20%", partition: 0, type: "ReCreate" };

/** A custom resource: its status apart, metadata untouched by status writes, and the defaults of its schema. */
export const cloneSetRules: KindRules = {
  hasGeneration: true,
  isCustom: true,
  subresources: ["status", "scale"],
  scaleSelector: (object) => statusOf(object)["labelSelector"] as string | undefined,
  prepareCreate: (object) => withDefaults({ ...object, status: {} }),
  prepareUpdate: (next, old, subresource) => {
    if (subresource !== "status") return withDefaults({ ...next, status: old["status"] });
    const { resourceVersion } = next.metadata;
    return withDefaults({ ...old, metadata: { ...old.metadata, resourceVersion }, status: next["status"] });
  },
};

function withDefaults(object: StoredObject): StoredObject {
  const { spec, status = {} } = object;
  return {
    ...object,
    ...(isMap(spec)
      ? { spec: { ...SPEC, ...spec, updateStrategy: over(UPDATE_STRATEGY, spec["updateStrategy"]) } }
      : {}),
    status: over(ZERO_STATUS, status),
  };
}

/** What is of the wrong type stays as it is, for those who check it. */
function over(defaults: JsonMap, given: unknown = {}): unknown {
  return isMap(given) ? { ...defaults, ...given } : given;
}
