import assert from "node:assert/strict";
import { test } from "node:test";
import type { IntOrPercent } from "../../../src/api/cloneset.ts";
import { SpecError } from "../../../src/api/spec-error.ts";
import {
  availableAtMs,
  isAvailable,
  isReady,
  maxUnavailable,
  scaleMaxUnavailable,
} from "../../../src/plan/availability.ts";
import { aCloneSet, NOW_MS } from "../../support/a-cloneset.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";

const limits = [
  {
    name: "20% of 3 rounds up without surge: a small set still moves",
    replicas: 3,
    maxUnavailable: "20%",
    maxSurge: 0,
    want: 1,
  },
  {
    name: "20% of 3 rounds down with surge: the surge does the moving",
    replicas: 3,
    maxUnavailable: "20%",
    maxSurge: 1,
    want: 0,
  },
  { name: "a surge that rounds up to 1 is a surge", replicas: 3, maxUnavailable: "20%", maxSurge: "1%", want: 0 },
  { name: "a surge of 0% is none", replicas: 3, maxUnavailable: "20%", maxSurge: "0%", want: 1 },
  { name: "paused, nothing surges", replicas: 3, maxUnavailable: "20%", maxSurge: 1, paused: true, want: 1 },
  { name: "20% is the default", replicas: 10, maxSurge: 0, want: 2 },
  { name: "a number is not rounded", replicas: 3, maxUnavailable: 5, maxSurge: 0, want: 5 },
  {
    name: "OnDelete rounds up and knows no surge",
    replicas: 3,
    type: "OnDelete",
    maxUnavailable: "20%",
    maxSurge: 1,
    want: 1,
  },
];
for (const { name, want, ...given } of limits) {
  test(`maxUnavailable: ${name}`, () => assert.equal(maxUnavailable(aCloneSet(given).spec), want));
}

const throttles: { name: string; replicas: number; given?: IntOrPercent; want: number }[] = [
  { name: "no limit unless one is given", replicas: 10, want: Number.POSITIVE_INFINITY },
  { name: "a percentage rounds up", replicas: 10, given: "25%", want: 3 },
  { name: "0 stops creation", replicas: 10, given: 0, want: 0 },
];
for (const { name, replicas, given, want } of throttles) {
  test(`scaleStrategy.maxUnavailable: ${name}`, () => {
    const { spec } = aCloneSet({ replicas, ...(given === undefined ? {} : { scaleMaxUnavailable: given }) });
    assert.equal(scaleMaxUnavailable(spec), want);
  });
}

test('scaleStrategy.maxUnavailable: "5" is refused', () => {
  assert.throws(() => scaleMaxUnavailable(aCloneSet({ scaleMaxUnavailable: "5" }).spec), SpecError);
});

const pods: { name: string; pod: GivenPod; minReadySeconds?: number; ready: boolean; available: boolean }[] = [
  { name: "running and ready", pod: {}, ready: true, available: true },
  { name: "without a lifecycle state", pod: { state: "" }, ready: true, available: true },
  { name: "not ready", pod: { ready: false }, ready: false, available: false },
  { name: "ready, but not running", pod: { phase: "Pending" }, ready: false, available: false },
  { name: "with the gate open", pod: { gated: true }, ready: true, available: true },
  { name: "with the gate closed", pod: { gated: true, gate: "False" }, ready: false, available: false },
  {
    name: "with the gate's condition not there yet",
    pod: { gated: true, gate: "absent" },
    ready: true,
    available: true,
  },
  { name: "PreparingNormal", pod: { state: "PreparingNormal" }, ready: true, available: false },
  { name: "PreparingUpdate", pod: { state: "PreparingUpdate" }, ready: true, available: false },
  { name: "Updating", pod: { state: "Updating" }, ready: true, available: false },
  { name: "Updated", pod: { state: "Updated" }, ready: true, available: false },
  { name: "PreparingDelete", pod: { state: "PreparingDelete" }, ready: true, available: false },
  {
    name: "ready for longer than minReadySeconds",
    pod: { readyForSeconds: 11 },
    minReadySeconds: 10,
    ready: true,
    available: true,
  },
  {
    name: "ready for exactly minReadySeconds",
    pod: { readyForSeconds: 10 },
    minReadySeconds: 10,
    ready: true,
    available: false,
  },
  {
    name: "ready since nobody knows when",
    pod: { readyForSeconds: NOW_MS / 1000 },
    minReadySeconds: 10,
    ready: true,
    available: false,
  },
];
for (const { name, pod, minReadySeconds = 0, ready, available } of pods) {
  test(`a pod ${name} is ${ready ? "" : "not "}ready and ${available ? "" : "not "}available`, () => {
    assert.equal(isReady(aPod(pod)), ready);
    assert.equal(isAvailable(aPod(pod), minReadySeconds, NOW_MS), available);
  });
}

test("a ready pod says when it will be available, and is by then", () => {
  const pod = aPod({ readyForSeconds: 4 });
  const atMs = availableAtMs(pod, 10, NOW_MS);
  assert.equal(atMs, NOW_MS + 6_001);
  assert.ok(isAvailable(pod, 10, atMs));
  assert.ok(!isAvailable(pod, 10, atMs - 1));
});

test("a pod that is available, or not ready at all, says nothing about when", () => {
  assert.equal(availableAtMs(aPod(), 10, NOW_MS), undefined);
  assert.equal(availableAtMs(aPod({ ready: false }), 10, NOW_MS), undefined);
});
