import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { timestamp } from "../../../src/api/kubernetes.ts";
import type { Action } from "../../../src/plan/actions.ts";
import type { Write } from "../../support/model/cluster.ts";
import { FOREIGN_NOTE } from "../../support/model/cluster.ts";
import type { Numbers } from "../../support/model/numbers.ts";
import {
  HASH,
  holds,
  ID,
  isAvailable,
  isFull,
  isServing,
  NAMED,
  numbers,
  ourPods,
  STATE,
  templateText,
} from "../../support/model/numbers.ts";
import type { WireClaim, WirePod, WireRevision } from "../../support/model/objects.ts";
import { conditionOf, controllerUid, isAlive, labelOf } from "../../support/model/objects.ts";
import type { Pass } from "../../support/model/pass.ts";

/** What of a history must be remembered to judge what comes later. */
export interface Memory {
  /** When the grace period of a pod is over, by uid. */
  graceOverMs: Map<string, number>;
  /** The highest number of a revision so far. */
  newest: number;
}

/** A pass with everything the invariants ask about it. */
export interface Case {
  pass: Pass;
  n: Numbers;
  memory: Memory;
  rollBack: boolean;
  created: WirePod[];
  /** Deletions that the server took, with the reason. */
  deleted: { pod: WirePod; reason: string }[];
  patched: { before: WirePod; after: WirePod; action: Action; subresource: string }[];
  /** Pods that began to move to another revision, or were asked by the hook to make ready for it. */
  moved: WirePod[];
  /** Pods that were put into PreparingDelete, other than to be re-created. */
  held: WirePod[];
  canMoveInPlace: (pod: WirePod) => boolean;
}

export function newMemory(): Memory {
  return { graceOverMs: new Map(), newest: 0 };
}

/** The case of a pass that worked on pods; undefined for others. */
export function caseOf(pass: Pass, memory: Memory, features: { rollBack: boolean; asUpdated: boolean }): Case {
  const { before, writes } = pass;
  const spec = before.cloneSet.spec ?? {};
  const newest = before.revisions.reduce<WireRevision | undefined>(
    (best, one) => (best === undefined || one.revision > best.revision ? one : best),
    undefined,
  );
  const update = newest?.metadata.name ?? "";
  const recorded = before.cloneSet.status?.currentRevision;
  const current = before.revisions.some(({ metadata }) => metadata.name === recorded) ? (recorded ?? "") : update;
  const strategy = spec.updateStrategy?.type;
  const canMoveInPlace = (pod: WirePod) => {
    const from = revisionOf(pod, before.revisions);
    return from !== undefined && newest !== undefined && shape(from) === shape(newest);
  };
  const n = numbers(before, {
    update,
    current,
    ...features,
    surgeable: (old, maxUnavailable) =>
      // Where pods may roll back, updated ones are stood in for, too.
      strategy === "ReCreate" || maxUnavailable === 0
        ? Number.POSITIVE_INFINITY
        : old.filter((pod) => !canMoveInPlace(pod)).length,
  });
  const patched = writes.flatMap(({ write, action }) =>
    write.kind === "pod" && write.verb === "patch" && write.before && write.after
      ? [{ before: write.before, after: write.after, action, subresource: write.subresource }]
      : [],
  );
  const deleted = writes.flatMap(({ write, action }) =>
    write.kind === "pod" && write.verb === "delete" && write.before
      ? [{ pod: write.before, reason: action.kind === "deletePod" ? action.reason : action.kind }]
      : [],
  );
  const goesTo = (state: string) =>
    patched.filter((one) => stateOf(one.before) !== state && stateOf(one.after) === state);
  const isForUpdate = ({ before: was, after }: { before: WirePod; after: WirePod }) =>
    labelOf(was, NAMED) === undefined && labelOf(after, NAMED) !== undefined;
  const startedUids = new Set(
    writes.flatMap(({ action }) => (action.kind === "updatePodInPlace" ? [action.pod.uid] : [])),
  );
  const moved = [
    ...before.pods.filter(({ metadata }) => startedUids.has(metadata.uid)),
    ...deleted.flatMap(({ pod, reason }) => (reason === "recreateUpdate" ? [pod] : [])),
    ...goesTo("PreparingUpdate").map((one) => one.before),
    ...goesTo("PreparingDelete")
      .filter(isForUpdate)
      .map((one) => one.before),
  ];
  return {
    pass,
    n,
    memory,
    rollBack: features.rollBack,
    created: writes.flatMap(({ write }) =>
      write.kind === "pod" && write.verb === "create" && write.after ? [write.after] : [],
    ),
    deleted,
    patched,
    moved: n.pods.filter(({ metadata }) => moved.some((one) => one.metadata.uid === metadata.uid)),
    held: goesTo("PreparingDelete")
      .filter((one) => !isForUpdate(one))
      .map((one) => one.before),
    canMoveInPlace,
  };
}

/** Notes what later passes are judged by. */
export function remember({ pass, patched, memory }: Case): void {
  const { gracePeriodSeconds } = pass.before.cloneSet.spec?.updateStrategy?.inPlaceUpdateStrategy ?? {};
  for (const { before, after } of patched) {
    const [was, is] = [before, after].map(({ metadata }) => metadata.annotations?.[GRACE]);
    if (is !== undefined && is !== was) {
      memory.graceOverMs.set(after.metadata.uid, pass.before.nowMs + (gracePeriodSeconds ?? 0) * 1000);
    }
  }
  memory.newest = Math.max(memory.newest, ...pass.after.revisions.map(({ revision }) => revision));
}

const GRACE = "apps.kruise.io/inplace-update-grace";
const TIME = "lifecycle.apps.kruise.io/timestamp";

/** Section 10 of the contract, as amended by the design. Each throws if a pass breaks it. */
export const invariants: Record<string, (given: Case) => void> = {
  "3: pods created never exceed what replicas, surge in use and places kept leave": ({ n, created, pass }) => {
    atMost(created.length, Math.max(0, n.replicas + n.surge - n.counted.length - returning(pass)), "created");
    atMost(created.length, Math.max(0, n.replicas + n.maxSurge - n.counted.length), "created beyond maxSurge");
  },

  "4: creation stops where scaleStrategy.maxUnavailable pods are down": ({ n, created }) => {
    atMost(created.length, Math.max(0, n.throttle - n.down), "created");
  },

  "5: new pods are old exactly as far as the partition and old pods' surge ask for": ({ n, pass }) => {
    if (pass.planned.kind !== "work" || n.isSame) return;
    const { currentRevision } = pass.planned.statusInput;
    const planned = pass.planned.actions.filter((action) => action.kind === "createPod");
    const old = planned.filter(({ revision }) => revision === currentRevision).length;
    assert.equal(
      old,
      Math.min(planned.length, Math.max(n.partition + n.surgeOld - n.countedOld, 0)),
      "created old ones",
    );
  },

  "6: named pods that serve go only as far as maxUnavailable lets": ({ n, deleted, held }) => {
    const named = [...deleted.flatMap(({ pod, reason }) => (reason === "podsToDelete" ? [pod] : [])), ...held].filter(
      (pod) => n.named.some(({ metadata }) => metadata.uid === pod.metadata.uid),
    );
    const limit = n.maxUnavailable + n.pods.length - n.replicas - n.down;
    atMost(named.filter((pod) => isIn(n.available, pod)).length, Math.max(limit, 0), "available named pods removed");
    if (limit < 0) assert.deepEqual(named.filter(isServing).map(nameOf), []);
  },

  "7: removing pods leaves enough of them available, and of those not long enough ready": ({ n, deleted, held }) => {
    const gone = [...deleted.map(({ pod }) => pod), ...held];
    const left = n.available.filter((pod) => !isIn(gone, pod)).length;
    atMost(Math.min(n.available.length, n.replicas - n.maxUnavailable), left, "floor");
    const surplus = deleted.flatMap(({ pod, reason }) => (reason === "scaleDown" ? [pod] : []));
    const serving = n.pods.filter(isServing);
    const readyLeft = serving.filter((pod) => !isIn(surplus, pod)).length;
    if (surplus.length > 0) atMost(Math.min(serving.length, n.replicas - n.maxUnavailable), readyLeft, "ready floor");
  },

  "8: after everything a pass did, enough pods are available": ({ n, pass }) => {
    const left = ourPods(pass.after).filter((pod) => isAvailable(pod, pass.after)).length;
    atMost(Math.min(n.available.length, n.replicas - n.maxUnavailable), left, "floor");
  },

  "9: a revision that breaks pods gets no more of them than the budget": ({ n, moved }) => {
    const [first] = moved;
    if (first === undefined) return;
    const toNew = !n.isUpdated(first);
    const down = n.pods.filter((pod) => n.isUpdated(pod) === toNew && !isIn(n.available, pod)).length;
    // One pod that is down already may always be tried: it may be what keeps missing pods from being made.
    const least = moved.every((pod) => isIn(n.available, pod)) ? 0 : 1;
    const budget = Math.max(n.maxUnavailable + n.pods.length - n.replicas, least);
    atMost(down + moved.length, Math.max(down, budget), "down on the target");
  },

  "10: moving pods keeps the partition, except for broken ones of an abandoned revision": ({ n, moved }) => {
    if (n.mayRollBack) return;
    const counted = n.isSame ? moved.filter((pod) => isIn(n.available, pod)) : moved;
    // Named pods go by themselves, and what stands in for one of them has its revision already.
    const [old, updated] = [n.old, n.updated].map((side) => side.filter((pod) => !isIn(n.named, pod)).length);
    const limit = Math.min((old ?? 0) - n.partition, n.replicas - n.partition - (updated ?? 0));
    atMost(counted.length, Math.max(limit, 0), "moved");
  },

  "11: plain scale-in takes pods that serve from the old side only down to the partition": ({ n, deleted }) => {
    const surplus = deleted.flatMap(({ pod, reason }) => (reason === "scaleDown" ? [pod] : []));
    const old = surplus.filter((pod) => !n.isUpdated(pod) && isServing(pod) && stateOf(pod) !== "PreparingUpdate");
    const namedOld = n.named.filter((pod) => !n.isUpdated(pod)).length;
    atMost(old.length, Math.max(n.countedOld - namedOld - n.partition - n.surgeOld, 0), "old ones scaled in");
  },

  "12: no updated pod moves, unless pods may roll back": ({ n, moved }) => {
    if (!n.mayRollBack) assert.deepEqual(moved.filter(n.isUpdated).map(nameOf), []);
  },

  "13: ids are unique, and names and PVCs follow from them": ({ pass, created }) => {
    const { cloneSet, pods, claims } = pass.after;
    const ids = pods.filter((pod) => controllerUid(pod) === cloneSet.metadata.uid).map((pod) => labelOf(pod, ID));
    assert.equal(new Set(ids).size, ids.length, "an id twice");
    const listed = cloneSet.spec?.scaleStrategy?.podsToDelete ?? [];
    const templates = cloneSet.spec?.volumeClaimTemplates ?? [];
    for (const pod of created) {
      const id = labelOf(pod, ID) ?? "";
      assert.match(id, /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      assert.equal(pod.metadata.name, `web-${id}`);
      assert.ok(!listed.includes(pod.metadata.name), "a listed name was given out");
      const used = (pod.spec.volumes ?? []).flatMap(
        ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
      );
      assert.deepEqual(
        used,
        templates.map(({ metadata }) => `${metadata.name}-web-${id}`),
      );
      for (const name of used) {
        const claim = claims.find(({ metadata }) => metadata.name === name);
        assert.ok(claim && labelOf(claim, ID) === id, `${name} carries another id`);
      }
    }
  },

  "14: PVCs go with a pod that we delete, or when reuse is off and no pod carries their id": ({ pass }) => {
    const { before, writes } = pass;
    const isReused = before.cloneSet.spec?.scaleStrategy?.disablePVCReuse !== true;
    for (const [i, { write }] of writes.entries()) {
      if (write.kind !== "claim" || write.verb !== "delete" || !write.before) continue;
      const id = labelOf(write.before, ID);
      const goesWith = writes
        .slice(0, i)
        .some(
          ({ write: one, action }) =>
            one.kind === "pod" &&
            one.verb === "delete" &&
            one.before !== undefined &&
            labelOf(one.before, ID) === id &&
            action.kind === "deletePod" &&
            action.reason !== "finished",
        );
      const isIdle = !isReused && !before.pods.some((pod) => labelOf(pod, ID) === id);
      assert.ok(id !== undefined && (goesWith || isIdle), `${nameOf(write.before)} is deleted`);
    }
  },

  "14, row 18: with reuse, PVCs without a pod are given to the next pods": ({ pass, created }) => {
    const { cloneSet, pods, claims } = pass.before;
    if (cloneSet.spec?.scaleStrategy?.disablePVCReuse === true || created.length === 0) return;
    const inUse = new Set(pods.map((pod) => labelOf(pod, ID)));
    const listed = cloneSet.spec?.scaleStrategy?.podsToDelete ?? [];
    const idle = new Set(
      claims
        .filter((claim) => isKept(claim, cloneSet.metadata.uid) && !inUse.has(labelOf(claim, ID)))
        .map((claim) => labelOf(claim, ID) ?? ""),
    );
    const free = [...idle].filter((id) => !listed.includes(`web-${id}`));
    const reused = created.filter((pod) => free.includes(labelOf(pod, ID) ?? "")).length;
    if (pass.isClean) assert.equal(reused, Math.min(created.length, free.length), "pods made on idle PVCs");
  },

  "15: PVCs are the CloneSet's; without reuse those of a pod that ends become the pod's": ({ pass }) => {
    const { cloneSet, pods } = pass.before;
    for (const { write } of pass.writes) {
      if (write.kind !== "claim" || write.after === undefined || write.verb === "delete") continue;
      const owner = controllerUid(write.after);
      if (owner === cloneSet.metadata.uid) continue;
      const pod = pods.find(({ metadata }) => metadata.uid === owner);
      assert.ok(cloneSet.spec?.scaleStrategy?.disablePVCReuse === true, "reuse is on");
      assert.ok(pod && !isAlive(pod) && labelOf(pod, ID) === labelOf(write.after, ID), "not the pod's own PVC");
    }
  },

  "16: in place, a pod keeps all but images of its template, and metadata": ({ pass, patched }) => {
    for (const { before, after, action } of patched) {
      const { uid, name, namespace, generateName, labels = {}, annotations = {} } = after.metadata;
      const was = before.metadata;
      assert.deepEqual([uid, name, namespace, generateName], [was.uid, was.name, was.namespace, was.generateName]);
      assert.equal(labels[ID], was.labels?.[ID], "instance id");
      assert.equal(labels["app"], was.labels?.["app"], "label of the template");
      assert.equal(annotations[FOREIGN_NOTE], was.annotations?.[FOREIGN_NOTE], "somebody else's annotation");
      const mayDisown =
        action.kind === "adoptPod" ||
        (action.kind === "refreshPod" && ["release", "ownerVersion"].includes(action.why));
      if (!mayDisown) assert.deepEqual(after.metadata.ownerReferences, was.ownerReferences);
      const target = revisionOf(after, pass.before.revisions);
      for (const [i, { name: container, image }] of after.spec.containers.entries()) {
        if (image === before.spec.containers[i]?.image) continue;
        assert.equal(image, target && imageIn(target, container), `image of ${container}`);
      }
    }
  },

  "row 19: a pod that is adopted as one of a revision has its images, and one that has them is adopted so": ({
    pass,
    patched,
  }) => {
    for (const { before, after, action } of patched) {
      if (action.kind !== "adoptPod" || labelOf(before, HASH) !== undefined) continue;
      // Halfway through an update in place it is where it goes to.
      if (stateOf(before) === "Updating") continue;
      const { note } = before.metadata.annotations ?? {};
      const fitting = pass.before.revisions.filter(
        (revision) =>
          isDeepStrictEqual(templateIn(revision).spec.containers, before.spec.containers) &&
          Object.entries(templateIn(revision).metadata?.labels ?? {}).every(
            ([key, at]) => labelOf(before, key) === at,
          ) &&
          [undefined, note].includes(noteIn(revision)),
      );
      const best = fitting.some((revision) => noteIn(revision) === note)
        ? fitting.filter((revision) => noteIn(revision) === note)
        : fitting;
      const made = revisionOf(after, pass.before.revisions);
      if (best.length === 0) assert.equal(made, undefined, `${nameOf(after)} is taken for ${nameOf(made)}`);
      else assert.ok(made && best.includes(made), `${nameOf(after)} is taken for ${nameOf(made) || "none"}`);
      if (made === undefined) continue;
      assert.ok(labelOf(after, ID), `${nameOf(after)} has no id`);
    }
  },

  "16, in place: a pod that is done has the images and the metadata of its revision": ({ pass, patched }) => {
    for (const { before, after } of patched) {
      if (stateOf(before) !== "Updating" || stateOf(after) === "Updating") continue;
      if (stateOf(after) === "PreparingDelete") continue;
      const target = revisionOf(after, pass.before.revisions);
      if (target === undefined) continue;
      for (const { name, image } of after.spec.containers) {
        const wanted = imageIn(target, name);
        if (wanted !== undefined) assert.equal(image, wanted, `image of ${name}`);
      }
      assert.equal(after.metadata.annotations?.["note"], noteIn(target), "annotation of the template");
    }
  },

  "17: a gated pod is out of service before an image changes, for as long as the grace period": ({
    pass,
    patched,
    memory,
  }) => {
    const grace = pass.before.cloneSet.spec?.updateStrategy?.inPlaceUpdateStrategy?.gracePeriodSeconds ?? 0;
    for (const { before, after, action } of patched) {
      const isInGrace = before.metadata.annotations?.[GRACE] !== undefined;
      assert.ok(action.kind !== "updatePodInPlace" || !isInGrace, "a pod in its grace period got a new target");
      if (!hasNewImage(before, after)) continue;
      const isGated = before.spec.readinessGates?.some(({ conditionType }) => conditionType === "InPlaceUpdateReady");
      if (isGated) {
        assert.equal(conditionOf(before, "InPlaceUpdateReady")?.status, "False", "InPlaceUpdateReady");
        assert.notEqual(conditionOf(before, "Ready")?.status, "True", "Ready");
      }
      if (action.kind === "updatePodInPlace") assert.equal(grace, 0, "the grace period was left out");
      const overMs = memory.graceOverMs.get(after.metadata.uid) ?? 0;
      assert.ok(pass.before.nowMs >= overMs, "the grace period is not over");
    }
  },

  "18: a pod is back in service only when its containers run as patched and no batch is left": ({ patched }) => {
    for (const { before, after } of patched) {
      if (conditionOf(before, "InPlaceUpdateReady")?.status !== "False") continue;
      if (conditionOf(after, "InPlaceUpdateReady")?.status !== "True") continue;
      const state = after.metadata.annotations?.["apps.kruise.io/inplace-update-state"] ?? "{}";
      const { nextContainerImages, lastContainerStatuses } = JSON.parse(state) as {
        nextContainerImages?: object;
        lastContainerStatuses?: Record<string, object> | null;
      };
      assert.equal(nextContainerImages, undefined, "a batch is left");
      for (const { name, image } of after.spec.containers) {
        const status = after.status.containerStatuses.find((one) => one.name === name);
        if (lastContainerStatuses?.[name]) assert.ok(status?.state["running"], `${name} does not run`);
        if (status) assert.equal(status.image, image, `image that ${name} runs`);
      }
    }
  },

  "19: OnDelete and paused target no pod anew": ({ pass, moved, patched }) => {
    const { type, paused } = pass.before.cloneSet.spec?.updateStrategy ?? {};
    if (type !== "OnDelete" && paused !== true) return;
    assert.deepEqual(moved.map(nameOf), []);
    for (const { before, after, action } of patched) {
      // To say what a pod is that was made elsewhere is not to change it.
      if (action.kind === "adoptPod") continue;
      assert.equal(labelOf(after, HASH), labelOf(before, HASH), "revision label");
      assert.equal(labelOf(after, NAMED), labelOf(before, NAMED), "label of pods to delete");
    }
  },

  "20: InPlaceOnly never re-creates a pod": ({ pass, patched, deleted }) => {
    if (pass.before.cloneSet.spec?.updateStrategy?.type !== "InPlaceOnly") return;
    assert.deepEqual(
      deleted.filter(({ reason }) => reason === "recreateUpdate"),
      [],
    );
    for (const { before, after } of patched) assert.equal(labelOf(after, NAMED), labelOf(before, NAMED));
  },

  "21: a pod that a preDelete hook holds is not deleted": ({ pass, deleted }) => {
    const hook = pass.before.cloneSet.spec?.lifecycle?.preDelete;
    const broken = deleted.filter(({ pod, reason }) => reason !== "finished" && holds(hook, pod));
    assert.deepEqual(
      broken.map(({ pod }) => nameOf(pod)),
      [],
    );
  },

  "22: a pod that an inPlaceUpdate hook holds keeps its containers": ({ pass, patched }) => {
    const hook = pass.before.cloneSet.spec?.lifecycle?.inPlaceUpdate;
    const states = ["", "PreparingNormal", "Normal", "PreparingUpdate"];
    for (const { before, after } of patched) {
      if (!hasNewImage(before, after) || !states.includes(stateOf(before))) continue;
      assert.ok(!holds(hook, before), `${nameOf(before)} is held`);
    }
  },

  "23: states change only as the contract says, and together with their time": ({ pass, patched, created, n }) => {
    const hooks = pass.before.cloneSet.spec?.lifecycle;
    const now = timestamp(pass.before.nowMs);
    for (const { before, after } of patched) {
      const [from, to] = [stateOf(before), stateOf(after)];
      if (from === to) continue;
      assert.equal(after.metadata.annotations?.[TIME], now, `time of ${from} → ${to}`);
      assert.ok(mayGo(from, to), `${nameOf(before)} went from ${from || "none"} to ${to}`);
      if (from === "PreparingNormal" && to === "Normal") {
        const isReady = hooks?.preNormal ? isFull(hooks.preNormal, before) : before.spec.nodeName !== undefined;
        assert.ok(isReady, "Normal too early");
      }
      if (to === "Updated") assert.ok(hooks?.inPlaceUpdate && !isFull(hooks.inPlaceUpdate, before), "Updated in vain");
      if (["Updating", "Updated"].includes(from) && to === "Normal") {
        assert.ok(isFull(hooks?.inPlaceUpdate, before), "Normal before the hook");
      }
      if (to === "PreparingUpdate" && from !== "Updated")
        assert.ok(holds(hooks?.inPlaceUpdate, before), "asked in vain");
      if (to === "PreparingDelete") assert.ok(holds(hooks?.preDelete, before), "held by nobody");
      if (from === "PreparingDelete") {
        assert.ok(!isIn(n.named, before) && labelOf(before, NAMED) === undefined, "a named pod was taken back");
        const staying = n.pods.length - n.leaving.length - n.named.length;
        assert.ok(staying < n.replicas, "taken back though none will be missing");
      }
    }
    for (const pod of created) assert.ok(["PreparingNormal", "Normal"].includes(stateOf(pod)), "state at birth");
  },

  "23, row 9: gated pods and pods with a preNormal hook are born PreparingNormal": ({ pass, created }) => {
    const { lifecycle, updateStrategy } = pass.before.cloneSet.spec ?? {};
    for (const pod of created) {
      const gates = (pod.spec.readinessGates ?? []).map(({ conditionType }) => conditionType);
      const isInPlace = ["InPlaceIfPossible", "InPlaceOnly"].includes(updateStrategy?.type ?? "");
      assert.equal(gates.includes("InPlaceUpdateReady"), isInPlace, "gate");
      const waits = isInPlace || Boolean(lifecycle?.preNormal);
      assert.equal(stateOf(pod), waits ? "PreparingNormal" : "Normal");
    }
  },

  "24: only pods that are named, leaving, too many, outdated or finished are deleted": (given) => {
    const { n, deleted, moved, pass, canMoveInPlace } = given;
    const type = pass.before.cloneSet.spec?.updateStrategy?.type;
    assert.deepEqual(moved.filter((pod) => isIn(n.named, pod)).map(nameOf), [], "named pods that move");
    for (const { pod, reason } of deleted) {
      if (reason === "podsToDelete") assert.ok(isIn(n.named, pod) || isIn(n.leaving, pod), "neither named nor leaving");
      if (reason === "hookDone") assert.ok(isIn(n.leaving, pod), "was not leaving");
      if (reason === "finished") assert.equal(pod.status.phase, "Failed");
      if (reason !== "recreateUpdate") continue;
      assert.ok(isIn(moved, pod), "not to be moved");
      if (!n.mayRollBack && type === "InPlaceIfPossible") assert.ok(!canMoveInPlace(pod), "could be moved in place");
    }
    const surplus = deleted.filter(({ reason }) => reason === "scaleDown").length;
    atMost(surplus, Math.max(0, n.counted.length - n.named.length - n.replicas - n.surge), "scaled in");
  },

  "25: pods of others are never written": ({ pass }) => {
    const { uid } = pass.before.cloneSet.metadata;
    for (const { write } of pass.writes) {
      const owner = write.before && controllerUid(write.before);
      assert.ok(owner === undefined || owner === uid || write.verb === "delete", `${nameOf(write.before)} is written`);
      if (write.kind === "pod" && write.before) assert.ok(owner === undefined || owner === uid, "a stranger's pod");
    }
  },

  "26: one template has one revision, at most one is made at a time, and numbers grow": ({ pass, memory }) => {
    const texts = pass.after.revisions.map(templateText);
    assert.equal(new Set(texts).size, texts.length, "two revisions of one template");
    const writes = pass.writes.filter(
      ({ write }) =>
        write.kind === "revision" &&
        (write.verb === "create" || (write.verb === "patch" && write.before?.revision !== write.after?.revision)),
    );
    atMost(writes.length, 1, "revisions made or renumbered");
    atMost(memory.newest, Math.max(...pass.after.revisions.map(({ revision }) => revision), 0), "newest revision");
    if (pass.planned.kind === "work") {
      const newest = pass.before.revisions.toSorted((a, b) => b.revision - a.revision)[0];
      assert.equal(pass.planned.statusInput.updateRevision, newest?.metadata.name, "update revision");
    }
  },

  "27: history is cut to its limit, and no revision in use goes": ({ pass }) => {
    if (pass.planned.kind !== "work") return;
    const { cloneSet, revisions, pods } = pass.before;
    const { updateRevision, currentRevision } = pass.planned.statusInput;
    const { uid } = cloneSet.metadata;
    const isLive = (one: WireRevision, isOurs: (pod: WirePod) => boolean) =>
      [updateRevision, currentRevision].includes(one.metadata.name) ||
      pods.some((pod) => controllerUid(pod) === uid && isOurs(pod) && isOn(pod, one.metadata.name));
    // A pod whose labels do not match any more is released in this pass, unless it has ended.
    const mustStay = (one: WireRevision) => isLive(one, (pod) => labelOf(pod, "app") === "web");
    const mayStay = (one: WireRevision) => isLive(one, () => true);
    for (const { write } of pass.writes) {
      if (write.kind === "revision" && write.verb === "delete" && write.before) {
        assert.ok(!mustStay(write.before), `${nameOf(write.before)} is in use`);
      }
    }
    const limit = cloneSet.spec?.revisionHistoryLimit ?? 10;
    const left = pass.after.revisions.filter(
      (one) => revisions.some((was) => nameOf(was) === nameOf(one)) && !mayStay(one),
    );
    if (pass.isClean) atMost(left.length, limit, "revisions kept");
  },

  "28: the status adds up, and its current revision moves only when a rollout is complete": ({ pass, n }) => {
    const was = pass.before.cloneSet.status;
    const is = pass.after.cloneSet.status;
    if (pass.planned.kind !== "work" || is?.replicas === undefined) return;
    const counts = (status: typeof is) => [
      [status.updatedAvailableReplicas, status.updatedReadyReplicas, status.updatedReplicas, status.replicas],
      [status.updatedAvailableReplicas, status.availableReplicas, status.readyReplicas, status.replicas],
    ];
    for (const chain of counts(is))
      assert.deepEqual(
        chain,
        chain.toSorted((a = 0, b = 0) => a - b),
      );
    if (is === was || !pass.isClean) return;
    assert.equal(is.replicas, n.pods.length, "replicas");
    assert.equal(is.availableReplicas, n.available.length, "available");
    assert.equal(is.updatedReplicas, n.pods.filter(n.isUpdated).length, "updated");
    const isComplete = is.updatedReplicas === is.replicas && is.replicas === n.replicas;
    if (isComplete) assert.equal(is.currentRevision, is.updateRevision);
    else if (is.currentRevision !== was?.currentRevision) {
      const isKnown = pass.before.revisions.some(({ metadata }) => metadata.name === was?.currentRevision);
      assert.ok(!isKnown && is.currentRevision === is.updateRevision, "the current revision moved");
    }
  },
};

/** Pods whose place is kept: ended or ending ones of ours whose PVCs wait for a successor of the same id. */
function returning({ before: { cloneSet, pods, claims } }: Pass): number {
  if (cloneSet.spec?.scaleStrategy?.disablePVCReuse === true) return 0;
  const { uid } = cloneSet.metadata;
  const ids = new Set(claims.filter((claim) => isKept(claim, uid)).map((claim) => labelOf(claim, ID)));
  return pods.filter((pod) => controllerUid(pod) === uid && !isAlive(pod) && ids.has(labelOf(pod, ID))).length;
}

function isKept(claim: WireClaim, uid: string | undefined): boolean {
  return controllerUid(claim) === uid && claim.metadata.deletionTimestamp === undefined;
}

const TRANSITIONS: Record<string, string[]> = {
  "": ["PreparingUpdate", "Updating", "PreparingDelete"],
  PreparingNormal: ["Normal", "PreparingUpdate", "Updating", "PreparingDelete"],
  Normal: ["PreparingUpdate", "Updating", "PreparingDelete"],
  PreparingUpdate: ["Updating", "Updated", "Normal", "PreparingDelete"],
  Updating: ["Updated", "Normal", "PreparingDelete"],
  Updated: ["Normal", "PreparingUpdate", "Updating", "PreparingDelete"],
  PreparingDelete: ["PreparingNormal"],
};

function mayGo(from: string, to: string): boolean {
  return TRANSITIONS[from]?.includes(to) === true;
}

function stateOf(pod: WirePod): string {
  return labelOf(pod, STATE) ?? "";
}

function isOn(pod: WirePod, revision: string): boolean {
  return labelOf(pod, HASH)?.split("-").pop() === revision.split("-").pop();
}

function revisionOf(pod: WirePod, revisions: readonly WireRevision[]): WireRevision | undefined {
  return revisions.find(({ metadata }) => isOn(pod, metadata.name));
}

interface Data {
  spec: {
    template: {
      metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
      spec: { containers: Container[] };
    };
  };
}

interface Container {
  name: string;
  image: string;
}

function templateIn({ data }: WireRevision): Data["spec"]["template"] {
  return (data as unknown as Data).spec.template;
}

/** All of a template that cannot change in place. */
function shape(revision: WireRevision): string {
  const { spec } = templateIn(revision);
  return JSON.stringify({ ...spec, containers: spec.containers.map((container) => ({ ...container, image: "" })) });
}

function imageIn(revision: WireRevision, container: string): string | undefined {
  return templateIn(revision).spec.containers.find(({ name }) => name === container)?.image;
}

function noteIn(revision: WireRevision): string | undefined {
  return templateIn(revision).metadata?.annotations?.["note"];
}

function hasNewImage(before: WirePod, after: WirePod): boolean {
  return after.spec.containers.some(({ image }, i) => image !== before.spec.containers[i]?.image);
}

function isIn(pods: readonly WirePod[], { metadata }: WirePod): boolean {
  return pods.some((pod) => pod.metadata.uid === metadata.uid);
}

function nameOf(object: Write["before"]): string {
  return object?.metadata.name ?? "";
}

function atMost(found: number, limit: number, what: string): void {
  assert.ok(found <= limit, `${what}: ${found}, want at most ${limit}`);
}
