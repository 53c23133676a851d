/** Rules broken on purpose, each by an edit of the source: a property must fail for every one of them. */

export interface Mutation {
  name: string;
  file: string;
  find: string;
  replace: string;
}

const edit = (name: string, file: string, find: string, replace: string): Mutation => ({ name, file, find, replace });

export const mutations: readonly Mutation[] = [
  edit(
    "floor: one pod more than the budget moves",
    "plan/update.ts",
    "if (unavailable >= budget) continue;",
    "if (unavailable > budget) continue;",
  ),
  edit(
    "floor: scale-in takes available pods below it",
    "plan/scale-down.ts",
    "if (victim.available && available <= availableFloor) return false;",
    "",
  ),
  edit(
    "floor: scale-in takes ready pods below it",
    "plan/scale-down.ts",
    "if (victim.ready && ready <= readyFloor) return false;",
    "",
  ),
  edit("floor: one named pod too many goes", "plan/scale-down.ts", "return budget >= 0;", "return budget >= -1;"),
  edit(
    "floor: named pods that are down do not count as down",
    "plan/scale-down.ts",
    "- counts.unavailable - counts.unavailableNamed;",
    "- counts.unavailable;",
  ),
  edit(
    "budget on the target revision is not looked at",
    "plan/update.ts",
    "if (downOnTarget + chosen.length >= Math.max(budget, least)) continue;",
    "",
  ),
  edit(
    "surge: one pod too many",
    "plan/scale-up.ts",
    "const needed = Math.max(wanted.replicas + surge.pods - total, 0);",
    "const needed = Math.max(wanted.replicas + surge.pods - total + (total > 0 && total < wanted.replicas ? 1 : 0), 0);",
  ),
  edit(
    "surge: maxSurge does not limit stand-ins for updates",
    "plan/surge.ts",
    "const pods = Math.min(wanted.maxSurge, forUpdate.pods);",
    "const pods = forUpdate.pods;",
  ),
  edit(
    "throttle: named pods that are down do not count",
    "plan/scale-up.ts",
    "const down = counts.unavailable + counts.unavailableNamed + arrivingDown;",
    "const down = counts.unavailable + arrivingDown;",
  ),
  edit(
    "partition: one too low",
    "plan/partition.ts",
    "? replicas - 1 : pods, replicas);",
    "? replicas - 1 : Math.max(pods - 1, 0), replicas);",
  ),
  edit(
    "partition: new pods are all of the update revision",
    "plan/scale-up.ts",
    "createOld: Math.min(create, neededOld)",
    "createOld: Math.min(create, neededOld, 0)",
  ),
  edit(
    "partition: scale-in takes old pods below it",
    "plan/scale-down.ts",
    "old: Math.max(old - counts.named.old - wanted.partition - surge.old, 0),",
    "old: Math.max(old - counts.named.old - surge.old, 0),",
  ),
  edit(
    "PVCs: those of a finished pod go with it",
    "plan/removal.ts",
    "claims: [],",
    "claims: claimsOf(pod, book).map(objectRef),",
  ),
  edit(
    "PVCs: unused ones are deleted although they are to be reused",
    "plan/claims.ts",
    "if (cloneSet.spec.scaleStrategy.reusePvcs) return [];",
    "",
  ),
  edit(
    "PVCs: idle ones are not given to new pods",
    "plan/creation.ts",
    "returning: book.idle.filter(",
    "returning: [].filter(",
  ),
  edit(
    "ids: the counter is not stored",
    "plan/creation.ts",
    "counter: counter > before ? counter : undefined",
    "counter: undefined",
  ),
  edit(
    "ids: names listed in podsToDelete are given out",
    "plan/creation.ts",
    "new Set([...podsToDelete(cloneSet), ...seen.foreignNames",
    "new Set([...seen.foreignNames",
  ),
  edit(
    "lifecycle: a preDelete hook is not waited for",
    "plan/removal.ts",
    "if (isBlocked(lifecycle.preDelete, pod)) {",
    'if (reason === "finished") {',
  ),
  edit(
    "lifecycle: an update hook is not waited for",
    "plan/moves.ts",
    'if (state !== "Updating" && isBlocked(hook, pod)) {',
    'if (state === "Normal" && isBlocked(hook, pod)) {',
  ),
  edit(
    "lifecycle: preNormal is not waited for",
    "plan/lifecycle.ts",
    "(lifecycle.preNormal ? isSatisfied(lifecycle.preNormal, pod) : pod.nodeName !== undefined)",
    "pod.nodeName !== undefined",
  ),
  edit(
    "lifecycle: a pod that must go is taken back",
    "plan/regret.ts",
    "member.preparingDelete && !member.named).slice",
    "member.preparingDelete).slice",
  ),
  edit(
    "adoption: pods of other owners are adopted",
    "plan/membership.ts",
    "selected && isActive(pod) && controllerOf(pod.owners) === undefined",
    "selected && isActive(pod)",
  ),
  edit(
    "adoption: every pod is taken for one of the newest revision",
    "revision/recognise.ts",
    "template !== undefined && isMadeFrom(pod, template)",
    "template !== undefined",
  ),
  edit(
    "in place: done as soon as the containers run",
    "inplace/progress.ts",
    "if (status.containerID === last.containerID) return `has not restarted yet${because(status)}`;",
    "return undefined;",
  ),
  edit(
    "in place: not taken out of service first",
    "inplace/patch.ts",
    "const drain = conditions.length > 0 ? [podPatch(conditions)] : [];",
    "const drain: PodPatch[] = [];",
  ),
  edit(
    "in place: the grace period is left out",
    "inplace/patch.ts",
    "if (gracePeriodSeconds > 0) {",
    "if (gracePeriodSeconds > 99) {",
  ),
  edit(
    "in place: later batches are forgotten",
    "inplace/progress.ts",
    'return { kind: "nextBatch", state };',
    'return { kind: "done" };',
  ),
  edit(
    "paused: the split is not held",
    "plan/targets.ts",
    "partition: split ? heldPartition(split, spec.replicas) : partition(spec),",
    "partition: partition(spec),",
  ),
  edit("InPlaceOnly re-creates", "plan/moves.ts", 'if (type !== "InPlaceOnly") {', 'if (type !== "OnDelete") {'),
  edit(
    "history: a revision goes while pods are on it",
    "plan/plan.ts",
    "if (isPodOnIt || arriving.hashes.has(shortPart(name))) live.add(name);",
    "if (isPodOnIt && arriving.hashes.has(shortPart(name))) live.add(name);",
  ),
  edit(
    "status: the current revision moves too early",
    "plan/status.ts",
    "currentRevision: allUpdated ? updateRevision : input.currentRevision",
    "currentRevision: updateRevision",
  ),
  edit(
    "rest: nobody looks again when a pod becomes available",
    "plan/plan.ts",
    "const times = [...timesMs, ...available.map((atMs) => Math.min(atMs, latestMs))];",
    "const times = [...timesMs, ...available.slice(0, 0).map((atMs) => Math.min(atMs, latestMs))];",
  ),
  edit(
    "rest: the status is written in every pass",
    "plan/status.ts",
    "lastTransitionTime: (sameStatus ? old.lastTransitionTime : undefined) ?? now,",
    "lastTransitionTime: now,",
  ),
];
