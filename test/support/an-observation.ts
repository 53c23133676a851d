import type { CloneSet } from "../../src/api/cloneset.ts";
import type { Features } from "../../src/api/features.ts";
import { featureDefaults } from "../../src/api/features.ts";
import type { Claim, Pod, Revision } from "../../src/api/pod.ts";
import { isActive, lifecycleState } from "../../src/api/pod.ts";
import type { Action } from "../../src/plan/actions.ts";
import { isAvailable, isReadyInNormalState } from "../../src/plan/availability.ts";
import type { CreationRefusal, Member, Observation, Refusal } from "../../src/plan/observation.ts";
import type { Plan, WorkPlan } from "../../src/plan/plan.ts";
import { plan } from "../../src/plan/plan.ts";
import { namedForDeletion, podsToDelete } from "../../src/plan/pods-to-delete.ts";
import type { GivenCloneSet } from "./a-cloneset.ts";
import { aCloneSet, aTemplate, NOW_MS } from "./a-cloneset.ts";
import { aRevision, NEW, OLD, THIRD } from "./a-revision.ts";

export interface GivenObservation extends GivenCloneSet {
  cloneSet?: CloneSet;
  pods?: readonly Pod[];
  claims?: readonly Claim[];
  revisions?: readonly Revision[];
  /** The template was set back: the current revision is the update revision. */
  same?: boolean;
  features?: Partial<Features>;
  nowMs?: number;
  /** Per node. */
  nodeLabels?: Record<string, Record<string, string>>;
  spareIds?: string[];
  /** By uid. */
  refusals?: Record<string, Refusal>;
  creationRefusal?: CreationRefusal;
  foreignNames?: string[];
}

/** A CloneSet on its way from app:v1 (current) to app:v2 (update); an app:v1.5 lies between. */
export function anObservation(given: GivenObservation = {}): Observation {
  const { same = false, pods = [], claims = [], claimTemplates = [] } = given;
  const status = { currentRevision: same ? NEW : OLD, updateRevision: NEW, ...given.status };
  return {
    cloneSet: given.cloneSet ?? aCloneSet({ ...given, status }),
    nowMs: given.nowMs ?? NOW_MS,
    features: { ...featureDefaults, ...given.features },
    pods,
    claims,
    revisions: given.revisions ?? [
      aRevision({ name: OLD, revision: 1, template: aTemplate("app:v1"), claimTemplates }),
      aRevision({ name: THIRD, revision: 2, template: aTemplate("app:v1.5"), claimTemplates }),
      aRevision({ name: NEW, revision: 3, claimTemplates }),
    ],
    nodeLabels: new Map(Object.entries(given.nodeLabels ?? {})),
    spareIds: given.spareIds ?? [],
    refusals: new Map(Object.entries(given.refusals ?? {})),
    creationRefusal: given.creationRefusal,
    foreignNames: new Set(given.foreignNames),
  };
}

/** The plan, which must be one that works on pods. */
export function workPlan(seen: Observation): WorkPlan {
  const planned: Plan = plan(seen);
  if (planned.kind !== "work") throw new Error(`want a plan of kind "work", found ${JSON.stringify(planned)}`);
  return planned;
}

/** Active pods with the answers every rule asks for, worked out from pods and CloneSet. */
export function members(pods: readonly Pod[], cloneSet: CloneSet = aCloneSet(), nowMs = NOW_MS): Member[] {
  const named = podsToDelete(cloneSet);
  return pods.filter(isActive).map((pod) => ({
    pod,
    updated: pod.labels["controller-revision-hash"] === NEW,
    available: isAvailable(pod, cloneSet.spec.minReadySeconds, nowMs),
    ready: isReadyInNormalState(pod),
    named: namedForDeletion(pod, named),
    preparingDelete: lifecycleState(pod) === "PreparingDelete",
  }));
}

/** The actions of one kind, with its own fields. */
export function actionsOf<K extends Action["kind"]>(actions: readonly Action[], kind: K): (Action & { kind: K })[] {
  return actions.filter((action): action is Action & { kind: K } => action.kind === kind);
}
