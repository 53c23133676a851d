import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action } from "../../../src/plan/actions.ts";
import { describe as inWords } from "../../../src/plan/actions.ts";
import { aClaimTemplate } from "../../support/a-cloneset.ts";
import { aClaim, aPod, FOREIGN } from "../../support/a-pod.ts";
import type { GivenObservation } from "../../support/an-observation.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";

const claimTemplates = [aClaimTemplate()];
const A = "bbbbb";
const claim = aClaim({ id: A });
const others = [aPod({ id: "ccccc" })];

/** One pod of two is special; its claim is `data-web-bbbbb`. What happens to claims, and which pods are made? */
function outcome(given: GivenObservation): string[] {
  const seen = anObservation({ replicas: 2, same: true, claimTemplates, claims: [claim], maxUnavailable: 1, ...given });
  return workPlan(seen)
    .actions.filter((action) => action.kind !== "refreshPod")
    .map((action) => (isFresh(action) ? "create pod web-<fresh> with a new claim" : inWords(action)));
}

function isFresh(action: Action): boolean {
  return action.kind === "createPod" && action.instanceId !== A && action.claims.length === 1;
}

const comesBack = "create pod web-bbbbb at web-7b4c5d6f8";
const fresh = "create pod web-<fresh> with a new claim";
const rows: {
  name: string;
  pods: ReturnType<typeof aPod>[];
  given?: GivenObservation;
  reuse: string[];
  noReuse: string[];
}[] = [
  {
    name: "we delete the pod: the PVC goes with it",
    pods: [aPod({ id: A, named: true }), ...others],
    reuse: ["delete pod web-bbbbb (podsToDelete) with data-web-bbbbb"],
    noReuse: ["delete pod web-bbbbb (podsToDelete) with data-web-bbbbb"],
  },
  {
    name: "the pod lives: nothing happens to its PVC",
    pods: [aPod({ id: A, ready: false }), ...others],
    reuse: [],
    noReuse: [],
  },
  {
    name: "somebody else deletes the pod: with reuse its place is kept until it is gone, without the PVC goes with it",
    pods: [aPod({ id: A, terminating: true }), ...others],
    reuse: [],
    noReuse: [fresh, "patch claim data-web-bbbbb (goesWithPod)"],
  },
  {
    name: "the pod fails: with reuse the pod object alone is deleted, without it keeps its PVC",
    pods: [aPod({ id: A, phase: "Failed" }), ...others],
    reuse: ["delete pod web-bbbbb (finished)"],
    noReuse: [fresh, "patch claim data-web-bbbbb (goesWithPod)"],
  },
  {
    name: "a failed pod that is terminating is not deleted once more",
    pods: [aPod({ id: A, phase: "Failed", terminating: true }), ...others],
    reuse: [],
    noReuse: [fresh, "patch claim data-web-bbbbb (goesWithPod)"],
  },
  {
    name: "the pod is gone: with reuse its id comes back, without the PVC is deleted",
    pods: others,
    reuse: [comesBack],
    noReuse: [fresh, "delete unused claim data-web-bbbbb"],
  },
  {
    name: "the pod is released just now: it still uses its PVC, and keeps id and name",
    pods: [aPod({ id: A, labels: { app: "other" } }), ...others],
    reuse: [fresh],
    noReuse: [fresh],
  },
  {
    name: "the pod was released before: the same",
    pods: others,
    given: { foreignNames: ["web-bbbbb"] },
    reuse: [fresh],
    noReuse: [fresh],
  },
  {
    name: "a PVC on its way out is neither reused nor touched",
    pods: others,
    given: { claims: [aClaim({ id: A, deleting: true })] },
    reuse: [fresh],
    noReuse: [fresh],
  },
  {
    name: "a PVC without an instance id is nobody's business",
    pods: others,
    given: { claims: [aClaim({ id: "", name: "data-web-bbbbb" })] },
    reuse: [fresh],
    noReuse: [fresh],
  },
  {
    name: "somebody else's PVC is left alone",
    pods: others,
    given: { claims: [aClaim({ id: A, owners: [FOREIGN] })] },
    reuse: [fresh],
    noReuse: [fresh],
  },
  {
    name: "somebody changed the id on the pod: its PVC is in use all the same",
    pods: [aPod({ id: "zzzzz", name: "web-bbbbb" }), ...others],
    reuse: [],
    noReuse: [],
  },
  {
    name: "such a pod is deleted: another id's PVC does not go with it",
    pods: [aPod({ id: "zzzzz", name: "web-bbbbb", named: true }), ...others],
    given: { claims: [aClaim({ id: "zzzzz" })] },
    reuse: ["delete pod web-bbbbb (podsToDelete)"],
    noReuse: ["delete pod web-bbbbb (podsToDelete)"],
  },
  {
    name: "the CloneSet is being deleted: garbage collection sees to everything",
    pods: others,
    given: { deleting: true },
    reuse: [],
    noReuse: [],
  },
];
for (const { name, pods, given, reuse, noReuse } of rows) {
  test(`PVCs with reuse: ${name}`, () => assert.deepEqual(outcome({ pods, ...given }), reuse));
  test(`PVCs without reuse: ${name}`, () =>
    assert.deepEqual(outcome({ pods, disablePvcReuse: true, ...given }), noReuse));
}

test("PVCs: a pod that comes back gets the claims it lacks, existing ones stay as they are", () => {
  const two = [aClaimTemplate("data"), aClaimTemplate("logs")];
  const seen = anObservation({ replicas: 1, same: true, claimTemplates: two, claims: [claim] });
  const [made] = actionsOf(workPlan(seen).actions, "createPod");
  assert.deepEqual(
    made?.claims.map(({ name }) => name),
    ["logs-web-bbbbb"],
  );
});

test("PVCs: a pod without an instance id has none, so it takes none with it", () => {
  const pods = [aPod({ id: "", name: "web-x", named: true }), ...others];
  const [deletion] = actionsOf(
    workPlan(
      anObservation({
        replicas: 2,
        maxUnavailable: 1,
        same: true,
        pods,
        claims: [aClaim({ id: "zzzzz" }), aClaim({ id: "", name: "data" })],
      }),
    ).actions,
    "deletePod",
  );
  assert.deepEqual(deletion?.claims, []);
});

test("PVCs: the id of a finished pod is free of the pod object before it comes back", () => {
  const failed = aPod({ id: A, phase: "Failed" });
  const plans = [[failed, ...others], others].map((pods) => outcome({ pods }));
  assert.deepEqual(plans, [["delete pod web-bbbbb (finished)"], [comesBack]]);
});

test("PVCs: an unused claim is deleted only after a look whether a pod of its name exists", () => {
  const [action] = actionsOf(
    workPlan(anObservation({ replicas: 1, same: true, disablePvcReuse: true, claims: [claim], pods: others })).actions,
    "deleteClaim",
  );
  assert.equal(action?.podName, "web-bbbbb");
});

test("PVCs: pods at the current revision get the claim templates of their time", () => {
  const seen = anObservation({ replicas: 2, partition: 1, claimTemplates: [aClaimTemplate("old")] });
  const live = { ...seen.cloneSet, spec: { ...seen.cloneSet.spec, claimTemplates: [aClaimTemplate("new")] } };
  const created = actionsOf(workPlan({ ...seen, cloneSet: live }).actions, "createPod");
  assert.deepEqual(
    created.map(({ claims }) => claims.map(({ name }) => name.split("-")[0])),
    [["old"], ["new"]],
  );
});
