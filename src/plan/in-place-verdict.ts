import type { UpdateType } from "../api/cloneset.ts";
import type { Features } from "../api/features.ts";
import type { PodTemplate } from "../api/kubernetes.ts";
import type { InPlaceVerdict } from "../inplace/can-update.ts";
import { canUpdateInPlace } from "../inplace/can-update.ts";

/** What pods are made from, as far as it is known. */
interface Side {
  template: PodTemplate | undefined;
  claimTemplatesHash: string | undefined;
}

/** Whether a pod can go from one revision to another in place, under the strategy and switches in force; or why not. */
export function inPlaceVerdict(
  from: Side,
  target: Side,
  { type, features }: { type: UpdateType; features: Features },
): InPlaceVerdict {
  if (type === "ReCreate") return { possible: false, field: "spec.updateStrategy.type", why: "ReCreate replaces pods" };
  if (from.template === undefined || target.template === undefined) {
    return {
      possible: false,
      field: "metadata.labels[controller-revision-hash]",
      why: "the pod's revision is not known any more",
    };
  }
  return canUpdateInPlace(
    { template: from.template, claimTemplatesHash: from.claimTemplatesHash },
    { template: target.template, claimTemplatesHash: target.claimTemplatesHash },
    {
      resize: features.InPlaceWorkloadVerticalScaling,
      recreateOnClaimChange: features.RecreatePodWhenChangeVCTInCloneSetGate && type !== "InPlaceOnly",
    },
  );
}
