import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import type { Plugin } from "../../support/plugin.ts";
import { startPlugin } from "../../support/plugin.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const half = wireCloneSet({ status: { updatedReplicas: 3, updatedReadyReplicas: 3, updatedAvailableReplicas: 3 } });

let plugin: Plugin;
before(async () => {
  plugin = await startPlugin();
  await plugin.store(CLONE_SETS, half);
});
after(() => plugin.close());

test("status --watch: waits for the end", async () => {
  await plugin.setStatus("web", half.status);
  const run = await plugin.watched("status web --watch", {
    first: () => plugin.setStatus("web", wireCloneSet().status),
  });
  assert.deepEqual(run, {
    code: 0,
    lines: ["progressing: 3 of 5 updated pods available", "done: all 5 pods updated and available"],
  });
});

test("status --watch: for the time it was given", async () => {
  await plugin.setStatus("web", half.status);
  const { code, stdout } = await plugin.run("status web --watch --timeout 300ms");
  assert.deepEqual([code, stdout], [3, "progressing: 3 of 5 updated pods available\n"]);
});

test("get --watch: a line per change where there is no terminal", async () => {
  await plugin.setStatus("web", half.status);
  const { lines } = await plugin.watched("get web --watch", {
    first: () => plugin.setStatus("web", wireCloneSet().status),
    last: /Up to date/,
  });
  const words = lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:]+Z {2}/, ""));
  assert.deepEqual(words, ["web  Rolling out: 3 of 5", "web  Up to date: 5 of 5"]);
});
