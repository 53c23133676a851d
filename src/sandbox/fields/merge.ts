/** How does an applied configuration go into an object, and how do fields come out of it? */

import type { JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";
import type { FieldSet } from "./field-set.ts";
import { ITSELF, isEmpty, NOTHING } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { formOf, stepTo } from "./fields.ts";

/** The live value with the applied one put over it: maps and keyed lists by member, everything else as a whole. */
export function merged(live: unknown, applied: unknown, type: FieldType): unknown {
  if (applied === undefined) return live;
  if (live === undefined || live === null || applied === null) return applied;
  const form = formOf(applied, type);
  if (form.form === "map" && isMap(live) && isMap(applied)) {
    const result: JsonMap = { ...live };
    for (const [name, value] of Object.entries(applied))
      result[name] = merged(live[name], value, form.field(name).type);
    return result;
  }
  if ((form.form === "items" || form.form === "set") && Array.isArray(live) && Array.isArray(applied))
    return mergedList(live, applied, form);
  return applied;
}

/**
 * Items that are in both come in the order of the applied list, and items that are in one of them stand as near to their old
 * neighbours as that allows: [a, b, c] with [c, x, a] applied is [b, c, x, a].
 */
function mergedList(live: unknown[], applied: unknown[], type: FieldType): unknown[] {
  const item = type.form === "items" ? type.item() : ({ form: "leaf" } as const);
  const liveByStep = new Map(live.map((value) => [stepTo(value, type), value]));
  const steps = applied.map((value) => stepTo(value, type));
  const shared = steps.filter((step) => liveByStep.has(step));
  const result: unknown[] = [];
  let taken = 0;
  const take = () => {
    result.push(merged(liveByStep.get(steps[taken] ?? ""), applied[taken], item));
    taken += 1;
  };
  for (const value of live) {
    const step = stepTo(value, type);
    if (!steps.includes(step)) result.push(value);
    // One whose turn has not come stands where the applied list has it.
    else if (step === shared[0]) {
      while (steps[taken] !== step) take();
      take();
      shared.shift();
    }
  }
  while (taken < applied.length) take();
  return result;
}

/** The value without the fields of a set; null if nothing is left of it. Leaves are not taken apart. */
export function without(value: unknown, fields: FieldSet, type: FieldType): unknown {
  const form = formOf(value, type);
  if (form.form === "map" && isMap(value)) {
    const left: JsonMap = {};
    for (const [name, member] of Object.entries(value)) {
      const inside = fields.children.get(`f:${name}`) ?? NOTHING;
      if (!inside.isMember) left[name] = isEmpty(inside) ? member : without(member, inside, form.field(name).type);
    }
    return Object.keys(left).length > 0 ? left : null;
  }
  if ((form.form === "items" || form.form === "set") && Array.isArray(value)) {
    const item = form.form === "items" ? form.item() : ({ form: "leaf" } as const);
    const left: unknown[] = [];
    for (const member of value as unknown[]) {
      const inside = fields.children.get(stepTo(member, form)) ?? NOTHING;
      if (!inside.isMember) left.push(isEmpty(inside) ? member : without(member, inside, item));
    }
    return left.length > 0 ? left : null;
  }
  return null;
}

/** The set with every declared field on the way to a member as a member too: a struct goes when nothing is left in it. */
export function withWays(fields: FieldSet, type: FieldType): FieldSet {
  const children = [...fields.children].map(([step, child]) => {
    const { type: below, isDeclared } = stepInto(step, type);
    const deeper = withWays(child, below);
    const isWay = isDeclared && child.children.size > 0;
    return [step, isWay ? { ...deeper, isMember: ITSELF.isMember } : deeper] as const;
  });
  return { isMember: fields.isMember, children: new Map(children) };
}

function stepInto(step: string, type: FieldType): { type: FieldType; isDeclared: boolean } {
  if (type.form === "map" && step.startsWith("f:")) return type.field(step.slice(2));
  if (type.form === "items") return { type: type.item(), isDeclared: false };
  return { type: { form: "any" }, isDeclared: false };
}
