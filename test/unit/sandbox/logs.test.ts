// Containers that are simulated write nothing: their log says when they started and ended, and that this is all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiServer } from "../../../src/sandbox/api-server.ts";
import { VirtualClock } from "../../../src/sandbox/virtual-clock.ts";

const AT = "2026-01-01T00:00:00Z";
const LATER = "2026-01-01T00:00:09Z";
const ended = { exitCode: 1, reason: "Error", startedAt: AT, finishedAt: LATER };
const SAID = "it is simulated: nothing runs, and nothing more is written";

/** Answers about the log of a pod on a node, whose container has this status. */
function theLog(status: object, query = "") {
  const server = new ApiServer({ clock: new VirtualClock() });
  const send = (method: string, path: string, body?: object) =>
    server.request({ method, path, headers: {}, user: "test", ...(body ? { body } : {}) });
  const pods = "/api/v1/namespaces/shop/pods";
  const spec = { nodeName: "node-1", containers: [{ name: "app", image: "app:v1" }] };
  const pod = send("POST", pods, { metadata: { name: "web" }, spec }).body as object;
  const containerStatuses = [{ name: "app", image: "app:v1", lastState: {}, ...status }];
  send("PUT", `${pods}/web/status`, { ...pod, status: { containerStatuses } });
  const { status: code, headers, body } = send("GET", `${pods}/web/log${query}`);
  return { code, type: headers["content-type"], said: code === 200 ? body : (body as { message: string }).message };
}

test("of one that runs", () => {
  const log = theLog({ state: { running: { startedAt: AT } } });
  assert.deepEqual(log, {
    code: 200,
    type: "text/plain",
    said: `container app started with app:v1 on node-1; ${SAID}\n`,
  });
});

test("of one that crashed, now and while it waits for its next start", () => {
  const waiting = { reason: "CrashLoopBackOff" };
  for (const status of [{ state: { terminated: ended } }, { state: { waiting }, lastState: { terminated: ended } }]) {
    const { said } = theLog(status, "?timestamps=true");
    const lines = [
      `${AT} container app started on node-1; ${SAID}`,
      `${LATER} container app ended: Error, exit code 1`,
    ];
    assert.equal(said, `${lines.join("\n")}\n`);
  }
  assert.equal(
    theLog({ state: { terminated: ended } }, "?tailLines=1").said,
    "container app ended: Error, exit code 1\n",
  );
});

test("of the one before", () => {
  const state = { running: { startedAt: LATER } };
  assert.match(String(theLog({ state, lastState: { terminated: ended } }, "?previous=true").said), /ended: Error/);
  assert.deepEqual(
    [theLog({ state }, "?previous=true").code, theLog({ state }, "?previous=true").said],
    [400, 'previous terminated container "app" in pod "web" not found'],
  );
});

test("of one that never started", () => {
  const { code, said } = theLog({ state: { waiting: { reason: "ImagePullBackOff" } } });
  assert.deepEqual([code, said], [400, 'container "app" in pod "web" is waiting to start: ImagePullBackOff']);
});

test("nobody gets into a container, and is told why", () => {
  const server = new ApiServer({ clock: new VirtualClock() });
  for (const way of ["exec", "attach", "portforward", "proxy", "ephemeralcontainers"]) {
    const path = `/api/v1/namespaces/shop/pods/web/${way}`;
    const { status, body } = server.request({ method: "GET", path, headers: {}, user: "test" });
    assert.equal(status, 501);
    assert.match((body as { message: string }).message, new RegExp(`^pods/${way}: the sandbox simulates containers`));
  }
});
