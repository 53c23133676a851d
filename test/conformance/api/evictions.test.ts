import assert from "node:assert/strict";
import { test } from "node:test";
import { aCloneSet, aPod, UNSCHEDULED } from "../objects.ts";
import type { Obj } from "../target.ts";
import { at, MERGE, onEachTarget } from "../target.ts";

onEachTarget("evictions", (target) => {
  const pods = () => target().core("pods");
  const budgets = () => `/apis/policy/v1/namespaces/${target().namespace}/poddisruptionbudgets`;
  const evict = (name: string, deleteOptions: object = {}) =>
    target().send("POST", `${pods()}/${name}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace: target().namespace },
      deleteOptions,
    });
  const budget = (name: string, spec: object) =>
    target().must("POST", budgets(), {
      metadata: { name },
      spec: { selector: { matchLabels: { app: name } }, ...spec },
    });
  const ready = async (...names: string[]) => {
    for (const name of names) {
      await target().until(
        `${name} is ready`,
        () => target().must("GET", `${pods()}/${name}`),
        (pod) => isReady(pod),
      );
    }
  };
  const status = (name: string, holds: (status: Record<string, unknown>) => boolean) =>
    target().until(`the budget ${name}`, () => look(name), holds, 90);
  const look = async (name: string): Promise<Record<string, unknown>> => {
    const path = `${budgets()}/${name}`;
    const found = (await target().must("GET", path))["status"] as Record<string, unknown>;
    // The budgets' controller learns of new kinds every half minute, and tries again later and later: an edit wakes it.
    if (at(found, "conditions.0.reason") === "SyncFailed") {
      await target().must(
        "PATCH",
        path,
        { metadata: { annotations: { "example.com/woken": String(Date.now()) } } },
        MERGE,
      );
    }
    return found;
  };

  test("without a budget an eviction is a deletion", async () => {
    await target().must("POST", pods(), aPod("free"));
    await ready("free");
    assert.equal((await evict("free")).status, 201);
    await target().gone(`${pods()}/free`);
  });
  test("an eviction of another uid is refused", async () => {
    await target().must("POST", pods(), aPod("other"));
    const answer = await evict("other", { preconditions: { uid: "00000000-0000-0000-0000-000000000001" } });
    assert.equal(answer.status, 409);
  });
  test("an eviction of nobody is 404", async () => {
    assert.equal((await evict("nobody")).status, 404);
  });
  test("minAvailable: the budget counts, and refuses what would go below it", async () => {
    await budget("a", { minAvailable: 2 });
    for (const name of ["a-1", "a-2"]) await target().must("POST", pods(), aPod(name, { labels: { app: "a" } }));
    const full = await status("a", ({ currentHealthy }) => currentHealthy === 2);
    assert.deepEqual([full["desiredHealthy"], full["expectedPods"], full["disruptionsAllowed"]], [2, 2, 0]);
    assert.equal(at(full, "conditions.0.reason"), "InsufficientPods");
    const { status: code, body } = await evict("a-1");
    assert.deepEqual([code, at(body, "reason")], [429, "TooManyRequests"]);
    assert.equal(at(body, "message"), "Cannot evict pod as it would violate the pod's disruption budget.");
    assert.equal(
      at(body, "details.causes.0.message"),
      "The disruption budget a needs 2 healthy pods and has 2 currently",
    );
  });
  test("one pod more, and one may go; the next may not before the first is replaced", async () => {
    await target().must("POST", pods(), aPod("a-3", { labels: { app: "a" } }));
    const more = await status("a", ({ disruptionsAllowed }) => disruptionsAllowed === 1);
    assert.equal(at(more, "conditions.0.status"), "True");
    assert.equal((await evict("a-1")).status, 201);
    assert.equal((await evict("a-2")).status, 429);
  });
  test("a pod that is not up costs no budget", async () => {
    await target().must("POST", pods(), aPod("a-4", { labels: { app: "a" }, spec: UNSCHEDULED }));
    assert.equal((await evict("a-4")).status, 201);
    await target().gone(`${pods()}/a-4`);
  });
  test("maxUnavailable: of what the owner wants", async () => {
    const api = target();
    const { metadata } = await api.must("POST", api.cloneSets, aCloneSet("b", { replicas: 4 }));
    const owner = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "b", uid: metadata.uid };
    const ownerReferences = [{ ...owner, controller: true, blockOwnerDeletion: true }];
    await budget("b", { maxUnavailable: "50%" });
    for (const name of ["b-1", "b-2", "b-3"]) {
      await api.must("POST", pods(), aPod(name, { labels: { app: "b" }, ownerReferences }));
    }
    const full = await status("b", ({ currentHealthy }) => currentHealthy === 3);
    assert.deepEqual([full["expectedPods"], full["desiredHealthy"], full["disruptionsAllowed"]], [4, 2, 1]);
  });
  test("an edit of the budget is seen", async () => {
    await target().must("PATCH", `${budgets()}/b`, { spec: { maxUnavailable: 0 } }, MERGE);
    await status(
      "b",
      ({ disruptionsAllowed, observedGeneration }) => disruptionsAllowed === 0 && observedGeneration === 2,
    );
  });
  test("two budgets for one pod are one too many", async () => {
    await target().must("POST", pods(), aPod("twice", { labels: { app: "c", also: "d" } }));
    await budget("c", { minAvailable: 0 });
    await target().must("POST", budgets(), {
      metadata: { name: "d" },
      spec: { minAvailable: 0, selector: { matchLabels: { also: "d" } } },
    });
    await ready("twice");
    const { status: code, body } = await evict("twice");
    assert.equal(code, 500);
    assert.match(String(at(body, "message")), /more than one PodDisruptionBudget/);
  });
  test("a dry run evicts nobody", async () => {
    await target().must("POST", pods(), aPod("dry"));
    assert.equal((await evict("dry", { dryRun: ["All"] })).status, 201);
    assert.equal((await target().must("GET", `${pods()}/dry`)).metadata.deletionTimestamp, undefined);
  });
});

function isReady(pod: Obj): boolean {
  const conditions = (at(pod, "status.conditions") as { type: string; status: string }[] | undefined) ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
