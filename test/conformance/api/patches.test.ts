// The three types of patches, and what is said to those that make no sense.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, JSON_PATCH, MERGE, onEachTarget, STRATEGIC } from "../target.ts";
import { aPod, aSet, config } from "./objects.ts";

onEachTarget("patches", (target) => {
  const pods = (name: string) => `${target().core("pods")}/${name}`;
  const maps = (name: string) => `${target().core("configmaps")}/${name}`;
  const services = (name: string) => `${target().core("services")}/${name}`;
  const patch = (path: string, body: unknown, type: string) => target().must("PATCH", path, body, type);

  test("strategic: containers are merged by name, and keep their order", async () => {
    const containers = ["a", "b", "c"].map((name) => ({ name, image: "i:1" }));
    await target().must("POST", target().core("pods"), {
      ...aPod("s-1"),
      spec: { schedulerName: "nobody", containers },
    });
    const pod = await patch(pods("s-1"), { spec: { containers: [{ name: "b", image: "i:2" }] } }, STRATEGIC);
    const images = (at(pod, "spec.containers") as { name: string; image: string }[]).map(({ name, image }) => [
      name,
      image,
    ]);
    assert.deepEqual(images, [
      ["a", "i:1"],
      ["b", "i:2"],
      ["c", "i:1"],
    ]);
  });
  test("strategic: conditions are merged by type, and one is deleted by a directive", async () => {
    await target().must("POST", target().core("pods"), aPod("s-2"));
    const status = (...conditions: object[]) => ({ status: { conditions } });
    await patch(
      `${pods("s-2")}/status`,
      status({ type: "a", status: "True" }, { type: "b", status: "True" }),
      STRATEGIC,
    );
    await patch(`${pods("s-2")}/status`, status({ type: "a", status: "False" }), STRATEGIC);
    const pod = await patch(`${pods("s-2")}/status`, status({ $patch: "delete", type: "b" }), STRATEGIC);
    const conditions = at(pod, "status.conditions") as { type: string; status: string }[];
    assert.deepEqual(
      conditions.map(({ type, status: is }) => [type, is]),
      [["a", "False"]],
    );
  });
  test("strategic: finalizers are a set; some are removed by name", async () => {
    await target().must("POST", target().core("configmaps"), config("s-3", { metadata: { finalizers: ["x.io/a"] } }));
    const both = await patch(maps("s-3"), { metadata: { finalizers: ["x.io/b"] } }, STRATEGIC);
    assert.deepEqual(new Set(both.metadata.finalizers), new Set(["x.io/a", "x.io/b"]));
    const gone = { metadata: { "$deleteFromPrimitiveList/finalizers": ["x.io/a"] } };
    assert.deepEqual((await patch(maps("s-3"), gone, STRATEGIC)).metadata.finalizers, ["x.io/b"]);
    await patch(maps("s-3"), { metadata: { finalizers: null } }, MERGE);
  });
  test("strategic: a list whose last item goes is not there any more", async () => {
    const owner = await target().must("POST", target().core("configmaps"), config("s-owner"));
    const { uid } = owner.metadata;
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "s-owner", uid }];
    await target().must("POST", target().core("pods"), { ...aPod("s-9"), metadata: { name: "s-9", ownerReferences } });
    const gone = { metadata: { ownerReferences: [{ $patch: "delete", uid }] } };
    const pod = await patch(pods("s-9"), gone, STRATEGIC);
    assert.equal(pod.metadata.ownerReferences, undefined);
  });
  test("strategic: ports of a service are merged by port", async () => {
    const ports = [{ name: "http", port: 80 }];
    const service = { metadata: { name: "s-4" }, spec: { selector: { app: "x" }, ports } };
    await target().must("POST", target().core("services"), service);
    const changed = await patch(services("s-4"), { spec: { ports: [{ name: "https", port: 443 }] } }, STRATEGIC);
    const found = at(changed, "spec.ports") as { port: number }[];
    assert.deepEqual(new Set(found.map(({ port }) => port)), new Set([80, 443]));
  });
  test("strategic: an order sorts what is there", async () => {
    await target().must("POST", target().core("pods"), aPod("s-5"));
    const path = `${pods("s-5")}/status`;
    await patch(
      path,
      {
        status: {
          conditions: [
            { type: "a", status: "True" },
            { type: "b", status: "True" },
          ],
        },
      },
      STRATEGIC,
    );
    const order = { status: { "$setElementOrder/conditions": [{ type: "b" }, { type: "a" }] } };
    const conditions = at(await patch(path, order, STRATEGIC), "status.conditions") as { type: string }[];
    assert.deepEqual(
      conditions.map(({ type }) => type),
      ["b", "a"],
    );
  });
  test("strategic: a map is replaced when the patch says so, and null removes a member", async () => {
    await target().must("POST", target().core("configmaps"), config("s-6", { data: { a: "1", b: "2" } }));
    const less = await patch(maps("s-6"), { data: { a: null, c: "3" } }, STRATEGIC);
    assert.deepEqual(less["data"], { b: "2", c: "3" });
    const replaced = await patch(maps("s-6"), { data: { $patch: "replace", d: "4" } }, STRATEGIC);
    assert.deepEqual(replaced["data"], { d: "4" });
  });
  test("strategic: an item without its key is refused", async () => {
    await target().must("POST", target().core("pods"), aPod("s-7"));
    const { status, body } = await target().send(
      "PATCH",
      pods("s-7"),
      { spec: { containers: [{ image: "i:2" }] } },
      STRATEGIC,
    );
    assert.equal(status, 500);
    assert.match(String(at(body, "message")), /does not contain declared merge key: name$/);
  });
  test("strategic: custom kinds do not know it", async () => {
    await target().must("POST", target().cloneSets, aSet("s-8"));
    const body = { spec: { replicas: 3 } };
    const answer = await target().send("PATCH", `${target().cloneSets}/s-8`, body, STRATEGIC);
    assert.equal(answer.status, 415);
    const others = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    assert.ok(String(at(answer.body, "message")).endsWith(others));
  });
  test("merge: lists are replaced, maps are not", async () => {
    await target().must("POST", target().cloneSets, aSet("m-1"));
    const path = `${target().cloneSets}/m-1`;
    const containers = [{ name: "other", image: "o:1" }];
    const set = await patch(path, { spec: { template: { spec: { containers } } } }, MERGE);
    assert.deepEqual(at(set, "spec.template.spec.containers"), containers);
    assert.equal(at(set, "spec.template.spec.schedulerName"), "nobody");
  });
  test("merge: null on a field with a default brings the default back", async () => {
    await target().must("POST", target().cloneSets, aSet("m-2", { replicas: 5 }));
    const set = await patch(`${target().cloneSets}/m-2`, { spec: { replicas: null } }, MERGE);
    assert.equal(at(set, "spec.replicas"), 1);
  });
  test("JSON: members are added, moved, copied and replaced", async () => {
    await target().must("POST", target().core("configmaps"), config("j-1", { data: { a: "1", b: "2" } }));
    const operations = [
      { op: "copy", from: "/data/a", path: "/data/c" },
      { op: "move", from: "/data/b", path: "/data/d" },
      { op: "replace", path: "/data/a", value: "9" },
    ];
    assert.deepEqual((await patch(maps("j-1"), operations, JSON_PATCH))["data"], { a: "9", c: "1", d: "2" });
  });
  test("JSON: items of lists are inserted, appended and removed", async () => {
    await target().must("POST", target().cloneSets, aSet("j-2", { scaleStrategy: { podsToDelete: ["a", "b"] } }));
    const path = "/spec/scaleStrategy/podsToDelete";
    const operations = [
      { op: "add", path: `${path}/0`, value: "first" },
      { op: "add", path: `${path}/-`, value: "last" },
      { op: "remove", path: `${path}/1` },
    ];
    const set = await patch(`${target().cloneSets}/j-2`, operations, JSON_PATCH);
    assert.deepEqual(at(set, "spec.scaleStrategy.podsToDelete"), ["first", "b", "last"]);
  });

  const refused: { name: string; body: unknown; type: string; status: number; message: string }[] = [
    {
      name: "a JSON patch on nothing",
      body: [{ op: "remove", path: "/data/none" }],
      type: JSON_PATCH,
      status: 422,
      message: "the server rejected our request due to an error in our request",
    },
    {
      name: "an unknown operation",
      body: [{ op: "nope", path: "/data/a" }],
      type: JSON_PATCH,
      status: 422,
      message: "the server rejected our request due to an error in our request",
    },
    {
      name: "a JSON patch that is no list",
      body: { a: 1 },
      type: JSON_PATCH,
      status: 400,
      message: "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    },
    {
      name: "a merge patch that is a list",
      body: [1],
      type: MERGE,
      status: 400,
      message: "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    },
    {
      name: "a strategic patch that is a list",
      body: [1],
      type: STRATEGIC,
      status: 400,
      message: "json: cannot unmarshal array into Go value of type map[string]interface {}",
    },
    {
      name: "an unknown type",
      body: {},
      type: "application/nope",
      status: 415,
      message: "415: Unsupported Media Type",
    },
  ];
  for (const { name, body, type, status, message } of refused) {
    test(`refused: ${name}`, async () => {
      await target().send("POST", target().core("configmaps"), config("r", { data: { a: "1" } }));
      const answer = await target().send("PATCH", maps("r"), body, type);
      assert.deepEqual([answer.status, at(answer.body, "message")], [status, message]);
    });
  }
  test("refused: what is not there", async () => {
    const { status, body } = await target().send("PATCH", maps("none"), {}, MERGE);
    assert.deepEqual([status, at(body, "message")], [404, 'configmaps "none" not found']);
  });
  test("a dry run answers with what would be, and writes nothing", async () => {
    await target().must("POST", target().core("configmaps"), config("dry", { data: { a: "1" } }));
    const would = await patch(`${maps("dry")}?dryRun=All`, { data: { a: "2" } }, MERGE);
    assert.deepEqual(would["data"], { a: "2" });
    assert.deepEqual((await target().must("GET", maps("dry")))["data"], { a: "1" });
  });

  const options: { method: string; query: string; message: string }[] = [
    {
      method: "POST",
      query: "dryRun=Some",
      message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    },
    {
      method: "POST",
      query: "fieldValidation=Bogus",
      message:
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Bogus": supported values: "", "Ignore", "Strict", "Warn"',
    },
  ];
  for (const { method, query, message } of options) {
    test(`refused: ${query}`, async () => {
      const { status, body } = await target().send(method, `${target().core("configmaps")}?${query}`, config("o"));
      assert.deepEqual([status, at(body, "message")], [422, message]);
    });
  }
  test("unknown fields of a pod are refused when validation is strict", async () => {
    const pod = aPod("v-1", { bogus: 1 });
    const { status, body } = await target().send("POST", `${target().core("pods")}?fieldValidation=Strict`, pod);
    assert.equal(status, 400);
    assert.equal(
      at(body, "message"),
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].bogus"',
    );
  });
  test("unknown fields of a pod are warned of, and dropped", async () => {
    const { status, body, headers } = await target().send("POST", target().core("pods"), aPod("v-2", { bogus: 1 }));
    assert.equal(status, 201);
    assert.equal(headers["warning"], '299 - "unknown field \\"spec.containers[0].bogus\\""');
    assert.equal(at(body, "spec.containers.0.bogus"), undefined);
  });
});
