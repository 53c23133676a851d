import assert from "node:assert/strict";
import { test } from "node:test";
import { heldPartition, pausedSplit } from "../../../src/plan/paused.ts";
import { nextStatus } from "../../../src/plan/status.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";
import { NEW } from "../../support/a-revision.ts";
import { anObservation, members, workPlan } from "../../support/an-observation.ts";
import { inShort, podsInShort } from "../../support/pods-in-short.ts";

const paused = aCloneSet({ paused: true });

test("paused: the split is that of the pods at the first paused pass", () => {
  const want = { updateRevision: NEW, oldReplicas: 3, replicas: 5 };
  assert.deepEqual(pausedSplit(paused, members(podsInShort("2o 1t 2n")), NEW), want);
});

test("paused: a recorded split stays, whatever happens to the pods", () => {
  const recorded = { updateRevision: NEW, oldReplicas: 3, replicas: 5 };
  const cloneSet = aCloneSet({ paused: true, status: { pausedSplit: recorded } });
  assert.deepEqual(pausedSplit(cloneSet, members(podsInShort("1o 2n")), NEW), recorded);
});

test("paused: a new template starts a new record, all on the old side", () => {
  const recorded = { updateRevision: "web-before", oldReplicas: 0, replicas: 5 };
  const cloneSet = aCloneSet({ paused: true, status: { pausedSplit: recorded } });
  const want = { updateRevision: NEW, oldReplicas: 5, replicas: 5 };
  assert.deepEqual(pausedSplit(cloneSet, members(podsInShort("5o")), NEW), want);
});

test("paused: without a pod to go by, the old side is the safe one", () => {
  const split = pausedSplit(paused, [], NEW);
  assert.ok(split);
  assert.equal(heldPartition(split, 4), 4);
});

test("not paused: no split is held, and a record ends", () => {
  const cloneSet = aCloneSet({ status: { pausedSplit: { updateRevision: NEW, oldReplicas: 3, replicas: 5 } } });
  assert.equal(pausedSplit(cloneSet, members(podsInShort("5o")), NEW), undefined);
});

const shares = [
  { name: "the same number of replicas keeps the same split", oldReplicas: 3, of: 5, replicas: 5, want: 3 },
  { name: "twice the replicas, twice the old ones", oldReplicas: 3, of: 5, replicas: 10, want: 6 },
  { name: "rounds in favour of the old revision", oldReplicas: 1, of: 3, replicas: 4, want: 2 },
  { name: "all old stays all old", oldReplicas: 5, of: 5, replicas: 7, want: 7 },
  { name: "all updated stays all updated", oldReplicas: 0, of: 5, replicas: 7, want: 0 },
  { name: "nothing left of it", oldReplicas: 3, of: 5, replicas: 0, want: 0 },
  { name: "a record of no pods holds all on the old side", oldReplicas: 0, of: 0, replicas: 3, want: 3 },
];
for (const { name, oldReplicas, of, replicas, want } of shares) {
  test(`paused share: ${name}`, () => {
    assert.equal(heldPartition({ updateRevision: NEW, oldReplicas, replicas: of }, replicas), want);
  });
}

const split = { updateRevision: NEW, oldReplicas: 3, replicas: 5 };
const held = [
  {
    name: "a lost old pod is replaced by an old one, whatever the partition says",
    replicas: 5,
    pods: "2o 2n",
    want: "create 1o",
  },
  { name: "a lost updated pod is replaced by an updated one", replicas: 5, pods: "3o 1n", want: "create 1n" },
  { name: "scaling up keeps the split", replicas: 10, pods: "3o 2n", want: "create 3o 2n" },
  { name: "scaling in keeps the split", replicas: 3, pods: "3o 2n", want: "scale in 1o 1n" },
  { name: "nobody moves", replicas: 5, pods: "5o", want: "nothing" },
];
for (const { name, pods: short, want, ...given } of held) {
  test(`paused: ${name}`, () => {
    const pods = podsInShort(short);
    const seen = anObservation({
      ...given,
      maxUnavailable: 2,
      partition: 0,
      paused: true,
      status: { pausedSplit: split },
      pods,
    });
    assert.equal(inShort(workPlan(seen), pods), want);
  });
}

test("paused: the first pass records the split in the status, and the pass after it finds it there", () => {
  const pods = podsInShort("3o 2n");
  const first = workPlan(anObservation({ replicas: 5, paused: true, pods }));
  const status = nextStatus({ ...first.statusInput, failures: { scale: undefined, update: undefined } });
  assert.deepEqual(status.pausedSplit, split);
});
