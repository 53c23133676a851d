import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../src/api/pod.ts";
import { notReadyKeys, preDeleteKey, preUpdateKey, withKey, withoutKeys } from "../../../src/plan/not-ready-keys.ts";
import { NOW_MS } from "../../support/a-cloneset.ts";
import { aPod } from "../../support/a-pod.ts";

const other = { userAgent: "ContainerRecreateRequest", key: "crr-1" };
const NOW = "2026-01-01T12:00:00Z";
const LONG_AGO = "2026-01-01T11:00:00Z";

/** A pod with the gate KruisePodReady, and these keys on it; no keys = no condition yet. */
function gated(keys?: object[], ready = true): Pod {
  const pod = aPod({ ready });
  const status = keys?.length === 0 ? "True" : "False";
  const condition = { status, message: JSON.stringify(keys), lastTransitionMs: Date.parse(LONG_AGO) };
  return {
    ...pod,
    readinessGates: ["KruisePodReady"],
    conditions: { ...pod.conditions, ...(keys ? { KruisePodReady: condition } : {}) },
  };
}

const notReady = {
  type: "Ready",
  status: "False",
  reason: "ReadinessGatesNotReady",
  message: "",
  lastTransitionTime: NOW,
};
const keyed = (status: string, keys: object[], lastTransitionTime: string) => ({
  type: "KruisePodReady",
  status,
  reason: "",
  message: JSON.stringify(keys),
  lastTransitionTime,
});

const adding: { name: string; pod: Pod; want: object[] }[] = [
  {
    name: "takes the pod out of service in the same write",
    pod: gated([]),
    want: [keyed("False", [preUpdateKey], NOW), notReady],
  },
  {
    name: "writes False where there was no condition yet",
    pod: gated(),
    want: [keyed("False", [preUpdateKey], NOW), notReady],
  },
  {
    name: "stands beside the keys of others, sorted",
    pod: gated([preDeleteKey, other], false),
    want: [keyed("False", [other, preDeleteKey, preUpdateKey], LONG_AGO)],
  },
  { name: "is written once", pod: gated([preUpdateKey]), want: [] },
  { name: "leaves pods without the gate alone", pod: aPod(), want: [] },
];
for (const { name, pod, want } of adding) {
  test(`a key that keeps a pod out of service ${name}`, () =>
    assert.deepEqual(withKey(pod, preUpdateKey, NOW_MS), want));
}

const removing: { name: string; pod: Pod; want: object[] }[] = [
  { name: "puts it back when it was the last", pod: gated([preUpdateKey], false), want: [keyed("True", [], NOW)] },
  {
    name: "leaves it out of service for others",
    pod: gated([other, preUpdateKey], false),
    want: [keyed("False", [other], LONG_AGO)],
  },
  { name: "writes nothing where it is not", pod: gated([other], false), want: [] },
];
for (const { name, pod, want } of removing) {
  test(`taking a key off a pod ${name}`, () => assert.deepEqual(withoutKeys(pod, [preUpdateKey], NOW_MS), want));
}

for (const message of ["{", '"text"', '[1, {"key": 2}]', ""]) {
  test(`keys: the message ${JSON.stringify(message)} holds none`, () => {
    const pod = gated([]);
    const conditions = { KruisePodReady: { status: "False", message, lastTransitionMs: 0 } };
    assert.deepEqual(notReadyKeys({ ...pod, conditions }), []);
  });
}
