import { GROUP, KIND } from "./constants.ts";

/** Where CloneSets live in the API. */
export const CLONE_SETS = {
  group: GROUP,
  version: "v1alpha1",
  plural: "clonesets",
  kind: KIND,
  namespaced: true,
} as const;
