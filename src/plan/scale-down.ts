import type { Features } from "../api/features.ts";
import type { Topology, Victim } from "./delete-order.ts";
import { firstToGo } from "./delete-order.ts";
import type { Member } from "./observation.ts";
import { scaleUp, scalingTotal } from "./scale-up.ts";
import type { Surge } from "./surge.ts";
import { surgeInUse } from "./surge.ts";
import type { Tally } from "./tally.ts";
import { both, countsAsUpdated, tally } from "./tally.ts";
import type { Targets } from "./targets.ts";

/**
 * The named pods that may go now. Those that are not ready go at once; of the ready ones as many as the budget allows:
 * maxUnavailable, plus surplus pods, minus pods that are down.
 */
export function chooseNamed(members: readonly Member[], counts: Tally, wanted: Targets): Member[] {
  const limit = wanted.maxUnavailable + counts.total - wanted.replicas - counts.unavailable - counts.unavailableNamed;
  let budget = limit;
  return members.filter((member) => {
    if (!member.named || member.preparingDelete) return false;
    if (!member.ready) return true;
    // Down already, and counted as such: its going costs nothing more.
    if (!member.available) return limit >= 0;
    budget -= 1;
    return budget >= 0;
  });
}

/** How many pods are too many. Unit: pods. */
export interface Excess {
  pods: number;
  /** Of them, pods beyond what even the surge allows. */
  beyondSurge: number;
  /** How many of the pods to remove should be old ones. */
  old: number;
}

export function excess(counts: Tally, wanted: Targets, surge: Surge): Excess {
  const { total, old } = scalingTotal(counts, wanted);
  const staying = total - both(counts.named);
  return {
    pods: Math.max(staying - wanted.replicas - surge.pods, 0),
    beyondSurge: Math.max(staying - wanted.replicas - wanted.maxSurge, 0),
    old: Math.max(old - counts.named.old - wanted.partition - surge.old, 0),
  };
}

/**
 * Chooses the pods to remove when there are too many and none is named.
 *
 * Broken pods beyond `replicas + maxSurge` go first, whatever their revision: they are worth nothing. The others are
 * taken from the old side down to the partition, then from the updated side. A pod whose removal would only make the
 * next plan create another one stays. Removing must leave at least `replicas - maxUnavailable` pods ready and available,
 * or as many as there are now.
 */
export function chooseExcess(
  members: readonly Member[],
  given: {
    counts: Tally;
    wanted: Targets;
    surge: Surge;
    surgeable: number;
    topology: Topology;
    features: Features;
  },
): Victim[] {
  const { counts, wanted, surge, topology, features } = given;
  const tooMany = excess(counts, wanted, surge);
  if (tooMany.pods === 0) return [];
  const removable = members.filter((member) => !member.named && !member.preparingDelete);
  const down = removable.filter((member) => !member.ready);
  const broken = firstToGo(down, Math.min(tooMany.beyondSurge, tooMany.pods), { topology, ifAllGo: "it is not ready" });
  const chosen = new Set(broken.map(({ member }) => member));
  const rest = removable.filter((member) => !chosen.has(member));
  const isOld = (member: Member) => !countsAsUpdated(member, features);
  const stillOld = Math.max(tooMany.old - broken.filter(({ member }) => isOld(member)).length, 0);
  const needed = tooMany.pods - broken.length;
  const fromOld = firstToGo(rest.filter(isOld), Math.min(stillOld, needed), {
    topology,
    ifAllGo: "all of an old revision are too many",
  });
  const updated = rest.filter((member) => !isOld(member));
  const fromUpdated = firstToGo(updated, needed - fromOld.length, {
    topology,
    ifAllGo: "all of the update revision are too many",
  });
  const victims = withoutRegret(members, [...broken, ...fromOld, ...fromUpdated], given);
  return withinFloor(members, victims, wanted);
}

/** Drops victims, last first, until the plan that follows would create nothing in their place. */
function withoutRegret(
  members: readonly Member[],
  victims: Victim[],
  { wanted, surgeable, features }: { wanted: Targets; surgeable: number; features: Features },
): Victim[] {
  for (let kept = victims.length; kept > 0; kept--) {
    const gone = new Set(victims.slice(0, kept).map(({ member }) => member));
    const after = tally(
      members.filter((member) => !gone.has(member)),
      features,
    );
    if (scaleUp(after, wanted, surgeInUse(after, wanted, surgeable)).needed === 0) return victims.slice(0, kept);
  }
  return [];
}

function withinFloor(members: readonly Member[], victims: Victim[], { replicas, maxUnavailable }: Targets): Victim[] {
  let available = members.filter((member) => member.available).length;
  let ready = members.filter((member) => member.ready).length;
  const floor = Math.max(replicas - maxUnavailable, 0);
  const availableFloor = Math.min(available, floor);
  const readyFloor = Math.min(ready, floor);
  return victims.filter(({ member: victim }) => {
    if (victim.available && available <= availableFloor) return false;
    if (victim.ready && ready <= readyFloor) return false;
    if (victim.available) available -= 1;
    if (victim.ready) ready -= 1;
    return true;
  });
}
