import assert from "node:assert/strict";
import { test } from "node:test";
import { slowStart } from "../../../src/apply/slow-start.ts";
import { TasksOnCommand } from "./tasks-on-command.ts";

const cases = [
  { name: "one, then two for each that succeeded", ends: [0, 1, 2], want: [0, 1, 2, 3, 4, 5, 6] },
  { name: "at most so many at once", atOnce: 3, ends: [0, 1, 2, 3], want: [0, 1, 2, 3, 4, 5, 6] },
  { name: "what went well before starts at full speed", firstAtOnce: 4, atOnce: 4, ends: [], want: [0, 1, 2, 3] },
  { name: "the first failure ends it", ends: [], bad: [0], want: [0] },
  {
    name: "after a failure none is begun, though others succeed",
    ends: [0],
    bad: [1],
    endsAfter: [2],
    want: [0, 1, 2],
  },
];
for (const { name, firstAtOnce = 1, atOnce = 32, ends, bad = [], endsAfter = [], want } of cases) {
  test(`slow start: ${name}`, async () => {
    const tasks = new TasksOnCommand<"good" | "bad">(10);
    const isFailure = (result: "good" | "bad") => result === "bad";
    void slowStart(tasks.list, { firstAtOnce, atOnce, mayBegin: () => true, isFailure });
    for (const index of ends) await tasks.end(index, "good");
    for (const index of bad) await tasks.end(index, "bad");
    for (const index of endsAfter) await tasks.end(index, "good");
    assert.deepEqual(tasks.begun, want);
  });
}

test("slow start: the results are those of the tasks that were begun", async () => {
  const tasks = new TasksOnCommand<string>(4);
  const results = slowStart(tasks.list, {
    firstAtOnce: 2,
    atOnce: 2,
    mayBegin: () => true,
    isFailure: (result) => result === "no",
  });
  await tasks.end(1, "no");
  await tasks.end(0, "yes");
  assert.deepEqual(await results, ["yes", "no"]);
});
