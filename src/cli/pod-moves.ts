import type { CloneSet } from "../api/cloneset.ts";
import { annotation } from "../api/constants.ts";
import type { Features } from "../api/features.ts";
import { featureDefaults } from "../api/features.ts";
import type { Claim, Pod, Revision } from "../api/pod.ts";
import { instanceId, isActive, lifecycleState } from "../api/pod.ts";
import type { InPlaceVerdict } from "../inplace/can-update.ts";
import { isAvailable, isReadyInNormalState } from "../plan/availability.ts";
import { inPlaceVerdict } from "../plan/in-place-verdict.ts";
import type { Member } from "../plan/observation.ts";
import { partition } from "../plan/partition.ts";
import { namedForDeletion, podsToDelete } from "../plan/pods-to-delete.ts";
import { inUpdateOrder } from "../plan/update-order.ts";
import { sameMeaning } from "../revision/equal.ts";
import { claimTemplatesHash } from "../revision/hash.ts";
import { revisionOf } from "../revision/match.ts";
import { arrow } from "./image-change.ts";
import type { Seen } from "./seen.ts";

/**
 * What a rollout does to one pod.
 *
 * - inPlace: stays, with its PVCs
 * - recreate: another pod takes its place, and its PVCs go
 * - held: the partition keeps it as it is
 * - onDelete: changes when somebody deletes it
 * - impossible: InPlaceOnly, and the change cannot go in place
 * - leaving: was named for deletion, or is on its way out
 * - none: is updated already
 */
export type Move = "inPlace" | "recreate" | "held" | "onDelete" | "impossible" | "leaving" | "none";

/** One pod's part in a rollout; with -o json this is the document. */
export interface PodMove {
  kind: "PodMove";
  namespace: string;
  pod: string;
  move: Move;
  /** What changes in place, or which field forbids that. */
  why: string;
  /** Names of the PVCs that go with the pod. */
  claimsLost: string[];
}

/**
 * What the CloneSet as it would be (`after`) does to each pod, in the order in which they move. How many move at a time is
 * for the budget to say, and a pause only delays: neither is looked at here.
 */
export function podMoves(
  { cloneSet, pods, claims, revisions }: Seen,
  after: CloneSet,
  { nowMs, features = featureDefaults }: { nowMs: number; features?: Features },
): PodMove[] {
  const verdicts = new Map<Revision | undefined, InPlaceVerdict | "same">();
  const verdictOf = (pod: Pod) => {
    const from = revisionOf(pod, revisions);
    const known = verdicts.get(from);
    if (known !== undefined) return known;
    const verdict = judge(from, after, features);
    verdicts.set(from, verdict);
    return verdict;
  };
  const named = podsToDelete(after);
  const members = pods.filter(isActive).map(
    (pod): Member => ({
      pod,
      updated: verdictOf(pod) === "same",
      available: isAvailable(pod, after.spec.minReadySeconds, nowMs),
      ready: isReadyInNormalState(pod),
      named: namedForDeletion(pod, named),
      preparingDelete: lifecycleState(pod) === "PreparingDelete",
    }),
  );
  const told = (pod: Pod, move: Move, why = ""): PodMove => ({
    kind: "PodMove",
    namespace: pod.namespace,
    pod: pod.name,
    move,
    why,
    claimsLost: move === "recreate" ? claimsOf(pod, claims) : [],
  });
  const isLeaving = (member: Member) => member.named || member.preparingDelete;
  const staying = members.filter((member) => !isLeaving(member));
  const outdated = inUpdateOrder(
    staying.filter(({ updated }) => !updated),
    { strategy: after.spec.updateStrategy, all: members },
  );
  const moving = Math.max(0, outdated.length - partition(after.spec));
  // A template that is set back: then no partition holds a broken pod on what is given up.
  const isSetBack = revisions.some(
    ({ name, template }) =>
      name === cloneSet.status.currentRevision && template && sameMeaning(template, after.spec.template),
  );
  return [
    ...outdated.map(({ pod, available }, i) => {
      if (i >= moving && (available || !isSetBack))
        return told(pod, "held", `partition ${after.spec.updateStrategy.partition}`);
      const verdict = verdictOf(pod);
      if (after.spec.updateStrategy.type === "OnDelete") return told(pod, "onDelete");
      if (verdict === "same") return told(pod, "none");
      if (verdict.possible) return told(pod, "inPlace", inPlaceChange(verdict));
      const move = after.spec.updateStrategy.type === "InPlaceOnly" ? "impossible" : "recreate";
      return told(pod, move, `${verdict.field}: ${verdict.why}`);
    }),
    ...staying.filter(({ updated }) => updated).map(({ pod }) => told(pod, "none")),
    ...members.filter(isLeaving).map(({ pod }) => told(pod, "leaving")),
  ];
}

/** The verdict of the controller's own rule. */
function judge(from: Revision | undefined, { spec }: CloneSet, features: Features): InPlaceVerdict | "same" {
  if (from?.template && sameMeaning(from.template, spec.template)) return "same";
  return inPlaceVerdict(
    { template: from?.template, claimTemplatesHash: from?.annotations[annotation.claimTemplatesHash] },
    { template: spec.template, claimTemplatesHash: claimTemplatesHash(spec.claimTemplates) },
    { type: spec.updateStrategy.type, features },
  );
}

function inPlaceChange({ update }: InPlaceVerdict & { possible: true }): string {
  const images = Object.entries(update.images).map(
    ([name, image]) => `${name}: ${arrow(update.oldImages[name] ?? "", image)}`,
  );
  const changes = [...images, ...Object.keys(update.resources).map((name) => `${name}: resources`)];
  return changes.length > 0 ? changes.join(", ") : "labels and annotations only, no container restarts";
}

/** The PVCs that are the pod's own. */
export function claimsOf(pod: Pod, claims: readonly Claim[]): string[] {
  const id = instanceId(pod);
  if (id === undefined) return [];
  return claims.filter((claim) => !claim.deleting && instanceId(claim) === id).map(({ name }) => name);
}
