// Nodes turn new pods away: the next ones are tried one at a time, later each time.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerStatus, Pod } from "../../../src/api/pod.ts";
import { describe } from "../../../src/plan/actions.ts";
import { aClaimTemplate, NOW_MS } from "../../support/a-cloneset.ts";
import { aClaim, aPod } from "../../support/a-pod.ts";
import { NEW, OLD } from "../../support/a-revision.ts";
import { actionsOf, anObservation, workPlan } from "../../support/an-observation.ts";
import { podsInShort } from "../../support/pods-in-short.ts";

/** Failed before any container ran, so many seconds after each other; the last one a number of seconds ago. */
function away(agesSeconds: readonly number[], given: Partial<Pod> & { revision?: string; node?: string } = {}): Pod[] {
  const { revision = NEW, node = "n1", ...more } = given;
  return agesSeconds.map((createdSecondsAgo, i) => ({
    ...aPod({ name: `web-away${i}`, id: `zzzz${"bcdfghjk"[i]}`, revision, node, phase: "Failed", createdSecondsAgo }),
    reason: "TopologyAffinityError",
    containerStatuses: [],
    ...more,
  }));
}

const notFound: ContainerStatus = {
  name: "app",
  image: "app:v2",
  imageID: "",
  containerID: "",
  ready: false,
  restartCount: 0,
  state: "terminated",
  reason: "ContainerStatusUnknown",
};

const MESSAGE = "create pods: their nodes turn them away (TopologyAffinityError)";

const cases: {
  name: string;
  pods: Pod[];
  /** `problem`: told or not. `againInMs`: when creation is due. */
  want: { create: number; problem: boolean; againInMs?: number };
}[] = [
  { name: "nobody was", pods: podsInShort("2n"), want: { create: 3, problem: false } },
  { name: "a moment ago", pods: away([0.4, 0.4]), want: { create: 0, problem: true, againInMs: 600 } },
  { name: "a second ago", pods: away([1, 1]), want: { create: 1, problem: true } },
  { name: "for eight seconds", pods: away([11, 7, 3]), want: { create: 0, problem: true, againInMs: 5_000 } },
  { name: "for eight seconds, eight seconds ago", pods: away([16, 12, 8]), want: { create: 1, problem: true } },
  { name: "for hours", pods: away([36_000, 299]), want: { create: 0, problem: true, againInMs: 1_000 } },
  { name: "for hours, five minutes ago", pods: away([36_000, 300]), want: { create: 1, problem: true } },
  {
    name: "before another one started",
    pods: [...podsInShort("2n", { createdSecondsAgo: 3 }), ...away([4, 3])],
    want: { create: 3, problem: false },
  },
  {
    name: "since the last one started",
    pods: [...podsInShort("2n", { createdSecondsAgo: 3 }), ...away([9, 2.5])],
    want: { create: 1, problem: true },
  },
  {
    name: "and the kubelet looked for their containers",
    pods: away([0.4], { containerStatuses: [notFound] }),
    want: { create: 0, problem: true },
  },
  { name: "made from another template", pods: away([0.4], { revision: OLD }), want: { create: 5, problem: false } },
  {
    name: "evicted, so they ran",
    pods: away([0.4], { containerStatuses: aPod().containerStatuses }),
    want: { create: 5, problem: false },
  },
  { name: "by no node", pods: away([0.4], { node: "" }), want: { create: 5, problem: false } },
  { name: "by a clock that was set back", pods: away([-60]), want: { create: 5, problem: false } },
];
for (const { name, pods, want } of cases) {
  test(`turned away: ${name}`, () => {
    const { actions, scaleProblem, againInMs } = workPlan(
      anObservation({ replicas: 5, same: true, nowMs: NOW_MS, pods }),
    );
    assert.equal(actionsOf(actions, "createPod").length, want.create);
    assert.equal(scaleProblem, want.problem ? MESSAGE : undefined);
    if (want.againInMs !== undefined) assert.equal(againInMs, want.againInMs);
  });
}

test("turned away: a rollout goes on within its budget, and says what is missing", () => {
  const pods = [...podsInShort("4o"), ...away([0.4])];
  const { actions, notes } = workPlan(anObservation({ replicas: 5, maxUnavailable: 2, pods }));
  assert.equal(actionsOf(actions, "deletePod").length, 1);
  assert.deepEqual(
    notes.map(({ reason, message }) => [reason, message]),
    [["FailedCreate", `failed to ${MESSAGE}`]],
  );
});

const withClaims: { name: string; failed: Partial<Pod>; want: string[]; againInMs?: number }[] = [
  { name: "stays for a while", failed: away([4])[0] ?? {}, want: [], againInMs: 6_000 },
  { name: "makes way then", failed: away([10])[0] ?? {}, want: ["delete pod web-bbbbb (finished)"] },
  { name: "makes way at once if it ran", failed: { phase: "Failed" }, want: ["delete pod web-bbbbb (finished)"] },
  {
    name: "makes way at once by a clock that was set back",
    failed: away([-60])[0] ?? {},
    want: ["delete pod web-bbbbb (finished)"],
  },
];
for (const { name, failed, want, againInMs } of withClaims) {
  test(`turned away: a pod with PVCs ${name}`, () => {
    const pod = { ...aPod({ id: "bbbbb" }), ...failed, name: "web-bbbbb", labels: aPod({ id: "bbbbb" }).labels };
    const planned = workPlan(
      anObservation({
        replicas: 1,
        same: true,
        nowMs: NOW_MS,
        claimTemplates: [aClaimTemplate("data")],
        claims: [aClaim({ id: "bbbbb" })],
        pods: [pod],
      }),
    );
    assert.deepEqual([planned.actions.map(describe), planned.againInMs], [want, againInMs]);
    const held = "waiting for web-bbbbb: turned away by node n1 (TopologyAffinityError), about to be tried again";
    assert.equal(planned.statusInput.waiting, againInMs === undefined ? undefined : held);
  });
}
