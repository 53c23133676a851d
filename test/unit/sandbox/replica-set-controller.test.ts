import assert from "node:assert/strict";
import { test } from "node:test";
import { claimsOf } from "../../../src/sandbox/adoption.ts";
import { ApiServer } from "../../../src/sandbox/api-server.ts";
import { onChanges } from "../../../src/sandbox/change-queue.ts";
import type { StoredObject } from "../../../src/sandbox/objects.ts";
import { balance, replicaSetStatus } from "../../../src/sandbox/replica-set-controller.ts";
import { VirtualClock } from "../../../src/sandbox/virtual-clock.ts";

const at = (seconds: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1000).toISOString();
const nowMs = Date.parse(at(100));

function aSet({ metadata = {}, ...spec }: { metadata?: object; replicas?: number; minReadySeconds?: number } = {}) {
  const labels = { app: "web", tier: "front" };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "web", uid: "set", resourceVersion: "1", creationTimestamp: at(0), generation: 3, ...metadata },
    spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: { metadata: { labels } }, ...spec },
  } satisfies StoredObject;
}

interface PodGiven {
  owner?: string;
  labels?: Record<string, string>;
  madeAt?: number;
  readyAt?: number;
  isGoing?: boolean;
}

function aPod(name: string, { owner, labels = { app: "web" }, madeAt = 0, readyAt, isGoing }: PodGiven = {}) {
  const reference = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: owner ?? "", controller: true };
  const ready = readyAt === undefined ? {} : { lastTransitionTime: at(readyAt) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      uid: name,
      labels,
      resourceVersion: "1",
      creationTimestamp: at(madeAt),
      ...(owner === undefined ? {} : { ownerReferences: [reference] }),
      ...(isGoing ? { deletionTimestamp: at(90) } : {}),
    },
    status: { conditions: [{ type: "Ready", status: readyAt === undefined ? "False" : "True", ...ready }] },
  } satisfies StoredObject;
}

const namesOf = (objects: readonly StoredObject[]) => objects.map(({ metadata }) => metadata.name).join(" ");

const candidates = [
  aPod("own", { owner: "set" }),
  aPod("own-relabelled", { owner: "set", labels: { app: "other" } }),
  aPod("own-going", { owner: "set", isGoing: true }),
  aPod("free"),
  aPod("free-going", { isGoing: true }),
  aPod("free-other", { labels: { app: "other" } }),
  aPod("foreign", { owner: "another" }),
];
test("adoption: what matches and is free comes, what no longer matches goes", () => {
  const { held, adopted, released } = claimsOf(aSet(), candidates);
  assert.deepEqual(
    [namesOf(held), namesOf(adopted), namesOf(released)],
    ["own own-going free", "free", "own-relabelled"],
  );
});
test("adoption: an owner that is being deleted leaves everything as it is", () => {
  const { held, adopted, released } = claimsOf(aSet({ metadata: { deletionTimestamp: at(90) } }), candidates);
  assert.deepEqual([namesOf(held), adopted, released], ["own own-relabelled own-going", [], []]);
});

const balances: { name: string; set?: StoredObject; pods: StoredObject[]; want: [missing: number, surplus: string] }[] =
  [
    { name: "what is going does not count", pods: [aPod("a"), aPod("b", { isGoing: true })], want: [1, ""] },
    { name: "enough", pods: [aPod("a"), aPod("b")], want: [0, ""] },
    {
      name: "too many: not ready before ready, then the newest first",
      set: aSet({ replicas: 1 }),
      pods: [
        aPod("old", { readyAt: 50, madeAt: 1 }),
        aPod("new", { readyAt: 50, madeAt: 2 }),
        aPod("lame", { madeAt: 0 }),
      ],
      want: [0, "lame new"],
    },
    {
      name: "a set that is being deleted wants nothing",
      set: aSet({ metadata: { deletionTimestamp: at(90) } }),
      pods: [],
      want: [0, ""],
    },
  ];
for (const { name, set = aSet(), pods, want } of balances) {
  test(`balance: ${name}`, () => {
    const { missing, surplus } = balance(set, pods);
    assert.deepEqual([missing, namesOf(surplus)], want);
  });
}

test("status: counts pods by how far they are, and looks again when the next one becomes available", () => {
  const labels = { app: "web", tier: "front" };
  const pods = [
    aPod("available", { labels, readyAt: 80 }),
    aPod("ready", { labels, readyAt: 95 }),
    aPod("ready-later", { readyAt: 98 }),
    aPod("lame"),
    aPod("going", { readyAt: 10, isGoing: true }),
  ];
  assert.deepEqual(replicaSetStatus(aSet({ minReadySeconds: 10 }), pods, nowMs), {
    status: {
      replicas: 4,
      fullyLabeledReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 1,
      terminatingReplicas: 1,
      observedGeneration: 3,
    },
    againInMs: 5000,
  });
});
test("status: what is 0 is left out, but for pods and those that are going", () => {
  assert.deepEqual(replicaSetStatus(aSet(), [], nowMs), {
    status: { replicas: 0, terminatingReplicas: 0, observedGeneration: 3 },
    againInMs: undefined,
  });
});

test("changes: what is to be looked at in an hour is looked at earlier when it is touched", async () => {
  const clock = new VirtualClock();
  const server = new ApiServer({ clock });
  const looks: number[] = [];
  const startMs = clock.monotonicMs();
  const stop = onChanges({
    server,
    clock,
    delayMs: 20,
    keysOf: () => ["key"],
    act: () => {
      looks.push(clock.monotonicMs() - startMs);
      return 3_600_000;
    },
  });
  const touch = () =>
    server.request({
      method: "POST",
      path: "/api/v1/nodes",
      headers: {},
      user: "test",
      body: { metadata: { generateName: "n-" } },
    });
  touch();
  await clock.runUntil(startMs + 1000);
  touch();
  touch();
  await clock.runUntil(startMs + 3_600_000 + 2000);
  stop();
  assert.deepEqual(looks, [20, 1020, 3_601_020]);
});
