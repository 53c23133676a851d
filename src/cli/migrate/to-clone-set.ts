import { API_VERSION, KIND } from "../../api/constants.ts";
import type { WireCloneSet } from "../../api/convert.ts";
import { fromV1alpha1 } from "../../api/convert.ts";
import type { KubeObject, ObjectMeta } from "../../kube/resources.ts";
import { maxUnavailable as maxUnavailableOf } from "../../plan/availability.ts";
import { maxSurge as maxSurgeOf } from "../../plan/max-surge.ts";
import type { Deployment } from "./workloads.ts";

/** What is written down for the API server: the object without what the server keeps in it. */
export type CloneSetManifest = KubeObject & WireCloneSet & { metadata: ObjectMeta };

/** What the API server fills in for a Deployment that says nothing. */
const SHARE = "25%";
/**
 * Said about one object, so untrue of another: whoever finds its tracking mark on an object that it does not know deletes that,
 * and the pods with it.
 */
const ITS_OWN =
  /^(deployment\.kubernetes\.io\/|kubectl\.kubernetes\.io\/last-applied|argocd\.argoproj\.io\/(tracking-id|instance)$|applyset\.kubernetes\.io\/)/;

/** The CloneSet that keeps a Deployment's promises; `notes` say where it keeps them in another way. */
export function toCloneSet({ metadata, spec }: Deployment): { cloneSet: CloneSetManifest; notes: string[] } {
  const notes: string[] = [];
  const { maxSurge = SHARE, maxUnavailable = SHARE } = spec.strategy?.rollingUpdate ?? {};
  const recreates = spec.strategy?.type === "Recreate";
  if (recreates)
    notes.push("strategy Recreate becomes maxUnavailable 100%: old and new pods may run side by side for a moment");
  if (spec.paused) notes.push("the Deployment is paused, and so is the CloneSet: kubectl cloneset resume ends it");
  const cloneSet: CloneSetManifest = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: carriedOver(metadata),
    spec: {
      replicas: spec.replicas ?? 1,
      selector: spec.selector,
      template: spec.template,
      ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      ...(spec.revisionHistoryLimit === undefined ? {} : { revisionHistoryLimit: spec.revisionHistoryLimit }),
      ...(spec.progressDeadlineSeconds === undefined ? {} : { progressDeadlineSeconds: spec.progressDeadlineSeconds }),
      updateStrategy: {
        type: "InPlaceIfPossible",
        ...(recreates ? { maxUnavailable: "100%" } : { maxUnavailable, maxSurge }),
        ...(spec.paused ? { paused: true } : {}),
      },
    },
  };
  const promised = fromV1alpha1(cloneSet).spec;
  if (!recreates && maxUnavailableOf(promised) === 0 && maxSurgeOf(promised) > 0) {
    notes.push(
      `with maxUnavailable ${maxUnavailable} none of ${promised.replicas} pods may be away: an update makes an extra pod first and removes an old one for it; with maxUnavailable 1 and maxSurge 0 all are updated in place`,
    );
  }
  return { cloneSet, notes };
}

/** What another kind of the same name takes over. */
export function carriedOver(metadata: ObjectMeta): ObjectMeta {
  return asWritten(metadata, ITS_OWN);
}

/** Name, labels and annotations, but for the keys to leave out. */
export function asWritten({ name, namespace, labels, annotations }: ObjectMeta, leaveOut: RegExp): ObjectMeta {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...kept("labels", labels, leaveOut),
    ...kept("annotations", annotations, leaveOut),
  };
}

function kept(field: string, texts: Record<string, string> = {}, leaveOut: RegExp): object {
  const entries = Object.entries(texts).filter(([key]) => !leaveOut.test(key));
  return entries.length === 0 ? {} : { [field]: Object.fromEntries(entries) };
}
