import { defaults } from "../src/api/defaults.ts";
import { members, numberIn, objectIn, ownText } from "../src/rules/json.ts";

/** Label that keeps a CloneSet from being deleted. */
export const PROTECTION_LABEL = "policy.kruise.io/delete-protection";

/** Why a CloneSet must not be deleted now; undefined if it may be. */
export function protectedBecause(cloneSet: unknown): string | undefined {
  const metadata = objectIn(cloneSet, "metadata");
  if (metadata === undefined || members(metadata)["deletionTimestamp"]) return undefined;
  const way = ownText(objectIn(metadata, "labels"), PROTECTION_LABEL);
  if (way === "Always") {
    return `it is protected by the label ${PROTECTION_LABEL}=Always; remove the label first`;
  }
  const replicas = numberIn(objectIn(cloneSet, "spec"), "replicas") ?? defaults.replicas;
  if (way === "Cascading" && replicas > 0) {
    return `it is protected by the label ${PROTECTION_LABEL}=Cascading while spec.replicas is above 0 (it is ${replicas}); scale it to 0 or remove the label first`;
  }
  return undefined;
}
