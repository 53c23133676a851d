import assert from "node:assert/strict";
import { test } from "node:test";
import { surprise } from "../../../src/plan/surprise.ts";
import { aClaimTemplate } from "../../support/a-cloneset.ts";
import { aClaim } from "../../support/a-pod.ts";
import { NEW } from "../../support/a-revision.ts";
import type { GivenObservation } from "../../support/an-observation.ts";
import { anObservation, workPlan } from "../../support/an-observation.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

const known = { observedGeneration: 1, replicas: 5, updatedReplicas: 5, updateRevision: NEW };
const cases: { name: string; given: Omit<GivenObservation, "pods">; pods: string; want: number }[] = [
  {
    name: "replicas was lowered just now: asked for",
    given: { replicas: 2, generation: 2, same: true, status: known },
    pods: "5n",
    want: 0,
  },
  {
    name: "the status said already that there are so many: asked for",
    given: { replicas: 2, same: true, status: known },
    pods: "5n",
    want: 0,
  },
  {
    name: "there are more pods than anybody spoke of: not asked for",
    given: { replicas: 3, same: true, status: { ...known, replicas: 3 } },
    pods: "6n",
    want: 3,
  },
  {
    name: "one pod more is no surprise",
    given: { replicas: 3, same: true, status: { ...known, replicas: 3 } },
    pods: "4n",
    want: 0,
  },
  {
    name: "named pods are asked for, however many",
    given: { replicas: 0, same: true, status: { ...known, replicas: 0 } },
    pods: "4n*",
    want: 0,
  },
  {
    name: "a template that was edited just now: asked for",
    given: { replicas: 5, maxUnavailable: 3, generation: 2, status: known },
    pods: "5o",
    want: 0,
  },
  {
    name: "a rollout that the status speaks of: asked for",
    given: { replicas: 5, maxUnavailable: 3, status: { ...known, updatedReplicas: 0 } },
    pods: "5o",
    want: 0,
  },
  {
    name: "pods that were up to date and are not any more, without an edit: not asked for",
    given: { replicas: 5, maxUnavailable: 3, status: known },
    pods: "5o",
    want: 3,
  },
  {
    name: "another update revision than the status knows, without an edit: not asked for",
    given: { replicas: 5, maxUnavailable: 3, status: { ...known, updateRevision: "web-1", updatedReplicas: 0 } },
    pods: "5o",
    want: 3,
  },
];
for (const { name, given, pods, want } of cases) {
  test(`surprise: ${name}`, () => {
    const found = surprise(workPlan(anObservation({ ...given, pods: podsInShort(pods) })));
    assert.equal(found?.unasked ?? 0, want);
    if (found) assert.equal(found.pods.length, podsInShort(pods).length);
  });
}

test("surprise: in a large set one pod in twenty may go unasked", () => {
  const of = (surplus: number) => {
    const status = { ...known, replicas: 60 };
    const pods = podsInShort(`${60 + surplus}n`);
    return surprise(workPlan(anObservation({ replicas: 60, maxUnavailable: 60, same: true, status, pods })))?.unasked;
  };
  assert.deepEqual([of(3), of(4)], [undefined, 4]);
});

test("surprise: PVCs are worth a look whoever asked for it", () => {
  const given = { replicas: 1, generation: 2, same: true, status: known, claimTemplates: [aClaimTemplate()] };
  const pods = podsInShort("2n");
  const claims = pods.map(({ labels }) => aClaim({ id: labels["apps.kruise.io/cloneset-instance-id"] ?? "" }));
  assert.deepEqual(surprise(workPlan(anObservation({ ...given, pods, claims }))), {
    claims: true,
    unasked: 0,
    pods: [],
  });
  assert.equal(surprise(workPlan(anObservation({ ...given, pods }))), undefined);
});

test("surprise: so is a PVC that nobody seems to use", () => {
  const given = { replicas: 0, same: true, disablePvcReuse: true, claimTemplates: [aClaimTemplate()] };
  assert.equal(surprise(workPlan(anObservation({ ...given, claims: [aClaim()] })))?.claims, true);
});
