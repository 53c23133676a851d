// Lists: pages, selectors, versions; and what is said about a query that cannot be understood.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, FORGOTTEN_SECONDS, type Obj, onEachTarget } from "../target.ts";
import { aPod, config } from "./objects.ts";

interface List {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: Obj[];
}

onEachTarget("lists", (target) => {
  const list = (query: string, plural = "configmaps") =>
    target().must<List>("GET", `${target().core(plural)}?${query}`);
  const names = async (query: string, plural?: string) =>
    (await list(query, plural)).items.map(({ metadata }) => metadata.name);
  const make = (name: string, labels: Record<string, string>) =>
    target().must("POST", target().core("configmaps"), config(name, { metadata: { labels } }));

  test("pages say how many are left, and the last one says nothing", async () => {
    for (const name of ["a-1", "a-2", "a-3"]) await make(name, { page: "1" });
    const all = await target().must<List>("GET", `${target().core("configmaps")}?limit=500`);
    const first = await list("limit=1");
    assert.equal(first.metadata.remainingItemCount, all.items.length - 1);
    const rest = await list(`limit=500&continue=${encodeURIComponent(first.metadata.continue ?? "")}`);
    assert.equal(rest.items.length, all.items.length - 1);
    assert.deepEqual([rest.metadata.continue, rest.metadata.remainingItemCount], [undefined, undefined]);
  });
  test("pages of a selection do not say how many are left", async () => {
    for (const name of ["b-1", "b-2"]) await make(name, { half: "1" });
    const { metadata } = await list("labelSelector=half%3D1&limit=1");
    assert.ok(metadata.continue);
    assert.equal(metadata.remainingItemCount, undefined);
  });
  test("an empty list is a list", async () => {
    const { kind, items } = await list("labelSelector=nobody");
    assert.deepEqual([kind, items], ["ConfigMapList", []]);
  });
  test("items of a list of all namespaces come with theirs", async () => {
    await make("c-1", { everywhere: "1" });
    const { items } = await target().must<List>("GET", "/api/v1/configmaps?labelSelector=everywhere%3D1");
    const own = items.filter((item) => at(item, "metadata.namespace") === target().namespace);
    assert.deepEqual(
      own.map(({ metadata }) => metadata.name),
      ["c-1"],
    );
  });
  test("pods are selected by node, phase and restart policy", async () => {
    await target().must("POST", target().core("pods"), aPod("d-1"));
    await target().must("POST", target().core("pods"), aPod("d-2", {}, { restartPolicy: "Never" }));
    assert.deepEqual(await names("fieldSelector=status.phase%3DPending,spec.nodeName%3D", "pods"), ["d-1", "d-2"]);
    assert.deepEqual(await names("fieldSelector=spec.restartPolicy%3DNever", "pods"), ["d-2"]);
    assert.deepEqual(await names("fieldSelector=status.phase!%3DPending", "pods"), []);
    assert.deepEqual(await names("fieldSelector=spec.schedulerName%3D%3Dnobody,metadata.name%3Dd-1", "pods"), ["d-1"]);
  });
  test("events are selected by what they are about", async () => {
    const about = (name: string) => ({ kind: "Pod", namespace: target().namespace, name });
    for (const name of ["e-1", "e-2"]) {
      const event = { metadata: { name }, involvedObject: about(name), reason: "Seen", type: "Normal", message: "x" };
      await target().must("POST", target().core("events"), event);
    }
    assert.deepEqual(await names("fieldSelector=involvedObject.name%3De-2,reason%3DSeen,type%3DNormal", "events"), [
      "e-2",
    ]);
  });
  test("deletion of a selection tells what is deleted, and leaves the rest", async () => {
    for (const name of ["f-1", "f-2"]) await make(name, { gone: name });
    const path = `${target().core("configmaps")}?labelSelector=gone%3Df-1`;
    const { items } = await target().must<List>("DELETE", path);
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["f-1"],
    );
    assert.deepEqual(await names("labelSelector=gone"), ["f-2"]);
  });

  const refused: { query: string; plural?: string; status: number; message: string | RegExp }[] = [
    {
      query: "fieldSelector=spec.x%3D1",
      status: 400,
      message: '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    },
    { query: "fieldSelector=spec.x%3D1", plural: "pods", status: 400, message: "field label not supported: spec.x" },
    { query: "fieldSelector=bad", status: 400, message: "invalid selector: 'bad'; can't understand 'bad'" },
    { query: "labelSelector=a+b", status: 400, message: /^unable to parse requirement: / },
    { query: "continue=zzz&limit=1", status: 400, message: /^invalid continue token: / },
    {
      query: "resourceVersion=abc",
      status: 400,
      message:
        'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    },
    {
      query: "resourceVersionMatch=Exact",
      status: 422,
      message:
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    },
    {
      query: "resourceVersion=5&resourceVersionMatch=Nope",
      status: 422,
      message:
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Nope": supported values: "Exact", "NotOlderThan", ""',
    },
    {
      query: "resourceVersion=1&resourceVersionMatch=Exact",
      status: 410,
      message: "The resourceVersion for the provided list is too old.",
    },
    {
      query: "watch=1&sendInitialEvents=true",
      status: 422,
      message:
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    },
  ];
  for (const { query, plural = "configmaps", status, message } of refused) {
    test(`refused: ${plural}?${query}`, async () => {
      const path = `${target().core(plural)}?${query}`;
      const ask = () => target().send("GET", path);
      // A young server has forgotten no version yet.
      const answer = await (status === 410
        ? target().until("the first version to be forgotten", ask, (found) => found.status === 410, FORGOTTEN_SECONDS)
        : ask());
      assert.equal(answer.status, status);
      const said = String(at(answer.body, "message"));
      if (typeof message === "string") assert.equal(said, message);
      else assert.match(said, message);
    });
  }
  test("refused: a custom kind has no fields to select by but name and namespace", async () => {
    const { status, body } = await target().send("GET", `${target().cloneSets}?fieldSelector=spec.replicas%3D1`);
    assert.deepEqual([status, at(body, "message")], [400, "field label not supported: spec.replicas"]);
    assert.equal((await target().send("GET", `${target().cloneSets}?fieldSelector=metadata.name%3Dx`)).status, 200);
  });
  for (const method of ["PUT", "PATCH"]) {
    test(`refused: ${method} of a whole collection`, async () => {
      const type = method === "PATCH" ? "application/merge-patch+json" : undefined;
      const { status, body } = await target().send(method, target().core("configmaps"), {}, type);
      assert.deepEqual([status, at(body, "reason")], [405, "MethodNotAllowed"]);
    });
  }
});
