// The verbs of the kubectl plugin that need containers: logs through an update in place, exec and its exit codes, port-forward.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet } from "../support/e2e/manifests.ts";
import { PluginProcess } from "../support/e2e/plugin-process.ts";
import { Story } from "../support/e2e/story.ts";

const story = await Story.begin("plugin");
const plugin = (...args: string[]) => PluginProcess.start(story, args);

test("the logs go on through an update in place, and say who wrote each line", async () => {
  await story.apply(aCloneSet("web", { replicas: 2 }));
  const pods = await story.settled("web", 2, "v1");
  const linesOf = (version: string) =>
    pods.map(({ metadata }) => `[pod/${metadata.name}/app] version ${version}`).toSorted();

  const logs = plugin("logs", "web", "-f", "--prefix", "--revision", "update");
  for (const line of linesOf("v1")) await logs.says(line);
  const set = await plugin("set", "image", "web", "app=local/app:v2").end;
  assert.equal(set.code, 0, set.stderr);
  await story.settled("web", 2, "v2");
  for (const line of linesOf("v2")) await logs.says(line);
  const { code, stdout, stderr } = await logs.interrupt();
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.deepEqual(stdout.trim().split("\n").toSorted(), [...linesOf("v1"), ...linesOf("v2")].toSorted());
});

test("exec passes stdin, both outputs and the exit code on; Ctrl-C ends it", async () => {
  const command = ["sh", "-c", "cat; echo oops >&2; exit 7"];
  const both = await plugin("exec", "web", "-i", "--", ...command).endWith("from stdin\n");
  assert.deepEqual([both.code, both.stdout], [7, "from stdin\n"]);
  assert.match(both.stderr, /^In pod web-\w+, container app\noops\n$/);

  const missing = await plugin("exec", "web", "--", "no-such-program").end;
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /error: .*no-such-program/);

  const sleeping = plugin("exec", "web", "--", "sh", "-c", "echo begun; sleep 100");
  await sleeping.says("begun");
  const { code, stderr } = await sleeping.interrupt();
  assert.equal(code, 130);
  assert.doesNotMatch(stderr, /error/);
});

test("port-forward leads to the pod, and says when nobody listens there", async () => {
  const forward = plugin("port-forward", "web", ":8080", ":9");
  const open = await forward.finds(/127\.0\.0\.1:(\d+) -> 8080/);
  const closed = await forward.finds(/127\.0\.0\.1:(\d+) -> 9 /);
  for (const _ of ["once", "and again"]) {
    const answer = await fetch(`http://127.0.0.1:${open}/version`);
    assert.equal((await answer.text()).trim(), "v2");
  }
  await assert.rejects(fetch(`http://127.0.0.1:${closed}/`));
  await forward.complains("error forwarding port 9 ");
  const { code } = await forward.interrupt();
  assert.equal(code, 0);
});

test("when the CloneSet goes, its logs are read to their end", async () => {
  const logs = plugin("logs", "web", "-f");
  await logs.says("version v2");
  await story.run("delete", "clone", "web");
  const { code, stderr } = await logs.end;
  assert.equal(code, 1);
  assert.match(stderr, /^Error from server \(NotFound\): .*\nNext: .*\n$/);
});
