import type { Surge } from "./surge.ts";
import type { Tally } from "./tally.ts";
import type { Targets } from "./targets.ts";

/** How many pods to create now. Unit: pods. */
export interface ScaleUp {
  /** Missing pods. */
  needed: number;
  /** How many of them may be created now; the rest waits for unavailable pods. */
  create: number;
  /** How many of the created ones get the current revision; the rest gets the update revision. */
  createOld: number;
}

/** What will be there without being created. */
export interface Coming {
  /** By terminating pods whose id and volumes come back when their objects are gone, and by pods that are being adopted. */
  placesTaken: number;
  /** Pods that are being adopted and are not available. */
  arrivingDown: number;
}

/** How many pods are missing, and at which revision to make them. */
export function scaleUp(
  counts: Tally,
  wanted: Targets,
  surge: Surge,
  { placesTaken, arrivingDown }: Coming = { placesTaken: 0, arrivingDown: 0 },
): ScaleUp {
  const { total, old } = scalingTotal(counts, wanted);
  const needed = Math.max(wanted.replicas + surge.pods - total, 0);
  const neededOld = Math.max(wanted.partition + surge.old - old, 0);
  const down = counts.unavailable + counts.unavailableNamed + arrivingDown;
  const create = Math.min(Math.max(needed - placesTaken, 0), Math.max(wanted.scaleMaxUnavailable - down, 0));
  return { needed, create, createOld: Math.min(create, neededOld) };
}

/** The pods that count when scaling: those in PreparingDelete may be left out. */
export function scalingTotal(counts: Tally, { excludePreparingDelete }: Targets): { total: number; old: number } {
  const left = counts.preparingDelete;
  return {
    total: counts.total - (excludePreparingDelete ? left.old + left.updated : 0),
    old: counts.active.old + (excludePreparingDelete ? 0 : left.old),
  };
}
