import assert from "node:assert/strict";
import { test } from "node:test";
import { announcements } from "../../../src/apply/announce.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { aClaim, aPod } from "../../support/a-pod.ts";
import { NEW } from "../../support/a-revision.ts";

const removal: Action = {
  kind: "deletePod",
  pod: aPod(),
  reason: "recreateUpdate",
  claims: [aClaim()],
  ifUnchanged: true,
};
const creation: Action = {
  kind: "createPod",
  name: "web-aaaaa",
  instanceId: "aaaaa",
  revision: NEW,
  claims: [],
  manifest: { spec: { env: "secret" } },
};

test("events: a re-creation says so, and which claims went with the pod", () => {
  const message = "deleted pod web-aaaaa with data-web-aaaaa: it is re-created at the update revision";
  assert.deepEqual(announcements({ kind: "done", action: removal }), [
    { type: "Normal", reason: "SuccessfulUpdatePodReCreate", message },
    { type: "Normal", reason: "SuccessfulDelete", message },
  ]);
});

test("events: a failure is a warning with the server's words, and without the object", () => {
  const [event] = announcements({ kind: "failed", action: creation, message: "exceeded quota" });
  assert.deepEqual(event, {
    type: "Warning",
    reason: "FailedCreate",
    message: `failed to create pod web-aaaaa at ${NEW}: exceeded quota`,
  });
});

test("events: none where the object merely changed meanwhile, and none for what a pod needs by itself", () => {
  assert.deepEqual(announcements({ kind: "stale", action: removal }), []);
  const refresh: Action = { kind: "refreshPod", pod: aPod(), patches: [], why: "Normal" };
  assert.deepEqual(announcements({ kind: "done", action: refresh }), []);
});
