import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, PodTemplate } from "../../../src/api/kubernetes.ts";
import { revisionName, shortHash } from "../../../src/revision/hash.ts";
import { dataBytes, revisionData, templateOf } from "../../../src/revision/snapshot.ts";
import { golden } from "./golden.ts";

interface GoldenRevision {
  name: string;
  cloneSet: string;
  collisionCount: number;
  template: PodTemplate;
  bytes: string;
  hash: string;
  revisionName: string;
}

const revisions = golden<GoldenRevision>("revisions.json");

for (const { name, cloneSet, collisionCount, template, ...want } of revisions) {
  test(`revision data as in Go: ${name}`, () => {
    const { bytes, data } = revisionData(template);
    assert.equal(bytes, want.bytes);
    assert.equal(shortHash(bytes, collisionCount), want.hash);
    assert.equal(revisionName(cloneSet, want.hash), want.revisionName);
    assert.equal(dataBytes(data), bytes, "the stored object has the same canonical text");
  });
}

test("the golden file holds enough templates", () => assert.ok(revisions.length >= 60));

test("what was stored leads back to the same bytes", () => {
  for (const { name, bytes } of revisions) {
    const template = templateOf(JSON.parse(bytes) as JsonObject);
    if (template) assert.equal(revisionData(template).bytes, bytes, name);
  }
});

test("fields that are newer than the table are kept", () => {
  const { data } = revisionData({
    spec: { containers: [{ name: "a", image: "i", shiny: { z: 1, a: [null, 0] } }], newer: { b: 0, a: "" } },
  });
  assert.deepEqual(templateOf(data), {
    metadata: { creationTimestamp: null },
    spec: {
      containers: [{ image: "i", name: "a", resources: {}, shiny: { a: [null, 0], z: 1 } }],
      newer: { a: "", b: 0 },
    },
  });
});

const notRevisions: JsonObject[] = [
  {},
  { spec: null },
  { spec: { template: 1 } },
  { spec: { template: {} } },
  { spec: { template: { spec: {} } } },
];
for (const data of notRevisions) {
  test(`${JSON.stringify(data)} holds no template`, () => assert.equal(templateOf(data), undefined));
}
