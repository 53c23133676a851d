import assert from "node:assert/strict";
import { test } from "node:test";
import { rolloutOf } from "../../../src/cli/rollout.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const stalled = { type: "Stalled", status: "True", message: "image nginx:nope cannot be pulled" } as const;
const late = {
  type: "Progressing",
  status: "False",
  reason: "ProgressDeadlineExceeded",
  message: "timed out",
} as const;

const cases = [
  { name: "all updated and available", want: "done", message: "all 5 pods updated and available" },
  {
    name: "numbers of an older spec are not believed",
    status: { observedGeneration: 0 },
    want: "progressing",
    message: "waiting for the controller to see the last edit",
  },
  {
    name: "no controller has ever looked",
    status: { observedGeneration: -1 },
    want: "progressing",
    message: "the controller has not seen it yet: does it run?",
  },
  {
    name: "updated pods that are not available are not done",
    status: { availableReplicas: 4, updatedAvailableReplicas: 4 },
    want: "progressing",
    message: "4 of 5 updated pods available",
  },
  {
    name: "scaling up is not done, though every pod there is fine",
    spec: { replicas: 8 },
    want: "progressing",
    message: "5 of 8 pods exist; 5 of 8 updated pods available",
  },
  {
    name: "held by the partition",
    spec: { updateStrategy: { partition: 2 } },
    status: { updatedReplicas: 3, updatedAvailableReplicas: 3 },
    want: "held",
    message: "3 of 3 updated pods available; the partition keeps 2 pods on old revisions",
  },
  {
    name: "a partition as a percentage counts pods",
    spec: { updateStrategy: { partition: "40%" } },
    status: { updatedReplicas: 3, updatedAvailableReplicas: 3 },
    want: "held",
    message: "3 of 3 updated pods available; the partition keeps 2 pods on old revisions",
  },
  {
    name: "a partition with nothing to hold back is done",
    spec: { updateStrategy: { partition: 2 } },
    want: "done",
    message: "all 5 pods updated and available",
  },
  {
    name: "on the way to the partition",
    spec: { updateStrategy: { partition: 2 } },
    status: { updatedReplicas: 2, updatedAvailableReplicas: 2 },
    want: "progressing",
    message: "2 of 3 updated pods available",
  },
  {
    name: "paused in the middle",
    spec: { updateStrategy: { paused: true } },
    status: { updatedReplicas: 2, updatedAvailableReplicas: 2 },
    want: "paused",
    message: "paused; 2 of 5 updated pods available",
  },
  {
    name: "paused after the end is done",
    spec: { updateStrategy: { paused: true } },
    want: "done",
    message: "all 5 pods updated and available",
  },
  {
    name: "OnDelete waits for people",
    spec: { updateStrategy: { type: "OnDelete" } },
    status: { updatedReplicas: 2, updatedAvailableReplicas: 2 },
    want: "held",
    message: "2 of 5 updated pods available; the others are updated when somebody deletes them",
  },
  { name: "stalled", status: { conditions: [stalled] }, want: "failed", message: stalled.message },
  { name: "progress deadline passed", status: { conditions: [late] }, want: "failed", message: "timed out" },
  {
    name: "the controller's own words, where there are any",
    status: {
      updatedAvailableReplicas: 4,
      availableReplicas: 4,
      conditions: [{ type: "Ready", status: "False", message: "waiting for web-x: starting" } as const],
    },
    want: "progressing",
    message: "waiting for web-x: starting",
  },
  {
    name: "no pods wanted",
    spec: { replicas: 0 },
    status: { replicas: 0, availableReplicas: 0, updatedReplicas: 0, updatedAvailableReplicas: 0 },
    want: "done",
    message: "no pods wanted",
  },
];
for (const { name, want, message, ...given } of cases) {
  test(`rollout: ${name}`, () => {
    const { state, message: said } = rolloutOf(wireCloneSet(given));
    assert.deepEqual({ state, said }, { state: want, said: message });
  });
}
