import type { Pod, Revision } from "../../api/pod.ts";
import { isActive, lifecycleState } from "../../api/pod.ts";
import { isAvailable, isReadyInNormalState, maxUnavailable } from "../../plan/availability.ts";
import { maxSurge } from "../../plan/max-surge.ts";
import type { Member } from "../../plan/observation.ts";
import { namedForDeletion, podsToDelete } from "../../plan/pods-to-delete.ts";
import { inUpdateOrder } from "../../plan/update-order.ts";
import { shortPart } from "../../revision/hash.ts";
import { isOnAny, isOnRevision, revisionHash, updatedRevisions } from "../../revision/match.ts";
import { cameBack, causeOf } from "../change-cause.ts";
import type { Rollout } from "../rollout.ts";
import { rolloutOf, withoutCounts } from "../rollout.ts";
import type { Seen } from "../seen.ts";
import { changedBy } from "./changed-by.ts";
import type { PodRow, Turn } from "./pod-row.ts";
import { podRow } from "./pod-row.ts";
import { relativeTimes } from "./relative-times.ts";
import { templateChange } from "./template-change.ts";

/** Everything `get` shows of one CloneSet; with -o json this is the document. */
export interface Tree {
  kind: "CloneSetTree";
  namespace: string;
  name: string;
  /** Where it stands, in two or three words. */
  title: string;
  rollout: Rollout;
  /** When the controller began to roll out the update revision; 0 = unknown. */
  sinceMs: number;
  change: Change | undefined;
  gate: string | undefined;
  budget: string;
  /** What is waited for, or what went wrong. */
  waiting: string | undefined;
  /** The update revision first, then newest first. */
  revisions: RevisionGroup[];
}

export interface Change {
  to: number;
  from: number;
  what: string;
  by: string | undefined;
  atMs: number;
  cause: string | undefined;
}

export interface RevisionGroup {
  /** 0 = the revision is not known. */
  number: number;
  name: string;
  role: "update" | "current" | "";
  available: number;
  pods: PodRow[];
}

const TEMPLATE = ["spec", "template"];

export function treeOf(seen: Seen, nowMs: number): Tree {
  const { object, cloneSet, revisions } = seen;
  const { spec, status } = cloneSet;
  const rollout = rolloutOf(object);
  const update = revisions.find(({ name }) => shortPart(name) === shortPart(status.updateRevision));
  const members = membersOf(seen, update, nowMs);
  const turns = turnsOf(members, seen, rollout);
  const active = members.filter(({ pod }) => isActive(pod));
  const unavailable = active.filter(({ available }) => !available).length;
  const rows = members.map((member) => ({
    member,
    row: podRow(member, cloneSet, turns.get(member.pod.uid), nowMs),
  }));
  return {
    kind: "CloneSetTree",
    namespace: cloneSet.namespace,
    name: cloneSet.name,
    title: titleOf(rollout, seen),
    rollout,
    sinceMs: beganMs(seen, update),
    change: changeOf(seen, update),
    gate: gateOf(rollout, seen, nowMs),
    budget: [
      budgetPart("unavailable", unavailable, maxUnavailable(spec)),
      budgetPart("surge", Math.max(0, active.length - spec.replicas), maxSurge(spec)),
      ...(spec.minReadySeconds > 0 ? [`must stay ready ${spec.minReadySeconds}s`] : []),
    ].join(" · "),
    waiting: waitingOf(rollout, seen, nowMs),
    revisions: groups(rows, revisions, { update: status.updateRevision, current: status.currentRevision }),
  };
}

/** "10 of 0" reads like a mistake, and it is none: pods are missing for other reasons than the rollout, too. */
function budgetPart(what: string, used: number, allowed: number): string {
  return used <= allowed ? `${what} ${used} of ${allowed}` : `${what} ${used}, ${allowed} allowed`;
}

function membersOf({ cloneSet, pods, revisions }: Seen, update: Revision | undefined, nowMs: number): Member[] {
  const updated = update ? updatedRevisions(revisions, update) : new Set<string>();
  const named = podsToDelete(cloneSet);
  return pods.map((pod) => ({
    pod,
    updated: isOnAny(pod, updated),
    available: isActive(pod) && isAvailable(pod, cloneSet.spec.minReadySeconds, nowMs),
    ready: isReadyInNormalState(pod),
    named: namedForDeletion(pod, named),
    preparingDelete: lifecycleState(pod) === "PreparingDelete",
  }));
}

/** Whose turn it is: the controller's own order, so that "next" is who goes next. */
function turnsOf(members: readonly Member[], { cloneSet }: Seen, rollout: Rollout): Map<string, Turn> {
  const { updateStrategy } = cloneSet.spec;
  const old = members.filter(({ pod, updated, named }) => isActive(pod) && !updated && !named);
  if (updateStrategy.type === "OnDelete") return new Map(old.map(({ pod }) => [pod.uid, "until deleted"]));
  const movable = Math.max(0, old.length - rollout.partition);
  const ordered = inUpdateOrder(old, { strategy: updateStrategy, all: members });
  return new Map(
    ordered.map(({ pod }, i): [string, Turn] => {
      if (i >= movable) return [pod.uid, "kept by partition"];
      if (updateStrategy.paused) return [pod.uid, "kept by pause"];
      return [pod.uid, i === 0 ? "next" : "in turn"];
    }),
  );
}

function titleOf({ state, desired, replicas, updated, expectedUpdated }: Rollout, { cloneSet }: Seen): string {
  if (cloneSet.deleting) return "Being deleted";
  const inPlace = cloneSet.spec.updateStrategy.type.startsWith("InPlace") ? " in place" : "";
  switch (state) {
    case "done":
      return desired === 0 ? "Scaled to zero" : "Up to date";
    case "paused":
      return "Paused";
    case "held":
      return cloneSet.spec.updateStrategy.type === "OnDelete" ? "Waits for deletions" : "Held by its partition";
    case "failed":
      return "Stalled";
    case "progressing":
      if (cloneSet.status.observedGeneration < cloneSet.generation) return "Edit not yet seen";
      if (updated < expectedUpdated && replicas >= desired) return `Rolling out${inPlace}`;
      if (replicas < desired) return "Creating pods";
      return replicas > desired ? "Removing pods" : "Waiting for pods";
  }
}

function beganMs(seen: Seen, update: Revision | undefined): number {
  if (update === undefined) return 0;
  return cameBack(update, seen) ? changedMs(seen, update) : update.createdMs;
}

/** The step from the revision before to the update revision. */
function changeOf(seen: Seen, update: Revision | undefined): Change | undefined {
  if (update?.template === undefined) return undefined;
  const { object, revisions } = seen;
  const { currentRevision = "", updateRevision } = object.status ?? {};
  const older = revisions.filter(({ revision }) => revision < update.revision);
  const current = revisions.find(({ name }) => name === currentRevision && name !== updateRevision);
  const before = current ?? older.at(-1);
  if (before?.template === undefined) return undefined;
  const what = templateChange(before.template, update.template);
  return {
    to: update.revision,
    from: before.revision,
    what: what || "nothing that means anything",
    by: changedBy(object, TEMPLATE)?.manager,
    atMs: changedMs(seen, update),
    cause: causeOf(update, seen) || undefined,
  };
}

/**
 * When the template became what it is; 0 = unknown. Both sources may only be late: the note about a manager has the time of its last
 * write to any field, and the revision is made when the controller sees the edit. One that came back is older than the edit.
 */
function changedMs(seen: Seen, update: Revision): number {
  const times = [changedBy(seen.object, TEMPLATE)?.atMs ?? 0, cameBack(update, seen) ? 0 : update.createdMs].filter(
    (ms) => ms > 0,
  );
  return times.length === 0 ? 0 : Math.min(...times);
}

function gateOf({ partition, paused, updated, desired }: Rollout, { object }: Seen, nowMs: number): string | undefined {
  const parts: string[] = [];
  if (paused) {
    const by = changedBy(object, ["spec", "updateStrategy", "paused"]);
    parts.push(`paused${by ? relativeTimes(` by ${by.manager} since ${new Date(by.atMs).toISOString()}`, nowMs) : ""}`);
  }
  const kept = Math.min(partition, desired - updated);
  if (partition > 0)
    parts.push(`partition ${partition}${kept > 0 ? `: holds ${kept} old ${kept === 1 ? "pod" : "pods"}` : ""}`);
  return parts.length === 0 ? undefined : parts.join(" · ");
}

function waitingOf({ state, message }: Rollout, { cloneSet }: Seen, nowMs: number): string | undefined {
  if (state === "done" || state === "held" || state === "paused") return undefined;
  const failures = cloneSet.status.conditions
    .filter(({ type, status }) => (type === "FailedScale" || type === "FailedUpdate") && status === "True")
    .map(({ message: text }) => text ?? "")
    .filter((text) => !message.includes(text));
  // The counts stand in the title already.
  const words = withoutCounts(message).replace(/^waiting for /, "");
  return relativeTimes([words, ...failures].filter(Boolean).join("; "), nowMs) || undefined;
}

function groups(
  rows: readonly { member: Member; row: PodRow }[],
  revisions: readonly Revision[],
  { update, current }: { update: string; current: string },
): RevisionGroup[] {
  const of = (match: (pod: Pod) => boolean) => {
    const ours = rows.filter(({ member }) => match(member.pod));
    return {
      available: ours.filter(({ member }) => member.available).length,
      pods: ours.map(({ row }) => row).sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  };
  const known = revisions.map(
    ({ name, revision }): RevisionGroup => ({
      number: revision,
      name,
      role: name === update ? "update" : name === current ? "current" : "",
      ...of((pod) => isOnRevision(pod, name)),
    }),
  );
  const hashes = new Set(revisions.map(({ name }) => shortPart(name)));
  const strangers = of((pod) => !hashes.has(revisionHash(pod) ?? ""));
  const unknown: RevisionGroup[] =
    strangers.pods.length > 0 ? [{ number: 0, name: "unknown revision", role: "", ...strangers }] : [];
  const rank = ({ role }: RevisionGroup) => (role === "update" ? 1 : 0);
  return [...known.sort((a, b) => rank(b) - rank(a) || b.number - a.number), ...unknown];
}
