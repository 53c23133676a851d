import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeClient } from "../../../src/kube/client.ts";
import type { InvolvedObject } from "../../../src/kube/event-series.ts";
import { EventRecorder } from "../../../src/kube/events.ts";
import type { Answer, Transport, TransportRequest } from "../../../src/kube/transport.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const WEB: InvolvedObject = { apiVersion: "apps/v1", kind: "Set", namespace: "shop", name: "web", uid: "u1" };

/** Keeps the Events it is sent; answers as `answer` says. */
class EventSink implements Transport {
  readonly sent: { method: string; path: string; body: Record<string, unknown> }[] = [];
  answer: (request: TransportRequest) => Answer | Promise<Answer> | undefined = () => undefined;

  async request(request: TransportRequest): Promise<Answer> {
    const body = JSON.parse(request.body ?? "{}") as Record<string, unknown>;
    this.sent.push({ method: request.method, path: request.path.split("?")[0] ?? "", body });
    return (await this.answer(request)) ?? { status: 201, headers: {}, body };
  }

  stream(): Promise<never> {
    return Promise.reject(new Error("no watch"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function aRecorder(capacity = 1_000) {
  const clock = new FakeClock();
  const sink = new EventSink();
  const dropped: string[] = [];
  const recorder = new EventRecorder({
    client: new KubeClient({ transport: sink, clock }),
    clock,
    component: "our-controller",
    instance: "pod-1",
    capacity,
    onDropped: (reason) => dropped.push(reason),
  });
  return { clock, sink, recorder, dropped };
}

void test("EventRecorder: writes an Event as kubectl expects it", async () => {
  const { recorder, sink, clock } = aRecorder();
  recorder.record(WEB, "Normal", "Scaled", "created pod web-abcde");
  assert.equal(sink.sent.length, 0, "in the background");
  await clock.advance(0);
  assert.equal(sink.sent[0]?.path, "/api/v1/namespaces/shop/events");
  const { metadata, ...event } = sink.sent[0]?.body ?? {};
  assert.match(JSON.stringify(metadata), /^\{"name":"web\.[0-9a-f]+","namespace":"shop"\}$/);
  assert.deepEqual(event, {
    apiVersion: "v1",
    kind: "Event",
    involvedObject: WEB,
    type: "Normal",
    reason: "Scaled",
    message: "created pod web-abcde",
    count: 1,
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    source: { component: "our-controller" },
    reportingComponent: "our-controller",
    reportingInstance: "pod-1",
  });
});

void test("EventRecorder: the same again counts up; in one tick it is one Event", async () => {
  const { recorder, sink, clock } = aRecorder();
  recorder.record(WEB, "Warning", "Failed", "no");
  recorder.record(WEB, "Warning", "Failed", "no");
  await clock.advance(5_000);
  recorder.record(WEB, "Warning", "Failed", "no");
  await clock.advance(0);
  assert.deepEqual(
    sink.sent.map(({ method, body }) => [method, body["count"]]),
    [
      ["POST", 2],
      ["PATCH", 3],
    ],
  );
  const name = /"name":"([^"]+)"/.exec(JSON.stringify(sink.sent[0]?.body["metadata"]))?.[1];
  assert.equal(sink.sent[1]?.path, `/api/v1/namespaces/shop/events/${name}`);
  assert.deepEqual(sink.sent[1]?.body, { count: 3, lastTimestamp: "2026-01-01T00:00:05Z" });
});

void test("EventRecorder: an Event that has expired is written anew", async () => {
  const { recorder, sink, clock } = aRecorder();
  recorder.record(WEB, "Normal", "Scaled", "up");
  await clock.advance(3_600_000);
  sink.answer = ({ method }) =>
    method === "PATCH"
      ? { status: 404, headers: {}, body: { kind: "Status", code: 404, reason: "NotFound" } }
      : undefined;
  recorder.record(WEB, "Normal", "Scaled", "up");
  await clock.advance(0);
  assert.deepEqual(
    sink.sent.map(({ method, body }) => [method, body["count"]]),
    [
      ["POST", 1],
      ["PATCH", 2],
      ["POST", 1],
    ],
  );
});

void test("EventRecorder: ten of a kind one by one, then one that tells of all the others", async () => {
  const { recorder, sink, clock, dropped } = aRecorder();
  for (let i = 1; i <= 1_000; i++) recorder.record(WEB, "Normal", "Scaled", `pod ${i}`);
  recorder.record(WEB, "Warning", "Failed", "no");
  await clock.advance(0);
  assert.deepEqual(
    sink.sent.map(({ body }) => [body["message"], body["count"]]),
    [
      ...Array.from({ length: 10 }, (_, i) => [`pod ${i + 1}`, 1]),
      ["(combined from similar events): pod 1000", 990],
      ["no", 1],
    ],
  );
  recorder.record(WEB, "Normal", "Scaled", "pod 1001");
  recorder.record(WEB, "Normal", "Scaled", "pod 3");
  await clock.advance(0);
  assert.deepEqual(
    sink.sent.slice(12).map(({ method, body }) => [method, body["message"], body["count"]]),
    [
      ["PATCH", "(combined from similar events): pod 1001", 991],
      ["PATCH", undefined, 2],
    ],
  );
  assert.deepEqual(dropped, []);
});

void test("EventRecorder: a kind that was quiet for ten minutes is told one by one again", async () => {
  const { recorder, sink, clock } = aRecorder();
  for (let i = 1; i <= 11; i++) recorder.record(WEB, "Normal", "Scaled", `pod ${i}`);
  await clock.advance(600_001);
  recorder.record(WEB, "Normal", "Scaled", "pod 12");
  await clock.advance(0);
  assert.equal(sink.sent.at(-1)?.body["message"], "pod 12");
});

void test("EventRecorder: 25 writes about one object, then one in ten seconds, and nothing is lost; other objects are not affected", async () => {
  const { recorder, sink, clock, dropped } = aRecorder();
  const reasons = ["A", "B", "C", "D"];
  for (const reason of reasons) for (let i = 1; i <= 9; i++) recorder.record(WEB, "Normal", reason, `pod ${i}`);
  recorder.record({ ...WEB, name: "other", uid: "u2" }, "Normal", "Scaled", "up");
  await clock.advance(0);
  assert.equal(sink.sent.length, 26);
  assert.equal(sink.sent.at(-1)?.body["message"], "up");
  await clock.advance(9_999);
  assert.equal(sink.sent.length, 26);
  await clock.advance(1);
  assert.equal(sink.sent.length, 27);
  await clock.advance(100_000);
  assert.equal(sink.sent.length, 37, "each was written");
  assert.deepEqual(dropped, []);
  assert.equal(clock.pending, 0, "nothing is left to wake up for");
  const names = new Set(sink.sent.map(({ body }) => JSON.stringify(body["metadata"])));
  assert.equal(names.size, 37, "names are unique within one millisecond");
});

void test("EventRecorder: what waits for its turn is written when the recorder stops", async () => {
  const { recorder, sink, clock } = aRecorder();
  for (const reason of ["A", "B", "C"])
    for (let i = 1; i <= 10; i++) recorder.record(WEB, "Normal", reason, `pod ${i}`);
  await clock.advance(0);
  assert.equal(sink.sent.length, 25);
  await recorder.stop(1_000);
  assert.equal(sink.sent.length, 30);
  assert.equal(clock.pending, 0);
});

void test("EventRecorder: drops rather than waits when too much is waiting", async () => {
  const { recorder, sink, clock, dropped } = aRecorder(2);
  for (const n of [1, 2, 3]) recorder.record({ ...WEB, uid: `u${n}` }, "Normal", "Scaled", "up");
  recorder.record({ ...WEB, uid: "u1" }, "Normal", "Scaled", "up");
  await clock.advance(0);
  assert.deepEqual(dropped, ["full"]);
  assert.deepEqual(
    sink.sent.map(({ body }) => body["count"]),
    [2, 1],
  );
});

void test("EventRecorder: a server that refuses is nobody's problem", async () => {
  const { recorder, sink, clock, dropped } = aRecorder();
  sink.answer = () => ({ status: 403, headers: {}, body: { kind: "Status", code: 403, reason: "Forbidden" } });
  recorder.record(WEB, "Normal", "Scaled", "up");
  await clock.advance(0);
  sink.answer = () => undefined;
  recorder.record(WEB, "Normal", "Scaled", "down");
  await clock.advance(0);
  assert.deepEqual(dropped, ["failed"]);
  assert.equal(sink.sent.length, 2);
});

void test("EventRecorder: messages are cut to 1,024 bytes between characters", async () => {
  const { recorder, sink, clock } = aRecorder();
  recorder.record(WEB, "Normal", "Scaled", "é".repeat(600));
  recorder.record(WEB, "Normal", "Scaled", "x".repeat(1_024));
  await clock.advance(0);
  const messages = sink.sent.map(({ body }) => String(body["message"]));
  assert.equal(messages[0], `${"é".repeat(510)}...`);
  assert.equal(messages[1]?.length, 1_024);
});

void test("EventRecorder: stopping writes what is left, within its deadline", async () => {
  const { recorder, sink, clock } = aRecorder();
  recorder.record(WEB, "Normal", "Scaled", "up");
  await recorder.stop(1_000);
  recorder.record(WEB, "Normal", "Scaled", "too late");
  await clock.advance(0);
  assert.equal(sink.sent.length, 1);
  assert.equal(clock.pending, 0);
});

void test("EventRecorder: stopping does not wait for a server that hangs", async () => {
  const { recorder, sink, clock, dropped } = aRecorder();
  sink.answer = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  recorder.record(WEB, "Normal", "Scaled", "up");
  recorder.record(WEB, "Normal", "Scaled", "down");
  await clock.advance(0);
  const stopped = recorder.stop(1_000);
  await clock.advance(1_000);
  await stopped;
  assert.deepEqual(dropped, ["failed", "failed"]);
});
