import type { Json, PodTemplate } from "../api/kubernetes.ts";
import { timestamp } from "../api/kubernetes.ts";
import type { Revision } from "../api/pod.ts";
import { isActive } from "../api/pod.ts";
import { sameMeaning } from "../revision/equal.ts";
import { inOrder } from "../revision/history.ts";
import { isOnRevision } from "../revision/match.ts";
import { causeOf } from "./change-cause.ts";
import { Failure } from "./failure.ts";
import type { Seen } from "./seen.ts";

/** One revision, as `history` tells it; with -o json this is the document. */
export interface RevisionInfo {
  kind: "Revision";
  namespace: string;
  number: number;
  name: string;
  /** What pods are to become. */
  update: boolean;
  /** What pods below the partition are made of. */
  current: boolean;
  pods: number;
  created: string;
  changeCause: string;
  /** By container. */
  images: Record<string, string>;
}

export function revisionInfos(seen: Pick<Seen, "object" | "cloneSet" | "revisions" | "pods">): RevisionInfo[] {
  const { cloneSet, revisions, pods } = seen;
  const { namespace, status } = cloneSet;
  const active = pods.filter(isActive);
  return inOrder(revisions).map((revision) => ({
    kind: "Revision",
    namespace,
    number: revision.revision,
    name: revision.name,
    update: revision.name === status.updateRevision,
    current: revision.name === status.currentRevision,
    pods: active.filter((pod) => isOnRevision(pod, revision.name)).length,
    created: revision.createdMs === 0 ? "" : timestamp(revision.createdMs),
    changeCause: causeOf(revision, seen),
    images: Object.fromEntries(
      (revision.template?.spec.containers ?? []).map(({ name, image }) => [name, image ?? ""]),
    ),
  }));
}

/** The revision of a number. @throws {Failure} that names those there are */
export function revisionNumbered(revisions: readonly Revision[], number: number): Revision & { template: PodTemplate } {
  const found = revisions.find(({ revision }) => revision === number);
  const { template } = found ?? {};
  if (found === undefined || template === undefined) {
    const numbers = inOrder(revisions).map(({ revision }) => revision);
    throw new Failure(`there is no revision ${number}; there are ${numbers.join(", ") || "none"}`);
  }
  return { ...found, template };
}

/** The revision before: the newest one that means something else than the template does now. */
export function previousRevision(
  revisions: readonly Revision[],
  now: PodTemplate | undefined,
): (Revision & { template: PodTemplate }) | undefined {
  const found = inOrder(revisions).findLast(({ template }) => template && !(now && sameMeaning(template, now)));
  return found?.template && { ...found, template: found.template };
}

/** A revision's template as a user would write it: without what Go's encoding leaves in stored revisions. */
export function plainTemplate(template: PodTemplate): PodTemplate {
  return withoutLeftovers(template as unknown as Json) as unknown as PodTemplate;
}

function withoutLeftovers(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutLeftovers);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, inner]) => inner !== null && !(key === "resources" && isEmpty(inner)),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutLeftovers(inner)]));
}

function isEmpty(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
