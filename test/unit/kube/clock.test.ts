import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock, toMicroTime, toTime } from "../../../src/kube/clock.ts";
import { jsonLines } from "../../../src/kube/json-lines.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const ms = Date.parse("2026-01-02T03:04:05.678Z");
void test("toTime: whole seconds", () => assert.equal(toTime(ms), "2026-01-02T03:04:05Z"));
void test("toMicroTime: six digits", () => assert.equal(toMicroTime(ms), "2026-01-02T03:04:05.678000Z"));

void test("realClock: sleep ends with the signal's reason", async () => {
  const stop = new AbortController();
  const slept = realClock.sleep(60_000, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(slept, /^Error: enough$/);
  await realClock.sleep(0);
});

void test("FakeClock: timers run in the order of their times, and what they start runs too", async () => {
  const clock = new FakeClock(0);
  const ran: string[] = [];
  clock.setTimeout(() => ran.push(`b@${clock.monotonicMs()}`), 20);
  clock.setTimeout(() => ran.push(`a@${clock.monotonicMs()}`), 10);
  void (async () => {
    await clock.sleep(15);
    await clock.sleep(10);
    ran.push(`c@${clock.nowMs()}`);
  })();
  clock.clearTimeout(clock.setTimeout(() => ran.push("never"), 5));
  await clock.advance(24);
  assert.deepEqual(ran, ["a@10", "b@20"]);
  await clock.advance(1);
  assert.deepEqual(ran, ["a@10", "b@20", "c@25"]);
});

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) {
    await Promise.resolve();
    yield text;
  }
}

const splits = [
  { name: "several lines in one piece", given: ['{"a":1}\n{"a":2}\n'], want: [{ a: 1 }, { a: 2 }] },
  { name: "one line in many pieces", given: ['{"a"', ":", "1}", "\n"], want: [{ a: 1 }] },
  { name: "a line break at the edge of a piece", given: ['{"a":1}', '\n{"a":2}', "\n"], want: [{ a: 1 }, { a: 2 }] },
  {
    name: "empty lines and a last line without an end",
    given: ['\n\r\n{"a":1}\n\n', '{"a":2}'],
    want: [{ a: 1 }, { a: 2 }],
  },
  { name: "nothing", given: [], want: [] },
];
for (const { name, given, want } of splits) {
  void test(`jsonLines: ${name}`, async () => {
    const values: unknown[] = [];
    for await (const value of jsonLines(pieces(...given), new FakeClock())) values.push(value);
    assert.deepEqual(values, want);
  });
}

void test("jsonLines: lets others have their turn when the work takes long", async () => {
  const clock = new FakeClock();
  let others = 0;
  const timer = setInterval(() => (others += 1), 0);
  for await (const value of jsonLines(pieces("1\n".repeat(200)), clock)) {
    assert.equal(value, 1);
    clock.stall(9);
  }
  clearInterval(timer);
  assert.ok(others > 0);
});
