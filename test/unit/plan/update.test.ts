import assert from "node:assert/strict";
import { test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import { tally } from "../../../src/plan/tally.ts";
import { targets } from "../../../src/plan/targets.ts";
import type { Move } from "../../../src/plan/update.ts";
import { chooseMoves, podsToMove } from "../../../src/plan/update.ts";
import { aCloneSet } from "../../support/a-cloneset.ts";
import { members } from "../../support/an-observation.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

const numbers = [
  { name: "all old pods", replicas: 5, pods: "5o", want: 5 },
  { name: "old pods beyond the partition", replicas: 5, partition: 2, pods: "5o", want: 3 },
  { name: "no more than updated ones are missing", replicas: 5, pods: "5o 3n", want: 2 },
  { name: "no more than old ones are left", replicas: 8, pods: "2o 3n", want: 2 },
  { name: "none when the partition is raised", replicas: 6, partition: 4, pods: "1o 5n", want: 0 },
  {
    name: "back, when the partition is raised and pods may roll back",
    replicas: 6,
    partition: 4,
    rollBack: true,
    pods: "1o 5n",
    want: -3,
  },
  { name: "pods on their way out do not count", replicas: 5, pods: "2o 2oPD 1n", want: 2 },
];
for (const { name, pods, want, rollBack = false, ...given } of numbers) {
  test(`pods to move: ${name}`, () => {
    const features = { ...featureDefaults, CloneSetPartitionRollback: rollBack };
    const wanted = targets(aCloneSet(given).spec, { split: undefined, features, twoRevisions: true });
    assert.equal(podsToMove(tally(members(podsInShort(pods)), features), wanted), want);
  });
}

interface Case {
  name: string;
  replicas: number;
  maxUnavailable: number;
  pods: string;
  /** Indexes into `pods` and how each would move. */
  candidates: [number, Move][];
  moves?: number;
  repair?: boolean;
  ungatedUnderWay?: boolean;
  want: number[];
}
const inPlace = (...indexes: number[]): [number, Move][] => indexes.map((index) => [index, "inPlace"]);
const ungated = (...indexes: number[]): [number, Move][] => indexes.map((index) => [index, "inPlaceUngated"]);
const cases: Case[] = [
  {
    name: "as many as may be down",
    replicas: 5,
    maxUnavailable: 2,
    pods: "5o",
    candidates: inPlace(0, 1, 2, 3, 4),
    want: [0, 1],
  },
  {
    name: "no more than asked for",
    replicas: 5,
    maxUnavailable: 5,
    pods: "5o",
    candidates: inPlace(0, 1, 2),
    moves: 2,
    want: [0, 1],
  },
  {
    name: "pods that are down already count",
    replicas: 5,
    maxUnavailable: 2,
    pods: "3o 2n✗",
    candidates: inPlace(0, 1, 2),
    want: [],
  },
  {
    name: "missing pods lower the budget",
    replicas: 5,
    maxUnavailable: 2,
    pods: "4o",
    candidates: inPlace(0, 1, 2, 3),
    want: [0],
  },
  {
    name: "surplus pods raise it",
    replicas: 3,
    maxUnavailable: 0,
    pods: "3o 2n",
    candidates: inPlace(0, 1, 2),
    want: [0, 1],
  },
  {
    name: "a misfit is skipped: a pod further down that is down already costs nothing",
    replicas: 4,
    maxUnavailable: 2,
    pods: "2o 1o✗ 1o✗",
    candidates: inPlace(0, 2, 3),
    want: [2, 3],
  },
  {
    name: "but no more may be down on the target revision than the budget",
    replicas: 4,
    maxUnavailable: 1,
    pods: "3o✗ 1n✗",
    candidates: inPlace(0, 1, 2),
    want: [],
  },
  {
    name: "a revision that breaks everything takes one pod per round",
    replicas: 4,
    maxUnavailable: 1,
    pods: "4o✗",
    candidates: inPlace(0, 1, 2, 3),
    want: [0],
  },
  {
    name: "where pods are missing and the others are down, one of those goes all the same: else nothing ever would",
    replicas: 6,
    maxUnavailable: 2,
    pods: "1o✗ 1o",
    candidates: inPlace(0, 1),
    want: [0],
  },
  {
    name: "nor does a broken one wait for a surge pod that may not come",
    replicas: 3,
    maxUnavailable: 0,
    pods: "2o 1o✗",
    candidates: inPlace(0, 1, 2),
    want: [2],
  },
  {
    name: "but not while one is down on the target revision already",
    replicas: 6,
    maxUnavailable: 2,
    pods: "1o✗ 1n✗",
    candidates: inPlace(0),
    want: [],
  },
  {
    name: "pods without the gate go one at a time",
    replicas: 5,
    maxUnavailable: 3,
    pods: "5o",
    candidates: ungated(0, 1, 2),
    want: [0],
  },
  {
    name: "gated ones beside an ungated one go as the budget lets them",
    replicas: 5,
    maxUnavailable: 3,
    pods: "5o",
    candidates: [...ungated(0, 1), ...inPlace(2, 3)],
    want: [0, 2, 3],
  },
  {
    name: "no second ungated pod while one is under way",
    replicas: 5,
    maxUnavailable: 3,
    pods: "5o",
    candidates: [...ungated(0), ...inPlace(1)],
    ungatedUnderWay: true,
    want: [1],
  },
  {
    name: "a template set back moves broken pods beyond what the partition lets go",
    replicas: 5,
    maxUnavailable: 3,
    pods: "1t 2t✗ 2n",
    candidates: inPlace(1, 2, 0),
    moves: 0,
    repair: true,
    want: [1, 2],
  },
  {
    name: "and only broken ones",
    replicas: 5,
    maxUnavailable: 3,
    pods: "3t 2n",
    candidates: inPlace(0, 1, 2),
    moves: 0,
    repair: true,
    want: [],
  },
  {
    name: "and never beyond the budget",
    replicas: 5,
    maxUnavailable: 1,
    pods: "3t✗ 2n",
    candidates: inPlace(0, 1, 2),
    moves: 0,
    repair: true,
    want: [0],
  },
];
for (const { name, pods, candidates, moves = 100, repair = false, ungatedUnderWay = false, want, ...given } of cases) {
  test(`choose moves: ${name}`, () => {
    const all = members(podsInShort(pods));
    const wanted = targets(aCloneSet(given).spec, {
      split: undefined,
      features: featureDefaults,
      twoRevisions: !repair,
    });
    const chosen = chooseMoves(
      candidates.flatMap(([index, move]) => (all[index] ? [{ member: all[index], move }] : [])),
      { members: all, counts: tally(all, featureDefaults), wanted, moves, repair, toUpdated: true, ungatedUnderWay },
    );
    assert.deepEqual(
      chosen.map(({ member }) => all.indexOf(member)),
      want,
    );
  });
}
