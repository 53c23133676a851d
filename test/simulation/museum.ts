/** Ways to break the controller, each as edits of its source made while it is loaded: the net must find every one. */

export interface Mutation {
  name: string;
  /** Rows of the table of known holes that it stands for; none = a mistake of our own. */
  holes: number[];
  edits: { file: string; find: string; replace: string }[];
  /** The file of `cases/` that finds it, where seeds do too seldom. */
  case?: string;
}

/** Rows of the table of known holes. */
export const HOLES = 24;

const edit = (file: string, find: string, replace: string) => ({ file, find, replace });

/** Holes that other controllers are known to have had, put back into ours. */
export const museum: readonly Mutation[] = [
  {
    name: "a create without an answer is forgotten, and another name is tried",
    holes: [1],
    edits: [
      edit(
        "apply/writes.ts",
        "if (!isAlreadyExists(error) && !mayHaveBeenApplied(error)) throw error;",
        "throw error;",
      ),
      edit("reconcile.ts", "if (reserved) memory.spareIds =", "if (false) memory.spareIds ="),
    ],
  },
  {
    name: "lists at the start come from a server that is behind, and unused claims are not looked up",
    holes: [2],
    edits: [
      edit(
        "kube/reflector.ts",
        '...(!consistent && { resourceVersion: this.#version, resourceVersionMatch: "NotOlderThan" as const }),',
        'resourceVersion: "0", resourceVersionMatch: "NotOlderThan" as const,',
      ),
      edit("kube/reflector.ts", "if (isNewer(this.#version, version)) {", "if (false) {"),
      edit("apply/carry-out.ts", 'if (await look(hands, { kind: "pod", ...user })) throw new StaleError();', ""),
    ],
  },
  {
    name: "deletes name no uid",
    holes: [3],
    edits: [edit("kube/client.ts", "...(uid !== undefined && { uid }),", "")],
  },
  {
    name: "a write without an answer blocks its CloneSet, and nobody looks again",
    holes: [4],
    edits: [
      edit(
        "reconcile.ts",
        "await this.#settle(key);",
        "if (this.#memory.get(key)?.unsettled.length) return undefined;",
      ),
    ],
  },
  {
    name: "a controller that lost its lease goes on",
    holes: [6],
    edits: [
      edit("kube/leader.ts", "return this.#started && this.#holds();", "return this.#started;"),
      edit(
        "kube/leader.ts",
        "this.#started = false;\n    this.#loser.abort(new Error(reason));\n    this.#options.onStoppedLeading(reason);",
        "",
      ),
      edit("kube/leader.ts", "return this.#renewedMs + this.#leaseDurationMs;", "return Number.POSITIVE_INFINITY;"),
    ],
  },
  {
    name: "the second patch of a pod carries the version from before the first",
    holes: [7],
    edits: [
      edit("apply/writes.ts", "resourceVersion = answer.metadata.resourceVersion ?? resourceVersion;", "void answer;"),
    ],
  },
  {
    name: "a status that met a conflict is written all the same",
    holes: [8],
    edits: [
      edit(
        "reconcile.ts",
        'await answered(`cloneSet ${name}`, () => look(this.#options, { kind: "cloneSet", namespace, name, uid }));\n      throw error;',
        `if (!isConflict(error)) { await look(this.#options, { kind: "cloneSet", namespace, name, uid }); throw error; }
      caches.cloneSets.applied(await client.patch(CLONE_SETS, { namespace, name }, { metadata: { uid }, status }, { type: "merge", subresource: "status" }));`,
      ),
    ],
  },
  {
    name: "a claim is deleted when its pod is refused",
    holes: [9],
    edits: [
      edit(
        "apply/carry-out.ts",
        'return createOwned(hands, cloneSet, "pod", action.manifest, beforeAttempt);',
        `try { await createOwned(hands, cloneSet, "pod", action.manifest, beforeAttempt); } catch (error) {
          for (const { name } of action.claims) { const claim = hands.caches.claims.get(cloneSet.namespace, name); if (claim) await remove(hands, "claim", claim, { ifUnchanged: false }); }
          throw error; }
        return;`,
      ),
    ],
  },
  {
    name: "surge pods are made although the change fits in place",
    holes: [10],
    edits: [
      edit(
        "plan/moves.ts",
        'if (type === "ReCreate" || wanted.maxUnavailable === 0) return members.length;',
        "return members.length;",
      ),
    ],
  },
  {
    name: "an update in place is only finished when the image id has changed",
    holes: [11],
    edits: [
      edit(
        "inplace/progress.ts",
        "const hasNewImageId = status.imageID !== last.imageID;",
        'const hasNewImageId = status.imageID !== last.imageID; if (!hasNewImageId) return "the image id is the same";',
      ),
    ],
  },
  {
    name: "the controller edits podsToDelete",
    holes: [12],
    edits: [
      edit(
        "reconcile.ts",
        "const deadlineMs = progressDeadlineInMs(",
        `if (cloneSet.spec.scaleStrategy.podsToDelete.length > 0) await this.#options.client.patch(CLONE_SETS, { namespace: cloneSet.namespace, name: cloneSet.name }, { spec: { scaleStrategy: { podsToDelete: [] } } }, { type: "merge" });
    const deadlineMs = progressDeadlineInMs(`,
      ),
    ],
  },
  {
    name: "a pod that was evicted still counts",
    holes: [13],
    edits: [
      edit(
        "api/pod.ts",
        "return pod.deletedMs === undefined && !isTerminal(pod);",
        "return pod.deletedMs === undefined;",
      ),
    ],
  },
  {
    name: "a finished pod keeps the name that its claims are waiting for",
    holes: [14],
    edits: [edit("plan/plan.ts", "...(cloneSet.deleting ? [] : clearFinished(scene, finished.now)),", "")],
  },
  {
    name: "everything waits while a claim is being deleted",
    holes: [15],
    edits: [
      edit(
        "plan/plan.ts",
        "const work = cloneSet.deleting ? nothing() : scaleOrMove(scene);",
        "const work = cloneSet.deleting || seen.claims.some(({ deleting }) => deleting) ? nothing() : scaleOrMove(scene);",
      ),
    ],
  },
  {
    name: "nothing is scaled in while pods wait for minReadySeconds",
    holes: [16],
    edits: [
      edit(
        "plan/scale-down.ts",
        "const availableFloor = Math.min(available, floor);",
        "const availableFloor = floor; if (available < floor) return [];",
      ),
    ],
  },
  {
    name: "what a watch lost is never missed",
    holes: [17, 18, 19],
    edits: [edit("kube/reflector.ts", "if (everyMs <= 0) return;", "return;")],
  },
  {
    name: "a watch that failed is not opened again",
    holes: [20],
    edits: [edit("kube/reflector.ts", "await this.#pause(error);", "return;")],
  },
  {
    name: "a connection that is half open is trusted for ever",
    holes: [21],
    edits: [
      edit("kube/reflector.ts", "if (leftMs <= 0) this.#bark();", "if (leftMs <= 0) return;"),
      edit("kube/reflector.ts", "if (everyMs <= 0) return;", "return;"),
    ],
  },
  {
    name: "a watch that failed is opened again at once, for ever",
    holes: [22],
    edits: [
      edit(
        "kube/reflector.ts",
        "await this.#clock.sleep(waitMs, this.#stopper.signal).catch(() => {});",
        "await this.#clock.sleep(1, this.#stopper.signal).catch(() => {});",
      ),
    ],
  },
  {
    name: "a watch is left open when another one takes its place",
    holes: [23],
    edits: [
      edit("kube/reflector.ts", "signal: ender.signal,\n      });", "signal: this.#stopper.signal,\n      });"),
      edit(
        "kube/reflector.ts",
        "for await (const event of answer.events) {\n        if (ender.signal.aborted) break;",
        `const left = answer.events[Symbol.asyncIterator]();
      const ended = new Promise((resolve) => ender.signal.addEventListener("abort", () => resolve({ done: true })));
      for (;;) {
        const step = await Promise.race([left.next(), ended]);
        if (step.done) break;
        const event = step.value;`,
      ),
    ],
  },
  {
    name: "a failed write is not tried again",
    holes: [24],
    edits: [
      edit(
        "reconcile.ts",
        "if (first === undefined) return;\n  const more",
        "if (failed.length >= 0) return;\n  const more",
      ),
    ],
  },
];

/** Known holes that cannot be put back, by number: why not. */
export const withoutSwitch: Readonly<Record<number, string>> = {
  5: "There are no expectations to believe. What comes nearest, to forget a write whose outcome could not be looked up, shows in no seed: the next write of that object meets its precondition or its name, and looks.",
};

/** Mistakes that somebody could make. */
export const mistakes: readonly Mutation[] = [
  {
    name: "one pod more than the budget is taken down",
    holes: [],
    edits: [
      edit("plan/update.ts", "if (unavailable >= budget) continue;", "if (unavailable > budget) continue;"),
      // Else the last look before each write makes up for it.
      edit(
        "reconcile.ts",
        "creationsGoWell: memory.creationsGoWell, lastLook };",
        "creationsGoWell: memory.creationsGoWell };",
      ),
    ],
  },
  {
    name: "claims are deleted before their pod",
    holes: [],
    edits: [
      edit(
        "apply/carry-out.ts",
        'const gone = await remove(hands, "pod", pod, { ifUnchanged, beforeAttempt });',
        'await all(claims.map((claim) => remove(hands, "claim", claim, { ifUnchanged: false })));\n  const gone = await remove(hands, "pod", pod, { ifUnchanged, beforeAttempt });',
      ),
    ],
  },
  {
    name: "one pod too many is created",
    holes: [],
    edits: [
      edit(
        "plan/scale-up.ts",
        "const needed = Math.max(wanted.replicas + surge.pods - total, 0);",
        "const needed = Math.max(wanted.replicas + surge.pods - total + (total > 0 && total < wanted.replicas ? 1 : 0), 0);",
      ),
    ],
  },
  {
    name: "the partition is one too low",
    holes: [],
    edits: [
      edit(
        "plan/partition.ts",
        "? replicas - 1 : pods, replicas);",
        "? replicas - 1 : Math.max(pods - 1, 0), replicas);",
      ),
    ],
  },
  {
    name: "a pod is patched without being taken out of service",
    holes: [],
    edits: [
      edit(
        "inplace/patch.ts",
        "const drain = conditions.length > 0 ? [podPatch(conditions)] : [];",
        "const drain: PodPatch[] = [];",
      ),
    ],
  },
  {
    name: "surplus pods go although others are named",
    holes: [],
    edits: [
      edit(
        "plan/scale-or-move.ts",
        "const isSettled = leaving.length === 0 && !members.some((member) => member.named);",
        "const isSettled = leaving.length === 0;",
      ),
      edit("plan/scale-or-move.ts", "named.length > 0 ? named : removals", "named.length > 99 ? named : removals"),
    ],
  },
  {
    name: "a revision is forgotten while pods are on it",
    holes: [],
    edits: [
      edit("plan/plan.ts", "isPodOnIt || arriving.hashes", "arriving.hashes"),
      edit("plan/plan.ts", "limit: cloneSet.spec.revisionHistoryLimit", "limit: 0"),
      edit(
        "apply/carry-out.ts",
        "if (await isRevisionInUse(hands, cloneSet, action.revision)) throw new StaleError();",
        "",
      ),
    ],
  },
  {
    name: "creation is not held back by unavailable pods",
    holes: [],
    edits: [edit("plan/scale-up.ts", "Math.max(wanted.scaleMaxUnavailable - down, 0));", "Number.POSITIVE_INFINITY);")],
  },
  {
    name: "paused is not looked at",
    holes: [],
    edits: [
      edit("plan/moves.ts", 'const isHeld = type === "OnDelete" || paused;', 'const isHeld = type === "OnDelete";'),
      edit(
        "plan/targets.ts",
        "partition: split ? heldPartition(split, spec.replicas) : partition(spec),",
        "partition: partition(spec),",
      ),
    ],
  },
  {
    name: "a preDelete hook is not waited for",
    holes: [],
    edits: [edit("plan/removal.ts", "if (isBlocked(lifecycle.preDelete, pod)) {", "if (false) {")],
  },
  {
    name: "ids are drawn from the start each time",
    holes: [],
    edits: [
      edit("plan/instance-ids.ts", "instanceIdOf(cloneSetUid, counter + drawn)", "instanceIdOf(cloneSetUid, drawn)"),
    ],
  },
  {
    name: "the status is ahead of what was seen",
    holes: [],
    edits: [
      edit(
        "plan/status.ts",
        "observedGeneration: cloneSet.generation,\n    replicas:",
        "observedGeneration: cloneSet.generation + 1,\n    replicas:",
      ),
    ],
  },
  {
    name: "pods that lost their owner are not taken back",
    holes: [],
    edits: [edit("plan/membership.ts", "orphans.push(pod);", "")],
  },
  {
    name: "named pods go whatever the budget",
    holes: [],
    edits: [edit("plan/scale-down.ts", "return budget >= 0;", "return true;")],
  },
  {
    name: "a named pod that was not ready is deleted although it has become ready",
    holes: [],
    case: "named-pod-became-ready.json",
    edits: [
      edit(
        "plan/removal.ts",
        "const ifUnchanged = !preparingDelete && !(member.named && member.ready);",
        "const ifUnchanged = !preparingDelete && !member.named;",
      ),
    ],
  },
  {
    name: "a write that the server puts off is sent again without another look",
    holes: [],
    case: "deletion-put-off.json",
    edits: [
      edit(
        "apply/apply.ts",
        "await carryOut(hands, cloneSet, action, mustStillHold);",
        "await carryOut(hands, cloneSet, action, () => undefined);",
      ),
    ],
  },
  {
    name: "a claim that is used again keeps its version",
    holes: [],
    case: "late-deletion-of-a-reused-claim.json",
    edits: [
      edit(
        "apply/carry-out.ts",
        'await patch(hands, "claim", found, { metadata: { annotations: { [annotation.claimReusedAt]: now } } });',
        "void now;",
      ),
    ],
  },
  {
    name: "a revision that garbage collection takes is made again, for ever",
    holes: [],
    case: "revision-made-again-for-ever.json",
    edits: [
      edit(
        "apply/carry-out.ts",
        "if (cloneSet.status.observedGeneration === cloneSet.generation) await mustLive(hands, cloneSet);",
        "",
      ),
    ],
  },
  {
    name: "the gate of a half updated pod is opened when a further update is refused",
    holes: [],
    case: "gate-of-a-half-updated-pod.json",
    edits: [
      edit(
        "apply/carry-out.ts",
        "const mayUndo = error instanceof ApiError && pod && !wasOut;",
        "const mayUndo = error instanceof ApiError && pod;",
      ),
    ],
  },
  {
    name: "the stand-in of a named pod is re-created, for ever",
    holes: [],
    case: "stand-in-of-a-named-pod.json",
    edits: [edit("plan/moves.ts", "podsToMove(withoutNamed(counts), wanted)", "podsToMove(counts, wanted)")],
  },
  {
    name: "a broken pod waits for pods that cannot be made because of it",
    holes: [],
    edits: [edit("plan/update.ts", "const least = candidate.member.available ? 0 : 1;", "const least = 0;")],
  },
  {
    name: "other claim templates never make a pod an old one",
    holes: [],
    edits: [edit("plan/claim-change.ts", "madeWith !== undefined && madeWith !== live", "madeWith === undefined")],
  },
];
