import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lifecycle, LifecycleHook } from "../../../src/api/cloneset.ts";
import { isBlocked, isSatisfied, nextState, toState } from "../../../src/plan/lifecycle.ts";
import { NOW_MS } from "../../support/a-cloneset.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";

const hook: LifecycleHook = {
  labelsHandler: { drained: "no" },
  finalizersHandler: ["example.com/f"],
  markPodNotReady: false,
};
const empty: LifecycleHook = { labelsHandler: {}, finalizersHandler: [], markPodNotReady: false };
const both: GivenPod = { labels: { drained: "no" }, finalizers: ["example.com/f"] };

const tests: { name: string; hook: LifecycleHook | undefined; pod: GivenPod; blocked: boolean; satisfied: boolean }[] =
  [
    { name: "no hook", hook: undefined, pod: both, blocked: false, satisfied: true },
    { name: "an empty hook", hook: empty, pod: {}, blocked: false, satisfied: true },
    { name: "all handlers on the pod", hook, pod: both, blocked: true, satisfied: true },
    { name: "only the label", hook, pod: { labels: { drained: "no" } }, blocked: true, satisfied: false },
    { name: "only the finalizer", hook, pod: { finalizers: ["example.com/f"] }, blocked: true, satisfied: false },
    {
      name: "the label with another value",
      hook,
      pod: { labels: { drained: "yes" } },
      blocked: false,
      satisfied: false,
    },
    { name: "none on the pod", hook, pod: {}, blocked: false, satisfied: false },
  ];
for (const { name, hook: asked, pod, blocked, satisfied } of tests) {
  test(`hook: with ${name} a pod is ${blocked ? "" : "not "}held, and ${satisfied ? "" : "not "}let through`, () => {
    assert.equal(isBlocked(asked, aPod(pod)), blocked);
    assert.equal(isSatisfied(asked, aPod(pod)), satisfied);
  });
}

const settled = { settled: true, updated: true };
const steps: {
  name: string;
  pod: GivenPod;
  lifecycle?: Lifecycle;
  facts?: typeof settled;
  want: string | undefined;
}[] = [
  { name: "a new pod is Normal once it is scheduled", pod: { state: "PreparingNormal" }, want: "Normal" },
  { name: "and not before", pod: { state: "PreparingNormal", node: "" }, want: undefined },
  {
    name: "with a preNormal hook it waits for that",
    pod: { state: "PreparingNormal" },
    lifecycle: { preNormal: hook },
    want: undefined,
  },
  {
    name: "and for nothing else",
    pod: { state: "PreparingNormal", node: "", ...both },
    lifecycle: { preNormal: hook },
    want: "Normal",
  },
  {
    name: "an update that is under way goes on",
    pod: { state: "Updating" },
    facts: { settled: false, updated: true },
    want: undefined,
  },
  { name: "a finished one is Normal", pod: { state: "Updating" }, want: "Normal" },
  {
    name: "also with a lifecycle that has no update hook",
    pod: { state: "Updating" },
    lifecycle: { preDelete: hook },
    want: "Normal",
  },
  {
    name: "with an update hook it waits for the handlers to come back",
    pod: { state: "Updating" },
    lifecycle: { inPlaceUpdate: hook },
    want: "Updated",
  },
  {
    name: "which they may have already",
    pod: { state: "Updating", ...both },
    lifecycle: { inPlaceUpdate: hook },
    want: "Normal",
  },
  {
    name: "Updated ends when they are back",
    pod: { state: "Updated", ...both },
    lifecycle: { inPlaceUpdate: hook },
    want: "Normal",
  },
  { name: "and not before", pod: { state: "Updated" }, lifecycle: { inPlaceUpdate: hook }, want: undefined },
  { name: "or when the hook is gone", pod: { state: "Updated" }, want: "Normal" },
  {
    name: "waiting for an update hook ends when the template was set back",
    pod: { state: "PreparingUpdate", ...both },
    lifecycle: { inPlaceUpdate: hook },
    want: "Normal",
  },
  {
    name: "and not while the pod is outdated",
    pod: { state: "PreparingUpdate" },
    facts: { settled: true, updated: false },
    want: undefined,
  },
  { name: "Normal stays", pod: {}, want: undefined },
  { name: "no state stays", pod: { state: "" }, want: undefined },
  { name: "PreparingDelete stays", pod: { state: "PreparingDelete" }, want: undefined },
];
for (const { name, pod, lifecycle = {}, facts = settled, want } of steps) {
  test(`lifecycle: ${name}`, () => assert.equal(nextState(aPod(pod), lifecycle, facts), want));
}

test("lifecycle: a state is written with its time", () => {
  const { patches } = toState(aPod(), "PreparingDelete", { lifecycle: {}, nowMs: NOW_MS });
  assert.deepEqual(patches, [
    {
      subresource: "",
      body: {
        metadata: {
          labels: { "lifecycle.apps.kruise.io/state": "PreparingDelete" },
          annotations: { "lifecycle.apps.kruise.io/timestamp": "2026-01-01T12:00:00Z" },
        },
      },
    },
  ]);
});
