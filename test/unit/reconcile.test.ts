import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { Registry } from "prom-client";
import { featureDefaults } from "../../src/api/features.ts";
import { CLONE_SETS } from "../../src/api/resource.ts";
import { Decisions } from "../../src/apply/decisions.ts";
import { Cache } from "../../src/kube/cache.ts";
import type { StatusDetails } from "../../src/kube/errors.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { PassFailedError } from "../../src/kube/queue.ts";
import type { KubeObject } from "../../src/kube/resources.ts";
import { PODS } from "../../src/kube/resources.ts";
import { Trimmer } from "../../src/observe/trim.ts";
import { instanceIdOf } from "../../src/plan/instance-ids.ts";
import { Reconciler } from "../../src/reconcile.ts";
import { revisionData } from "../../src/revision/snapshot.ts";
import type { GivenCloneSet } from "../support/a-cloneset.ts";
import { aTemplate, aWireCloneSet, NOW_MS, UID } from "../support/a-cloneset.ts";
import { OURS } from "../support/a-pod.ts";
import { NEW } from "../support/a-revision.ts";
import { FakeClock } from "../support/fake-clock.ts";
import type { Fault } from "../support/fake-kube.ts";
import { FakeKube, noAnswer, unknownOutcome } from "../support/fake-kube.ts";

/** A reconciler before a few objects, and everything it says. */
function aSetting(given: GivenCloneSet, pods: { name: string; ready: boolean }[]) {
  const kube = new FakeKube();
  const clock = new FakeClock(NOW_MS);
  const trimmer = new Trimmer();
  const caches = {
    cloneSets: new Cache({ clock, trim: (raw) => trimmer.cloneSet(raw) }),
    pods: new Cache({ clock, trim: (raw) => trimmer.pod(raw) }),
    claims: new Cache({ clock, trim: (raw) => trimmer.claim(raw) }),
    revisions: new Cache({ clock, trim: (raw) => trimmer.revision(raw) }),
    nodes: new Cache({ clock, trim: (raw) => trimmer.node(raw) }),
  };
  const lines: Record<string, unknown>[] = [];
  const events: string[] = [];
  const registry = new Registry();
  const log = pino(
    { base: null, timestamp: false },
    { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const reconciler = new Reconciler({
    client: kube,
    caches,
    clock,
    recorder: { record: (_, __, reason, message) => events.push(`${reason}: ${message}`) },
    decisions: new Decisions(registry),
    log,
    features: featureDefaults,
  });
  const cloneSet = { ...aWireCloneSet(given) } as KubeObject;
  kube.put(CLONE_SETS, cloneSet);
  caches.cloneSets.applied(cloneSet);
  const { data } = revisionData(aTemplate());
  caches.revisions.applied({
    metadata: { name: NEW, namespace: "shop", uid: "uid-r", resourceVersion: "5", ownerReferences: [OURS] },
    revision: 1,
    data,
  } as KubeObject);
  for (const { name, ready } of pods) {
    const pod = wirePod(name, ready);
    kube.put(PODS, pod);
    caches.pods.applied(pod);
  }
  const passing = () => reconciler.reconcile("shop/web");
  return {
    kube,
    caches,
    clock,
    lines,
    events,
    metrics: () => registry.metrics(),
    run: () => passing().catch((error: unknown) => error),
    /** One pass, well after the one before. */
    pass: async () => {
      const result = passing().catch((error: unknown) => String(error));
      for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(2_000);
      return result;
    },
  };
}

function wirePod(name: string, ready: boolean): KubeObject {
  const lastTransitionTime = "2026-01-01T11:00:00Z";
  return {
    metadata: {
      name,
      namespace: "shop",
      uid: `uid-${name}`,
      resourceVersion: "10",
      labels: {
        app: "web",
        "controller-revision-hash": NEW,
        "pod-template-hash": NEW.slice("web-".length),
        "apps.kruise.io/cloneset-instance-id": name.slice(-5),
        "lifecycle.apps.kruise.io/state": "Normal",
      },
      ownerReferences: [OURS],
    },
    spec: { nodeName: "n1", containers: [{ name: "app", image: "app:v2" }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime }],
      containerStatuses: [],
    },
  } as KubeObject;
}

const web = (...ids: string[]) => ids.map((id) => ({ name: `web-${id}`, ready: true }));

test("reconcile: why nothing happens is logged when it changes, and counted every time", async () => {
  const setting = aSetting({ replicas: 1 }, web("bbbbb"));
  for (let i = 0; i < 3; i++) await setting.pass();
  assert.deepEqual(
    setting.lines.map(({ msg, reason, cloneset }) => [msg, reason, cloneset]),
    [["nothing to do now: all 1 pods are updated and available", "AllPodsAvailable", "shop/web"]],
  );
  setting.caches.pods.applied({
    ...wirePod("web-bbbbb", false),
    metadata: { ...wirePod("web-bbbbb", false).metadata, resourceVersion: "99" },
  });
  await setting.pass();
  assert.equal(setting.lines.length, 2);
  assert.match(String(setting.lines[1]?.["msg"]), /^nothing to do now: .*waiting for web-bbbbb: not ready/);
  assert.match(await setting.metrics(), /cloneset_idle_passes_total\{reason="AllPodsAvailable"\} 3/);
});

test("reconcile: one line per action, with the pod, the reason and why this pod", async () => {
  const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, updateRevision: NEW };
  const pods = [...web("bbbbb"), { name: "web-ccccc", ready: false }];
  const setting = aSetting({ replicas: 1, generation: 2, status }, pods);
  await setting.pass();
  const [line] = setting.lines;
  assert.deepEqual(
    [line?.["cloneset"], line?.["action"], line?.["pod"], line?.["reason"]],
    ["shop/web", "deletePod", "web-ccccc", "scaleDown"],
  );
  assert.equal(line?.["because"], "it is not ready");
});

test("reconcile: what cannot be created yet is told once, not in every pass", async () => {
  const pods = [...web("bbbbb"), { name: "web-ccccc", ready: false }];
  const setting = aSetting({ replicas: 5, scaleMaxUnavailable: 1 }, pods);
  for (let i = 0; i < 3; i++) await setting.pass();
  assert.deepEqual(setting.events, [
    "ScaleUpLimited: creation is held back: scaleStrategy.maxUnavailable allows 1 unavailable pods",
  ]);
});

test("reconcile: pods from nowhere are looked at live before many of them go, and planned for anew", async () => {
  const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, updateRevision: NEW };
  const setting = aSetting({ replicas: 1, status }, web("bbbbb", "ccccc", "ddddd", "fffff"));
  // Two of them are not there any more, which nobody told us.
  for (const gone of ["web-ddddd", "web-fffff"]) setting.kube.drop(PODS, gone);
  await setting.pass();
  const gets = setting.kube.calls.filter((call) => call.startsWith("get "));
  assert.equal(gets.length, 5, "the CloneSet and all of its pods");
  const deleted = setting.kube.calls.filter((call) => call.startsWith("delete "));
  assert.equal(deleted.length, 1);
  assert.match(await setting.metrics(), /cloneset_live_checks_total\{what="pods"\} 1/);
});

test("reconcile: a CloneSet that was scaled up again meanwhile keeps its pods", async () => {
  const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, updateRevision: NEW };
  const setting = aSetting({ replicas: 1, status }, web("bbbbb", "ccccc", "ddddd"));
  const live = aWireCloneSet({ replicas: 3, generation: 2, status }) as KubeObject;
  setting.kube.put(CLONE_SETS, { ...live, metadata: { ...live.metadata, resourceVersion: "200" } });
  await setting.pass();
  assert.deepEqual(
    setting.kube.calls.filter((call) => call.startsWith("delete ")),
    [],
  );
});

test("reconcile: what a pass left open is looked at first, even if its status was not answered either", async () => {
  const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, updateRevision: NEW };
  const setting = aSetting({ replicas: 1, generation: 2, status }, [
    ...web("bbbbb"),
    { name: "web-ccccc", ready: false },
  ]);
  // The server is gone from the deletion of the pod on.
  setting.kube.fail(
    { call: "delete web-ccccc", error: unknownOutcome() },
    { call: "get web-ccccc", error: noAnswer() },
    { call: "patch web", error: unknownOutcome() },
    { call: "get web", error: noAnswer() },
  );
  const failure = await setting.run();
  assert.ok(failure instanceof PassFailedError);
  const before = setting.kube.calls.length;
  await setting.pass();
  assert.equal(setting.kube.calls[before], "get pods web-ccccc");
});

test("reconcile: a pass that failed in part wants its next one as if it had not", async () => {
  const pods = [...web("bbbbb"), { name: "web-ccccc", ready: false }];
  const setting = aSetting({ replicas: 1, minReadySeconds: 7200, generation: 2 }, pods);
  setting.kube.fail({ call: "delete web-ccccc", error: new ApiError({ code: 403, verb: "delete", path: "" }) });
  const failure = await setting.run();
  assert.ok(failure instanceof PassFailedError);
  // Ready at 11:00, it is 12:00: available just after 13:00.
  assert.equal(failure.requeueAfterMs, 3_600_001);
});

const fullQuota = (name: string, more: { details?: StatusDetails } = {}): Fault => ({
  call: `create ${name}`,
  error: new ApiError({
    code: 403,
    reason: "Forbidden",
    message: "exceeded quota: small",
    verb: "create",
    path: "",
    ...more,
  }),
});

/** Three pods of four: the server takes no fourth one. */
function aRefusingSetting(given: GivenCloneSet, more?: { details: StatusDetails }) {
  const setting = aSetting({ replicas: 4, ...given }, web("bbbbb", "ccccc", "ddddd"));
  const first = `web-${instanceIdOf(UID, 0)}`;
  for (let i = 0; i < 100; i++) setting.kube.fail(fullQuota(first, more));
  const calls = (start: string) => setting.kube.calls.filter((call) => call.startsWith(start));
  return { ...setting, calls };
}

test("reconcile: where no pod may be created, pods that were named go all the same, and the status says why", async () => {
  const { calls, ...setting } = aRefusingSetting({ maxUnavailable: 2, podsToDelete: ["web-bbbbb"] });
  for (let i = 0; i < 4; i++) await setting.pass();
  assert.deepEqual(calls("delete"), ["delete pods web-bbbbb"]);
  const { conditions = [] } = setting.caches.cloneSets.get("shop", "web")?.status ?? {};
  assert.match(conditions.find(({ type }) => type === "FailedScale")?.message ?? "", /exceeded quota: small/);
});

test("reconcile: a creation that was refused is tried again after a while, later each time, not at every event", async () => {
  const { calls, ...setting } = aRefusingSetting({});
  const tried: number[] = [];
  for (let i = 0; i < 40; i++) {
    await setting.pass();
    tried.push(calls("create").length);
  }
  // Passes are 2 s apart: after 0, 1, 3, 7, 15, 31 and 63 s.
  assert.equal(tried.at(-1), 7, String(tried));
  assert.equal(setting.events.length, 1, "told once while it lasts");
});

test("reconcile: a pod that goes makes room for another one, though not in a namespace that is being deleted", async () => {
  const rooms: { details: StatusDetails; want: number }[] = [
    { details: {}, want: 4 },
    { details: { causes: [{ reason: "NamespaceTerminating" }] }, want: 3 },
  ];
  for (const { details, want } of rooms) {
    const { calls, ...setting } = aRefusingSetting({}, { details });
    for (let i = 0; i < 3; i++) await setting.pass();
    assert.equal(calls("create").length, 3);
    setting.caches.pods.gone("uid-web-bbbbb");
    await setting.pass();
    assert.equal(calls("create").length, want);
  }
});
