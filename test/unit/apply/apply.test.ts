import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { API_VERSION, annotation, KIND, label } from "../../../src/api/constants.ts";
import type { OwnerReference } from "../../../src/api/kubernetes.ts";
import type { ObjectRef } from "../../../src/api/pod.ts";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import type { Outcome } from "../../../src/apply/apply.ts";
import { apply } from "../../../src/apply/apply.ts";
import { settleOpen } from "../../../src/apply/settle-open.ts";
import type { Hands } from "../../../src/apply/writes.ts";
import { Cache } from "../../../src/kube/cache.ts";
import { NotLeaderError } from "../../../src/kube/errors.ts";
import type { KubeObject, Resource } from "../../../src/kube/resources.ts";
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS } from "../../../src/kube/resources.ts";
import { Trimmer } from "../../../src/observe/trim.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { chooseRevisions } from "../../../src/revision/history.ts";
import { aCloneSet, aWireCloneSet, NOW_MS } from "../../support/a-cloneset.ts";
import { FOREIGN, OURS } from "../../support/a-pod.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { Delay } from "../../support/fake-kube.ts";
import { FakeKube, noAnswer, refused, unknownOutcome } from "../../support/fake-kube.ts";

let kube: FakeKube;
let hands: Hands;

beforeEach(() => {
  kube = new FakeKube();
  const clock = new FakeClock(NOW_MS);
  const trimmer = new Trimmer();
  const caches = {
    cloneSets: new Cache({ clock, trim: (raw) => trimmer.cloneSet(raw) }),
    pods: new Cache({ clock, trim: (raw) => trimmer.pod(raw) }),
    claims: new Cache({ clock, trim: (raw) => trimmer.claim(raw) }),
    revisions: new Cache({ clock, trim: (raw) => trimmer.revision(raw) }),
    nodes: new Cache({ clock, trim: (raw) => trimmer.node(raw) }),
  };
  hands = { client: kube, caches, clock };
});

const cloneSet = aCloneSet();
const metadata = (name: string, owners: OwnerReference[] = [OURS]): KubeObject["metadata"] => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "10",
  labels: { app: "web", [label.instanceId]: name.slice(-5) },
  ownerReferences: owners,
});
const ref = (name: string): ObjectRef => ({ namespace: "shop", name, uid: `uid-${name}`, resourceVersion: "10" });

/** An object as server and cache know it. */
function exists(resource: Resource, name: string, more: Partial<KubeObject> = {}, owners?: OwnerReference[]): void {
  const object = { ...more, metadata: { ...metadata(name, owners), ...more.metadata } };
  kube.put(resource, object);
  const cache =
    resource === PODS
      ? hands.caches.pods
      : resource === PERSISTENT_VOLUME_CLAIMS
        ? hands.caches.claims
        : hands.caches.revisions;
  cache.applied(object);
}

const heldPods = () => [...hands.caches.pods.all()].map(({ name, resourceVersion }) => `${name} @${resourceVersion}`);
const heldClaims = () => [...hands.caches.claims.all()].map(({ name }) => name);

/** Outcomes in short: "done", "stale", "failed: why", "unsettled: pod web-a". */
async function outcomes(actions: Action[], reserve?: () => Promise<void>): Promise<string[]> {
  return (await apply(hands, cloneSet, actions, { reserve })).map(inShort);
}

function inShort(outcome: Outcome): string {
  switch (outcome.kind) {
    case "done":
    case "stale":
      return outcome.kind;
    case "withheld":
      return `withheld (${outcome.rule}): ${outcome.message}`;
    case "failed":
      return `failed: ${outcome.message}`;
    case "unsettled":
      return `unsettled: ${outcome.unknown.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`;
  }
}

const owned = { apiVersion: API_VERSION, kind: KIND, name: "web", uid: cloneSet.uid, controller: true };
function createPod(id: string, ...claims: string[]): Action {
  const name = `web-${id}`;
  const manifest = (own: string) => ({ metadata: { name: own, namespace: "shop", ownerReferences: [owned] } });
  const newClaims = claims.map((claim) => ({ name: `${claim}-${name}`, manifest: manifest(`${claim}-${name}`) }));
  return { kind: "createPod", name, instanceId: id, revision: "web-1", manifest: manifest(name), claims: newClaims };
}
function deletePod(name: string, claims: string[] = [], ifUnchanged = true): Action {
  return { kind: "deletePod", pod: ref(name), reason: "scaleDown", claims: claims.map(ref), ifUnchanged };
}
const inPlace = (name: string): Action => ({
  kind: "updatePodInPlace",
  pod: ref(name),
  revision: "web-2",
  patches: [
    { subresource: "status", body: { status: { conditions: [{ type: "InPlaceUpdateReady", status: "False" }] } } },
    { subresource: "", body: { metadata: { labels: { step: "2" } } } },
    { subresource: "status", body: { metadata: { labels: { step: "3" } } } },
  ],
});

test("create: claims before their pod, and every answer is in the caches", async () => {
  assert.deepEqual(await outcomes([createPod("aaaaa", "data", "logs")]), ["done"]);
  assert.deepEqual(kube.calls, [
    "create persistentvolumeclaims data-web-aaaaa",
    "create persistentvolumeclaims logs-web-aaaaa",
    "create pods web-aaaaa",
  ]);
  assert.deepEqual(heldPods(), ["web-aaaaa @103"]);
  assert.deepEqual(heldClaims(), ["data-web-aaaaa", "logs-web-aaaaa"]);
});

test("create: a pod whose claim is refused is not created, and claims that were made are known", async () => {
  kube.fail({ call: "create data-web-aaaaa", error: refused(403, "Forbidden", "create", "exceeded quota") });
  assert.deepEqual(await outcomes([createPod("aaaaa", "data", "logs")]), ["failed: exceeded quota"]);
  assert.ok(!kube.calls.includes("create pods web-aaaaa"));
  assert.deepEqual(heldClaims(), ["logs-web-aaaaa"]);
});

test("create: one, then two for each that succeeded, and none after a failure", async () => {
  kube.fail({ call: "create web-00002", error: refused(403, "Forbidden", "create", "exceeded quota") });
  const actions = Array.from({ length: 9 }, (_, i) => createPod(`0000${i}`));
  assert.deepEqual(await outcomes(actions), ["done", "done", "failed: exceeded quota", "done", "done"]);
  assert.deepEqual(
    kube.calls,
    [0, 1, 2, 3, 4].map((i) => `create pods web-0000${i}`),
  );
});

test("create: what went well before starts at full speed", async () => {
  kube.fail({ call: "create web-00000", error: refused(403, "Forbidden", "create", "exceeded quota") });
  const actions = Array.from({ length: 40 }, (_, i) => createPod(String(i).padStart(5, "0")));
  const begun = await apply(hands, cloneSet, actions, { creationsGoWell: true });
  assert.equal(begun.length, 32);
});

test("when time is up, the rest is left for the next plan", async () => {
  const actions = Array.from({ length: 40 }, (_, i) => {
    exists(PODS, `web-${i}`);
    return deletePod(`web-${i}`);
  });
  const begun = await apply(hands, cloneSet, actions, { beginUntilMs: hands.clock.monotonicMs() });
  assert.deepEqual(begun, []);
});

test("pods are put into service before others are taken out of it", async () => {
  exists(PODS, "web-aaaaa");
  exists(PODS, "web-bbbbb");
  const refresh: Action = {
    kind: "refreshPod",
    pod: ref("web-bbbbb"),
    patches: [{ subresource: "status", body: {} }],
    why: "Normal",
  };
  await outcomes([deletePod("web-aaaaa"), refresh]);
  assert.deepEqual(
    kube.calls.map((call) => call.split(" ")[0]),
    ["patch", "delete"],
  );
});

test("create: the counter is stored before the first pod", async () => {
  const reserve = async () => void kube.calls.push("reserve");
  await outcomes([createPod("aaaaa")], reserve);
  assert.deepEqual(kube.calls, ["reserve", "create pods web-aaaaa"]);
});

test("create: somebody else stored the counter: nothing is created, look again", async () => {
  const reserve = async () => {
    throw refused(409, "Conflict", "patch");
  };
  assert.deepEqual(await outcomes([createPod("aaaaa"), createPod("bbbbb")], reserve), ["stale"]);
  assert.deepEqual(kube.calls, []);
});

test("create: a counter that cannot be stored creates nothing, and other actions go on", async () => {
  exists(PODS, "web-zzzzz");
  const reserve = async () => {
    throw refused(403, "Forbidden", "patch", "no");
  };
  assert.deepEqual(await outcomes([createPod("aaaaa"), deletePod("web-zzzzz")], reserve), ["failed: no", "done"]);
});

test("create: the name is taken by our own earlier attempt: done", async () => {
  kube.put(PODS, { metadata: metadata("web-aaaaa") });
  assert.deepEqual(await outcomes([createPod("aaaaa")]), ["done"]);
  assert.deepEqual(heldPods(), ["web-aaaaa @10"]);
});

test("create: the name is taken by somebody else: failed, and known from now on", async () => {
  kube.put(PODS, { metadata: metadata("web-aaaaa", [FOREIGN]) });
  assert.deepEqual(await outcomes([createPod("aaaaa")]), [
    "failed: web-aaaaa exists already and belongs to ReplicaSet other",
  ]);
  assert.deepEqual(heldPods(), ["web-aaaaa @10"]);
});

test("create: a claim of that name is on its way out: the pod waits", async () => {
  kube.put(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { ...metadata("data-web-aaaaa"), deletionTimestamp: "2026-01-01T00:00:00Z" },
  });
  assert.deepEqual(await outcomes([createPod("aaaaa", "data")]), [
    "failed: claim data-web-aaaaa is still being deleted",
  ]);
});

const takingOver: Action = {
  kind: "createPod",
  name: "web-aaaaa",
  instanceId: "aaaaa",
  revision: "web-1",
  manifest: {
    metadata: { name: "web-aaaaa", namespace: "shop", ownerReferences: [owned] },
    spec: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data-web-aaaaa" } }] },
  },
  claims: [],
};

test("create: a claim that the pod takes over gets another version first, so that an earlier deletion of it comes too late", async () => {
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  assert.deepEqual(await outcomes([takingOver]), ["done"]);
  assert.deepEqual(kube.calls, [
    "get persistentvolumeclaims data-web-aaaaa",
    "patch persistentvolumeclaims data-web-aaaaa @10",
    "create pods web-aaaaa",
  ]);
  const { annotations, resourceVersion } = kube.find(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa")?.metadata ?? {};
  assert.equal(annotations?.[annotation.claimReusedAt], new Date(NOW_MS).toISOString());
  assert.notEqual(resourceVersion, "10");
});

test("create: a claim that the pod was to take over has gone meanwhile: no pod, look again", async () => {
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  assert.deepEqual(await outcomes([takingOver]), ["done"]);
  kube.drop(PODS, "web-aaaaa");
  kube.drop(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  assert.deepEqual(await outcomes([takingOver]), ["stale"]);
  assert.deepEqual(heldClaims(), []);
  assert.equal(kube.find(PODS, "web-aaaaa"), undefined);
});

test("create: a claim that the pod was to take over was given to somebody else meanwhile: no pod, look again", async () => {
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  const given = { ...metadata("data-web-aaaaa", [FOREIGN]), resourceVersion: "11" };
  kube.put(PERSISTENT_VOLUME_CLAIMS, { metadata: given });
  assert.deepEqual(await outcomes([takingOver]), ["stale"]);
  assert.equal(kube.find(PODS, "web-aaaaa"), undefined);
});

test("create: an answer that never came, and the pod is there: done, after a look", async () => {
  kube.fail({ call: "create web-aaaaa", error: unknownOutcome(), applied: true });
  assert.deepEqual(await outcomes([createPod("aaaaa")]), ["done"]);
  assert.deepEqual(kube.calls, ["create pods web-aaaaa", "get pods web-aaaaa"]);
  assert.deepEqual(heldPods(), ["web-aaaaa @101"]);
});

test("create: an answer that never came, and the pod is not there: failed", async () => {
  kube.fail({ call: "create web-aaaaa", error: unknownOutcome() });
  const [outcome] = await outcomes([createPod("aaaaa")]);
  assert.match(outcome ?? "", /^failed: Cannot tell whether/);
});

test("create: an answer that never came, and no look either: everything that is open is named", async () => {
  kube.fail(
    { call: "create data-web-aaaaa", error: unknownOutcome(), applied: true },
    { call: "create logs-web-aaaaa", error: unknownOutcome() },
    { call: "get data-web-aaaaa", error: noAnswer() },
    { call: "get logs-web-aaaaa", error: noAnswer() },
  );
  assert.deepEqual(await outcomes([createPod("aaaaa", "data", "logs")]), [
    "unsettled: claim data-web-aaaaa, claim logs-web-aaaaa",
  ]);
});

test("create: a namespace that is gone is a failure, not news of the pod", async () => {
  kube.fail({ call: "create web-aaaaa", error: refused(404, "NotFound", "create", "namespace gone") });
  assert.deepEqual(await outcomes([createPod("aaaaa")]), ["failed: namespace gone"]);
});

test("delete: the pod first, then its claims, all by uid and version", async () => {
  exists(PODS, "web-aaaaa");
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"])]), ["done"]);
  assert.deepEqual(kube.calls, [
    "get persistentvolumeclaims data-web-aaaaa",
    "delete pods web-aaaaa",
    "delete persistentvolumeclaims data-web-aaaaa",
  ]);
  assert.deepEqual(kube.sent, [
    { uid: "uid-web-aaaaa", resourceVersion: "10" },
    { uid: "uid-data-web-aaaaa", resourceVersion: "10" },
  ]);
  assert.deepEqual([heldPods(), heldClaims()], [[], []]);
});

test("delete: a named pod goes by uid alone", async () => {
  exists(PODS, "web-aaaaa");
  await outcomes([deletePod("web-aaaaa", [], false)]);
  assert.deepEqual(kube.sent, [{ uid: "uid-web-aaaaa" }]);
});

test("delete: a pod that is refused keeps its claims", async () => {
  exists(PODS, "web-aaaaa");
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  kube.fail({ call: "delete web-aaaaa", error: refused(403, "Forbidden", "delete", "protected") });
  assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"])]), ["failed: protected"]);
  assert.ok(kube.find(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa"));
});

const lost: { name: string; happens: () => void; want: string }[] = [
  {
    name: "changed meanwhile",
    happens: () => kube.put(PODS, { metadata: { ...metadata("web-aaaaa"), resourceVersion: "11" } }),
    want: "web-aaaaa @11",
  },
  { name: "was removed by somebody else", happens: () => kube.drop(PODS, "web-aaaaa"), want: "" },
  {
    name: "has a successor under its name",
    happens: () => kube.put(PODS, { metadata: { ...metadata("web-aaaaa"), uid: "uid-next", resourceVersion: "50" } }),
    want: "web-aaaaa @50",
  },
];
for (const { name, happens, want } of lost) {
  test(`delete: a pod that ${name} is looked at again, and its claims stay`, async () => {
    exists(PODS, "web-aaaaa");
    exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
    happens();
    assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"])]), ["stale"]);
    assert.equal(heldPods().join(), want);
    assert.ok(kube.find(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa"));
  });
}

test("delete: an answer that never came, and the pod is gone: nobody knows by whom, so its claims stay", async () => {
  exists(PODS, "web-aaaaa");
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  kube.fail({ call: "delete web-aaaaa", error: unknownOutcome(), applied: true });
  assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"])]), ["stale"]);
  assert.deepEqual([heldPods(), heldClaims()], [[], ["data-web-aaaaa"]]);
});

test("delete: a pod that was set free a moment ago leaves its claims behind", async () => {
  exists(PODS, "web-aaaaa");
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  kube.put(PODS, { metadata: { ...metadata("web-aaaaa", []), resourceVersion: "11" } });
  assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"], false)]), ["done"]);
  assert.deepEqual([heldPods(), heldClaims()], [[], ["data-web-aaaaa"]]);
});

test("delete: a claim whose deletion is put off stays when a pod of its name comes meanwhile", async () => {
  exists(PODS, "web-aaaaa");
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  const successor = { metadata: { ...metadata("web-aaaaa"), uid: "uid-late", resourceVersion: "12" } };
  kube.delay({ call: "delete data-web-aaaaa", meanwhile: () => hands.caches.pods.applied(successor) });
  assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"])]), ["stale"]);
  assert.deepEqual(heldClaims(), ["data-web-aaaaa"]);
});

test("an unused claim whose deletion is put off stays when a pod of its name comes meanwhile", async () => {
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  const late = { metadata: metadata("web-aaaaa") };
  kube.delay({ call: "delete data-web-aaaaa", meanwhile: () => hands.caches.pods.applied(late) });
  const action: Action = { kind: "deleteClaim", claim: ref("data-web-aaaaa"), podName: "web-aaaaa" };
  assert.deepEqual(await outcomes([action]), ["stale"]);
  assert.deepEqual(heldClaims(), ["data-web-aaaaa"]);
});

test("delete: an answer that never came, and the pod lives: failed", async () => {
  exists(PODS, "web-aaaaa");
  kube.fail({ call: "delete web-aaaaa", error: unknownOutcome() });
  const [outcome] = await outcomes([deletePod("web-aaaaa")]);
  assert.match(outcome ?? "", /^failed: Cannot tell whether/);
  assert.deepEqual(heldPods(), ["web-aaaaa @10"]);
});

test("delete: an answer that never came, and no look either: nothing is planned before one", async () => {
  exists(PODS, "web-aaaaa");
  kube.fail({ call: "delete web-aaaaa", error: unknownOutcome() }, { call: "get web-aaaaa", error: noAnswer() });
  assert.deepEqual(await outcomes([deletePod("web-aaaaa")]), ["unsettled: pod web-aaaaa"]);
});

test("delete: a claim whose deletion got no answer is left open: it may still go, so no pod may get it", async () => {
  exists(PODS, "web-aaaaa");
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  kube.fail({ call: "delete data-web-aaaaa", error: unknownOutcome() });
  const [outcome] = await apply(hands, cloneSet, [deletePod("web-aaaaa", ["data-web-aaaaa"])]);
  assert.ok(outcome?.kind === "unsettled");
  for (const open of outcome.unknown) await settleOpen(hands, open);
  assert.deepEqual(kube.calls.slice(-4), [
    "delete persistentvolumeclaims data-web-aaaaa",
    "get persistentvolumeclaims data-web-aaaaa",
    "get persistentvolumeclaims data-web-aaaaa",
    "delete persistentvolumeclaims data-web-aaaaa",
  ]);
  assert.deepEqual(heldClaims(), []);
});

const opens: { name: string; happens: () => void; want: string[] }[] = [
  { name: "gone meanwhile", happens: () => kube.drop(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa"), want: [] },
  {
    name: "replaced meanwhile",
    happens: () =>
      kube.put(PERSISTENT_VOLUME_CLAIMS, {
        metadata: { ...metadata("data-web-aaaaa"), uid: "uid-next", resourceVersion: "50" },
      }),
    want: ["data-web-aaaaa"],
  },
  {
    name: "not ours to delete any more",
    happens: () => kube.fail({ call: "delete data-web-aaaaa", error: refused(403, "Forbidden", "delete") }),
    want: ["data-web-aaaaa"],
  },
];
for (const { name, happens, want } of opens) {
  test(`an open deletion of a claim that is ${name} is settled`, async () => {
    exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
    happens();
    await settleOpen(hands, { ...ref("data-web-aaaaa"), kind: "claim", doomed: true });
    assert.deepEqual(heldClaims(), want);
  });
}

test("an open deletion that gets no answer again stays open", async () => {
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  kube.fail({ call: "delete data-web-aaaaa", error: unknownOutcome() });
  await assert.rejects(settleOpen(hands, { ...ref("data-web-aaaaa"), kind: "claim", doomed: true }));
});

test("delete: a claim that is gone already is no failure", async () => {
  exists(PODS, "web-aaaaa");
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  kube.drop(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"])]), ["done"]);
  assert.deepEqual(heldClaims(), []);
});

test("in place: each patch is pinned to the version that the one before produced", async () => {
  exists(PODS, "web-aaaaa");
  assert.deepEqual(await outcomes([inPlace("web-aaaaa")]), ["done"]);
  assert.deepEqual(kube.calls, [
    "patch pods/status web-aaaaa @10",
    "patch pods web-aaaaa @101",
    "patch pods/status web-aaaaa @102",
  ]);
  assert.deepEqual(heldPods(), ["web-aaaaa @103"]);
});

test("in place: the patch that starts a grace period comes at once or not at all", async () => {
  exists(PODS, "web-aaaaa");
  const grace = { metadata: { annotations: { [annotation.inPlaceGrace]: "{}" } } };
  const over = { metadata: { annotations: { [annotation.inPlaceGrace]: null } } };
  const patches = [grace, over].map((body) => ({ subresource: "", body }) as const);
  await outcomes([{ kind: "updatePodInPlace", pod: ref("web-aaaaa"), revision: "web-2", patches }]);
  assert.deepEqual(kube.patchRetriesMs, [1000, undefined]);
});

test("in place: a pod that changed in between is left as it is, and looked at", async () => {
  exists(PODS, "web-aaaaa");
  const changed = () => {
    kube.put(PODS, { metadata: { ...metadata("web-aaaaa"), resourceVersion: "150" } });
    return refused(409, "Conflict", "patch");
  };
  kube.fail({ call: "patch web-aaaaa", error: changed });
  assert.deepEqual(await outcomes([inPlace("web-aaaaa")]), ["stale"]);
  assert.deepEqual(kube.calls, ["patch pods/status web-aaaaa @10", "get pods web-aaaaa"]);
  assert.deepEqual(heldPods(), ["web-aaaaa @150"]);
});

test("in place: a pod that is gone is no failure", async () => {
  exists(PODS, "web-aaaaa");
  kube.drop(PODS, "web-aaaaa");
  assert.deepEqual(await outcomes([inPlace("web-aaaaa")]), ["stale"]);
  assert.deepEqual(heldPods(), []);
});

const refusals = [
  {
    name: "refused",
    subresource: "",
    error: refused(422, "Invalid", "patch", "image: forbidden"),
    want: "image: forbidden",
  },
  {
    name: "one that the server has no path for",
    subresource: "resize",
    error: refused(404, "NotFound", "patch", "the server could not find the requested resource"),
    want: "the API server does not serve pods/resize",
  },
] as const;
for (const { name, subresource, error, want } of refusals) {
  test(`in place: a pod whose patch is ${name} goes back into service`, async () => {
    exists(PODS, "web-aaaaa", {
      spec: { nodeName: "n1", readinessGates: [{ conditionType: "InPlaceUpdateReady" }] },
      status: { phase: "Running", conditions: [{ type: "InPlaceUpdateReady", status: "True" }] },
    } as Partial<KubeObject>);
    const [down, ...rest] = (inPlace("web-aaaaa") as Action & { kind: "updatePodInPlace" }).patches;
    assert.ok(down);
    const refuseImage = {
      ...inPlace("web-aaaaa"),
      patches: [down, ...rest.map((one) => ({ ...one, subresource }))],
    } as Action;
    // The first patch goes through, the one of the image does not.
    let count = 0;
    const patch = kube.patch.bind(kube);
    hands.client = Object.assign(Object.create(kube) as FakeKube, {
      get: kube.get.bind(kube),
      patch: async (...args: Parameters<FakeKube["patch"]>) => {
        count += 1;
        if (count === 2) throw error;
        return patch(...args);
      },
    });
    assert.deepEqual(await outcomes([refuseImage]), [`failed: ${want}`]);
    const writes = kube.calls.filter((call) => call.startsWith("patch"));
    assert.deepEqual(writes, ["patch pods/status web-aaaaa @10", "patch pods/status web-aaaaa @101"]);
    const { status } = kube.sent[1] as { status: { conditions: { type: string; status: string }[] } };
    assert.deepEqual(
      status.conditions.map((condition) => `${condition.type}=${condition.status}`),
      ["InPlaceUpdateReady=True"],
    );
  });
}

test("in place: a pod that an earlier update holds out of service stays there when the next one is refused", async () => {
  exists(PODS, "web-aaaaa", {
    spec: { nodeName: "n1", readinessGates: [{ conditionType: "InPlaceUpdateReady" }] },
    status: { phase: "Running", conditions: [{ type: "InPlaceUpdateReady", status: "False" }] },
  } as Partial<KubeObject>);
  kube.fail({ call: "patch web-aaaaa", error: refused(422, "Invalid", "patch", "image: forbidden") });
  assert.deepEqual(await outcomes([inPlace("web-aaaaa")]), ["failed: image: forbidden"]);
  assert.ok(kube.calls.length <= 2, kube.calls.join());
});

test("in place: an answer that never came, and the pod has changed: look again", async () => {
  exists(PODS, "web-aaaaa");
  kube.fail({ call: "patch web-aaaaa", error: unknownOutcome(), applied: true });
  assert.deepEqual(await outcomes([inPlace("web-aaaaa")]), ["stale"]);
  assert.deepEqual(heldPods(), ["web-aaaaa @101"]);
});

test("in place: an answer that never came, and the pod has not changed: failed, so that retries back off", async () => {
  exists(PODS, "web-aaaaa");
  kube.fail({ call: "patch web-aaaaa", error: unknownOutcome() });
  const [outcome] = await outcomes([inPlace("web-aaaaa")]);
  assert.match(outcome ?? "", /^failed: Cannot tell whether/);
});

/** The patch that first puts a pod into service. */
const openGate: Action = {
  kind: "refreshPod",
  pod: ref("web-aaaaa"),
  patches: [{ subresource: "status", body: { metadata: { labels: { [label.lifecycleState]: "Normal" } } } }],
  why: "Normal",
  whileIn: "PreparingNormal",
};
const inState = (state: string, resourceVersion = "10") => ({
  metadata: { ...metadata("web-aaaaa"), resourceVersion, labels: { [label.lifecycleState]: state } },
});

test("into service: whatever the version, as long as the pod is in the state that the patch ends", async () => {
  exists(PODS, "web-aaaaa", inState("PreparingNormal"));
  await outcomes([openGate]);
  assert.deepEqual(kube.calls.slice(0, 1), ["patch pods/status web-aaaaa @undefined"]);
  assert.deepEqual(kube.sent, [
    [
      { op: "test", path: "/metadata/uid", value: "uid-web-aaaaa" },
      { op: "test", path: "/metadata/labels/lifecycle.apps.kruise.io~1state", value: "PreparingNormal" },
      { op: "add", path: "/metadata/labels/lifecycle.apps.kruise.io~1state", value: "Normal" },
    ],
  ]);
});

test("into service: the pod has moved on meanwhile: look again", async () => {
  exists(PODS, "web-aaaaa", inState("PreparingNormal"));
  const movedOn = () => {
    kube.put(PODS, inState("Updating", "11"));
    return refused(422, "Invalid", "patch", "testing value failed");
  };
  kube.fail({ call: "patch web-aaaaa", error: movedOn });
  assert.deepEqual(await outcomes([openGate]), ["stale"]);
  assert.equal(hands.caches.pods.getByUid("uid-web-aaaaa")?.labels[label.lifecycleState], "Updating");
});

test("into service: a patch that somebody else refuses is a failure, so that retries back off", async () => {
  exists(PODS, "web-aaaaa", inState("PreparingNormal"));
  kube.fail({ call: "patch web-aaaaa", error: refused(422, "Invalid", "patch", "no") });
  assert.deepEqual(await outcomes([openGate]), ["failed: no"]);
});

test("a conflict that cannot be looked at leaves the object open", async () => {
  exists(PODS, "web-aaaaa");
  kube.fail({ call: "patch web-aaaaa", error: refused(409, "Conflict") }, { call: "get web-aaaaa", error: noAnswer() });
  assert.deepEqual(await outcomes([inPlace("web-aaaaa")]), ["unsettled: pod web-aaaaa"]);
});

test("a process that no longer leads stops at once", async () => {
  exists(PODS, "web-aaaaa");
  kube.fail({ call: "delete web-aaaaa", error: new NotLeaderError("delete", "/somewhere") });
  await assert.rejects(apply(hands, cloneSet, [deletePod("web-aaaaa")]), NotLeaderError);
});

test("a process that loses the lead amid a pod's claims stops, too", async () => {
  kube.fail(
    { call: "create data-web-aaaaa", error: unknownOutcome() },
    { call: "create logs-web-aaaaa", error: new NotLeaderError("create", "/somewhere") },
  );
  await assert.rejects(apply(hands, cloneSet, [createPod("aaaaa", "data", "logs")]), NotLeaderError);
});

test("one failure does not stop the other actions", async () => {
  for (const name of ["web-aaaaa", "web-bbbbb", "web-ccccc"]) exists(PODS, name);
  kube.fail({ call: "delete web-bbbbb", error: refused(403, "Forbidden", "delete", "no") });
  const actions = ["web-aaaaa", "web-bbbbb", "web-ccccc"].map((name) => deletePod(name));
  assert.deepEqual(await outcomes(actions), ["done", "failed: no", "done"]);
});

test("an unused claim is deleted only when no pod of its name lives", async () => {
  exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
  const action: Action = { kind: "deleteClaim", claim: ref("data-web-aaaaa"), podName: "web-aaaaa" };
  kube.put(PODS, { metadata: metadata("web-aaaaa") });
  assert.deepEqual(await outcomes([action]), ["stale"]);
  assert.ok(kube.find(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa"));
  kube.drop(PODS, "web-aaaaa");
  assert.deepEqual(await outcomes([action]), ["done"]);
  assert.equal(kube.find(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa"), undefined);
});

test("adoption looks at the CloneSet first: one that is being deleted adopts nothing", async () => {
  exists(PODS, "web-aaaaa", {}, []);
  const action: Action = { kind: "adoptPod", pod: ref("web-aaaaa") };
  kube.put(CLONE_SETS, aWireCloneSet({ deleting: true }) as KubeObject);
  assert.deepEqual(await outcomes([action]), ["stale"]);
  kube.put(CLONE_SETS, aWireCloneSet() as KubeObject);
  assert.deepEqual(await outcomes([action]), ["done"]);
  assert.deepEqual(kube.find(PODS, "web-aaaaa")?.metadata.ownerReferences, [OURS]);
});

test("adoption: owner and labels are one write", async () => {
  exists(PODS, "web-aaaaa", {}, []);
  kube.put(CLONE_SETS, aWireCloneSet() as KubeObject);
  const labels = { "controller-revision-hash": "web-1" };
  assert.deepEqual(await outcomes([{ kind: "adoptPod", pod: ref("web-aaaaa"), labels }]), ["done"]);
  assert.deepEqual(kube.calls, ["get clonesets web", "patch pods web-aaaaa @10"]);
  const { metadata: made } = kube.find(PODS, "web-aaaaa") ?? {};
  assert.deepEqual([made?.ownerReferences, made?.labels?.["controller-revision-hash"]], [[OURS], "web-1"]);
});

test("adoption: a CloneSet of another uid is another CloneSet", async () => {
  exists(PODS, "web-aaaaa", {}, []);
  const other = aWireCloneSet() as KubeObject;
  kube.put(CLONE_SETS, { ...other, metadata: { ...other.metadata, uid: "uid-next" } });
  assert.deepEqual(await outcomes([{ kind: "adoptPod", pod: ref("web-aaaaa") }]), ["stale"]);
});

test("a revision is forgotten only as it was seen", async () => {
  exists(CONTROLLER_REVISIONS, "web-1");
  await outcomes([{ kind: "deleteRevision", revision: ref("web-1") }]);
  assert.deepEqual(kube.sent, [{ uid: "uid-web-1", resourceVersion: "10" }]);
});

const onRevision: {
  name: string;
  label: string;
  owners?: OwnerReference[];
  app?: string;
  phase?: string;
  want: string;
}[] = [
  { name: "that was set free meanwhile", label: "web-1", owners: [], want: "stale" },
  { name: "that was set free meanwhile and names it in short", label: "1", owners: [], want: "stale" },
  { name: "of ours", label: "web-1", owners: [OURS], want: "stale" },
  { name: "of somebody else", label: "web-1", owners: [FOREIGN], want: "done" },
  { name: "that is nobody's and finished", label: "web-1", owners: [], phase: "Failed", want: "done" },
  { name: "that is nobody's and not selected", label: "web-1", owners: [], app: "api", want: "done" },
  { name: "on another revision", label: "web-2", owners: [OURS], want: "done" },
];
for (const { name, label: revision, owners, app = "web", phase = "Running", want } of onRevision) {
  test(`a revision is forgotten after a live look at its pods: a pod ${name}`, async () => {
    exists(CONTROLLER_REVISIONS, "web-1");
    const labels = { app, [label.instanceId]: "aaaaa", [label.revision]: revision };
    const pod = { metadata: { ...metadata("web-aaaaa", owners), resourceVersion: "20", labels }, status: { phase } };
    kube.put(PODS, pod);
    assert.deepEqual(await outcomes([{ kind: "deleteRevision", revision: ref("web-1") }]), [want]);
    assert.equal(kube.find(CONTROLLER_REVISIONS, "web-1") === undefined, want === "done");
    // What was found is known to the next plan.
    assert.deepEqual(heldPods(), revision === "web-2" ? [] : ["web-aaaaa @20"]);
  });
}

test("a revision is forgotten, too, whose name is longer than a label may be: its pods carry the short hash", async () => {
  const long = `${"w".repeat(60)}-5b9bfc79cc`;
  exists(CONTROLLER_REVISIONS, long);
  assert.deepEqual(await outcomes([{ kind: "deleteRevision", revision: ref(long) }]), ["done"]);
  assert.equal(kube.calls[0], "list pods controller-revision-hash in (5b9bfc79cc)");
});

test("a revision whose pods cannot be looked at is not forgotten", async () => {
  exists(CONTROLLER_REVISIONS, "web-1");
  kube.fail({ call: "list pods", error: noAnswer() });
  const [outcome] = await outcomes([{ kind: "deleteRevision", revision: ref("web-1") }]);
  assert.match(outcome ?? "", /^failed/);
  assert.ok(kube.find(CONTROLLER_REVISIONS, "web-1"));
});

const tooFew = { rule: "floor" as const, message: "too few" };
test("what a last look speaks against is not sent, and the others are", async () => {
  exists(PODS, "web-aaaaa");
  exists(PODS, "web-bbbbb");
  const lastLook = {
    isOvertaken: () => false,
    objection: (action: Action) =>
      action.kind === "deletePod" && action.pod.name === "web-aaaaa" ? tooFew : undefined,
  };
  const done = await apply(hands, cloneSet, [deletePod("web-aaaaa"), deletePod("web-bbbbb")], { lastLook });
  assert.deepEqual(done.map(inShort), ["withheld (floor): too few", "done"]);
  assert.deepEqual(kube.calls, ["delete pods web-bbbbb"]);
});

const putOff: { name: string; action: Action; call: Delay["call"] }[] = [
  { name: "creation", action: createPod("bbbbb"), call: "create web-bbbbb" },
  { name: "deletion", action: deletePod("web-aaaaa"), call: "delete web-aaaaa" },
  { name: "update in place", action: inPlace("web-aaaaa"), call: "patch web-aaaaa" },
  {
    name: "call of a hook",
    action: {
      kind: "refreshPod",
      pod: ref("web-aaaaa"),
      patches: [{ subresource: "", body: {} }],
      why: "PreparingDelete",
    },
    call: "patch web-aaaaa",
  },
];
for (const { name, action, call } of putOff) {
  test(`a ${name} that the server puts off is looked at once more before it is sent again`, async () => {
    exists(PODS, "web-aaaaa");
    let mayGo = true;
    kube.delay({ call, meanwhile: () => (mayGo = false) });
    const lastLook = { isOvertaken: () => false, objection: () => (mayGo ? undefined : tooFew) };
    const done = await apply(hands, cloneSet, [action], { lastLook });
    assert.deepEqual([done.map(inShort), kube.calls], [["withheld (floor): too few"], []]);
  });

  test(`a ${name} that the server puts off is not sent again after an edit`, async () => {
    exists(PODS, "web-aaaaa");
    let isOvertaken = false;
    kube.delay({ call, meanwhile: () => (isOvertaken = true) });
    const lastLook = { isOvertaken: () => isOvertaken, objection: () => undefined };
    const done = await apply(hands, cloneSet, [action], { lastLook });
    assert.deepEqual([done.map(inShort), kube.calls], [["stale"], []]);
  });
}

test("in place: what the first patch began goes on, whatever a last look says", async () => {
  exists(PODS, "web-aaaaa");
  const lastLook = { isOvertaken: () => false, objection: () => (kube.calls.length > 0 ? tooFew : undefined) };
  const done = await apply(hands, cloneSet, [inPlace("web-aaaaa")], { lastLook });
  assert.deepEqual([done.map(inShort), kube.calls.length], [["done"], 3]);
});

const taken: { name: string; live: Partial<KubeObject["metadata"]> }[] = [
  { name: "that somebody else owns now", live: { ownerReferences: [FOREIGN] } },
  { name: "that nobody owns any more", live: { ownerReferences: [] } },
  { name: "that carries another id now", live: { labels: { app: "web", [label.instanceId]: "zzzzz" } } },
];
for (const { name, live } of taken) {
  test(`delete: a claim ${name} is not deleted with the pod, and the pod stays for now`, async () => {
    exists(PODS, "web-aaaaa");
    exists(PERSISTENT_VOLUME_CLAIMS, "data-web-aaaaa");
    const changed = { ...metadata("data-web-aaaaa"), resourceVersion: "11", ...live };
    kube.put(PERSISTENT_VOLUME_CLAIMS, { metadata: changed });
    assert.deepEqual(await outcomes([deletePod("web-aaaaa", ["data-web-aaaaa"])]), ["stale"]);
    assert.deepEqual(kube.calls, ["get persistentvolumeclaims data-web-aaaaa"]);
  });
}

const edited = { ...cloneSet, generation: 2 };
test("a revision that was there for this generation already is made again only for a CloneSet that lives", async () => {
  const choice = chooseRevisions({ cloneSet, revisions: [] });
  assert.ok(choice.kind === "create");
  const action: Action = { kind: "createRevision", tried: choice };
  kube.put(CLONE_SETS, aWireCloneSet({ deleting: true }) as KubeObject);
  assert.deepEqual(await outcomes([action]), ["stale"]);
  kube.put(CLONE_SETS, aWireCloneSet() as KubeObject);
  assert.deepEqual(await outcomes([action]), ["done"]);
  kube.drop(CONTROLLER_REVISIONS, choice.name);
  kube.drop(CLONE_SETS, "web");
  kube.calls.length = 0;
  assert.deepEqual((await apply(hands, edited, [action])).map(inShort), ["done"]);
  assert.deepEqual(kube.calls, [`create controllerrevisions ${choice.name}`]);
});

test("a revision that never comes out as it was sent is given up after a few names", async () => {
  const choice = chooseRevisions({ cloneSet, revisions: [] });
  assert.ok(choice.kind === "create");
  const create = kube.create.bind(kube);
  // A webhook that changes what it lets through.
  kube.create = (resource, object, options) =>
    create(resource, { ...object, data: { altered: true } } as KubeObject, options);
  const [outcome] = await apply(hands, edited, [{ kind: "createRevision", tried: choice }]);
  assert.match(
    outcome ? inShort(outcome) : "",
    /^failed: 5 names from web-\w+ on are taken by revisions with other data/,
  );
  assert.equal(kube.calls.length, 5);
});
