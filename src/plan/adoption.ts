import { label } from "../api/constants.ts";
import type { PodTemplate } from "../api/kubernetes.ts";
import type { Pod, Revision } from "../api/pod.ts";
import { instanceId } from "../api/pod.ts";
import { inPlaceProgress } from "../inplace/progress.ts";
import { readState } from "../inplace/state.ts";
import { shortPart } from "../revision/hash.ts";
import { revisionOf } from "../revision/match.ts";
import { recognise } from "../revision/recognise.ts";
import type { Action } from "./actions.ts";
import { isAvailable } from "./availability.ts";
import { adoptedId } from "./instance-ids.ts";
import { revisionLabel } from "./new-pod.ts";
import type { Observation } from "./observation.ts";

/** Pods, and PVCs without a pod, that are taken in by this plan. They count from the next one on; until then places are kept. */
export interface Arrivals {
  /** Places that they take. */
  places: number;
  /** Of the pods, those that are not available. */
  down: number;
  actions: Action[];
  /** Ids that are given to pods here. */
  ids: ReadonlySet<string>;
  /** Hashes of the revisions that pods were recognised as. */
  hashes: ReadonlySet<string>;
}

/**
 * Takes in pods that nobody owns. One that names no revision of ours but means the same as one (made by hand, or left by a
 * Deployment) gets its labels, and an id; any other counts as old.
 */
export function arrivals(
  { orphans, actions }: { orphans: readonly Pod[]; actions: readonly Action[] },
  { seen, revisions }: { seen: Observation; revisions: readonly Revision[] },
): Arrivals {
  const { cloneSet, claims, pods, nowMs } = seen;
  const carried = new Set(pods.map((pod) => instanceId(pod)));
  const claimIds = actions.flatMap((action) => (action.kind === "adoptClaim" ? [instanceId(action.claim)] : []));
  const podless = new Set(claimIds.filter((id) => !carried.has(id)));
  const taken = new Set([...pods, ...claims].map((object) => instanceId(object)));
  const ids = new Set<string>();
  const hashes = new Set<string>();
  const adoptions = orphans.map((pod): Action => {
    const isKnown = revisionOf(pod, revisions) !== undefined;
    const made = isKnown ? undefined : whatItIs(pod, { revisions, nowMs });
    if (made === undefined) return { kind: "adoptPod", pod };
    const id = instanceId(pod) ?? adoptedId(cloneSet.uid, pod.uid, taken);
    taken.add(id);
    ids.add(id);
    hashes.add(shortPart(made.name));
    const labels = {
      [label.revision]: revisionLabel(made.name, seen.features),
      [label.podTemplateHash]: shortPart(made.name),
      [label.instanceId]: id,
    };
    return { kind: "adoptPod", pod, labels };
  });
  return {
    places: orphans.length + podless.size,
    down: orphans.filter((pod) => !isAvailable(pod, cloneSet.spec.minReadySeconds, nowMs)).length,
    actions: adoptions,
    ids,
    hashes,
  };
}

/** Halfway through an update in place a pod looks like no revision, or like a wrong one; but then it says where it goes. */
function whatItIs(
  pod: Pod,
  { revisions, nowMs }: { revisions: readonly Revision[]; nowMs: number },
): Revision | undefined {
  const state = readState(pod);
  if (state.kind === "found" && inPlaceProgress(pod, nowMs).kind !== "done")
    return revisions.find(({ name }) => name === state.value.revision);
  return pod.asTemplate && recognise(withoutClaims(pod, pod.asTemplate), revisions);
}

/** No revision knows the volumes that a CloneSet puts into a pod for its own PVCs, which are named after it. */
function withoutClaims({ name: podName }: Pod, { metadata, spec }: PodTemplate): PodTemplate {
  const volumes = spec.volumes?.filter(({ name, persistentVolumeClaim }) => {
    const { claimName } = (persistentVolumeClaim ?? {}) as { claimName?: string };
    return claimName !== `${name}-${podName}`;
  });
  return { ...(metadata ? { metadata } : {}), spec: { ...spec, ...(volumes ? { volumes } : {}) } };
}
