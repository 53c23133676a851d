import assert from "node:assert/strict";
import { test } from "node:test";
import { inTurn } from "../../../src/apply/in-turn.ts";
import { TasksOnCommand } from "./tasks-on-command.ts";

const always = () => true;

test("in turn: nothing to do", async () => assert.deepEqual(await inTurn([], { atOnce: 2, mayBegin: always }), []));

test("in turn: the next one begins when one ends, and results keep their order", async () => {
  const tasks = new TasksOnCommand<string>(3);
  const results = inTurn(tasks.list, { atOnce: 2, mayBegin: always });
  assert.deepEqual(tasks.begun, [0, 1]);
  await tasks.end(1, "b");
  assert.deepEqual(tasks.begun, [0, 1, 2]);
  await tasks.end(2, "c");
  await tasks.end(0, "a");
  assert.deepEqual(await results, ["a", "b", "c"]);
});

test("in turn: when time is up, what was begun is finished and nothing else is", async () => {
  const tasks = new TasksOnCommand<string>(4);
  let isTime = true;
  const results = inTurn(tasks.list, { atOnce: 2, mayBegin: () => isTime });
  isTime = false;
  await tasks.end(0, "a");
  await tasks.end(1, "b");
  assert.deepEqual(await results, ["a", "b"]);
  assert.deepEqual(tasks.begun, [0, 1]);
});

test("in turn: a task that throws ends it at once", async () => {
  const tasks = new TasksOnCommand<string>(4);
  const results = inTurn(tasks.list, { atOnce: 2, mayBegin: always });
  const rejected = assert.rejects(results, /lost/);
  await tasks.fail(0, new Error("lost"));
  await rejected;
  await tasks.end(1, "b");
  assert.deepEqual(tasks.begun, [0, 1]);
});
