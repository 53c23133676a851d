import type { CloneSet } from "../api/cloneset.ts";
import { annotation, label, readinessGate } from "../api/constants.ts";
import type { Features } from "../api/features.ts";
import type { ClaimTemplate, JsonObject, PodTemplate } from "../api/kubernetes.ts";
import { timestamp } from "../api/kubernetes.ts";
import { claimTemplatesHash, shortPart } from "../revision/hash.ts";
import type { NewClaim } from "./actions.ts";
import { ownerReference } from "./membership.ts";

/** At which revision a pod is made: the templates that were in force then. */
export interface PodSource {
  revision: string;
  template: PodTemplate;
  claimTemplates: readonly ClaimTemplate[];
}

/** Value of the label `controller-revision-hash`. */
export function revisionLabel(revision: string, features: Features): string {
  return features.CloneSetShortHash ? shortPart(revision) : revision;
}

/** Whether pods of the CloneSet are patched in place, and so need a gate to be taken out of service first. */
export function updatesInPlace({ spec }: CloneSet): boolean {
  return spec.updateStrategy.type === "InPlaceIfPossible" || spec.updateStrategy.type === "InPlaceOnly";
}

/**
 * The pod to create: `<cloneset>-<id>`, from the template, owned by the CloneSet.
 *
 * The gate `InPlaceUpdateReady` is added only where pods are patched in place, `KruisePodReady` only where a hook takes
 * pods out of service: each costs one write per pod. A pod without gate and without preNormal hook is born Normal.
 */
export function podManifest(
  cloneSet: CloneSet,
  { revision, template, claimTemplates }: PodSource,
  id: string,
  { nowMs, features }: { nowMs: number; features: Features },
): JsonObject {
  const { name, namespace } = cloneSet;
  const metadata = template.metadata ?? {};
  const readinessGates = gatesOf(cloneSet, template);
  const waits =
    readinessGates.some(({ conditionType }) => conditionType === readinessGate.inPlaceUpdateReady) ||
    cloneSet.spec.lifecycle.preNormal !== undefined;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-${id}`,
      generateName: `${name}-`,
      namespace,
      labels: {
        ...metadata.labels,
        [label.revision]: revisionLabel(revision, features),
        [label.podTemplateHash]: shortPart(revision),
        [label.instanceId]: id,
        [label.lifecycleState]: waits ? "PreparingNormal" : "Normal",
      },
      annotations: {
        ...metadata.annotations,
        [annotation.lifecycleTimestamp]: timestamp(nowMs),
        // Whether a later change of the claim templates concerns this pod depends on those that it was made with.
        ...(features.RecreatePodWhenChangeVCTInCloneSetGate
          ? { [annotation.claimTemplatesHash]: claimTemplatesHash(claimTemplates) }
          : {}),
      },
      ...(metadata.finalizers?.length ? { finalizers: metadata.finalizers } : {}),
      ownerReferences: [{ ...ownerReference(cloneSet) }],
    },
    spec: {
      ...(template.spec as unknown as JsonObject),
      ...(readinessGates.length > 0 ? { readinessGates } : {}),
      ...volumes(cloneSet, template, claimTemplates, id),
    },
  };
}

/** The PVCs a new pod needs and that do not exist yet. */
export function missingClaims(
  cloneSet: CloneSet,
  claimTemplates: readonly ClaimTemplate[],
  id: string,
  existing: ReadonlySet<string>,
): NewClaim[] {
  return claimTemplates
    .map((template) => ({ name: claimName(template, cloneSet.name, id), template }))
    .filter(({ name }) => !existing.has(name))
    .map(({ name, template: { metadata, spec } }) => ({
      name,
      manifest: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          name,
          namespace: cloneSet.namespace,
          labels: { ...metadata.labels, ...cloneSet.spec.selector.matchLabels, [label.instanceId]: id },
          ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
          ownerReferences: [{ ...ownerReference(cloneSet) }],
        },
        spec,
      },
    }));
}

export function claimName({ metadata }: ClaimTemplate, cloneSetName: string, id: string): string {
  return `${metadata.name}-${cloneSetName}-${id}`;
}

function gatesOf(cloneSet: CloneSet, template: PodTemplate): { conditionType: string }[] {
  const { lifecycle } = cloneSet.spec;
  const gates = [...(template.spec.readinessGates ?? [])];
  const add = (conditionType: string) => {
    if (!gates.some((gate) => gate.conditionType === conditionType)) gates.push({ conditionType });
  };
  if (updatesInPlace(cloneSet)) add(readinessGate.inPlaceUpdateReady);
  if (lifecycle.preDelete?.markPodNotReady || lifecycle.inPlaceUpdate?.markPodNotReady)
    add(readinessGate.kruisePodReady);
  return gates;
}

/** The claims as volumes, in the order of the claim templates; they replace template volumes of the same name. */
function volumes(
  cloneSet: CloneSet,
  template: PodTemplate,
  claimTemplates: readonly ClaimTemplate[],
  id: string,
): JsonObject {
  if (claimTemplates.length === 0) return {};
  const claimed = claimTemplates.map((claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(claim, cloneSet.name, id) },
  }));
  const names = new Set(claimed.map(({ name }) => name));
  return { volumes: [...claimed, ...(template.spec.volumes ?? []).filter(({ name }) => !names.has(name))] };
}
