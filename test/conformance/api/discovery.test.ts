// What clients are told about the kinds: discovery, OpenAPI and table columns. The sandbox says what was captured from a real
// server, so a difference on the cluster's side means: capture anew.

import assert from "node:assert/strict";
import { test } from "node:test";
import { apiVersionOf, resourcePath } from "../../../src/kube/resources.ts";
import type { Column, DiscoveredResource, Schema } from "../../../src/sandbox/captured.ts";
import { columns, keyOf } from "../../../src/sandbox/captured.ts";
import { rootOf, servedResources } from "../../../src/sandbox/discovery.ts";
import { KINDS } from "../../../src/sandbox/kinds.ts";
import { allSchemas, schemaName } from "../../../src/sandbox/schemas.ts";
import { at, onEachTarget } from "../target.ts";
import { config } from "./objects.ts";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

interface Listed {
  name: string;
  verbs: string[];
}

interface Document {
  paths: Record<string, Record<string, { parameters?: { name: string }[]; requestBody?: { content: object } }>>;
  components: { schemas: Record<string, Schema> };
}

onEachTarget("discovery", (target) => {
  const get = async (path: string, accept = "application/json"): Promise<unknown> => {
    const answer = await target().send("GET", path, undefined, undefined, { accept });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };

  for (const kind of KINDS) {
    const { resource } = kind;
    const key = keyOf(resource);
    test(`aggregated discovery: ${key}`, async () => {
      const { items } = (await get(resource.group === "" ? "/api" : "/apis", AGGREGATED)) as {
        items: { metadata: { name?: string }; versions: { version: string; resources: DiscoveredResource[] }[] }[];
      };
      const group = items.find(({ metadata }) => (metadata.name ?? "") === resource.group);
      const version = group?.versions.find((one) => one.version === resource.version);
      const found = version?.resources.find((one) => one.resource === resource.plural);
      const [want] = servedResources([kind]);
      const known = new Set(want?.subresources?.map(({ subresource }) => subresource));
      const { subresources = [], ...rest } = found ?? assert.fail("not told of");
      const kept = subresources.filter(({ subresource }) => known.has(subresource));
      assert.deepEqual({ ...rest, ...(kept.length > 0 ? { subresources: kept } : {}) }, want);
    });
    test(`discovery by version: ${key} and its subresources`, async () => {
      const root = resource.group === "" ? "/api" : "/apis";
      const { resources } = (await get(`${root}/${apiVersionOf(resource)}`)) as { resources: Listed[] };
      const [want] = servedResources([kind]);
      const names = [
        resource.plural,
        ...(want?.subresources ?? []).map((one) => `${resource.plural}/${one.subresource}`),
      ];
      for (const name of names)
        assert.ok(
          resources.find((one) => one.name === name),
          name,
        );
      assert.deepEqual(resources.find(({ name }) => name === resource.plural)?.verbs, want?.verbs);
    });
    test(`columns: ${key}`, async () => {
      const table = (await get(resourcePath(resource), TABLE)) as { columnDefinitions: Column[] };
      assert.deepEqual(table.columnDefinitions, columns()[key]);
    });
    test(`OpenAPI: ${key}`, async () => {
      const { paths, components } = (await get(`/openapi/v3/${rootOf(resource)}`)) as Document;
      const name = schemaName(resource) ?? assert.fail("no schema");
      assert.deepEqual(components.schemas[name], allSchemas()[name]);
      const where = { name: "{name}", ...(resource.namespaced ? { namespace: "{namespace}" } : {}) };
      const path = paths[decodeURIComponent(resourcePath(resource, where))];
      assert.deepEqual(path?.["patch"]?.parameters?.map((one) => one.name).toSorted(), [
        "dryRun",
        "fieldManager",
        "fieldValidation",
        "force",
      ]);
      const strategic = kind.isCustom ? [] : ["application/strategic-merge-patch+json"];
      const types = ["apply-patch+yaml", "json-patch+json", "merge-patch+json"].map((type) => `application/${type}`);
      const served = Object.keys(path?.["patch"]?.requestBody?.content ?? {}).filter((type) => !type.includes("cbor"));
      assert.deepEqual(served.toSorted(), [...types, ...strategic]);
      assert.equal(at(path?.["get"], "x-kubernetes-group-version-kind.kind"), resource.kind);
    });
  }

  test("versions of the core, groups, and one group", async () => {
    assert.deepEqual(at(await get("/api"), "versions"), ["v1"]);
    const { groups } = (await get("/apis")) as { groups: { name: string }[] };
    for (const { resource } of KINDS)
      assert.ok(resource.group === "" || groups.some(({ name }) => name === resource.group), resource.group);
    const group = await get("/apis/apps.kruise.io");
    const version = { groupVersion: "apps.kruise.io/v1alpha1", version: "v1alpha1" };
    assert.deepEqual([at(group, "versions"), at(group, "preferredVersion")], [[version], version]);
  });
  test("OpenAPI: every version is listed with an address that has its hash", async () => {
    // A real server calls this text.
    const body = await get("/openapi/v3");
    const { paths } = (typeof body === "string" ? JSON.parse(body) : body) as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    for (const { resource } of KINDS) {
      const url = paths[rootOf(resource)]?.serverRelativeURL ?? assert.fail(rootOf(resource));
      assert.ok(url.startsWith(`/openapi/v3/${rootOf(resource)}?hash=`), url);
    }
  });
  test("what is not served is 404", async () => {
    for (const path of ["/apis/nope.example.com", "/apis/nope.example.com/v1", "/nope", "/api/v1/nopes"])
      assert.equal((await target().send("GET", path)).status, 404, path);
  });

  test("tables: a row has its cells and its metadata", async () => {
    await target().must("POST", target().core("configmaps"), config("t-1", { data: { a: "1", b: "2" } }));
    const table = await get(`${target().core("configmaps")}/t-1`, TABLE);
    assert.equal(at(table, "kind"), "Table");
    const cells = at(table, "rows.0.cells") as unknown[];
    assert.deepEqual(cells.slice(0, 2), ["t-1", 2]);
    assert.match(String(cells[2]), /^\d+s$/);
    assert.equal(at(table, "rows.0.object.kind"), "PartialObjectMetadata");
    assert.equal(at(table, "rows.0.object.metadata.name"), "t-1");
  });
  test("tables: the objects come whole, or not at all, when that is asked for", async () => {
    await target().must("POST", target().core("configmaps"), config("t-2", { data: { a: "1" } }));
    const query = `${target().core("configmaps")}?fieldSelector=metadata.name%3Dt-2`;
    assert.equal(at(await get(`${query}&includeObject=None`, TABLE), "rows.0.object"), null);
    assert.deepEqual(at(await get(`${query}&includeObject=Object`, TABLE), "rows.0.object.data"), { a: "1" });
  });
  test("tables: an empty list has columns and no rows", async () => {
    const table = await get(`${target().core("configmaps")}?labelSelector=no%3Dbody`, TABLE);
    assert.deepEqual(at(table, "rows"), []);
    assert.equal(at(table, "columnDefinitions.0.name"), "Name");
  });
  test("tables: a refusal stays a Status", async () => {
    const answer = await target().send("GET", `${target().core("configmaps")}/none`, undefined, undefined, {
      accept: TABLE,
    });
    assert.deepEqual([answer.status, at(answer.body, "kind")], [404, "Status"]);
  });
  test("metadata alone, of one object", async () => {
    await target().must("POST", target().core("configmaps"), config("t-3", { data: { a: "1" } }));
    const found = await get(`${target().core("configmaps")}/t-3`, METADATA);
    assert.deepEqual([at(found, "kind"), at(found, "apiVersion")], ["PartialObjectMetadata", "meta.k8s.io/v1"]);
    assert.equal(at(found, "data"), undefined);
  });
  test("tables: a CloneSet shows its numbers", async () => {
    const columnsOf = columns()["apps.kruise.io/v1alpha1/clonesets"] ?? [];
    const body = {
      apiVersion: "apps.kruise.io/v1alpha1",
      kind: "CloneSet",
      metadata: { name: "t-4" },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "t-4" } },
        template: { metadata: { labels: { app: "t-4" } }, spec: { containers: [{ name: "app", image: "app:v1" }] } },
      },
    };
    await target().must("POST", target().cloneSets, body);
    const cells = at(await get(`${target().cloneSets}/t-4`, TABLE), "rows.0.cells") as unknown[];
    const shown = Object.fromEntries(columnsOf.map(({ name }, i) => [name, cells[i]]));
    const { AGE: _age, ...rest } = shown;
    assert.deepEqual(rest, {
      Name: "t-4",
      DESIRED: 0,
      UPDATED: 0,
      UPDATED_READY: 0,
      UPDATED_AVAILABLE: 0,
      READY: 0,
      TOTAL: 0,
      CONTAINERS: "app",
      IMAGES: "app:v1",
      SELECTOR: null,
    });
  });
});
