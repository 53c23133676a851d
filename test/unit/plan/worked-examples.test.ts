import assert from "node:assert/strict";
import { test } from "node:test";
import { instanceId } from "../../../src/api/pod.ts";
import { plan } from "../../../src/plan/plan.ts";
import { aClaimTemplate } from "../../support/a-cloneset.ts";
import { aClaim } from "../../support/a-pod.ts";
import type { GivenObservation } from "../../support/an-observation.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";
import { inShort, podsInShort, preDeleteHook } from "../../support/pods-in-short.ts";

/**
 * The worked examples of the behaviour contract, by their numbers. o = old ready, n = new ready, t = on a third
 * revision, ✗ = not ready, * = named for deletion, PD = PreparingDelete with the hook still on the pod,
 * PN = PreparingNormal, U = Updating. `same` = the current revision is the update revision.
 *
 * "move" reads "recreate" with type ReCreate and "patch" with type InPlaceIfPossible; each row runs with both.
 */
interface Row extends Omit<GivenObservation, "pods"> {
  row: string;
  pods: string;
  want: string;
  /** Where patching in place differs in more than the word. */
  wantInPlace?: string;
}

const rows: Row[] = [
  { row: "1", replicas: 7, pods: "", same: true, want: "create 7n" },
  {
    row: "2: 3 are missing, 1 of 3 allowed is down",
    replicas: 9,
    scaleMaxUnavailable: 3,
    same: true,
    pods: "5n 1n✗",
    want: "create 2n; ScaleUpLimited",
  },
  {
    row: "3: 25% of 10 is 3, and 4 are down",
    replicas: 10,
    scaleMaxUnavailable: "25%",
    same: true,
    pods: "2n 4n✗",
    want: "ScaleUpLimited",
  },
  { row: "4: the partition lacks one old pod", replicas: 10, partition: 4, pods: "3o 2n", want: "create 1o 4n" },
  { row: "5: the partition is full", replicas: 10, partition: 4, pods: "4o 2n", want: "create 4n" },
  {
    row: "6: a lost old pod comes back as old",
    replicas: 5,
    partition: 2,
    maxUnavailable: 1,
    pods: "1o 3n",
    want: "create 1o",
  },
  { row: "7: 30% of 11 keeps 4", replicas: 11, partition: "30%", maxUnavailable: 2, pods: "11o", want: "move 2o" },
  { row: "8: 99% of 6 keeps 5, not 6", replicas: 6, partition: "99%", maxUnavailable: 2, pods: "6o", want: "move 1o" },
  { row: "9: 1% of 6 keeps 1", replicas: 6, partition: "1%", maxUnavailable: 2, pods: "6o", want: "move 2o" },
  { row: "10: 100% keeps all", replicas: 6, partition: "100%", maxUnavailable: 2, pods: "6o", want: "nothing" },
  { row: "10: more than all keeps all", replicas: 6, partition: 9, maxUnavailable: 2, pods: "6o", want: "nothing" },
  { row: "11: 12.5% of 16 keeps 2", replicas: 16, partition: "12.5%", maxUnavailable: 4, pods: "16o", want: "move 4o" },
  { row: "13: 20% of 8 rounds up to 2", replicas: 8, pods: "8o", want: "move 2o" },
  // The original makes a stand-in for in-place pods too. Ours only does so when maxUnavailable leaves no room.
  {
    row: "14: 20% of 8 rounds down to 1 with surge",
    replicas: 8,
    maxUnavailable: "20%",
    maxSurge: 1,
    pods: "8o",
    want: "create 1n",
    wantInPlace: "patch 1o",
  },
  // In place there is no surge in use, so the ninth pod is one too many: an old one, as always in excess of the partition.
  {
    row: "15: the stand-in that is down counts against the budget",
    replicas: 8,
    maxUnavailable: "20%",
    maxSurge: 1,
    pods: "8o 1n✗",
    want: "move 1o",
    wantInPlace: "scale in 1o",
  },
  { row: "16", replicas: 6, maxUnavailable: 0, maxSurge: 2, pods: "6o", want: "create 2n" },
  { row: "17", replicas: 6, maxUnavailable: 0, maxSurge: 2, pods: "6o 2n✗", want: "nothing" },
  { row: "18", replicas: 6, maxUnavailable: 0, maxSurge: 2, pods: "6o 2n", want: "move 2o" },
  {
    row: "19: the surge lets the named pod go",
    replicas: 6,
    maxUnavailable: 0,
    maxSurge: 2,
    pods: "5o 1o* 2n",
    want: "delete 1o*",
  },
  { row: "20", replicas: 5, maxUnavailable: 0, maxSurge: 1, pods: "4o 1n", want: "create 1n" },
  { row: "21: the surge is over", replicas: 5, maxUnavailable: 0, maxSurge: 1, pods: "1o 5n", want: "scale in 1o" },
  {
    row: "22: 50% of 5 may surge by 3",
    replicas: 5,
    partition: 2,
    maxUnavailable: 0,
    maxSurge: "50%",
    pods: "5o",
    want: "create 3n",
  },
  {
    row: "23: too many, but none to spare",
    replicas: 5,
    partition: 2,
    maxUnavailable: 0,
    maxSurge: "50%",
    pods: "5o 3n✗",
    want: "nothing",
  },
  { row: "24", replicas: 5, partition: 2, maxUnavailable: 0, maxSurge: "50%", pods: "5o 3n", want: "scale in 3o" },
  { row: "25", replicas: 7, partition: 3, maxUnavailable: 2, pods: "6o 4n", want: "scale in 3o" },
  {
    row: "26: old ones down to the partition, then new ones",
    replicas: 7,
    partition: 3,
    maxUnavailable: 2,
    pods: "4o 6n",
    want: "scale in 1o 2n",
  },
  { row: "27", replicas: 6, partition: 4, maxUnavailable: 1, pods: "4o 4n 2n✗", want: "scale in 2n✗ 2n" },
  { row: "28", replicas: 6, maxUnavailable: 1, same: true, pods: "6n 3n✗", want: "scale in 3n✗" },
  { row: "29", replicas: 0, same: true, pods: "3n", want: "scale in 3n" },
  { row: "30", replicas: 8, maxUnavailable: 1, same: true, pods: "6n 2n*", want: "delete 1n*" },
  {
    row: "31: lowering replicas at the same time frees the named ones",
    replicas: 6,
    maxUnavailable: 1,
    same: true,
    pods: "5n 3n*",
    want: "delete 3n*",
  },
  { row: "31, afterwards", replicas: 6, maxUnavailable: 1, same: true, pods: "5n", want: "create 1n" },
  {
    row: "32: a named pod that is down goes whatever the budget",
    replicas: 6,
    maxUnavailable: 1,
    same: true,
    pods: "4n 1n✗ 1n✗*",
    want: "delete 1n✗*",
  },
  {
    row: "33: a stand-in for the named pod beyond the budget",
    replicas: 6,
    maxUnavailable: 1,
    maxSurge: 1,
    same: true,
    pods: "4n 2n*",
    want: "create 1n",
  },
  // The original deletes both, leaving 3 where 4 are wanted: it does not count named pods that are down.
  {
    row: "34: the named pod that is down uses up the budget",
    replicas: 5,
    maxUnavailable: 1,
    same: true,
    pods: "3n 1n* 1n✗*",
    want: "delete 1n✗*",
  },
  {
    row: "35: stand-ins for old pods are old",
    replicas: 5,
    partition: 2,
    maxUnavailable: 0,
    maxSurge: 2,
    pods: "2o* 3n",
    want: "create 2o",
  },
  // In the original a creation that is held back holds back deletions too, even of pods that are down.
  {
    row: "36: deletion goes on while creation is held back",
    replicas: 4,
    scaleMaxUnavailable: 1,
    same: true,
    pods: "1n 1n✗ 1n✗*",
    want: "delete 1n✗*; ScaleUpLimited",
  },
  {
    row: "37: the hook holds it",
    replicas: 5,
    maxUnavailable: 1,
    same: true,
    lifecycle: preDeleteHook,
    pods: "4n 1nPD*",
    want: "nothing",
  },
  {
    row: "37: nobody names it any more",
    replicas: 5,
    maxUnavailable: 1,
    same: true,
    lifecycle: preDeleteHook,
    pods: "4n 1nPD",
    want: "to PreparingNormal 1nPD",
  },
  {
    row: "38: pods on their way out do not count",
    replicas: 5,
    maxUnavailable: 1,
    same: true,
    excludePreparingDelete: true,
    lifecycle: preDeleteHook,
    pods: "4n 1nPD*",
    want: "create 1n",
  },
  {
    row: "39",
    replicas: 3,
    same: true,
    lifecycle: preDeleteHook,
    pods: "1n 1nPD* 1nPD",
    want: "to PreparingNormal 1nPD",
  },
  { row: "40", replicas: 3, maxUnavailable: 1, same: true, lifecycle: preDeleteHook, pods: "3n 2nPD", want: "nothing" },
  {
    row: "41: a second one would make 3 unavailable",
    replicas: 5,
    maxUnavailable: 2,
    lifecycle: preDeleteHook,
    pods: "3o 1oPD* 1n",
    want: "move 1o",
  },
  { row: "42", replicas: 6, maxUnavailable: "20%", maxSurge: 2, paused: true, pods: "6o", want: "nothing" },
  { row: "43: nobody moves back", replicas: 6, partition: 4, maxUnavailable: 2, pods: "1o 5n", want: "nothing" },
  {
    row: "43: unless the gate is on",
    replicas: 6,
    partition: 4,
    maxUnavailable: 2,
    features: { CloneSetPartitionRollback: true },
    pods: "1o 5n",
    want: "move 2n",
  },
  {
    row: "44: the partition holds pods of an abandoned revision too",
    replicas: 8,
    partition: 3,
    maxUnavailable: 2,
    same: true,
    pods: "3t 5n",
    want: "nothing",
  },
  { row: "44: and lets them go at 0", replicas: 8, maxUnavailable: 2, same: true, pods: "3t 5n", want: "move 2t" },
  // The original waits for ever. Nothing is being tried out once the template was set back.
  {
    row: "44: a broken pod of an abandoned revision moves all the same",
    replicas: 8,
    partition: 3,
    maxUnavailable: 2,
    same: true,
    pods: "2t 1t✗ 5n",
    want: "move 1t✗",
  },
  {
    row: "45: a third revision counts as old",
    replicas: 5,
    partition: 3,
    maxUnavailable: 5,
    pods: "1o 2t 2n",
    want: "nothing",
  },
  { row: "48", replicas: 5, maxUnavailable: 1, pods: "3o 2nPN", want: "nothing" },
  {
    row: "49: creation held back does not hold back updates",
    replicas: 6,
    maxUnavailable: 3,
    scaleMaxUnavailable: 0,
    pods: "4o",
    want: "move 1o; ScaleUpLimited",
  },
  { row: "50: those that are down first", replicas: 6, maxUnavailable: 2, pods: "3o✗ 3o", want: "move 2o✗" },
  { row: "51", replicas: 6, maxUnavailable: 2, pods: "4o 2nU", want: "nothing" },
  // The original cannot read "12.5%" here, takes it for 0, and never updates.
  { row: "53: 12.5% of 16 is 2", replicas: 16, maxUnavailable: "12.5%", pods: "16o", want: "move 2o" },
  // The original only labels the pod here and deletes it a pass later.
  { row: "54: first one goes", replicas: 3, maxUnavailable: 1, partition: 1, pods: "3o", want: "move 1o" },
  {
    row: "54: its place is taken by a new one",
    replicas: 3,
    maxUnavailable: 1,
    partition: 1,
    pods: "2o",
    want: "create 1n",
  },
  {
    row: "54: which must become available",
    replicas: 3,
    maxUnavailable: 1,
    partition: 1,
    pods: "2o 1n✗",
    want: "nothing",
  },
  { row: "54: then the second", replicas: 3, maxUnavailable: 1, partition: 1, pods: "2o 1n", want: "move 1o" },
  { row: "54: and that is all", replicas: 3, maxUnavailable: 1, partition: 1, pods: "1o 2n", want: "nothing" },
];

const byType = [
  { type: "ReCreate", move: "recreate" },
  { type: "InPlaceIfPossible", move: "patch" },
];
for (const { row, pods: short, want, wantInPlace, ...given } of rows) {
  for (const { type, move } of byType) {
    test(`worked example ${row} (${type})`, () => {
      const pods = podsInShort(short, { gated: type !== "ReCreate" });
      const wanted = (type === "ReCreate" ? want : (wantInPlace ?? want)).replace("move", move);
      assert.equal(inShort(workPlan(anObservation({ type, ...given, pods })), pods), wanted);
    });
  }
}

const onDelete = [
  { row: "46: OnDelete makes new pods only", replicas: 7, pods: "5o", want: "create 2n" },
  { row: "46: OnDelete moves none", replicas: 5, pods: "5o", want: "nothing" },
  { row: "47: OnDelete scales in old pods first", replicas: 4, pods: "5o 2n", want: "scale in 3o" },
  {
    row: "46: OnDelete has no partition and no surge",
    replicas: 5,
    partition: 3,
    maxSurge: 2,
    pods: "4o",
    want: "create 1n",
  },
];
for (const { row, pods: short, want, ...given } of onDelete) {
  test(`worked example ${row}`, () => {
    const pods = podsInShort(short);
    assert.equal(inShort(workPlan(anObservation({ type: "OnDelete", ...given, pods })), pods), want);
  });
}

// The original reads rubbish as 0: everything is updated (partition) or nothing (maxUnavailable). "5" it reads as 5%.
const refused = [
  {
    row: "12: partition",
    partition: "abc",
    want: 'Cannot use spec.updateStrategy.partition: want an integer >= 0 or a percentage like "20%", found "abc"',
  },
  {
    row: "52: maxUnavailable",
    maxUnavailable: "5",
    want: 'Cannot use spec.updateStrategy.maxUnavailable: want an integer >= 0 or a percentage like "20%", found "5"',
  },
];
for (const { row, want, ...given } of refused) {
  test(`worked example ${row} that cannot be read stops everything but the status`, () => {
    const planned = plan(anObservation({ replicas: 4, ...given, pods: podsInShort("4o") }));
    assert.equal(planned.kind === "refused" && planned.why, want);
  });
}

test("worked example 54: the pod's claims go with it, and its successor has another id", () => {
  const pods = podsInShort("3o");
  const claims = pods.map((pod) => aClaim({ id: instanceId(pod) ?? "" }));
  const given = { replicas: 3, maxUnavailable: 1, partition: 1, claimTemplates: [aClaimTemplate()] };
  const [deletion] = actionsOf(workPlan(anObservation({ ...given, pods, claims })).actions, "deletePod");
  assert.ok(deletion);
  assert.deepEqual(
    deletion.claims.map(({ name }) => name),
    [`data-${deletion.pod.name}`],
  );

  const left = pods.filter(({ uid }) => uid !== deletion.pod.uid);
  const leaving = claims.map((claim) => ({ ...claim, deleting: claim.name === `data-${deletion.pod.name}` }));
  const [creation] = actionsOf(workPlan(anObservation({ ...given, pods: left, claims: leaving })).actions, "createPod");
  assert.ok(creation);
  assert.notEqual(creation.name, deletion.pod.name);
  assert.deepEqual(
    creation.claims.map(({ name }) => name),
    [`data-${creation.name}`],
  );
});
