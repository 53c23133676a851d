// Watches: where they begin, what they tell, and what they tell to whom.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, MERGE, onEachTarget } from "../target.ts";
import { config } from "./objects.ts";

onEachTarget("watches", (target) => {
  const maps = (query: string) => `${target().core("configmaps")}?watch=true&timeoutSeconds=15&${query}`;
  const make = (name: string, labels: Record<string, string> = {}) =>
    target().must("POST", target().core("configmaps"), config(name, { metadata: { labels } }));
  const version = async () =>
    String(at(await target().must("GET", target().core("configmaps")), "metadata.resourceVersion"));
  const change = (name: string, patch: object) =>
    target().must("PATCH", `${target().core("configmaps")}/${name}`, patch, MERGE);

  for (const from of ["", "resourceVersion=0&"]) {
    test(`without a version to begin at, it begins with what there is${from === "" ? "" : ", also from 0"}`, async () => {
      const name = from === "" ? "a-1" : "a-2";
      await make(name);
      const [first] = await target().watched(maps(`${from}fieldSelector=metadata.name%3D${name}`), 1);
      assert.deepEqual([first?.type, first?.object.metadata.name], ["ADDED", name]);
    });
  }
  test("from a version on, it tells what was missed", async () => {
    const from = await version();
    await make("b-1");
    await change("b-1", { data: { a: "1" } });
    const events = await target().watched(maps(`resourceVersion=${from}&fieldSelector=metadata.name%3Db-1`), 2);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ADDED", "MODIFIED"],
    );
  });
  test("what leaves the selection is deleted for it, with the version of the change", async () => {
    await make("c-1", { c: "1" });
    const from = await version();
    let left = "";
    const leave = async () => {
      left = (await change("c-1", { metadata: { labels: { c: "2" } } })).metadata.resourceVersion;
    };
    const [event] = await target().watched(maps(`resourceVersion=${from}&labelSelector=c%3D1`), 1, leave);
    assert.equal(event?.type, "DELETED");
    assert.equal(event.object.metadata.resourceVersion, left);
  });
  test("what enters the selection is added to it", async () => {
    await make("d-1", { d: "1" });
    const from = await version();
    const enter = async () => void (await change("d-1", { metadata: { labels: { d: "2" } } }));
    const [event] = await target().watched(maps(`resourceVersion=${from}&labelSelector=d%3D2`), 1, enter);
    assert.equal(event?.type, "ADDED");
  });
  test("a deletion has a version of its own", async () => {
    const made = await make("e-1");
    const query = `resourceVersion=${made.metadata.resourceVersion}&fieldSelector=metadata.name%3De-1`;
    const [event] = await target().watched(maps(query), 1, async () => {
      await target().must("DELETE", `${target().core("configmaps")}/e-1`);
    });
    assert.equal(event?.type, "DELETED");
    assert.ok(Number(event.object.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
  });
  test("one object can be watched by its name", async () => {
    await make("f-1");
    const query = maps("fieldSelector=metadata.name%3Df-1");
    const events = await target().watched(query, 2, async () => void (await change("f-1", { data: { a: "1" } })));
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ADDED", "MODIFIED"],
    );
  });
  test("initial events end with a bookmark that says so", async () => {
    await make("g-1");
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const events = await target().watched(maps(`${query}&fieldSelector=metadata.name%3Dg-1`), 2);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ADDED", "BOOKMARK"],
    );
    assert.deepEqual(events[1]?.object.metadata.annotations, { "k8s.io/initial-events-end": "true" });
    assert.equal(events[1]?.object.kind, "ConfigMap");
  });
  test("a version that is forgotten is an error event", async (t) => {
    const [event] = await target().watched(maps("resourceVersion=1"), 1);
    assert.ok(event);
    if (target().name === "cluster" && event.type !== "ERROR")
      return t.skip("the watch cache of a young server goes back that far");
    assert.equal(event.type, "ERROR");
    assert.deepEqual([at(event.object, "code"), at(event.object, "reason")], [410, "Expired"]);
    assert.match(String(at(event.object, "message")), /^too old resource version: 1 \(\d+\)$/);
  });
  test("as tables: only the first has columns", async () => {
    await make("h-1");
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const query = maps("fieldSelector=metadata.name%3Dh-1");
    const meanwhile = async () => void (await change("h-1", { data: { a: "1" } }));
    const events = await target().watched(query, 2, meanwhile, accept);
    const [first, second] = events.map(({ object }) => object);
    assert.ok(Array.isArray(first?.["columnDefinitions"]));
    assert.equal(at(first, "rows.0.cells.0"), "h-1");
    assert.ok(((second?.["columnDefinitions"] as unknown[] | null | undefined) ?? []).length === 0);
    assert.equal(at(second, "rows.0.cells.1"), 1);
  });
  test("as metadata alone", async () => {
    await make("i-1");
    const accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    const [event] = await target().watched(maps("fieldSelector=metadata.name%3Di-1"), 1, undefined, accept);
    assert.equal(event?.object.kind, "PartialObjectMetadata");
  });
});
