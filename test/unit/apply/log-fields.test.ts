import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { Decisions } from "../../../src/apply/decisions.ts";
import { logFields } from "../../../src/apply/log-fields.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { aPod } from "../../support/a-pod.ts";
import { NEW } from "../../support/a-revision.ts";

const pod = aPod();
const removal: Action = {
  kind: "deletePod",
  pod,
  reason: "scaleDown",
  claims: [],
  ifUnchanged: true,
  because: "it is not ready",
};

test("log: a deletion names the pod, the reason, and why this pod", () => {
  assert.deepEqual(logFields(removal), {
    action: "deletePod",
    pod: "web-aaaaa",
    reason: "scaleDown",
    because: "it is not ready",
  });
});

test("log: of a new pod name and revision, and nothing of its manifest", () => {
  const manifest = { spec: { containers: [{ env: [{ name: "TOKEN", value: "s3cret" }] }] } };
  const action: Action = {
    kind: "createPod",
    name: "web-aaaaa",
    instanceId: "aaaaa",
    revision: NEW,
    manifest,
    claims: [],
  };
  assert.deepEqual(logFields(action), { action: "createPod", pod: "web-aaaaa", revision: NEW });
});

test("metrics: every action is counted by reason and result, withheld ones also by rule", async () => {
  const registry = new Registry();
  const decisions = new Decisions(registry);
  decisions.acted({ kind: "done", action: removal });
  decisions.acted({ kind: "withheld", action: removal, rule: "floor", message: "too few" });
  decisions.idle("RollingOut");
  decisions.doubted("claims");
  const text = await registry.metrics();
  assert.match(text, /cloneset_actions_total\{action="deletePod",reason="scaleDown",result="done"\} 1/);
  assert.match(text, /cloneset_actions_total\{action="deletePod",reason="scaleDown",result="withheld"\} 1/);
  assert.match(text, /cloneset_withheld_writes_total\{rule="floor"\} 1/);
  assert.match(text, /cloneset_idle_passes_total\{reason="RollingOut"\} 1/);
  assert.match(text, /cloneset_live_checks_total\{what="claims"\} 1/);
});
