/** Which fields has a value, and which differ between two values? */

import type { JsonMap } from "../objects.ts";
import { isMap, isSame } from "../objects.ts";
import type { FieldSet } from "./field-set.ts";
import { ITSELF, isEmpty, NOTHING, nodeOf, written } from "./field-set.ts";
import type { FieldType, MapType } from "./field-type.ts";
import { ANY } from "./field-type.ts";

/** What came, what changed and what went between two values. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

const UNCHANGED: Comparison = { added: NOTHING, modified: NOTHING, removed: NOTHING };
const OPEN_MAP: MapType = {
  form: "map",
  field: () => ({ type: ANY, isDeclared: false }),
  isOpen: true,
  implied: new Map(),
};

/** The step of a path that leads to an item of a list. */
export function stepTo(item: unknown, type: FieldType): string {
  if (type.form !== "items") return `v:${JSON.stringify(item)}`;
  const values: [string, unknown][] = [];
  for (const { name, default: otherwise } of type.keys) {
    const value = (isMap(item) ? item[name] : undefined) ?? otherwise;
    if (value !== undefined) values.push([name, value]);
  }
  return `k:${JSON.stringify(Object.fromEntries(values.toSorted(([a], [b]) => (a < b ? -1 : 1))))}`;
}

/** The type by which this very value is taken apart: what is not of its type's form is a leaf. */
export function formOf(value: unknown, type: FieldType): FieldType {
  if (type.form === "any") return isMap(value) ? OPEN_MAP : { form: "leaf" };
  if (value === undefined || value === null) return type;
  const fits = type.form === "map" ? isMap(value) : type.form === "leaf" || Array.isArray(value);
  return fits ? type : { form: "leaf" };
}

/** All fields of a value. */
export function fieldsOf(value: unknown, type: FieldType): FieldSet {
  const form = formOf(value, type);
  if (form.form === "leaf" || form.form === "any") return ITSELF;
  if (form.form === "map") {
    if (!isMap(value)) return NOTHING;
    return nodeOf(
      false,
      Object.entries(value).map(([name, member]) => {
        const { type: memberType, isDeclared } = form.field(name);
        const { isMember, children } = fieldsOf(member, memberType);
        const isItself = isMember || !isDeclared || member === null || (isMap(member) && isBare(member));
        return [`f:${name}`, { isMember: isItself, children }] as const;
      }),
    );
  }
  const items: unknown[] = Array.isArray(value) ? value : [];
  return nodeOf(
    false,
    items.map((item) => {
      const children = form.form === "items" ? fieldsOf(item, form.item()).children : NOTHING.children;
      return [stepTo(item, form), { isMember: true, children }] as const;
    }),
  );
}

/** The way to the first field that the type does not have, in the form that people write; undefined if there is none. */
export function undeclared(value: unknown, type: FieldType, above = ""): string | undefined {
  const form = formOf(value, type);
  if (form.form === "map" && isMap(value)) {
    for (const [name, member] of Object.entries(value)) {
      const { type: memberType, isDeclared } = form.field(name);
      const found = isDeclared || form.isOpen ? undeclared(member, memberType, `${above}.${name}`) : `${above}.${name}`;
      if (found !== undefined) return found;
    }
  } else if (form.form === "items" && Array.isArray(value)) {
    for (const item of value as unknown[]) {
      const found = undeclared(item, form.item(), above + written(stepTo(item, form)));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** `implies`: the server is typed, and has fields that nobody set. */
export function compare(before: unknown, after: unknown, type: FieldType, implies: boolean): Comparison {
  if (before === after || (before === undefined && after === undefined)) return UNCHANGED;
  const form = commonForm(before, after, type);
  if (form === undefined || (isBare(before) && isBare(after))) return compareLeaves(before, after);
  const parts = new Map<string, Comparison>();
  if (form.form === "map") {
    const [old, now] = [isMap(before) ? before : undefined, isMap(after) ? after : undefined];
    for (const name of namesIn(old, now, form, implies)) {
      const otherwise = implies ? form.implied.get(name) : undefined;
      const of = (map: JsonMap | undefined) => (map === undefined ? undefined : (map[name] ?? otherwise));
      parts.set(`f:${name}`, compare(of(old), of(now), form.field(name).type, implies));
    }
  } else if (form.form === "items" || form.form === "set") {
    const [old, now] = [itemsByStep(before, form), itemsByStep(after, form)];
    const item = form.form === "items" ? form.item() : ({ form: "leaf" } as const);
    for (const step of new Set([...old.keys(), ...now.keys()]))
      parts.set(step, compare(old.get(step), now.get(step), item, implies));
  }
  const side = (which: keyof Comparison, isMember: boolean): FieldSet =>
    nodeOf(
      isMember,
      [...parts].map(([step, part]) => [step, part[which]] as const),
    );
  return {
    added: side("added", before === undefined),
    modified: side("modified", false),
    removed: side("removed", after === undefined),
  };
}

export function isUnchanged({ added, modified, removed }: Comparison): boolean {
  return isEmpty(added) && isEmpty(modified) && isEmpty(removed);
}

function compareLeaves(before: unknown, after: unknown): Comparison {
  if (before === undefined) return { ...UNCHANGED, added: ITSELF };
  if (after === undefined) return { ...UNCHANGED, removed: ITSELF };
  return isSame(before, after) ? UNCHANGED : { ...UNCHANGED, modified: ITSELF };
}

/** The form in which both values can be taken apart; undefined if they are leaves. */
function commonForm(before: unknown, after: unknown, type: FieldType): FieldType | undefined {
  const forms = [before, after]
    .filter((value) => value !== undefined && value !== null)
    .map((value) => formOf(value, type));
  const [form] = forms;
  return form === undefined || forms.some((other) => other.form !== form.form || other.form === "leaf")
    ? undefined
    : form;
}

/** Nothing in it, whatever it would be. */
function isBare(value: unknown): boolean {
  return value === undefined || value === null || Object.keys(value).length === 0;
}

function namesIn(
  before: JsonMap | undefined,
  after: JsonMap | undefined,
  { implied }: MapType,
  implies: boolean,
): Set<string> {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  // They come and go with the map that has them.
  if (implies && (before === undefined) !== (after === undefined)) for (const name of implied.keys()) names.add(name);
  return names;
}

/** Of items with the same key, the first. */
function itemsByStep(list: unknown, type: FieldType): Map<string, unknown> {
  const items: unknown[] = Array.isArray(list) ? list : [];
  return new Map(items.toReversed().map((item) => [stepTo(item, type), item]));
}
