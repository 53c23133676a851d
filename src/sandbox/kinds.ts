import { CLONE_SETS } from "../api/resource.ts";
import type { Resource } from "../kube/resources.ts";
import {
  CONTROLLER_REVISIONS,
  EVENTS,
  LEASES,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
} from "../kube/resources.ts";
import { cloneSetRules } from "./clone-sets.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { claimRules, podRules } from "./pods.ts";

export type Subresource = "" | "status" | "scale" | "resize" | "eviction" | "binding";

/** What is particular about a kind. Everything else is the same for all. */
export interface KindRules {
  /** `metadata.generation` counts the changes of what is asked for. */
  hasGeneration?: boolean;
  /** Subresources that are written like the object itself; what each leaves alone is for `prepareUpdate`. */
  subresources?: readonly Subresource[];
  /** A custom resource: lists have no merge keys, so strategic patches are not understood. */
  isCustom?: boolean;
  /** DELETE answers with the object, not with a Status. */
  answersDeleted?: boolean;
  /** Fills in what the server knows better. */
  prepareCreate?: (object: StoredObject) => StoredObject;
  /** The object to store for what was sent, or a refusal. `next` has the metadata settled already. */
  prepareUpdate?: (next: StoredObject, old: StoredObject, subresource: Subresource) => StoredObject;
  /** Seconds between the request to delete and the end; 0 = at once. */
  graceSeconds?: (object: StoredObject, asked: number | undefined) => number;
  /** Finalizers that every new object gets. */
  finalizers?: readonly string[];
}

export interface Kind extends KindRules {
  resource: Resource;
  shortNames: readonly string[];
}

const asked = (object: StoredObject): JsonMap => {
  const { status: _status, metadata: _metadata, ...rest } = object;
  return rest;
};

/** Only the part of an object that counts for `metadata.generation`. */
export const askedFor = asked;

const POD_DISRUPTION_BUDGETS: Resource = {
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  namespaced: true,
};
const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced,
});

/** The kinds that are served. */
export const KINDS: readonly Kind[] = [
  { resource: NAMESPACES, shortNames: ["ns"] },
  { resource: NODES, shortNames: ["no"], subresources: ["status"], prepareUpdate: keepOtherSide },
  { resource: PODS, shortNames: ["po"], ...podRules },
  { resource: PERSISTENT_VOLUME_CLAIMS, shortNames: ["pvc"], ...claimRules },
  { resource: EVENTS, shortNames: ["ev"] },
  { resource: core("services", "Service"), shortNames: ["svc"] },
  { resource: core("configmaps", "ConfigMap"), shortNames: ["cm"] },
  { resource: core("secrets", "Secret"), shortNames: [] },
  { resource: core("serviceaccounts", "ServiceAccount"), shortNames: ["sa"] },
  { resource: CONTROLLER_REVISIONS, shortNames: [] },
  { resource: LEASES, shortNames: [] },
  {
    resource: POD_DISRUPTION_BUDGETS,
    shortNames: ["pdb"],
    hasGeneration: true,
    subresources: ["status"],
    prepareUpdate: keepOtherSide,
  },
  { resource: CLONE_SETS, shortNames: ["clone"], ...cloneSetRules },
];

/** Status is written through its subresource alone, and everything else not through it. */
function keepOtherSide(next: StoredObject, old: StoredObject, subresource: Subresource): StoredObject {
  if (subresource !== "status") return { ...next, ...("status" in old ? { status: old["status"] } : {}) };
  return { ...old, metadata: next.metadata, status: next["status"] };
}
