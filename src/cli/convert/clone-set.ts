import { API_VERSION, label } from "../../api/constants.ts";
import { isObject, members, objectIn } from "../../rules/json.ts";

export const V1BETA1 = "apps.kruise.io/v1beta1";

export interface Converted {
  object: Record<string, unknown>;
  /** What has no equivalent, or reads differently from now on. */
  notes: string[];
}

/** Fields of `inPlaceUpdateStrategy` that v1alpha1 carries as annotations. */
const PRE_DOWNLOAD = {
  imagePreDownloadParallelism: "apps.kruise.io/image-predownload-parallelism",
  imagePreDownloadTimeoutSeconds: "apps.kruise.io/image-predownload-timeout-seconds",
  imagePreDownloadMinUpdatedReadyPods: "apps.kruise.io/image-predownload-min-updated-ready-pods",
};
const POLICIES = new Set(["ReCreate", "InPlaceIfPossible", "InPlaceOnly"]);

/** A CloneSet of `apps.kruise.io/v1beta1` as one of v1alpha1. What only a server sets is left out. */
export function toV1alpha1(beta: Readonly<Record<string, unknown>>): Converted {
  const notes: string[] = [];
  const { status: _, metadata, spec, ...rest } = beta;
  const { scaleStrategy, updateStrategy, ...same } = members(spec);
  const meta = withoutServersPart(members(metadata));
  const scale = scaleStrategyOf(members(scaleStrategy), meta, notes);
  const update = updateStrategyOf(members(updateStrategy), meta, notes);
  const object = {
    ...rest,
    apiVersion: API_VERSION,
    metadata: meta,
    spec: { ...same, scaleStrategy: scale, updateStrategy: update },
  };
  return { object, notes };
}

/** PVCs are reused unless one says no; in v1beta1 only if one says yes. */
function scaleStrategyOf(
  { enablePVCReuse, excludePreparingDelete, ...same }: Readonly<Record<string, unknown>>,
  meta: Record<string, unknown>,
  notes: string[],
): object {
  if (excludePreparingDelete === true) {
    meta["labels"] = { ...objectIn(meta, "labels"), [label.excludePreparingDelete]: "true" };
    notes.push(`spec.scaleStrategy.excludePreparingDelete: became the label ${label.excludePreparingDelete}`);
  }
  return { ...same, ...(enablePVCReuse === true ? {} : { disablePVCReuse: true }) };
}

function updateStrategyOf(
  { type, rollingUpdate, ...unknown }: Readonly<Record<string, unknown>>,
  meta: Record<string, unknown>,
  notes: string[],
): object {
  const { podUpdatePolicy, inPlaceUpdateStrategy, ...same } = members(rollingUpdate);
  for (const name of Object.keys(unknown))
    notes.push(`spec.updateStrategy.${name}: not a field of v1beta1, copied as it is`);
  if (type === "OnDelete") {
    notes.push(
      "spec.updateStrategy.type: OnDelete: up to 20% of the replicas, rounded up and no longer down, may be unavailable",
    );
  } else if (podUpdatePolicy !== undefined && podUpdatePolicy !== "" && !POLICIES.has(podUpdatePolicy as string)) {
    const found = JSON.stringify(podUpdatePolicy);
    notes.push(`spec.updateStrategy.rollingUpdate.podUpdatePolicy: ${found} is not known, ReCreate takes its place`);
  }
  if (isObject(same["priorityStrategy"]) && same["priorityStrategy"]["orderPriority"]) {
    notes.push("spec.updateStrategy.rollingUpdate.priorityStrategy.orderPriority: pods with a listed key now go first");
  }
  const inPlace = inPlaceStrategyOf(members(inPlaceUpdateStrategy), meta, notes);
  return {
    ...unknown,
    type: type === "OnDelete" ? type : POLICIES.has(podUpdatePolicy as string) ? podUpdatePolicy : "ReCreate",
    ...same,
    ...(inPlace === undefined ? {} : { inPlaceUpdateStrategy: inPlace }),
  };
}

function inPlaceStrategyOf(
  strategy: Readonly<Record<string, unknown>>,
  meta: Record<string, unknown>,
  notes: string[],
): object | undefined {
  for (const [name, annotation] of Object.entries(PRE_DOWNLOAD)) {
    const value = strategy[name];
    if (value === undefined || value === null) continue;
    meta["annotations"] = {
      ...objectIn(meta, "annotations"),
      [annotation]: typeof value === "string" ? value : JSON.stringify(value),
    };
    notes.push(
      `spec.updateStrategy.rollingUpdate.inPlaceUpdateStrategy.${name}: became the annotation ${annotation}, which has no effect: images are not downloaded ahead of an update`,
    );
  }
  const { gracePeriodSeconds } = strategy;
  return gracePeriodSeconds === undefined || gracePeriodSeconds === 0 ? undefined : { gracePeriodSeconds };
}

const SET_BY_SERVERS = new Set([
  "creationTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
]);
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

function withoutServersPart(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(metadata).filter(([name]) => !SET_BY_SERVERS.has(name)));
  const { [LAST_APPLIED]: _, ...annotations } = members(kept["annotations"]);
  if (kept["annotations"] !== undefined) kept["annotations"] = annotations;
  return kept;
}
