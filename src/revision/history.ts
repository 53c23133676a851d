/** Which revisions are current and update, what must be written for that, and which old ones can be forgotten? */

import type { CloneSet } from "../api/cloneset.ts";
import { API_VERSION, annotation, KIND, label } from "../api/constants.ts";
import type { ClaimTemplate, JsonObject } from "../api/kubernetes.ts";
import { controllerOf } from "../api/kubernetes.ts";
import type { ObjectRef, Revision } from "../api/pod.ts";
import { matchesSelector } from "../api/selector.ts";
import { sameMeaning } from "./equal.ts";
import { claimTemplatesHash, revisionName, shortHash } from "./hash.ts";
import { dataBytes, revisionData } from "./snapshot.ts";

/** What is to be done about revisions: nothing ("ready"), or one write, after which to look again. */
export type RevisionChoice = RevisionsReady | CreateRevision | RenumberRevision;

export interface RevisionsReady {
  kind: "ready";
  /** What pods below the partition are made of. */
  current: Revision;
  /** What pods are to become. */
  update: Revision;
  /** Set when the claim templates recorded beside the update revision are no longer those of the spec: annotations to patch (null = remove). */
  refreshRecord?: Record<string, string | null>;
}

export interface CreateRevision {
  kind: "create";
  name: string;
  hash: string;
  collisionCount: number;
  /** The object to POST. Only its name and hash label depend on the collision count. */
  object: JsonObject;
  /** The canonical text of its data. */
  bytes: string;
}

/** An older revision is wanted again (a rollback): it gets the highest number. */
export interface RenumberRevision {
  kind: "renumber";
  revision: Revision;
  number: number;
  /** Annotations to patch in the same write (null = remove); {} if they are right. */
  annotations: Record<string, string | null>;
}

/** Annotations that other tools keep about the CloneSet object itself. On a revision they would be wrong, some even harmful. */
const BOOKKEEPING = [
  /^kubectl\.kubernetes\.io\/last-applied-configuration$/,
  /^argocd\.argoproj\.io\//,
  /^meta\.helm\.sh\//,
];

/**
 * Chooses the current and the update revision among `revisions`, in any order; all of them are ours or nobody's.
 *
 * The update revision is the newest one that means the same as the template: as it is if it is the newest of all, else renumbered.
 * The current one is that of the status; without it, the update revision.
 */
export function chooseRevisions({
  cloneSet,
  revisions,
}: {
  cloneSet: CloneSet;
  revisions: readonly Revision[];
}): RevisionChoice {
  const known = inOrder(revisions);
  const newest = known.at(-1);
  const number = (newest?.revision ?? 0) + 1;
  const update = known.findLast(({ template }) => template && sameMeaning(template, cloneSet.spec.template));
  if (!update) return newRevision(cloneSet, number, cloneSet.status.collisionCount);
  if (update !== newest)
    return { kind: "renumber", revision: update, number, annotations: recordChange(update, cloneSet) };

  const current = known.find(({ name }) => name === cloneSet.status.currentRevision) ?? update;
  const recorded = update.annotations[annotation.claimTemplatesHash];
  // A revision taken over without a hash stays as it is: a take-over writes nothing here.
  const refreshRecord = recorded === undefined ? {} : recordChange(update, cloneSet);
  return { kind: "ready", current, update, ...(Object.keys(refreshRecord).length > 0 && { refreshRecord }) };
}

/**
 * What to do when a revision of the name that was tried exists already. Ours, or nobody's, with the same data: it is the one to use.
 * Otherwise the next collision count gives another name, and with it another hash label.
 */
export function afterCollision(
  tried: CreateRevision,
  existing: Revision,
  cloneSet: CloneSet,
): { kind: "use"; revision: Revision } | CreateRevision {
  const owner = controllerOf(existing.owners);
  // Nobody's is adopted only where the selector finds it: any other one would never be seen as ours.
  const isOurs =
    owner === undefined ? matchesSelector(cloneSet.spec.selector, existing.labels) : owner.uid === cloneSet.uid;
  if (isOurs && dataBytes(existing.data) === tried.bytes) return { kind: "use", revision: existing };
  return newRevision(cloneSet, Number(tried.object["revision"]), tried.collisionCount + 1);
}

function newRevision(cloneSet: CloneSet, number: number, collisionCount: number): CreateRevision {
  const { data, bytes } = revisionData(cloneSet.spec.template);
  const hash = shortHash(bytes, collisionCount);
  const name = revisionName(cloneSet.name, hash);
  const annotations = Object.entries(cloneSet.annotations).filter(
    ([key]) => !BOOKKEEPING.some((ours) => ours.test(key)),
  );
  const object = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name,
      namespace: cloneSet.namespace,
      labels: { ...cloneSet.spec.template.metadata?.labels, [label.revisionHash]: hash },
      annotations: { ...Object.fromEntries(annotations), ...claimRecord(cloneSet.spec.claimTemplates) },
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: KIND,
          name: cloneSet.name,
          uid: cloneSet.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    data,
    revision: number,
  };
  return { kind: "create", name, hash, collisionCount, object, bytes };
}

/** Revisions in their order: by number, then age, then name. The last is the newest. */
export function inOrder(revisions: readonly Revision[]): Revision[] {
  return [...revisions].sort(
    (a, b) => a.revision - b.revision || a.createdMs - b.createdMs || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

/**
 * The revisions to delete, oldest first: no live one, and only as many as exceed `limit`.
 * `live`: names of the update and the current revision and of those that pods are on.
 */
export function revisionsToForget(given: {
  revisions: readonly Revision[];
  live: ReadonlySet<string>;
  limit: number;
}): ObjectRef[] {
  const idle = inOrder(given.revisions).filter(({ name }) => !given.live.has(name));
  return idle.slice(0, Math.max(0, idle.length - Math.max(0, given.limit)));
}

/** The claim templates recorded beside a revision; undefined if it carries no (readable) record. */
export function recordedClaimTemplates(revision: Pick<Revision, "annotations">): ClaimTemplate[] | undefined {
  if (revision.annotations[annotation.claimTemplatesHash] === "") return [];
  try {
    const recorded: unknown = JSON.parse(revision.annotations[annotation.claimTemplates] ?? "null");
    return Array.isArray(recorded) && recorded.every(isClaimTemplate) ? recorded : undefined;
  } catch {
    return undefined;
  }
}

function isClaimTemplate(value: unknown): value is ClaimTemplate {
  const { metadata, spec } = (value ?? {}) as Partial<ClaimTemplate>;
  return typeof metadata?.name === "string" && typeof spec === "object" && spec !== null;
}

/** What a revision carries about the claim templates of its time. */
function claimRecord(claimTemplates: readonly ClaimTemplate[]): Record<string, string> {
  const record = { [annotation.claimTemplatesHash]: claimTemplatesHash(claimTemplates) };
  return claimTemplates.length === 0
    ? record
    : { ...record, [annotation.claimTemplates]: JSON.stringify(claimTemplates) };
}

/** The annotations that make the record that of the spec; {} if the hash says that it is. */
function recordChange(revision: Revision, cloneSet: CloneSet): Record<string, string | null> {
  const wanted = claimRecord(cloneSet.spec.claimTemplates);
  const isRight = revision.annotations[annotation.claimTemplatesHash] === wanted[annotation.claimTemplatesHash];
  if (isRight) return {};
  const isStale =
    revision.annotations[annotation.claimTemplates] !== undefined && !(annotation.claimTemplates in wanted);
  return isStale ? { ...wanted, [annotation.claimTemplates]: null } : wanted;
}
