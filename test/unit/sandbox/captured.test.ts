import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, keyOf } from "../../../src/sandbox/captured.ts";
import { age, cellOf } from "../../../src/sandbox/cells.ts";
import { servedResources } from "../../../src/sandbox/discovery.ts";
import { KINDS } from "../../../src/sandbox/kinds.ts";
import { openApi } from "../../../src/sandbox/openapi.ts";
import { schemaName } from "../../../src/sandbox/schemas.ts";

for (const kind of KINDS) {
  const { resource, subresources = [] } = kind;
  test(`captured: everything that clients are told about ${keyOf(resource)}`, () => {
    const [found] = servedResources([kind]);
    assert.equal(found?.responseKind.kind, resource.kind);
    assert.deepEqual(new Set(found?.subresources?.map(({ subresource }) => subresource)), new Set(subresources));
    assert.ok(schemaName(resource));
    for (const { name } of columns()[keyOf(resource)] ?? assert.fail("no columns")) {
      assert.ok(cellOf(resource.plural, name), `nothing fills the column ${name}`);
    }
  });
}

test("openapi: every document is reached by its hash, and its references lead somewhere", () => {
  const { paths } = JSON.parse(openApi("/openapi/v3")?.body as string) as Record<string, Record<string, unknown>>;
  assert.ok(paths && "apis/apps.kruise.io/v1alpha1" in paths);
  for (const root of Object.keys(paths)) {
    const text = openApi(`/openapi/v3/${root}`)?.body as string;
    const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(name in components.schemas, `${root}: ${name}`);
  }
});

const ages: [seconds: number, want: string][] = [
  [0, "0s"],
  [119, "119s"],
  [125, "2m5s"],
  [600, "10m"],
  [3 * 3600, "3h"],
  [3 * 3600 + 300, "3h5m"],
  [47 * 3600, "47h"],
  [50 * 3600, "2d2h"],
  [9 * 86_400, "9d"],
  [800 * 86_400, "2y70d"],
];
for (const [seconds, want] of ages) {
  test(`age: ${seconds} s is ${want}`, () =>
    assert.equal(age("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:00:00Z") + seconds * 1000), want));
}
