import assert from "node:assert/strict";
import { test } from "node:test";
import { fromFieldsV1, pathsOf, toFieldsV1 } from "../../../../src/sandbox/fields/field-set.ts";
import { compare, fieldsOf, undeclared } from "../../../../src/sandbox/fields/fields.ts";
import { merged, without } from "../../../../src/sandbox/fields/merge.ts";
import { aType } from "./a-schema.ts";

const owned: { name: string; value: unknown; want: string[] }[] = [
  { name: "a plain value", value: { size: 1 }, want: [".size"] },
  { name: "a map by its entries", value: { labels: { a: "1", b: "2" } }, want: [".labels.a", ".labels.b"] },
  { name: "an empty map by itself", value: { labels: {} }, want: [".labels"] },
  { name: "an atomic map as a whole", value: { whole: { a: "1" } }, want: [".whole"] },
  { name: "an atomic list as a whole", value: { args: ["x", "y"] }, want: [".args"] },
  { name: "a set by its values", value: { holds: ["y", "x"] }, want: ['.holds[="x"]', '.holds[="y"]'] },
  {
    name: "a keyed list by its items and what they have",
    value: { boxes: [{ name: "a", image: "i" }] },
    want: ['.boxes[name="a"]', '.boxes[name="a"].image', '.boxes[name="a"].name'],
  },
];
for (const { name, value, want } of owned) {
  test(`fields: ${name}`, () => {
    const fields = fieldsOf(value, aType);
    assert.deepEqual(pathsOf(fields), want);
    assert.deepEqual(pathsOf(fromFieldsV1(toFieldsV1(fields))), want);
  });
}

test("fields: what is new is added with its members, and what is left alone is not told", () => {
  const before = { size: 1, labels: { a: "1" }, boxes: [{ name: "a", image: "i" }] };
  const after = { size: 2, labels: { a: "1", b: "2" }, boxes: [{ name: "b", image: "i" }] };
  const { added, modified, removed } = compare(before, after, aType, false);
  assert.deepEqual(pathsOf(added), [
    '.boxes[name="b"]',
    '.boxes[name="b"].image',
    '.boxes[name="b"].name',
    ".labels.b",
  ]);
  assert.deepEqual(pathsOf(modified), [".size"]);
  assert.deepEqual(pathsOf(removed), ['.boxes[name="a"]', '.boxes[name="a"].image', '.boxes[name="a"].name']);
});

test("fields: the first one that the type does not have is found", () => {
  assert.equal(undeclared({ boxes: [{ name: "a" }, { name: "b", colour: 1 }] }, aType), '.boxes[name="b"].colour');
  assert.equal(undeclared({ labels: { colour: "1" }, size: 1 }, aType), undefined);
});

const box = (name: string) => ({ name });
const orders: { live: string; applied: string; want: string }[] = [
  { live: "abc", applied: "", want: "abc" },
  { live: "abc", applied: "b", want: "abc" },
  { live: "abc", applied: "x", want: "abcx" },
  { live: "abc", applied: "cxa", want: "bcxa" },
  { live: "abc", applied: "xb", want: "axbc" },
  { live: "abcd", applied: "dcba", want: "dcba" },
  { live: "xyz", applied: "yx", want: "yzx" },
];
for (const { live, applied, want } of orders) {
  test(`merge: [${applied}] applied to [${live}] is [${want}]`, () => {
    const listed = (names: string) => ({ boxes: names.split("").map(box) });
    assert.deepEqual(merged(listed(live), listed(applied), aType), listed(want));
  });
}

test("merge: members of maps and keyed items are put together, everything else is replaced", () => {
  const live = { labels: { a: "1" }, whole: { a: "1" }, args: ["x"], holds: ["x"], boxes: [{ name: "a", image: "i" }] };
  const applied = {
    labels: { b: "2" },
    whole: { b: "2" },
    args: ["y"],
    holds: ["y"],
    boxes: [{ name: "a", labels: {} }],
  };
  assert.deepEqual(merged(live, applied, aType), {
    labels: { a: "1", b: "2" },
    whole: { b: "2" },
    args: ["y"],
    holds: ["x", "y"],
    boxes: [{ name: "a", image: "i", labels: {} }],
  });
});

test("merge: fields are taken out, and what is empty then is null", () => {
  const value = { size: 1, labels: { a: "1" }, boxes: [{ name: "a" }, { name: "b" }] };
  const gone = fieldsOf({ labels: { a: "1" }, boxes: [{ name: "b" }] }, aType);
  assert.deepEqual(without(value, gone, aType), { size: 1, labels: null, boxes: [{ name: "a" }] });
});
