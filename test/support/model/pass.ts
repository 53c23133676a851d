import { instanceId } from "../../../src/api/pod.ts";
import type { Outcome } from "../../../src/apply/apply.ts";
import { creationRefusalAfter, refusalsAfter } from "../../../src/apply/refusals.ts";
import { intoService } from "../../../src/inplace/patch.ts";
import { Trimmer } from "../../../src/observe/trim.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { ownerReference } from "../../../src/plan/membership.ts";
import type { Observation } from "../../../src/plan/observation.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import { plan } from "../../../src/plan/plan.ts";
import { nextStatus } from "../../../src/plan/status.ts";
import { afterCollision } from "../../../src/revision/history.ts";
import type { Cluster, Snapshot, Write } from "./cluster.ts";
import { RefusedError } from "./cluster.ts";
import { conditionOf } from "./objects.ts";

/** What befalls a pass. */
export interface Fate {
  /** The process ends before this write (counted from 0); undefined = it lives. */
  diesAt?: number | undefined;
  /** Bit i: the server refuses action i, or its second write if it has one. */
  refuses?: number | undefined;
  /** Creations come after everything else, not before. */
  createsLast?: boolean | undefined;
}

/** One pass of the controller: what it saw, decided, and brought about. */
export interface Pass {
  seen: Observation;
  planned: Plan;
  before: Snapshot;
  after: Snapshot;
  /** In the order in which the server took them, each with the action that it belongs to. */
  writes: { write: Write; action: Action }[];
  /** Nothing was refused and the process lived. */
  isClean: boolean;
}

/** The controller's process ends. */
class DeathError extends Error {}

const trimmer = new Trimmer();

/** Observes, plans and applies, and writes the status. */
export function pass(cluster: Cluster, fate: Fate = {}): Pass {
  const seen = cluster.observation();
  const before = cluster.snapshot();
  const planned = plan(seen);
  const writes: Pass["writes"] = [];
  const write = (action: Action, work: () => Write) => {
    if (writes.length === fate.diesAt) throw new DeathError();
    writes.push({ write: work(), action });
  };
  const result = (isClean: boolean): Pass => ({ seen, planned, before, after: cluster.snapshot(), writes, isClean });
  try {
    if (planned.kind === "refused") {
      cluster.patchStatus(planned.status);
      return result(true);
    }
    if (planned.kind === "revisions") {
      const outcomes = planned.actions.map((action, i) => carryOut(cluster, action, i, fate, write));
      return result(outcomes.every(({ kind }) => kind === "done"));
    }
    const { reserveCounter, drawnAhead, actions } = planned;
    const creations = actions.filter(({ kind }) => kind === "createPod");
    const others = actions.filter(({ kind }) => kind !== "createPod");
    const outcomes: Outcome[] = [];
    let hasReserved = reserveCounter === undefined;
    const createAll = () => {
      if (reserveCounter !== undefined) {
        if (writes.length === fate.diesAt) throw new DeathError();
        cluster.patchStatus({ instanceCounter: reserveCounter });
        hasReserved = true;
      }
      for (const action of creations) {
        const outcome = carryOut(cluster, action, actions.indexOf(action), fate, write);
        outcomes.push(outcome);
        // The slow start: what refuses one pod would refuse the others.
        if (outcome.kind !== "done") break;
      }
    };
    if (!fate.createsLast) createAll();
    for (const action of others) outcomes.push(carryOut(cluster, action, actions.indexOf(action), fate, write));
    if (fate.createsLast) createAll();
    cluster.refusals = refusalsAfter(cluster.refusals, outcomes, cluster.nowMs);
    const when = { nowMs: cluster.nowMs, generation: seen.cloneSet.generation, pods: seen.pods.length };
    cluster.creationRefusal = creationRefusalAfter(cluster.creationRefusal, outcomes, when);
    if (hasReserved) {
      const drawn = actions.flatMap((action) => (action.kind === "createPod" ? [action.instanceId] : []));
      const inUse = new Set(
        [...cluster.pods, ...cluster.claims].map(({ metadata }) => instanceId({ labels: metadata.labels ?? {} })),
      );
      const ids = new Set([...cluster.spareIds, ...drawnAhead, ...drawn]);
      cluster.spareIds = [...ids].filter((id) => !inUse.has(id));
    }
    const failed = outcomes.find(({ kind }) => kind !== "done");
    const failures = {
      scale: failed?.action.kind === "createPod" ? "refused" : planned.scaleProblem,
      update: failed && failed.action.kind !== "createPod" ? "refused" : planned.problems[0],
    };
    cluster.patchStatus(nextStatus({ ...planned.statusInput, failures }));
    return result(failed === undefined);
  } catch (error) {
    if (!(error instanceof DeathError)) throw error;
    cluster.spareIds = [];
    cluster.refusals = new Map();
    cluster.creationRefusal = undefined;
    return result(false);
  }
}

type WriteDown = (action: Action, work: () => Write) => void;

/** One action. The server refuses it where fate says so; a pod that was drained before is then put back into service. */
function carryOut(cluster: Cluster, action: Action, index: number, fate: Fate, write: WriteDown): Outcome {
  const isRefused = (((fate.refuses ?? 0) >> index) & 1) === 1;
  const podOf = () => cluster.pods.find(({ metadata }) => "pod" in action && metadata.uid === action.pod.uid);
  const was = podOf();
  const wasOut = was && conditionOf(was, "InPlaceUpdateReady")?.status === "False";
  try {
    if (action.kind === "updatePodInPlace") {
      for (const [i, { body, subresource }] of action.patches.entries()) {
        if (isRefused && i === action.patches.length - 1) throw new RefusedError("refused");
        write(action, () => cluster.patchPod(action.pod.uid, body, subresource));
      }
      return { kind: "done", action };
    }
    if (isRefused) throw new RefusedError("refused");
    perform(cluster, action, (work) => write(action, work));
    return { kind: "done", action };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const raw = action.kind === "updatePodInPlace" && !wasOut ? podOf() : undefined;
    const undo = raw && intoService(trimmer.pod(raw), { nowMs: cluster.nowMs });
    if (raw && undo) write(action, () => cluster.patchPod(raw.metadata.uid, undo.body, undo.subresource));
    return { kind: "failed", action, message: error.message, refused: "asItIs" };
  }
}

function perform(cluster: Cluster, action: Action, write: (work: () => Write) => void): void {
  switch (action.kind) {
    case "createRevision": {
      for (let tried = action.tried; ; ) {
        const { name, object } = tried;
        const existing = cluster.observation().revisions.find((revision) => revision.name === name);
        if (existing === undefined) return write(() => cluster.createRevision(object));
        const next = afterCollision(tried, existing, cluster.observation().cloneSet);
        if (next.kind === "use") return;
        tried = next;
      }
    }
    case "patchRevision":
      return write(() => cluster.patchRevision(action.revision.uid, action.body));
    case "deleteRevision":
      return write(() => cluster.deleteRevision(action.revision.uid));
    case "createPod":
      for (const claim of action.claims) write(() => cluster.createClaim(claim.manifest));
      return write(() => cluster.createPod(action.manifest));
    case "deletePod":
      write(() => cluster.deletePod(action.pod.uid));
      for (const claim of action.claims) {
        if (cluster.claims.some(({ metadata }) => metadata.uid === claim.uid))
          write(() => cluster.deleteClaim(claim.uid));
      }
      return;
    case "updatePodInPlace":
    case "refreshPod":
      for (const { body, subresource } of action.patches) {
        write(() => cluster.patchPod(action.pod.uid, body, subresource));
      }
      return;
    case "adoptPod":
      return write(() =>
        cluster.adopt("pod", action.pod.uid, { reference: ownerReference(owner(cluster)), labels: action.labels }),
      );
    case "adoptClaim":
      return write(() => cluster.adopt("claim", action.claim.uid, { reference: ownerReference(owner(cluster)) }));
    case "adoptRevision":
      return write(() => cluster.adopt("revision", action.revision.uid, { reference: ownerReference(owner(cluster)) }));
    case "patchClaim":
      return write(() => cluster.patchClaim(action.claim.uid, action.body));
    case "deleteClaim":
      if (cluster.pods.some(({ metadata }) => metadata.name === action.podName)) throw new RefusedError("in use");
      return write(() => cluster.deleteClaim(action.claim.uid));
  }
}

function owner(cluster: Cluster): { name: string; uid: string } {
  return { name: cluster.cloneSet.metadata.name, uid: cluster.uid };
}
