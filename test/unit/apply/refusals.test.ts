import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../../src/apply/apply.ts";
import { refusalsAfter } from "../../../src/apply/refusals.ts";
import type { Action } from "../../../src/plan/actions.ts";
import { aPod } from "../../support/a-pod.ts";
import { NEW, THIRD } from "../../support/a-revision.ts";

const pod = aPod();
const update = (revision: string): Action => ({ kind: "updatePodInPlace", pod, revision, patches: [] });
const refused = (revision = NEW): Outcome => ({ kind: "failed", action: update(revision), message: "no room" });

test("a pod whose update was refused is left alone for 5 s, then for twice as long each time, for 5 min at most", () => {
  let refusals = refusalsAfter(new Map(), [refused()], 0);
  const waits = [refusals.get(pod.uid)?.notBeforeMs];
  for (let time = 0; time < 7; time++) {
    refusals = refusalsAfter(refusals, [refused()], 0);
    waits.push(refusals.get(pod.uid)?.notBeforeMs);
  }
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test("a pod whose deletion was refused is left alone as well; an answer that may change at once is no refusal", () => {
  const deletion: Action = { kind: "deletePod", pod, reason: "podsToDelete", claims: [], ifUnchanged: false };
  const no: Outcome = { kind: "failed", action: deletion, message: "protected", refused: "asItIs" };
  const once = refusalsAfter(new Map(), [no], 1000);
  assert.deepEqual(once.get(pod.uid), {
    revision: undefined,
    message: "delete pod web-aaaaa (podsToDelete): protected",
    times: 1,
    sinceMs: 1000,
    notBeforeMs: 6000,
  });
  assert.equal(refusalsAfter(once, [no], 6000).get(pod.uid)?.notBeforeMs, 16_000);
  assert.equal(refusalsAfter(once, [{ kind: "done", action: deletion }], 0).size, 0);
  assert.equal(refusalsAfter(new Map(), [{ kind: "failed", action: deletion, message: "500" }], 0).size, 0);
});

test("another revision is another try", () => {
  const once = refusalsAfter(new Map(), [refused(), refused()], 0);
  assert.equal(refusalsAfter(once, [refused(THIRD)], 0).get(pod.uid)?.times, 1);
});

test("an update that went through ends the refusal; stale and unrelated outcomes change nothing", () => {
  const once = refusalsAfter(new Map(), [refused()], 0);
  assert.equal(refusalsAfter(once, [{ kind: "done", action: update(NEW) }], 0).size, 0);
  assert.deepEqual(refusalsAfter(once, [{ kind: "stale", action: update(NEW) }], 0), once);
  const refresh: Action = { kind: "refreshPod", pod, patches: [], why: "Normal" };
  assert.deepEqual(refusalsAfter(once, [{ kind: "failed", action: refresh, message: "no" }], 0), once);
});
