/** Who owns which fields after a write? */

import type { FieldSet } from "./field-set.ts";
import { difference, intersection, isEmpty, isSameSet, NOTHING, nodeOf, pathsOf, union } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import type { Comparison } from "./fields.ts";
import { compare, fieldsOf } from "./fields.ts";
import { merged, without, withWays } from "./merge.ts";

/** Who writes, and how. Two writers with the same identity are one manager. */
export interface Identity {
  name: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  /** "" for the object itself. */
  subresource: string;
}

export interface Manager extends Identity {
  /** When it last changed something. */
  time: string;
  fields: FieldSet;
}

/** Somebody else owns a field that an applied configuration would change. */
export interface Conflict {
  manager: Manager;
  fields: FieldSet;
}

/** More update managers than this, and the oldest are put together. */
const UPDATERS_MAX = 10;
const ANCIENT = "ancient-changes";

/** Fields that only the server writes, and that name the object: nobody owns them. */
const UNOWNED: FieldSet = nodeOf(false, [
  ["f:apiVersion", nodeOf(true, [])],
  ["f:kind", nodeOf(true, [])],
  [
    "f:metadata",
    nodeOf(
      true,
      [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "generation",
        "managedFields",
        "resourceVersion",
      ].map((name) => [`f:${name}`, nodeOf(true, [])] as const),
    ),
  ],
]);

/** After an update: who changed a field owns it now, and nobody owns what is gone. */
export function afterUpdate(
  managers: readonly Manager[],
  { added, modified, removed }: Comparison,
  by: Identity,
  given: { time: string; ignored: FieldSet },
): Manager[] {
  const changed = ownable(union(added, modified), given.ignored);
  const rest = disowned(managers, union(added, modified), removed);
  if (isEmpty(changed)) return rest;
  const own = rest.find((manager) => isSameIdentity(manager, by));
  const others = rest.filter((manager) => manager !== own);
  return capped([...others, { ...by, time: given.time, fields: union(own?.fields ?? NOTHING, changed) }]);
}

/** The oldest update managers above the limit become one. */
function capped(managers: Manager[]): Manager[] {
  const updaters = managers.filter(({ operation }) => operation === "Update").toSorted(byTime);
  const excess = updaters.length - UPDATERS_MAX;
  if (excess <= 0) return managers;
  const oldest = updaters.slice(0, excess + 1);
  const [first] = oldest;
  if (first === undefined) return managers;
  const time = oldest.at(-1)?.time ?? first.time;
  const fields = oldest.map((manager) => manager.fields).reduce(union);
  return [
    ...managers.filter((manager) => !oldest.includes(manager)),
    { ...first, name: ANCIENT, subresource: "", time, fields },
  ];
}

export interface Applied {
  object: unknown;
  managers: Manager[];
}

/**
 * After an applied configuration: the applier owns what it says, and what it said before and nobody else owns is removed.
 * Conflicts are returned, and nothing else, unless they are forced.
 */
export function afterApply(
  live: unknown,
  config: unknown,
  managers: readonly Manager[],
  by: Identity,
  given: { type: FieldType; implies: boolean; time: string; ignored: FieldSet; force: boolean },
): Applied | Conflict[] {
  const { type } = given;
  const own = managers.find((manager) => isSameIdentity(manager, by));
  const fields = ownable(fieldsOf(config, type), given.ignored);
  const applier: Manager = { ...by, time: given.time, fields };
  const others = managers.filter((manager) => manager !== own);
  const full = merged(live, config, type);
  const object = own === undefined ? full : pruned(full, own.fields, [...others, applier], type);
  const { added, modified, removed } = compare(live, object, type, given.implies);
  const touched = union(added, modified);
  const conflicts = others
    .map((manager) => ({ manager, fields: intersection(manager.fields, touched) }))
    .filter((conflict) => !isEmpty(conflict.fields));
  if (conflicts.length > 0 && !given.force) return conflicts;
  const left = disowned(others, touched, removed);
  const isSame = own !== undefined && isSameSet(own.fields, fields);
  const kept = isEmpty(touched) && isEmpty(removed) && isSame ? { ...applier, time: own.time } : applier;
  return { object, managers: isEmpty(fields) ? left : [...left, kept] };
}

/** The object without what was applied once, is applied no more, and belongs to nobody else. */
function pruned(full: unknown, before: FieldSet, managers: readonly Manager[], type: FieldType): unknown {
  if (isEmpty(before)) return full;
  const rest = without(full, before, type);
  const owned = managers.map((manager) => manager.fields).reduce(union, NOTHING);
  const all = withWays(fieldsOf(full, type), type);
  const kept = without(full, difference(all, union(withWays(fieldsOf(rest, type), type), withWays(owned, type))), type);
  // What hangs on nothing that was applied stays, even where its neighbours go.
  const left = withWays(fieldsOf(kept, type), type);
  return without(full, intersection(difference(all, left), withWays(before, type)), type);
}

/** Every field without an owner so far gets one, at the first apply on an object that nobody tracked. */
export function beforeFirstApply(
  live: unknown,
  empty: unknown,
  given: { type: FieldType; implies: boolean; apiVersion: string; time: string },
): Manager[] {
  const by: Identity = {
    name: "before-first-apply",
    operation: "Update",
    apiVersion: given.apiVersion,
    subresource: "",
  };
  return afterUpdate([], compare(empty, live, given.type, given.implies), by, { time: given.time, ignored: NOTHING });
}

/** The refusal's words: who owns what. */
export function conflictMessage(conflicts: readonly Conflict[]): string {
  const all = conflicts.flatMap(({ manager, fields }) =>
    pathsOf(fields).map((path) => ({ who: called(manager), path })),
  );
  const [first] = all;
  if (all.length === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.who}: ${first.path}`;
  const who = [...new Set(all.map((one) => one.who))].toSorted();
  const lines = who.flatMap((name) => [
    `conflicts with ${name}:`,
    ...all.filter((one) => one.who === name).map(({ path }) => `- ${path}`),
  ]);
  return `Apply failed with ${all.length} conflicts: ${lines.join("\n")}`;
}

export function conflictCauses(conflicts: readonly Conflict[]): { reason: string; message: string; field: string }[] {
  return conflicts.flatMap(({ manager, fields }) =>
    pathsOf(fields).map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${called(manager)}`,
      field,
    })),
  );
}

function called({ name, operation, apiVersion, subresource }: Manager): string {
  const where = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(name)}${where}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}

function ownable(fields: FieldSet, ignored: FieldSet): FieldSet {
  return difference(below(fields, ignored), UNOWNED);
}

/** Without whole subtrees. */
function below(fields: FieldSet, ignored: FieldSet): FieldSet {
  if (ignored.isMember) return NOTHING;
  const children = [...fields.children].map(
    ([step, child]) => [step, below(child, ignored.children.get(step) ?? NOTHING)] as const,
  );
  return nodeOf(fields.isMember, children);
}

/** Managers without what others took from them or what is gone; who owns nothing more is forgotten. */
function disowned(managers: readonly Manager[], taken: FieldSet, removed: FieldSet): Manager[] {
  if (isEmpty(taken) && isEmpty(removed)) return [...managers];
  return managers
    .map((manager) => ({ ...manager, fields: difference(difference(manager.fields, taken), removed) }))
    .filter(({ fields }) => !isEmpty(fields));
}

/** An applier is the same whatever version it speaks. */
export function isSameIdentity(a: Identity, b: Identity): boolean {
  return (
    a.name === b.name &&
    a.operation === b.operation &&
    a.subresource === b.subresource &&
    (a.operation === "Apply" || a.apiVersion === b.apiVersion)
  );
}

/** Appliers first, then by time and name, as the server lists them. */
export function inOrder(managers: readonly Manager[]): Manager[] {
  return managers.toSorted(
    (a, b) => compareText(a.operation, b.operation) || byTime(a, b) || compareText(a.subresource, b.subresource),
  );
}

function byTime(a: Manager, b: Manager): number {
  return compareText(a.time, b.time) || compareText(a.name, b.name);
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
