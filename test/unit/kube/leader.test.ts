import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeClient } from "../../../src/kube/client.ts";
import { LeaderElector, LeaseObservation } from "../../../src/kube/leader.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { LeaseStore } from "./lease-store.ts";

/** A process that runs for the lease, with a clock of its own so that it can be stalled alone. */
function aCandidate(store: LeaseStore, identity: string, clock: FakeClock) {
  const told: string[] = [];
  const client = new KubeClient({ transport: store, clock, lane: "lease" });
  const elector = new LeaderElector({
    client,
    clock,
    namespace: "kube-system",
    name: "us",
    identity,
    onStartedLeading: () => told.push("started"),
    onStoppedLeading: (reason) => told.push(`stopped: ${reason}`),
    onNewLeader: (holder) => told.push(`leader: ${holder}`),
  });
  return { told, elector, clock };
}

/** Both clocks go on together, a tenth of a second at a time. */
async function together(ms: number, ...clocks: FakeClock[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    for (const clock of clocks) await clock.advance(100);
  }
}

void test("LeaderElector: takes a free lease at once and writes it as client-go does", async () => {
  const store = new LeaseStore();
  const { elector, told, clock } = aCandidate(store, "a", new FakeClock());
  assert.equal(elector.isLeader(), false);
  void elector.run();
  await clock.advance(0);
  assert.ok(elector.isLeader() && elector.mayWrite());
  assert.deepEqual(told, ["started", "leader: a"]);
  const now = "2026-01-01T00:00:00.000000Z";
  const spec = { holderIdentity: "a", leaseDurationSeconds: 15, acquireTime: now, renewTime: now, leaseTransitions: 0 };
  assert.deepEqual(store.lease?.spec, spec);
  await clock.advance(2_000);
  assert.equal(store.lease?.spec["renewTime"], "2026-01-01T00:00:02.000000Z");
  assert.equal(store.lease?.spec["acquireTime"], now);
  await elector.stop();
});

void test("LeaderElector: a leader costs one request every two seconds", async () => {
  const store = new LeaseStore();
  const { elector, clock } = aCandidate(store, "a", new FakeClock());
  void elector.run();
  await clock.advance(1_000);
  store.asked.length = 0;
  await clock.advance(60_000);
  assert.equal(store.asked.length, 30);
  assert.ok(store.asked.every((method) => method === "PUT"));
  await elector.stop();
});

void test("LeaderElector: two candidates, one leader; after a release the other starts at once", async () => {
  const store = new LeaseStore();
  const [a, b] = [aCandidate(store, "a", new FakeClock()), aCandidate(store, "b", new FakeClock(0, 7))];
  const runs = [a.elector.run(), b.elector.run()];
  for (let i = 0; i < 300; i++) {
    await together(100, a.clock, b.clock);
    assert.ok(!(a.elector.isLeader() && b.elector.isLeader()));
  }
  const [leader, other] = a.elector.isLeader() ? [a, b] : [b, a];
  assert.ok(leader.elector.isLeader());
  await leader.elector.stop();
  assert.equal(store.lease?.spec["holderIdentity"], "");
  assert.equal(store.lease?.spec["leaseDurationSeconds"], 1);
  assert.deepEqual(leader.told.slice(-1), ["stopped: stopped"]);
  await together(4_500, a.clock, b.clock);
  assert.ok(other.elector.isLeader(), "no fence after a release");
  assert.equal(store.lease?.spec["leaseTransitions"], 1);
  await other.elector.stop();
  await Promise.all(runs);
  assert.equal(a.clock.pending + b.clock.pending, 0);
});

void test("LeaderElector: a leader that dies is followed after its lease and a fence", async () => {
  const store = new LeaseStore();
  const [a, b] = [aCandidate(store, "a", new FakeClock()), aCandidate(store, "b", new FakeClock())];
  void a.elector.run();
  await together(1_000, a.clock, b.clock);
  void b.elector.run();
  await together(3_000, a.clock, b.clock);
  // From here on "a" is dead: its clock stands still.
  await together(14_000, b.clock);
  assert.equal(store.lease?.spec["holderIdentity"], "a");
  const holder = () => store.lease?.spec["holderIdentity"];
  for (let i = 0; i < 150 && holder() !== "b"; i++) await together(100, b.clock);
  assert.equal(holder(), "b");
  await together(4_800, b.clock);
  assert.ok(!b.elector.isLeader(), "the last writes of a may still be on their way");
  assert.ok(!b.told.includes("started"));
  await together(200, b.clock);
  assert.ok(b.elector.isLeader());
  assert.deepEqual(b.told, ["leader: a", "leader: b", "started"]);
  await b.elector.stop();
  void a.elector.stop();
  await a.clock.advance(100);
});

void test("LeaderElector: a stalled process knows that it does not lead before anybody tells it", async () => {
  const store = new LeaseStore();
  const { elector, clock, told } = aCandidate(store, "a", new FakeClock());
  const lost: string[] = [];
  const over = elector.run();
  await clock.advance(0);
  elector.lost.addEventListener("abort", () => lost.push(String(elector.lost.reason)));
  clock.stall(9_999);
  assert.ok(elector.mayWrite());
  assert.equal(elector.writesEndAtMs(), 15_000);
  clock.stall(1);
  assert.ok(!elector.isLeader() && !elector.mayWrite());
  // Nobody took the lease meanwhile: the renewal that comes late is still good, and it leads on.
  await clock.advance(0);
  assert.ok(elector.isLeader());
  assert.deepEqual([told, lost], [["started", "leader: a"], []]);
  await elector.stop();
  await over;
});

void test("LeaderElector: a stalled leader that was replaced stops for good", async () => {
  const store = new LeaseStore();
  const [a, b] = [aCandidate(store, "a", new FakeClock()), aCandidate(store, "b", new FakeClock())];
  const over = a.elector.run();
  await together(1_000, a.clock);
  void b.elector.run();
  await together(40_000, b.clock);
  assert.ok(b.elector.isLeader());
  a.clock.stall(40_000);
  assert.ok(!a.elector.mayWrite());
  await a.clock.advance(100);
  await over;
  assert.deepEqual(a.told, ["started", "leader: a", "stopped: the lease was not renewed within 10000 ms"]);
  assert.ok(a.elector.lost.aborted);
  await b.elector.stop();
});

for (const fault of ["refuse", "hang"] as const) {
  void test(`LeaderElector: without a renewal for ten seconds it stops (the server's answer: ${fault})`, async () => {
    const store = new LeaseStore();
    const { elector, clock, told } = aCandidate(store, "a", new FakeClock());
    const over = elector.run();
    await clock.advance(0);
    store.fault = () => fault;
    await clock.advance(9_900);
    assert.ok(elector.isLeader());
    await clock.advance(200);
    await over;
    assert.ok(!elector.isLeader());
    assert.deepEqual(told, ["started", "leader: a", "stopped: the lease was not renewed within 10000 ms"]);
    assert.equal(clock.pending, 0);
  });
}

void test("LeaderElector: a renewal that was applied without an answer is not a loss", async () => {
  const store = new LeaseStore();
  const { elector, clock, told } = aCandidate(store, "a", new FakeClock());
  void elector.run();
  await clock.advance(0);
  let faults = 0;
  store.fault = (request) => (request.method === "PUT" && faults++ < 3 ? "applyAndReset" : undefined);
  await clock.advance(60_000);
  assert.ok(elector.isLeader());
  assert.deepEqual(told, ["started", "leader: a"]);
  await elector.stop();
});

void test("LeaderElector: a take-over without an answer still waits for the fence", async () => {
  const store = new LeaseStore();
  store.lease = { metadata: { resourceVersion: "1" }, spec: { holderIdentity: "old", leaseDurationSeconds: 15 } };
  const { elector, clock, told } = aCandidate(store, "a", new FakeClock());
  let faults = 0;
  store.fault = (request) => (request.method === "PUT" && faults++ < 1 ? "applyAndReset" : undefined);
  void elector.run();
  while (!elector.holder.startsWith("a")) await clock.advance(100);
  assert.ok(!elector.isLeader());
  await clock.advance(4_900);
  assert.ok(!told.includes("started"));
  await clock.advance(200);
  assert.ok(elector.isLeader());
  await elector.stop();
});

void test("LeaderElector: a lease that somebody else took is lost at once", async () => {
  const store = new LeaseStore();
  const { elector, clock, told } = aCandidate(store, "a", new FakeClock());
  const over = elector.run();
  await clock.advance(0);
  store.lease = { metadata: { resourceVersion: "999" }, spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } };
  await clock.advance(2_000);
  await over;
  assert.deepEqual(told, ["started", "leader: a", "stopped: the lease was taken by thief", "leader: thief"]);
  assert.equal(store.lease.spec["holderIdentity"], "thief");
  await elector.stop();
  assert.equal(store.lease.spec["holderIdentity"], "thief", "what is not ours is not released");
});

void test("LeaderElector: releases only what is still its own", async () => {
  const store = new LeaseStore();
  const { elector, clock } = aCandidate(store, "a", new FakeClock());
  void elector.run();
  await clock.advance(0);
  store.lease = { metadata: { resourceVersion: "999" }, spec: { holderIdentity: "thief" } };
  await elector.stop();
  assert.equal(store.lease.spec["holderIdentity"], "thief");
});

void test("LeaderElector: the right to lead counts from when the renewal was sent, not answered", async () => {
  const store = new LeaseStore();
  const { elector, clock } = aCandidate(store, "a", new FakeClock());
  store.delay = () => clock.sleep(1_500);
  void elector.run();
  await clock.advance(3_100);
  assert.ok(elector.isLeader());
  assert.equal(elector.writesEndAtMs(), 16_500);
  store.delay = () => Promise.resolve();
  await elector.stop();
});

void test("LeaderElector: wall clocks do not matter", async () => {
  const store = new LeaseStore();
  const [a, b] = [
    aCandidate(store, "a", new FakeClock("2030-01-01")),
    aCandidate(store, "b", new FakeClock("1999-01-01")),
  ];
  void a.elector.run();
  await together(1_000, a.clock, b.clock);
  void b.elector.run();
  a.clock.jumpWall(-1e12);
  await together(60_000, a.clock, b.clock);
  assert.ok(a.elector.isLeader() && !b.elector.isLeader());
  await b.elector.stop();
  await a.elector.stop();
});

void test("LeaderElector: refuses times that leave no margin", () => {
  const clock = new FakeClock();
  const client = new KubeClient({ transport: new LeaseStore(), clock });
  const common = { client, clock, namespace: "n", name: "n", identity: "a" };
  const silent = { onStartedLeading: () => {}, onStoppedLeading: () => {} };
  assert.throws(
    () => new LeaderElector({ ...common, ...silent, leaseDurationMs: 10_000 }),
    /duration > renew deadline/,
  );
});

void test("LeaseObservation: fresh while it changes, stale when it does not, free when released", async () => {
  const clock = new FakeClock();
  const seen = new LeaseObservation(clock);
  const lease = (holderIdentity: string, renewTime: string) => ({
    metadata: { name: "x" },
    spec: { holderIdentity, renewTime, leaseDurationSeconds: 15 },
  });
  seen.observe(undefined);
  assert.equal(seen.isFresh(), false);
  seen.observe(lease("other", "1"));
  await clock.advance(14_000);
  assert.ok(seen.isFresh());
  seen.observe(lease("other", "1"));
  await clock.advance(1_000);
  assert.ok(!seen.isFresh());
  seen.observe(lease("other", "2"));
  assert.ok(seen.isFresh() && seen.holder === "other");
  seen.observe(lease("", "3"));
  assert.ok(!seen.isFresh());
});
