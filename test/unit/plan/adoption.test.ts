import assert from "node:assert/strict";
import { test } from "node:test";
import { label } from "../../../src/api/constants.ts";
import type { Pod } from "../../../src/api/pod.ts";
import { plan } from "../../../src/plan/plan.ts";
import { aTemplate } from "../../support/a-cloneset.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";
import { NEW, OLD } from "../../support/a-revision.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";

/** A pod that nobody owns and that says nothing about a revision. */
function stray(image: string, given: GivenPod = {}): Pod {
  const pod = aPod({ name: "by-hand", id: "", revision: "", state: "", owners: [], image, ...given });
  return { ...pod, asTemplate: { ...aTemplate(image), metadata: { labels: pod.labels } } };
}

const labelsOf = (seen: Parameters<typeof workPlan>[0]) =>
  actionsOf(workPlan(seen).actions, "adoptPod").map(({ labels }) => labels);

const cases = [
  { name: "equal to the update revision", image: "app:v2", want: NEW },
  { name: "equal to an older revision", image: "app:v1", want: OLD },
  { name: "equal to none: it counts as old", image: "app:v9", want: undefined },
];
for (const { name, image, want } of cases) {
  test(`adoption of a pod without a revision label, ${name}`, () => {
    const [labels] = labelsOf(anObservation({ replicas: 1, pods: [stray(image)] }));
    assert.equal(labels?.[label.revision], want);
    assert.equal(labels?.[label.podTemplateHash], want?.slice("web-".length));
    if (want) assert.match(labels?.[label.instanceId] ?? "", /^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });
}

test("adoption: the revision that a pod is recognised as is not forgotten in the same plan", () => {
  const seen = anObservation({ replicas: 1, status: { currentRevision: NEW }, pods: [stray("app:v1")] });
  const { spec } = seen.cloneSet;
  const limited = { ...seen, cloneSet: { ...seen.cloneSet, spec: { ...spec, revisionHistoryLimit: 0 } } };
  const forgotten = actionsOf(workPlan(limited).actions, "deleteRevision").map(({ revision }) => revision.name);
  assert.ok(forgotten.length > 0 && !forgotten.includes(OLD), forgotten.join());
});

test("adoption: a revision label that names none of our revisions says nothing", () => {
  const pods = [stray("app:v2", { revision: "db-7d9f8c" })];
  assert.equal(labelsOf(anObservation({ replicas: 1, pods }))[0]?.[label.revision], NEW);
});

test("adoption: a pod that names its revision keeps its labels", () => {
  const pods = [aPod({ owners: [] })];
  assert.deepEqual(labelsOf(anObservation({ replicas: 1, same: true, pods })), [undefined]);
});

test("adoption: halfway through an update in place a pod is of the revision that it goes to, whatever it looks like", () => {
  const next = { revision: NEW, updateTimestamp: "2026-01-01T11:59:00Z", nextContainerImages: { app: "app:v2" } };
  const annotations = { "apps.kruise.io/inplace-update-state": JSON.stringify(next) };
  const pods = [stray("app:v1", { annotations, state: "Updating" })];
  assert.equal(labelsOf(anObservation({ replicas: 1, pods }))[0]?.[label.revision], NEW);
});

test("adoption: volumes of its own PVCs do not hide what a pod is made from, those of other PVCs do", () => {
  const withVolume = (claimName: string) => {
    const pod = stray("app:v2");
    const template = pod.asTemplate ?? aTemplate("app:v2");
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName } }];
    const asTemplate = { ...template, spec: { ...template.spec, volumes } };
    return anObservation({ replicas: 1, pods: [{ ...pod, asTemplate }] });
  };
  assert.equal(labelsOf(withVolume("data-by-hand"))[0]?.[label.revision], NEW);
  assert.deepEqual(labelsOf(withVolume("data-of-another")), [undefined]);
});

test("adoption: a pod that has an id keeps it", () => {
  const pods = [stray("app:v2", { id: "zzzzz" })];
  assert.equal(labelsOf(anObservation({ replicas: 1, pods }))[0]?.[label.instanceId], "zzzzz");
});

test("adoption: ids come from the pods' uids, so trying again gives the same; no two are alike, and a new pod has another", () => {
  const pods = [stray("app:v2", { name: "a" }), stray("app:v2", { name: "b" })];
  const seen = anObservation({ replicas: 3, same: true, pods });
  const ids = labelsOf(seen).map((labels) => labels?.[label.instanceId]);
  assert.deepEqual(
    labelsOf({ ...seen, pods: pods.toReversed() })
      .map((one) => one?.[label.instanceId])
      .toReversed(),
    ids,
  );
  const [created] = actionsOf(workPlan(seen).actions, "createPod");
  assert.equal(new Set([...ids, created?.instanceId]).size, 3);
});

test("adoption waits until there is a revision to recognise the pod by", () => {
  const planned = plan(anObservation({ replicas: 1, pods: [stray("app:v2")], revisions: [] }));
  assert.ok(planned.kind === "revisions");
  assert.deepEqual(
    planned.actions.map(({ kind }) => kind),
    ["createRevision"],
  );
});

test("adoption: a pod that is down counts for the creation throttle in the same pass", () => {
  const created = (ready: boolean) => {
    const pods = [stray("app:v2", { ready })];
    const seen = anObservation({ replicas: 4, same: true, scaleMaxUnavailable: 1, pods });
    return actionsOf(workPlan(seen).actions, "createPod").length;
  };
  assert.deepEqual([created(true), created(false)], [1, 0]);
});

test("a pod that lost its id label keeps its name: no new pod is made on its PVC", () => {
  const pods = [{ ...aPod({ name: "web-bbbbb", id: "" }) }];
  const seen = anObservation({ replicas: 2, same: true, pods, spareIds: ["bbbbb"] });
  const [created] = actionsOf(workPlan(seen).actions, "createPod");
  assert.ok(created);
  assert.notEqual(created.name, "web-bbbbb");
});
