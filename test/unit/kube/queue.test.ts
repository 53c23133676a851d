import assert from "node:assert/strict";
import { test } from "node:test";
import { PassFailedError, type PassResult, WorkQueue } from "../../../src/kube/queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A queue whose passes end when the test says so. */
function aQueue(workers = 8) {
  const clock = new FakeClock();
  const passes: string[] = [];
  const open = new Map<string, { resolve: (result?: PassResult) => void; reject: (error: Error) => void }>();
  const waits: number[] = [];
  const queue = new WorkQueue({
    clock,
    workers,
    process: (key) => {
      passes.push(key);
      assert.ok(!open.has(key), `${key} is in work twice`);
      return new Promise((resolve, reject) => open.set(key, { resolve: (result) => resolve(result), reject }));
    },
    observer: { worked: ({ waitedSeconds }) => waits.push(waitedSeconds) },
  });
  queue.start();
  const end = async (key: string, result?: PassResult | Error) => {
    const pass = open.get(key);
    open.delete(key);
    if (result instanceof Error) pass?.reject(result);
    else pass?.resolve(result);
    await clock.advance(0);
  };
  return { clock, queue, passes, end, waits };
}

void test("WorkQueue: a burst of events in one tick becomes one pass", async () => {
  const { clock, queue, passes } = aQueue();
  for (let i = 0; i < 100; i++) queue.add("a");
  assert.equal(queue.depth, 1);
  await clock.advance(0);
  assert.deepEqual(passes, ["a"]);
});

void test("WorkQueue: a key is in work once at a time, and once more if it was added meanwhile", async () => {
  const { clock, queue, passes, end } = aQueue();
  queue.add("a");
  await clock.advance(0);
  queue.add("a");
  queue.add("a");
  await clock.advance(0);
  assert.deepEqual(passes, ["a"]);
  await end("a");
  assert.deepEqual(passes, ["a", "a"]);
  await end("a");
  assert.deepEqual(passes, ["a", "a"]);
  assert.ok(queue.isIdle);
});

void test("WorkQueue: a pass that failed is tried again later and later, but no later than it wanted itself", async () => {
  const { clock, queue, passes, end } = aQueue();
  queue.add("a");
  await clock.advance(0);
  for (let failure = 0; failure < 12; failure++) {
    await end("a", new Error("no"));
    await clock.advance(20_000);
  }
  const before = passes.length;
  await end("a", new PassFailedError("no", 300));
  await clock.advance(299);
  assert.equal(passes.length, before);
  await clock.advance(1);
  assert.equal(passes.length, before + 1);
});

void test("WorkQueue: a key rests as long as its pass said, however often it is added", async () => {
  const { clock, queue, passes, end } = aQueue();
  queue.add("a");
  await clock.advance(0);
  queue.add("a");
  await end("a", { restMs: 100 });
  queue.add("a");
  queue.add("b");
  await clock.advance(99);
  assert.deepEqual(passes, ["a", "b"]);
  await clock.advance(1);
  assert.deepEqual(passes, ["a", "b", "a"]);
  await end("a", { restMs: -5 });
  queue.add("a");
  await clock.advance(0);
  assert.deepEqual(passes, ["a", "b", "a", "a"]);
});

void test("WorkQueue: first come, first served, and a busy key goes to the end", async () => {
  const { clock, queue, passes, end } = aQueue(1);
  for (const key of ["a", "b", "c"]) queue.add(key);
  await clock.advance(0);
  queue.add("a");
  await end("a");
  await end("b");
  await end("c");
  assert.deepEqual(passes, ["a", "b", "c", "a"]);
});

void test("WorkQueue: no more passes at a time than workers", async () => {
  const { clock, queue, passes, end } = aQueue(2);
  for (const key of ["a", "b", "c"]) queue.add(key);
  await clock.advance(0);
  assert.deepEqual(passes, ["a", "b"]);
  assert.equal(queue.working, 2);
  await end("a");
  assert.deepEqual(passes, ["a", "b", "c"]);
});

void test("WorkQueue: of several delays the earliest wins", async () => {
  const { clock, queue, passes } = aQueue();
  queue.addAfter("a", 500);
  queue.addAfter("a", 100);
  queue.addAfter("a", 900);
  await clock.advance(99);
  assert.deepEqual(passes, []);
  await clock.advance(1);
  assert.deepEqual(passes, ["a"]);
  await clock.advance(10_000);
  assert.deepEqual(passes, ["a"]);
});

void test("WorkQueue: a pass that throws is tried again, later and later; a good one forgets", async () => {
  const { clock, queue, passes, end } = aQueue();
  queue.add("a");
  await clock.advance(0);
  const delays: number[] = [];
  for (let failure = 0; failure < 6; failure++) {
    const count = passes.length;
    await end("a", new Error("no"));
    delays.push(clock.nextInMs() ?? -1);
    await clock.advance(clock.nextInMs() ?? 0);
    await clock.advance(0);
    assert.equal(passes.length, count + 1);
  }
  delays.forEach((delay, n) => assert.ok(delay >= 5 * 2 ** n && delay <= 5.5 * 2 ** n, `${delay} for failure ${n}`));
  assert.equal(queue.failures("a"), 6);
  await end("a");
  assert.equal(queue.failures("a"), 0);
});

void test("WorkQueue: the delay is capped at 1,000 s", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, process: () => Promise.resolve(undefined) });
  let delay = 0;
  for (let i = 0; i < 30; i++) {
    queue.addRateLimited("a");
    delay = clock.nextInMs() ?? 0;
    await clock.advance(delay);
  }
  assert.ok(delay >= 1_000_000 && delay <= 1_100_000, `${delay}`);
});

void test("WorkQueue: a pass may ask to be called again after a while", async () => {
  const { clock, queue, passes, end } = aQueue();
  queue.add("a");
  await clock.advance(0);
  await end("a", { requeueAfterMs: 3_000 });
  await clock.advance(2_999);
  assert.equal(passes.length, 1);
  await clock.advance(1);
  assert.equal(passes.length, 2);
});

void test("WorkQueue: knows how long the oldest key waits", async () => {
  const { clock, queue, end, waits } = aQueue(1);
  queue.add("a");
  await clock.advance(0);
  queue.add("b");
  await clock.advance(5_000);
  assert.equal(queue.oldestAgeSeconds(), 5);
  await end("a");
  await end("b");
  assert.deepEqual(waits, [0, 5]);
  assert.equal(queue.oldestAgeSeconds(), 0);
});

void test("WorkQueue: shutting down waits for what is in work, and takes nothing more", async () => {
  const { clock, queue, passes, end } = aQueue(1);
  queue.add("a");
  queue.add("b");
  queue.addAfter("c", 10);
  await clock.advance(0);
  let down = false;
  const over = queue.shutDown().then(() => (down = true));
  queue.add("d");
  await clock.advance(1_000);
  assert.equal(down, false);
  await end("a", new Error("the last one fails"));
  await over;
  await clock.advance(1_000_000);
  assert.deepEqual(passes, ["a"]);
  assert.equal(clock.pending, 0);
});
