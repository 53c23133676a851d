/**
 * Sets of fields of an object, as `managedFields` write them. A set is a tree: each step of a path is one of
 *
 *   f:spec                a field of a map
 *   k:{"name":"app"}      the item of a list whose key fields have these values
 *   v:"example.com/hold"  a value in a list that is a set
 *
 * and a node that is a member owns the field itself, whoever owns what is below. Sets are never changed.
 */

import type { JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";

export interface FieldSet {
  readonly isMember: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const NOTHING: FieldSet = { isMember: false, children: new Map() };
export const ITSELF: FieldSet = { isMember: true, children: new Map() };

export function isEmpty({ isMember, children }: FieldSet): boolean {
  return !isMember && children.size === 0;
}

/** A node; children that hold nothing are left out. */
export function nodeOf(isMember: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  return { isMember, children: new Map([...children].filter(([, child]) => !isEmpty(child))) };
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  const children = new Map(a.children);
  for (const [step, child] of b.children) children.set(step, union(children.get(step) ?? NOTHING, child));
  return { isMember: a.isMember || b.isMember, children };
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  const children = [...a.children].map(
    ([step, child]) => [step, difference(child, b.children.get(step) ?? NOTHING)] as const,
  );
  return nodeOf(a.isMember && !b.isMember, children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const shared = [...a.children].map(
    ([step, child]) => [step, intersection(child, b.children.get(step) ?? NOTHING)] as const,
  );
  return nodeOf(a.isMember && b.isMember, shared);
}

export function isSameSet(a: FieldSet, b: FieldSet): boolean {
  return (
    a.isMember === b.isMember &&
    a.children.size === b.children.size &&
    [...a.children].every(([step, child]) => {
      const other = b.children.get(step);
      return other !== undefined && isSameSet(child, other);
    })
  );
}

/** The set that holds these paths, each a list of steps. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  return paths
    .map((path) => path.reduceRight<FieldSet>((below, step) => nodeOf(false, [[step, below]]), ITSELF))
    .reduce(union, NOTHING);
}

/** The form that `managedFields` have: `{}` is a member, `.` a member that has more below it. */
export function toFieldsV1({ isMember, children }: FieldSet): JsonMap {
  const below = [...children]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([step, child]) => [step, toFieldsV1(child)]);
  return Object.fromEntries(isMember && children.size > 0 ? [[".", {}], ...below] : below) as JsonMap;
}

export function fromFieldsV1(fields: unknown): FieldSet {
  if (!isMap(fields)) return NOTHING;
  const children: [string, FieldSet][] = [];
  for (const [step, below] of Object.entries(fields)) {
    if (step === ".") continue;
    const isLeaf = !isMap(below) || Object.keys(below).length === 0;
    children.push([step, isLeaf ? ITSELF : fromFieldsV1(below)]);
  }
  return nodeOf("." in fields, children);
}

/** Every member as people write it: `.spec.containers[name="app"].image`. */
export function pathsOf({ isMember, children }: FieldSet, above = ""): string[] {
  const below = [...children]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([step, child]) => pathsOf(child, above + written(step)));
  return isMember ? [above, ...below] : below;
}

/** A step as people write it. */
export function written(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith("f:")) return `.${rest}`;
  if (step.startsWith("v:")) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as JsonMap);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
}
