import { CLONE_SETS } from "../api/resource.ts";
import type { Resource } from "../kube/resources.ts";
import {
  CONTROLLER_REVISIONS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  EVENTS,
  LEASES,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  REPLICA_SETS,
} from "../kube/resources.ts";
import { cloneSetRules } from "./clone-sets.ts";
import { definitionRules } from "./custom-resource-definitions.ts";
import { budgetRules } from "./disruption.ts";
import type { Kind, KindRules, Subresource } from "./kind-rules.ts";
import { namespaceRules } from "./namespaces.ts";
import type { StoredObject } from "./objects.ts";
import { claimRules, podRules } from "./pods.ts";
import { serviceRules } from "./services.ts";
import { classRules, volumeRules } from "./storage.ts";
import { webhookConfigurationRules } from "./webhook-configurations.ts";
import { deploymentRules, replicaSetRules } from "./workloads.ts";

const served = (group: string, version: string, plural: string, kind: string, namespaced = true): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});
const core = (plural: string, kind: string, namespaced = true) => served("", "v1", plural, kind, namespaced);
const ADMISSION = "admissionregistration.k8s.io";
/** Has a status, and nothing else that is particular. */
const withStatus: KindRules = { subresources: ["status"], prepareUpdate: keepOtherSide };

/** The kinds that are served. */
export const KINDS: readonly Kind[] = [
  { resource: NAMESPACES, shortNames: ["ns"], ...namespaceRules },
  { resource: NODES, shortNames: ["no"], ...withStatus },
  { resource: PODS, shortNames: ["po"], ...podRules },
  { resource: PERSISTENT_VOLUME_CLAIMS, shortNames: ["pvc"], ...claimRules },
  { resource: EVENTS, shortNames: ["ev"] },
  { resource: core("persistentvolumes", "PersistentVolume", false), shortNames: ["pv"], ...volumeRules },
  {
    resource: served("storage.k8s.io", "v1", "storageclasses", "StorageClass", false),
    shortNames: ["sc"],
    ...classRules,
  },
  { resource: core("services", "Service"), shortNames: ["svc"], ...serviceRules },
  { resource: core("endpoints", "Endpoints"), shortNames: ["ep"] },
  {
    resource: served("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    shortNames: [],
    hasGeneration: true,
  },
  { resource: core("configmaps", "ConfigMap"), shortNames: ["cm"] },
  { resource: core("secrets", "Secret"), shortNames: [] },
  { resource: core("serviceaccounts", "ServiceAccount"), shortNames: ["sa"] },
  { resource: CONTROLLER_REVISIONS, shortNames: [] },
  { resource: LEASES, shortNames: [] },
  {
    resource: served("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    shortNames: ["pdb"],
    ...budgetRules,
  },
  {
    resource: served("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    shortNames: ["hpa"],
    ...withStatus,
  },
  { resource: CUSTOM_RESOURCE_DEFINITIONS, shortNames: ["crd", "crds"], ...definitionRules },
  {
    resource: served(ADMISSION, "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false),
    shortNames: [],
    ...webhookConfigurationRules({ reinvocationPolicy: "Never" }),
  },
  {
    resource: served(ADMISSION, "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false),
    shortNames: [],
    ...webhookConfigurationRules(),
  },
  { resource: DEPLOYMENTS, shortNames: ["deploy"], ...deploymentRules },
  { resource: REPLICA_SETS, shortNames: ["rs"], ...replicaSetRules },
  { resource: CLONE_SETS, shortNames: ["clone"], ...cloneSetRules },
];

/** Status is written through its subresource alone, and everything else not through it. */
function keepOtherSide(next: StoredObject, old: StoredObject, subresource: Subresource): StoredObject {
  if (subresource !== "status") return { ...next, ...("status" in old ? { status: old["status"] } : {}) };
  return { ...old, metadata: next.metadata, status: next["status"] };
}
