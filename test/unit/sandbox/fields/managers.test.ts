import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING, pathsOf } from "../../../../src/sandbox/fields/field-set.ts";
import { compare } from "../../../../src/sandbox/fields/fields.ts";
import type { Identity, Manager } from "../../../../src/sandbox/fields/managers.ts";
import {
  afterApply,
  afterUpdate,
  conflictCauses,
  conflictMessage,
  inOrder,
} from "../../../../src/sandbox/fields/managers.ts";
import { aType } from "./a-schema.ts";

const NOON = "2026-01-01T12:00:00Z";
const LATER = "2026-01-01T12:00:01Z";

const who = (name: string, operation: "Apply" | "Update"): Identity => ({
  name,
  operation,
  apiVersion: "v1",
  subresource: "",
});

function update(managers: readonly Manager[], before: object, after: object, name: string, time = NOON): Manager[] {
  return afterUpdate(managers, compare(before, after, aType, false), who(name, "Update"), { time, ignored: NOTHING });
}

function apply(live: object, config: object, managers: readonly Manager[], name: string, force = false) {
  const given = { type: aType, implies: false, time: LATER, ignored: NOTHING, force };
  return afterApply(live, config, managers, who(name, "Apply"), given);
}

function applied(live: object, config: object, managers: readonly Manager[], name: string, force = false) {
  const result = apply(live, config, managers, name, force);
  assert.ok(!Array.isArray(result), "no conflicts");
  return { object: result.object as object, managers: result.managers };
}

const inShort = (managers: readonly Manager[]) =>
  inOrder(managers).map(({ name, operation, fields }) => `${name} ${operation}: ${pathsOf(fields).join(" ")}`);

test("managers: who changes a field takes it from others, and nobody owns what is gone", () => {
  const first = update([], {}, { size: 1, labels: { a: "1", b: "2" } }, "one");
  const second = update(first, { size: 1, labels: { a: "1", b: "2" } }, { size: 2, labels: { a: "1" } }, "two");
  assert.deepEqual(inShort(second), ["one Update: .labels .labels.a", "two Update: .size"]);
});

test("managers: an applier that stops saying a field removes it, unless somebody else owns it", () => {
  const start = applied({}, { size: 1, labels: { a: "1", b: "2" } }, [], "one");
  const shared = applied(start.object, { labels: { b: "2" } }, start.managers, "two");
  const end = applied(shared.object, { size: 1 }, shared.managers, "one");
  assert.deepEqual(end.object, { size: 1, labels: { b: "2" } });
  assert.deepEqual(inShort(end.managers), ["one Apply: .size", "two Apply: .labels.b"]);
});

test("managers: what an updater added below an applied item goes with the item", () => {
  const start = applied({}, { boxes: [{ name: "a", image: "i" }] }, [], "one");
  const changed = { boxes: [{ name: "a", image: "i", labels: { x: "1" } }] };
  const managers = update(start.managers, start.object, changed, "two", LATER);
  const end = applied(changed, { size: 1 }, managers, "one");
  assert.deepEqual(end.object, { size: 1, boxes: null });
});

test("managers: a conflict names the owner and the field, and force takes the field", () => {
  const managers = update([], {}, { size: 1 }, "one");
  const conflicts = apply({ size: 1 }, { size: 2 }, managers, "two");
  assert.ok(Array.isArray(conflicts));
  assert.equal(conflictMessage(conflicts), 'Apply failed with 1 conflict: conflict with "one" using v1: .size');
  assert.deepEqual(conflictCauses(conflicts), [
    { reason: "FieldManagerConflict", message: 'conflict with "one" using v1', field: ".size" },
  ]);
  const forced = applied({ size: 1 }, { size: 2 }, managers, "two", true);
  assert.deepEqual(inShort(forced.managers), ["two Apply: .size"]);
});

test("managers: several conflicts are listed by owner", () => {
  const managers = [
    ...update([], {}, { size: 1 }, "one"),
    ...applied({}, { args: ["x"], holds: ["y"] }, [], "two").managers,
  ];
  const conflicts = apply({ size: 1, args: ["x"], holds: ["y"] }, { size: 2, args: ["z"] }, managers, "three");
  assert.ok(Array.isArray(conflicts));
  const want = 'Apply failed with 2 conflicts: conflicts with "one" using v1:\n- .size\nconflicts with "two":\n- .args';
  assert.equal(conflictMessage(conflicts), want);
});

test("managers: the same value is shared, not fought over", () => {
  const managers = update([], {}, { size: 1 }, "one");
  assert.deepEqual(inShort(applied({ size: 1 }, { size: 1 }, managers, "two").managers), [
    "two Apply: .size",
    "one Update: .size",
  ]);
});

test("managers: of more than ten updaters the oldest are put together", () => {
  let managers: Manager[] = [];
  let live = {};
  for (let i = 0; i < 12; i++) {
    const next = { labels: { ...("labels" in live ? (live.labels as object) : {}), [`l${i}`]: "1" } };
    managers = update(managers, live, next, `m${i}`, `2026-01-01T12:00:${10 + i}Z`);
    live = next;
  }
  assert.equal(managers.length, 10);
  const ancient = managers.find(({ name }) => name === "ancient-changes");
  assert.deepEqual(pathsOf(ancient?.fields ?? NOTHING), [".labels", ".labels.l0", ".labels.l1", ".labels.l2"]);
});
