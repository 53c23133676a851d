import { SpecError } from "./spec-error.ts";

/** Feature switches, under the names OpenKruise users know. Unset switches have the values of `featureDefaults`. */
export interface Features {
  /** `controller-revision-hash` holds only the short hash, so that CloneSet names beyond 52 characters work. */
  CloneSetShortHash: boolean;
  /** Raising `partition` moves pods back to the current revision. */
  CloneSetPartitionRollback: boolean;
  /** While scaling, pods in PreparingUpdate count as updated. */
  PreparingUpdateAsUpdate: boolean;
  /** cpu and memory of a container can be changed in place. */
  InPlaceWorkloadVerticalScaling: boolean;
  /** A change of the claim templates forbids an in-place update. */
  RecreatePodWhenChangeVCTInCloneSetGate: boolean;
}

export const featureDefaults: Features = {
  CloneSetShortHash: false,
  CloneSetPartitionRollback: false,
  PreparingUpdateAsUpdate: false,
  InPlaceWorkloadVerticalScaling: false,
  RecreatePodWhenChangeVCTInCloneSetGate: false,
};

/**
 * Reads `"A=true,B=false"`.
 *
 * @throws {SpecError} for an unknown name or a value other than true or false
 */
export function parseFeatures(text: string): Features {
  const features = { ...featureDefaults };
  for (const entry of text.split(",").filter((part) => part.trim() !== "")) {
    const [name = "", ...rest] = entry.trim().split("=");
    const value = rest.join("=");
    if (!Object.hasOwn(features, name))
      throw new SpecError("--feature-gates", name, `one of ${Object.keys(features).join(", ")}`);
    if (value !== "true" && value !== "false")
      throw new SpecError("--feature-gates", entry, `${name}=true or ${name}=false`);
    features[name as keyof Features] = value === "true";
  }
  return features;
}
