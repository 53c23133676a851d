import type { CloneSet } from "../api/cloneset.ts";
import type { Pod } from "../api/pod.ts";
import { instanceId, isActive, lifecycleState } from "../api/pod.ts";
import { matchesSelector } from "../api/selector.ts";
import type { Clock } from "../kube/clock.ts";
import type { Caches } from "../observe/caches.ts";
import type { Action } from "../plan/actions.ts";
import { isAvailable } from "../plan/availability.ts";
import { ownedBy } from "../plan/membership.ts";
import type { Targets } from "../plan/targets.ts";

/** What must hold whatever the plan says. */
export type Rule = "floor" | "surge" | "claims";

/** Why a write is not sent. */
export interface Objection {
  rule: Rule;
  message: string;
}

/** Counting the pods anew may take so much of the time: 10,000 pods are counted every 100 ms. */
const RECOUNT_MS_PER_POD = 0.01;
/** A hook is asked to let go of the pod: from now on it counts as unavailable. */
const TAKES_OUT: ReadonlySet<string> = new Set(["PreparingDelete", "PreparingUpdate"]);

function takesOut(action: Action): action is Action & { kind: "updatePodInPlace" | "refreshPod" } {
  return action.kind === "updatePodInPlace" || (action.kind === "refreshPod" && TAKES_OUT.has(action.why));
}

/** Our active pods, as the cache has them at one moment. */
interface Count {
  atMs: number;
  pods: Pod[];
  /** Names of those that take a place. */
  places: ReadonlySet<string>;
  /** Uids of those that are available and that this pass leaves alone. */
  available: Set<string>;
  /** By name of a PVC, the pods that use it; made when it is first asked for. */
  claimUsers?: Map<string, { pod: Pod }[]>;
}

/**
 * Looks once more just before each attempt of a write that takes a pod out of service, makes one, or deletes PVCs. The
 * plan obeyed the same rules; but that was up to half a second ago, or many seconds if the server put the write off, and
 * a mistake in the plan ends here, too.
 */
export class LastLook {
  readonly #caches: Caches;
  readonly #clock: Clock;
  readonly #cloneSet: CloneSet;
  readonly #targets: Targets;
  /** Uids of pods that this pass took out of service. */
  readonly #taken = new Set<string>();
  /** Names of pods that this pass began to make. */
  readonly #made = new Set<string>();
  #count: Count | undefined;

  constructor({ caches, clock }: { caches: Caches; clock: Clock }, cloneSet: CloneSet, targets: Targets) {
    this.#caches = caches;
    this.#clock = clock;
    this.#cloneSet = cloneSet;
    this.#targets = targets;
  }

  /** What speaks against a write now; undefined if nothing does: then it counts as begun. Asked again before it is sent again. */
  objection(action: Action): Objection | undefined {
    if (action.kind === "createPod") return this.#onCreating(action.name);
    if (action.kind === "deletePod") return this.#onClaims(action) ?? this.#onTakingOut(action.pod);
    return takesOut(action) ? this.#onTakingOut(action.pod) : undefined;
  }

  /** Whether the CloneSet was edited or deleted since this was planned, and the write is one that the edit may forbid. */
  isOvertaken(action: Action): boolean {
    if (action.kind !== "createPod" && action.kind !== "deletePod" && !takesOut(action)) return false;
    const { uid, generation, deleting } = this.#cloneSet;
    const now = this.#caches.cloneSets.getByUid(uid);
    return now?.generation !== generation || now.deleting !== deleting;
  }

  /** An available pod goes only if `replicas - maxUnavailable` stay. */
  #onTakingOut({ uid, name }: { uid: string; name: string }): Objection | undefined {
    const { available } = this.#counted();
    const isFirstAttempt = available.has(uid);
    if (!isFirstAttempt && !this.#isTakenInVain(uid)) return undefined;
    const floor = this.#targets.replicas - this.#targets.maxUnavailable;
    const others = isFirstAttempt ? available.size - 1 : available.size;
    if (others < floor)
      return { rule: "floor", message: `${name} is one of ${others + 1} available pods, and ${floor} are to stay` };
    available.delete(uid);
    this.#taken.add(uid);
    return undefined;
  }

  /** Whether an earlier attempt was to take this pod out of service, and it still is in service. */
  #isTakenInVain(uid: string): boolean {
    const pod = this.#taken.has(uid) ? this.#caches.pods.getByUid(uid) : undefined;
    return pod !== undefined && isAvailable(pod, this.#cloneSet.spec.minReadySeconds, this.#clock.nowMs());
  }

  /** Never more than `replicas + maxSurge` pods. */
  #onCreating(name: string): Objection | undefined {
    const { replicas, maxSurge } = this.#targets;
    const { places } = this.#counted();
    const others = places.size - Number(places.has(name));
    const count = others + [...this.#made].filter((made) => made !== name && !places.has(made)).length;
    if (count >= replicas + maxSurge)
      return { rule: "surge", message: `${count} pods are there or being made, and ${replicas + maxSurge} may be` };
    this.#made.add(name);
    return undefined;
  }

  /** PVCs go with the one pod that has their id, and that nobody else uses. */
  #onClaims({ pod: { uid, name }, claims }: Action & { kind: "deletePod" }): Objection | undefined {
    if (claims.length === 0) return undefined;
    const pod = this.#caches.pods.getByUid(uid);
    const id = pod && instanceId(pod);
    for (const claim of claims) {
      const held = this.#caches.claims.getByUid(claim.uid);
      if (pod && held && instanceId(held) !== id)
        return { rule: "claims", message: `PVC ${claim.name} carries another instance id than pod ${name}` };
      const user = this.#usersOf(claim.name).find((other) => other.uid !== uid);
      if (user) return { rule: "claims", message: `PVC ${claim.name} is used by pod ${user.name}, too` };
    }
    return undefined;
  }

  #usersOf(claimName: string): readonly Pod[] {
    const count = this.#counted();
    count.claimUsers ??= Map.groupBy(
      count.pods.flatMap((pod) => pod.claimNames.map((name) => ({ name, pod }))),
      ({ name }) => name,
    );
    return (count.claimUsers.get(claimName) ?? []).map(({ pod }) => pod);
  }

  #counted(): Count {
    const nowMs = this.#clock.monotonicMs();
    const last = this.#count;
    if (last && nowMs - last.atMs <= last.pods.length * RECOUNT_MS_PER_POD) return last;
    const { uid, spec } = this.#cloneSet;
    const pods = this.#caches.pods
      .byOwner(uid)
      .filter((pod) => ownedBy(pod, this.#cloneSet) && isActive(pod) && matchesSelector(spec.selector, pod.labels));
    const wallMs = this.#clock.nowMs();
    const available = pods.filter((pod) => !this.#taken.has(pod.uid) && isAvailable(pod, spec.minReadySeconds, wallMs));
    const { excludePreparingDelete } = this.#targets;
    const placed = excludePreparingDelete ? pods.filter((pod) => lifecycleState(pod) !== "PreparingDelete") : pods;
    this.#count = {
      atMs: nowMs,
      pods,
      places: new Set(placed.map(({ name }) => name)),
      available: new Set(available.map((pod) => pod.uid)),
    };
    return this.#count;
  }
}
