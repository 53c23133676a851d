import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloneSetStatus, Condition } from "../../../src/api/cloneset.ts";
import { timestamp } from "../../../src/api/kubernetes.ts";
import { plan } from "../../../src/plan/plan.ts";
import { nextStatus, progressDeadlineInMs } from "../../../src/plan/status.ts";
import type { GivenCloneSet } from "../../support/a-cloneset.ts";
import { NOW_MS } from "../../support/a-cloneset.ts";
import { aClaim, aPod } from "../../support/a-pod.ts";
import { aRevision, NEW, OLD } from "../../support/a-revision.ts";
import type { GivenObservation } from "../../support/an-observation.ts";
import { anObservation, workPlan } from "../../support/an-observation.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

const well = { scale: undefined, update: undefined };

function statusOf(
  given: GivenObservation,
  failures: { scale: string | undefined; update: string | undefined } = well,
): CloneSetStatus {
  return nextStatus({ ...workPlan(anObservation(given)).statusInput, failures });
}

function conditionOf(status: CloneSetStatus, type: string): Condition | undefined {
  return status.conditions.find((condition) => condition.type === type);
}

test("status: the worked example of the contract", () => {
  const pods = [
    aPod({ id: "bbbbb", gated: true }),
    aPod({ id: "ccccc", revision: "7b4c5d6f8", state: "", image: "app:v2" }),
    aPod({ id: "ddddd", state: "PreparingNormal" }),
    aPod({ id: "fffff", gated: true, gate: "False" }),
    aPod({ id: "ggggg", revision: OLD, phase: "Pending" }),
    aPod({ id: "hhhhh", revision: OLD, readyForSeconds: 1 }),
  ];
  const { conditions: _, ...numbers } = statusOf({ replicas: 6, minReadySeconds: 10, pods, generation: 7 });
  assert.deepEqual(numbers, {
    observedGeneration: 7,
    replicas: 6,
    readyReplicas: 4,
    availableReplicas: 2,
    updatedReplicas: 4,
    updatedReadyReplicas: 3,
    updatedAvailableReplicas: 2,
    expectedUpdatedReplicas: 6,
    terminatingReplicas: 0,
    ignoredPodsToDelete: 0,
    idleClaims: 0,
    updateRevision: NEW,
    currentRevision: OLD,
    collisionCount: 0,
    labelSelector: "app=web",
    instanceCounter: 0,
  });
});

test("status: terminating pods, ignored names and idle claims are counted apart", () => {
  const status = statusOf({
    replicas: 2,
    same: true,
    scaleMaxUnavailable: 0,
    podsToDelete: ["web-gone", "web-ccccc", "web-bbbbb"],
    pods: [aPod({ id: "bbbbb" }), aPod({ id: "ccccc", terminating: true })],
    claims: [aClaim({ id: "zzzzz" })],
  });
  assert.equal(status.replicas, 1);
  assert.equal(status.terminatingReplicas, 1);
  assert.equal(status.ignoredPodsToDelete, 2);
  assert.equal(status.idleClaims, 1);
});

test("status: the counter of ids is that of the plan", () => {
  assert.equal(statusOf({ replicas: 3, same: true, status: { instanceCounter: 4 } }).instanceCounter, 7);
});

const current = [
  { name: "stays while old pods are left", replicas: 3, pods: "1o 2n", want: OLD },
  { name: "stays while pods are missing", replicas: 3, pods: "2n", want: OLD },
  { name: "stays while there are too many", replicas: 3, pods: "4n", want: OLD },
  { name: "moves when all pods are updated, ready or not", replicas: 3, pods: "2n 1n✗", want: NEW },
  { name: "moves at once without any pod wanted", replicas: 0, pods: "", want: NEW },
];
for (const { name, replicas, pods, want } of current) {
  test(`currentRevision ${name}`, () =>
    assert.equal(statusOf({ replicas, pods: podsInShort(pods) }).currentRevision, want));
}

const expected = [
  { name: "all but the partition", given: { replicas: 10, partition: "25%" }, want: 7 },
  {
    name: "all with OnDelete, whatever the partition",
    given: { replicas: 10, partition: 5, type: "OnDelete" },
    want: 10,
  },
  {
    name: "what the spec asks for in the end, while paused",
    given: { replicas: 4, partition: 1, paused: true },
    want: 3,
  },
];
for (const { name, given, want } of expected) {
  test(`expectedUpdatedReplicas: ${name}`, () => {
    assert.equal(statusOf({ ...given, pods: podsInShort("4o") }).expectedUpdatedReplicas, want);
  });
}

// Ready, Reconciling, Stalled as kstatus reads them: [status of each], reason and message of Ready.
const summaries: {
  name: string;
  given: GivenObservation;
  pods: string;
  want: [string, string, string];
  reason: string;
  message: string;
}[] = [
  {
    name: "done",
    given: { replicas: 2 },
    pods: "2n",
    want: ["True", "False", "False"],
    reason: "AllPodsAvailable",
    message: "all 2 pods are updated and available",
  },
  {
    name: "done as far as the partition lets it",
    given: { replicas: 3, partition: 1 },
    pods: "1o 2n",
    want: ["True", "False", "False"],
    reason: "PartitionReached",
    message: "2 of 2 updated pods available; 1 kept on old revisions by partition",
  },
  {
    name: "pods are missing",
    given: { replicas: 3 },
    pods: "2n",
    want: ["False", "True", "False"],
    reason: "Scaling",
    message: "2 of 3 pods exist; 2 of 3 updated pods available",
  },
  {
    name: "pods are to be updated",
    given: { replicas: 3, maxUnavailable: 0 },
    pods: "2o 1n",
    want: ["False", "True", "False"],
    reason: "RollingOut",
    message: "1 of 3 updated pods available",
  },
  {
    name: "all are updated, one is down",
    given: { replicas: 2 },
    pods: "1n 1n✗",
    want: ["False", "True", "False"],
    reason: "PodsUnavailable",
    message:
      "1 of 2 updated pods available; waiting for web-bbbbc: not ready since 2026-01-01T11:00:00Z; 1 unavailable, 1 allowed",
  },
  {
    name: "paused halfway: at rest, not done",
    given: { replicas: 3, paused: true },
    pods: "2o 1n",
    want: ["False", "False", "False"],
    reason: "Paused",
    message: "paused; 1 of 3 updated pods available",
  },
  {
    name: "paused at the end",
    given: { replicas: 2, paused: true },
    pods: "2n",
    want: ["True", "False", "False"],
    reason: "AllPodsAvailable",
    message: "all 2 pods are updated and available",
  },
  {
    name: "OnDelete waits for the user",
    given: { replicas: 2, type: "OnDelete" },
    pods: "1o 1n",
    want: ["False", "False", "False"],
    reason: "OnDelete",
    message: "1 of 2 updated pods available; the others are updated when somebody deletes them",
  },
];
for (const { name, given, pods, want, reason, message } of summaries) {
  test(`conditions: ${name}`, () => {
    const status = statusOf({ ...given, pods: podsInShort(pods) });
    assert.deepEqual(
      ["Ready", "Reconciling", "Stalled"].map((type) => conditionOf(status, type)?.status),
      want,
    );
    const ready = conditionOf(status, "Ready");
    assert.deepEqual([ready?.reason, ready?.message], [reason, message]);
  });
}

const floors = [
  {
    name: "with as many as maxUnavailable leaves",
    pods: "3n 1n✗",
    want: "True",
    message: "3 of 4 pods available, at least 3 wanted",
  },
  { name: "not with fewer", pods: "2n 2n✗", want: "False", message: "2 of 4 pods available, at least 3 wanted" },
];
for (const { name, pods, want, message } of floors) {
  test(`condition Available: ${name}`, () => {
    const available = conditionOf(statusOf({ replicas: 4, maxUnavailable: 1, pods: podsInShort(pods) }), "Available");
    assert.deepEqual([available?.status, available?.message], [want, message]);
  });
}

test("a spec that cannot be carried out: only an edit helps, and the numbers stay as they were", () => {
  const seen = anObservation({
    partition: "abc",
    generation: 5,
    status: { replicas: 3, readyReplicas: 2 },
    pods: podsInShort("3o"),
  });
  const planned = plan(seen);
  assert.ok(planned.kind === "refused");
  const { status, why } = planned;
  assert.deepEqual([status.observedGeneration, status.replicas, status.readyReplicas], [5, 3, 2]);
  assert.deepEqual(
    ["Ready", "Reconciling", "Stalled"].map((type) => conditionOf(status, type)),
    ["False", "False", "True"].map((value, index) => ({
      type: ["Ready", "Reconciling", "Stalled"][index],
      status: value,
      reason: "InvalidSpec",
      message: why,
      lastTransitionTime: "2026-01-01T12:00:00Z",
    })),
  );
});

test("an edit that helps takes Stalled away", () => {
  const seen = anObservation({ partition: "abc", pods: podsInShort("3n") });
  const refused = plan(seen);
  assert.ok(refused.kind === "refused");
  assert.equal(conditionOf(statusOf({ status: refused.status, pods: podsInShort("3n") }), "Stalled")?.status, "False");
});

test("a pod that InPlaceOnly cannot update stalls the rollout, in words", () => {
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "app", image: "app:v1", tty: true }] },
  };
  const revisions = [aRevision({ name: OLD, revision: 1, template }), aRevision()];
  const given = { replicas: 1, type: "InPlaceOnly", revisions, pods: podsInShort("1o", { gated: true }) };
  const planned = workPlan(anObservation(given));
  assert.deepEqual(planned.actions, []);
  assert.match(
    planned.problems[0] ?? "",
    /^pod web-bbbbb cannot be updated in place, and InPlaceOnly allows nothing else: spec\.template\.spec\.containers\[app\]/,
  );
  const status = statusOf(given);
  assert.deepEqual(
    [conditionOf(status, "Stalled")?.status, conditionOf(status, "Stalled")?.message],
    ["True", planned.problems[0]],
  );
});

const failure = { scale: "create pod web-x: exceeded quota", update: undefined };
test("FailedScale appears with the failure, keeps up with its words, and clears on a clean pass", () => {
  const given = { replicas: 3, same: true, pods: podsInShort("3n") };
  const before = statusOf(given);
  assert.equal(conditionOf(before, "FailedScale"), undefined);
  const failed = statusOf({ ...given, status: before }, failure);
  assert.deepEqual(conditionOf(failed, "FailedScale"), {
    type: "FailedScale",
    status: "True",
    message: "create pod web-x: exceeded quota",
    lastTransitionTime: "2026-01-01T12:00:00Z",
  });
  const again = statusOf({ ...given, status: failed, nowMs: NOW_MS + 60_000 }, { ...failure, scale: "another reason" });
  assert.deepEqual(
    [conditionOf(again, "FailedScale")?.message, conditionOf(again, "FailedScale")?.lastTransitionTime],
    ["another reason", "2026-01-01T12:00:00Z"],
  );
  const clean = statusOf({ ...given, status: again, nowMs: NOW_MS + 120_000 });
  assert.deepEqual(conditionOf(clean, "FailedScale"), {
    type: "FailedScale",
    status: "False",
    lastTransitionTime: "2026-01-01T12:02:00Z",
  });
});

test("FailedUpdate appears and clears in the same way", () => {
  const failed = statusOf({ pods: podsInShort("3n") }, { scale: undefined, update: "refused" });
  assert.equal(conditionOf(failed, "FailedUpdate")?.status, "True");
  assert.equal(conditionOf(statusOf({ pods: podsInShort("3n"), status: failed }), "FailedUpdate")?.status, "False");
});

test("conditions of others stay as they are, and so do times of conditions that do not change", () => {
  const foreign: Condition = {
    type: "ExampleCheck",
    status: "Unknown",
    reason: "X",
    message: "y",
    lastTransitionTime: null,
  };
  const first = statusOf({ replicas: 3, same: true, pods: podsInShort("3n"), status: { conditions: [foreign] } });
  const second = statusOf({
    replicas: 3,
    same: true,
    pods: podsInShort("3n"),
    status: first,
    nowMs: NOW_MS + 3_600_000,
  });
  assert.deepEqual(conditionOf(second, "ExampleCheck"), foreign);
  assert.deepEqual(second, first);
});

// A rollout as it is told minute by minute, with a deadline of 10 minutes. The status of one line is the next one's start.
interface Line extends GivenCloneSet {
  minute: number;
  pods: string;
  /** Status and reason of Progressing. */
  want: string;
  since: number;
  revision?: string;
}
const at = (minute: number) => timestamp(NOW_MS + minute * 60_000);
const timelines: { name: string; lines: Line[] }[] = [
  {
    name: "the deadline runs from the last gain, and what is exceeded stays so until the next gain",
    lines: [
      { minute: 0, pods: "3o", want: "True CloneSetUpdated", since: 0 },
      { minute: 5, pods: "3o", want: "True CloneSetUpdated", since: 0 },
      { minute: 9, pods: "2o 1n", want: "True CloneSetUpdated", since: 9 },
      { minute: 19, pods: "2o 1n", want: "True CloneSetUpdated", since: 9 },
      { minute: 20, pods: "2o 1n", want: "False ProgressDeadlineExceeded", since: 20 },
      { minute: 21, pods: "2o 1n", want: "False ProgressDeadlineExceeded", since: 20 },
      { minute: 60, pods: "2o 1n", want: "False ProgressDeadlineExceeded", since: 20 },
      { minute: 61, pods: "1o 2n", want: "True CloneSetUpdated", since: 61 },
      { minute: 62, pods: "3n", want: "True CloneSetAvailable", since: 62 },
    ],
  },
  {
    name: "a new revision starts the clock anew",
    lines: [
      { minute: 0, pods: "3o", want: "True CloneSetUpdated", since: 0 },
      { minute: 11, pods: "3o", want: "False ProgressDeadlineExceeded", since: 11 },
      { minute: 12, pods: "3o", revision: "web-before", want: "True CloneSetUpdated", since: 12 },
    ],
  },
  {
    name: "a lost pod is no gain, one that comes back is",
    lines: [
      { minute: 0, pods: "2o 1n", want: "True CloneSetUpdated", since: 0 },
      { minute: 4, pods: "2o 1n✗", want: "True CloneSetUpdated", since: 0 },
      { minute: 8, pods: "2o 1n", want: "True CloneSetUpdated", since: 8 },
    ],
  },
  {
    name: "paused and held by the partition, no clock runs",
    lines: [
      { minute: 0, pods: "3o", want: "True CloneSetUpdated", since: 0 },
      { minute: 5, pods: "3o", paused: true, want: "True CloneSetPaused", since: 5 },
      { minute: 90, pods: "3o", paused: true, want: "True CloneSetPaused", since: 5 },
      { minute: 91, pods: "3o", want: "True CloneSetUpdated", since: 91 },
      { minute: 95, pods: "2o 1n", partition: 2, want: "True ProgressPartitionAvailable", since: 95 },
    ],
  },
  {
    name: "OnDelete ends in the deadline",
    lines: [
      { minute: 0, pods: "3o", type: "OnDelete", want: "True CloneSetUpdated", since: 0 },
      { minute: 11, pods: "3o", type: "OnDelete", want: "False ProgressDeadlineExceeded", since: 11 },
    ],
  },
];
for (const { name, lines } of timelines) {
  test(`condition Progressing: ${name}`, () => {
    let status: Partial<CloneSetStatus> = { currentRevision: OLD };
    for (const { minute, pods, want, since, revision, ...given } of lines) {
      const before = { ...status, ...(revision === undefined ? {} : { updateRevision: revision }) };
      const next = statusOf({
        replicas: 3,
        progressDeadlineSeconds: 600,
        ...given,
        status: before,
        pods: podsInShort(pods),
        nowMs: NOW_MS + minute * 60_000,
      });
      const found = conditionOf(next, "Progressing");
      assert.deepEqual(
        [`${found?.status} ${found?.reason}`, found?.lastUpdateTime],
        [want, at(since)],
        `minute ${minute}`,
      );
      status = next;
    }
  });
}

const progressMessages = [
  { name: "available", pods: "3n", given: {}, want: "CloneSet is available" },
  { name: "paused", pods: "3o", given: { paused: true }, want: "CloneSet is paused" },
  {
    name: "partition",
    pods: "2o 1n",
    given: { partition: 2 },
    want: "CloneSet has been paused due to partition ready",
  },
  { name: "moving", pods: "3o", given: {}, want: "CloneSet is progressing" },
];
for (const { name, pods, given, want } of progressMessages) {
  test(`condition Progressing has the original's words: ${name}`, () => {
    const status = statusOf({ replicas: 3, progressDeadlineSeconds: 600, ...given, pods: podsInShort(pods) });
    assert.equal(conditionOf(status, "Progressing")?.message, want);
  });
}

test("condition Progressing names the revision that timed out, and it stalls the rollout", () => {
  const first = statusOf({ replicas: 3, progressDeadlineSeconds: 600, pods: podsInShort("3o") });
  const late = {
    replicas: 3,
    progressDeadlineSeconds: 600,
    pods: podsInShort("3o"),
    status: first,
    nowMs: NOW_MS + 601_000,
  };
  const status = statusOf(late);
  const want = `CloneSet revision ${NEW} has timed out progressing`;
  assert.deepEqual(
    [conditionOf(status, "Progressing")?.message, conditionOf(status, "Stalled")?.message],
    [want, want],
  );
});

test("condition Progressing: exactly at the deadline it is not exceeded yet", () => {
  const first = statusOf({ replicas: 3, progressDeadlineSeconds: 600, pods: podsInShort("3o") });
  const given = { replicas: 3, progressDeadlineSeconds: 600, pods: podsInShort("3o"), status: first };
  assert.equal(conditionOf(statusOf({ ...given, nowMs: NOW_MS + 600_000 }), "Progressing")?.status, "True");
  assert.equal(conditionOf(statusOf({ ...given, nowMs: NOW_MS + 600_001 }), "Progressing")?.status, "False");
});

test("condition Progressing is there only with a deadline, and goes with it", () => {
  const first = statusOf({ replicas: 3, progressDeadlineSeconds: 600, pods: podsInShort("3o") });
  assert.equal(
    conditionOf(statusOf({ replicas: 3, status: first, pods: podsInShort("3o") }), "Progressing"),
    undefined,
  );
  const never = statusOf({ replicas: 3, progressDeadlineSeconds: 2147483647, status: first, pods: podsInShort("3o") });
  assert.equal(conditionOf(never, "Progressing"), undefined);
});

test("the next look at the deadline comes a second after it; when nothing runs there is none", () => {
  const status = statusOf({ replicas: 3, progressDeadlineSeconds: 600, pods: podsInShort("3o") });
  assert.equal(progressDeadlineInMs(status, 600, NOW_MS + 200_000), 401_000);
  assert.equal(progressDeadlineInMs(status, undefined, NOW_MS), undefined);
  const done = statusOf({ replicas: 3, progressDeadlineSeconds: 600, pods: podsInShort("3n") });
  assert.equal(progressDeadlineInMs(done, 600, NOW_MS), undefined);
});
