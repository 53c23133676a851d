import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabelSelector } from "../../../src/api/kubernetes.ts";
import { matchesSelector, selectorText } from "../../../src/api/selector.ts";

const labels = { app: "web", tier: "a", empty: "" };
const cases: { name: string; selector: LabelSelector; want: boolean; text: string }[] = [
  { name: "an equal label", selector: { matchLabels: { app: "web" } }, want: true, text: "app=web" },
  { name: "all of several", selector: { matchLabels: { tier: "a", app: "web" } }, want: true, text: "app=web,tier=a" },
  {
    name: "one of them differs",
    selector: { matchLabels: { app: "web", tier: "b" } },
    want: false,
    text: "app=web,tier=b",
  },
  { name: "an empty value is a value", selector: { matchLabels: { empty: "" } }, want: true, text: "empty=" },
  { name: "and not the same as no label", selector: { matchLabels: { none: "" } }, want: false, text: "none=" },
  {
    name: "In",
    selector: { matchExpressions: [{ key: "tier", operator: "In", values: ["b", "a"] }] },
    want: true,
    text: "tier in (a,b)",
  },
  {
    name: "In, with no such label",
    selector: { matchExpressions: [{ key: "none", operator: "In", values: ["a"] }] },
    want: false,
    text: "none in (a)",
  },
  {
    name: "NotIn",
    selector: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["a"] }] },
    want: false,
    text: "tier notin (a)",
  },
  {
    name: "NotIn, with no such label",
    selector: { matchExpressions: [{ key: "none", operator: "NotIn", values: ["a"] }] },
    want: true,
    text: "none notin (a)",
  },
  { name: "Exists", selector: { matchExpressions: [{ key: "tier", operator: "Exists" }] }, want: true, text: "tier" },
  {
    name: "DoesNotExist",
    selector: { matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] },
    want: false,
    text: "!tier",
  },
  {
    name: "labels and expressions together, sorted by key",
    selector: {
      matchLabels: { tier: "a" },
      matchExpressions: [
        { key: "app", operator: "In", values: ["web"] },
        { key: "legacy", operator: "DoesNotExist" },
      ],
    },
    want: true,
    text: "app in (web),!legacy,tier=a",
  },
  { name: "an empty selector matches nothing: it would claim every pod", selector: {}, want: false, text: "" },
];
for (const { name, selector, want, text } of cases) {
  test(`selector: ${name}`, () => {
    assert.equal(matchesSelector(selector, labels), want);
    assert.equal(selectorText(selector), text);
  });
}
