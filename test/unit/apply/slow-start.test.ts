import assert from "node:assert/strict";
import { test } from "node:test";
import { slowStart } from "../../../src/apply/slow-start.ts";

/** The batches in which tasks are started; the ones in `bad` fail. */
async function batches(count: number, bad: number[] = []): Promise<number[][]> {
  const started: number[][] = [];
  let open = true;
  const tasks = Array.from({ length: count }, (_, index) => async () => {
    if (open) started.push([]);
    open = false;
    started.at(-1)?.push(index);
    await new Promise((resolve) => setImmediate(resolve));
    open = true;
    return index;
  });
  await slowStart(tasks, (index) => bad.includes(index));
  return started;
}

const cases = [
  { name: "batches double", count: 10, want: [[0], [1, 2], [3, 4, 5, 6], [7, 8, 9]] },
  { name: "nothing to do", count: 0, want: [] },
  { name: "the first failure ends it", count: 10, bad: [0], want: [[0]] },
  { name: "a batch is finished, and no further one begins", count: 10, bad: [3], want: [[0], [1, 2], [3, 4, 5, 6]] },
];
for (const { name, count, bad, want } of cases) {
  test(`slow start: ${name}`, async () => assert.deepEqual(await batches(count, bad), want));
}

test("slow start: results come in the order of the tasks, whichever ends first", async () => {
  const tasks = [1, 3, 2].map((turns) => async () => {
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    return turns;
  });
  assert.deepEqual(await slowStart(tasks, () => false), [1, 3, 2]);
});
