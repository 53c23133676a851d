import assert from "node:assert/strict";
import { test } from "node:test";
import definition from "../../../src/sandbox/clone-set-definition.json" with { type: "json" };
import { ruleOf } from "../../../src/sandbox/custom/cel-rules.ts";

test("each CEL rule of the definition has its function, and each function is of use", () => {
  const texts = new Set<string>();
  collect(definition, texts);
  const named = new Set([...texts].map((text) => ruleOf(text).name));
  assert.equal(named.size, texts.size);
  assert.throws(() => ruleOf("self > 1"), /want a function for it, found none: self > 1/);
});

function collect(value: unknown, texts: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === "x-kubernetes-validations") for (const { rule } of member as { rule: string }[]) texts.add(rule);
    else collect(member, texts);
  }
}

const PODS = "type(self) == string ? self.matches('^[0-9]+([.][0-9]+)?%$') : (self >= 0 && self <= 2147483647)";
const cases: { rule: string; self: unknown; old?: unknown; want: boolean }[] = [
  { rule: PODS, self: "33.3%", want: true },
  { rule: PODS, self: "5", want: false },
  { rule: PODS, self: -1, want: false },
  { rule: "self == oldSelf", self: { a: [1, 2] }, old: { a: [1, 2] }, want: true },
  { rule: "self == oldSelf", self: { a: [1, 2] }, old: { a: [2, 1] }, want: false },
  { rule: "self.trim() != ''", self: " ", want: false },
  { rule: "size(self) == 0", self: [], want: true },
];
for (const { rule, self, old, want } of cases) {
  test(`${rule} of ${JSON.stringify(self)} is ${want}`, () => assert.equal(ruleOf(rule)(self, old), want));
}
