import type { CloneSetSpec, PausedSplit } from "../api/cloneset.ts";
import type { Features } from "../api/features.ts";
import { maxUnavailable, scaleMaxUnavailable } from "./availability.ts";
import { maxSurge } from "./max-surge.ts";
import { partition } from "./partition.ts";
import { heldPartition } from "./paused.ts";

/** What the spec asks for, resolved to numbers of pods. */
export interface Targets {
  replicas: number;
  /** Pods to keep on old revisions. */
  partition: number;
  maxUnavailable: number;
  /** 0 while paused. */
  maxSurge: number;
  /** Infinity when creation is not throttled. */
  scaleMaxUnavailable: number;
  excludePreparingDelete: boolean;
  /** Pods may move back to the current revision: the gate is on, and there are two revisions. */
  mayRollBack: boolean;
}

/**
 * Resolves every "5" and "20%" of the spec.
 *
 * @throws {SpecError} if a field has no such form: then nothing is done, rather than something nobody asked for
 */
export function targets(
  spec: CloneSetSpec,
  {
    split,
    features,
    twoRevisions,
  }: {
    split: PausedSplit | undefined;
    features: Features;
    twoRevisions: boolean;
  },
): Targets {
  return {
    replicas: spec.replicas,
    partition: split ? heldPartition(split, spec.replicas) : partition(spec),
    maxUnavailable: maxUnavailable(spec),
    maxSurge: maxSurge(spec),
    scaleMaxUnavailable: scaleMaxUnavailable(spec),
    excludePreparingDelete: spec.scaleStrategy.excludePreparingDelete,
    mayRollBack: features.CloneSetPartitionRollback && twoRevisions,
  };
}
