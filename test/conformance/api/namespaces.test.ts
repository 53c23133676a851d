import assert from "node:assert/strict";
import { test } from "node:test";
import { aConfigMap } from "../objects.ts";
import type { Target } from "../target.ts";
import { at, MERGE, onEachTarget } from "../target.ts";

const ALL = "/api/v1/namespaces";

onEachTarget("namespaces", (target) => {
  const named = (name: string) => `${target().namespace}-${name}`;
  const make = (api: Target, name: string) => api.must("POST", ALL, { metadata: { name: named(name) } });

  test("a new one is active, has a label of its name, and is held by spec.finalizers", async () => {
    const made = await make(target(), "a");
    assert.equal(at(made, "status.phase"), "Active");
    assert.deepEqual(at(made, "spec.finalizers"), ["kubernetes"]);
    assert.equal(made.metadata.labels?.["kubernetes.io/metadata.name"], named("a"));
    await target().send("DELETE", `${ALL}/${named("a")}`);
  });
  test("it gets a default account", async () => {
    await make(target(), "b");
    await target().until(
      "the account",
      () => target().find(`${ALL}/${named("b")}/serviceaccounts/default`),
      (found) => found !== undefined,
    );
    await target().send("DELETE", `${ALL}/${named("b")}`);
  });
  test("nothing can be made in one that does not exist", async () => {
    const { status, body } = await target().send("POST", `${ALL}/nowhere/configmaps`, aConfigMap("a"));
    assert.deepEqual([status, at(body, "message")], [404, 'namespaces "nowhere" not found']);
  });
  test("a deleted one is terminating, takes nothing new, and goes when its contents are gone", async () => {
    const api = target();
    await make(api, "c");
    const maps = `${ALL}/${named("c")}/configmaps`;
    await api.must("POST", maps, aConfigMap("held", { finalizers: ["example.com/hold"] }));
    await api.must("POST", maps, aConfigMap("free"));
    await api.must("DELETE", `${ALL}/${named("c")}`);
    const going = await api.must("GET", `${ALL}/${named("c")}`);
    assert.equal(at(going, "status.phase"), "Terminating");
    const refused = await api.send("POST", maps, aConfigMap("late"));
    assert.deepEqual([refused.status, at(refused.body, "reason")], [403, "Forbidden"]);
    assert.equal(at(refused.body, "details.causes.0.reason"), "NamespaceTerminating");
    await api.gone(`${maps}/free`);
    assert.ok((await api.must("GET", `${maps}/held`)).metadata.deletionTimestamp);
    await api.must("PATCH", `${maps}/held`, { metadata: { finalizers: null } }, MERGE);
    await api.gone(`${ALL}/${named("c")}`);
  });
});
