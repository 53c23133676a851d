// Laws of field ownership, on random objects with one field of each kind.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  difference,
  fromFieldsV1,
  intersection,
  isEmpty,
  isSameSet,
  NOTHING,
  toFieldsV1,
  union,
} from "../../../../src/sandbox/fields/field-set.ts";
import { compare, fieldsOf } from "../../../../src/sandbox/fields/fields.ts";
import { afterApply, afterUpdate } from "../../../../src/sandbox/fields/managers.ts";
import { withoutNulls } from "../../../../src/sandbox/objects.ts";
import { runs } from "../../../support/runs.ts";
import { aType } from "./a-schema.ts";

const numRuns = runs();

const key = fc.constantFrom("a", "b", "c");
const value = fc.constantFrom("1", "2");
// Not empty: a map that is applied without entries is there and not there.
const map = fc.dictionary(key, value, { minKeys: 1, maxKeys: 3 });
const box = fc.record({ name: key, image: value, labels: map }, { requiredKeys: ["name"] });
const anObject = fc.record(
  {
    size: fc.integer({ min: 0, max: 2 }),
    labels: map,
    whole: map,
    args: fc.array(value, { minLength: 1, maxLength: 2 }),
    holds: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
    boxes: fc.uniqueArray(box, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
  },
  { requiredKeys: [] },
);

const by = (name: string, operation: "Apply" | "Update") => ({ name, operation, apiVersion: "v1", subresource: "" });
const given = { type: aType, implies: false, time: "2026-01-01T12:00:00Z", ignored: NOTHING };

function updated(before: object, after: object, managers: Parameters<typeof afterUpdate>[0], name: string) {
  return afterUpdate(managers, compare(before, after, aType, false), by(name, "Update"), given);
}

function forced(live: unknown, config: object, managers: Parameters<typeof afterApply>[2], name: string) {
  const result = afterApply(live, config, managers, by(name, "Apply"), { ...given, force: true });
  if (Array.isArray(result)) assert.fail("a forced apply conflicts");
  return { ...result, object: withoutNulls(result.object) };
}

test("sets: union, difference and intersection fit together, and survive being written", () => {
  fc.assert(
    fc.property(anObject, anObject, (one, two) => {
      const [a, b] = [fieldsOf(one, aType), fieldsOf(two, aType)];
      assert.ok(isSameSet(union(difference(a, b), intersection(a, b)), a));
      assert.ok(isSameSet(union(a, b), union(b, a)));
      assert.ok(isEmpty(intersection(difference(a, b), b)));
      assert.ok(isSameSet(fromFieldsV1(toFieldsV1(a)), a));
    }),
    { numRuns },
  );
});

test("compare: what came one way goes the other", () => {
  fc.assert(
    fc.property(anObject, anObject, (one, two) => {
      const [there, back] = [compare(one, two, aType, false), compare(two, one, aType, false)];
      assert.ok(isSameSet(there.added, back.removed));
      assert.ok(isSameSet(there.modified, back.modified));
    }),
    { numRuns },
  );
});

test("update: what changed belongs to who changed it, and to nobody else", () => {
  fc.assert(
    fc.property(anObject, anObject, (one, two) => {
      const managers = updated(one, two, updated({}, one, [], "first"), "second");
      const { added, modified } = compare(one, two, aType, false);
      const changed = union(added, modified);
      for (const { name, fields } of managers) {
        const share = intersection(fields, changed);
        assert.ok(name === "second" ? isSameSet(share, changed) : isEmpty(share), name);
      }
    }),
    { numRuns },
  );
});

test("apply: the same again changes nothing", () => {
  fc.assert(
    fc.property(anObject, anObject, (live, config) => {
      const once = forced(live, config, updated({}, live, [], "other"), "applier");
      const twice = forced(once.object, config, once.managers, "applier");
      assert.deepEqual(twice, once);
    }),
    { numRuns },
  );
});

test("apply: the object has what was applied, and the applier owns just that", () => {
  fc.assert(
    fc.property(anObject, anObject, anObject, (live, first, config) => {
      const once = forced(live, first, updated({}, live, [], "other"), "applier");
      const { object, managers } = forced(once.object, config, once.managers, "applier");
      const wanted = fieldsOf(config, aType);
      assert.ok(isEmpty(difference(wanted, fieldsOf(object, aType))));
      assert.ok(isEmpty(compare(config, object, aType, false).modified));
      const own = managers.find(({ name }) => name === "applier");
      assert.ok(isSameSet(own?.fields ?? NOTHING, wanted));
    }),
    { numRuns },
  );
});

test("apply: who applies nothing any more leaves what others own", () => {
  fc.assert(
    fc.property(anObject, anObject, (live, config) => {
      const once = forced(live, config, updated({}, live, [], "other"), "applier");
      const { object, managers } = forced(once.object, {}, once.managers, "applier");
      assert.ok(managers.every(({ name }) => name === "other"));
      assert.ok(isEmpty(compare(withoutNulls(live), object, aType, false).added));
    }),
    { numRuns },
  );
});
