/** Claims as the API server takes them in. */
import type { ContentRules } from "./content.ts";
import { specOf, statusOf } from "./pods.ts";
import type { Cause } from "./refusal.ts";
import { quantity } from "./scheduling.ts";
import { capacityOf, defaultClass } from "./storage.ts";

const SIZE = "spec.resources.requests.storage";

export const claimContent: ContentRules = {
  admit: (claim, cluster) => {
    const spec = specOf(claim);
    const found = "storageClassName" in spec ? undefined : defaultClass(cluster.collection("storageclasses").values());
    return found ? { ...claim, spec: { ...spec, storageClassName: found.metadata.name } } : claim;
  },
  check: (next, old, subresource) => {
    if (subresource === "status") return [];
    const [size, sizeBefore] = [capacityOf(next)["storage"], old && capacityOf(old)["storage"]];
    if (old === undefined) {
      return [
        ...(Array.isArray(specOf(next)["accessModes"])
          ? []
          : [required("spec.accessModes", "at least 1 access mode is required")]),
        ...(size === undefined ? [required("spec.resources[storage]", "")] : []),
      ];
    }
    const isBound = statusOf(old)["phase"] === "Bound";
    if (!isBound && size !== sizeBefore)
      return [
        forbidden(
          "spec",
          "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        ),
      ];
    if (quantity(String(size)) < quantity(String(sizeBefore))) {
      return [forbidden(SIZE, "field can not be less than status.capacity")];
    }
    return [];
  },
};

function required(field: string, why: string): Cause {
  return { reason: "FieldValueRequired", field, message: why === "" ? "Required value" : `Required value: ${why}` };
}

function forbidden(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", field, message: `Forbidden: ${why}` };
}
