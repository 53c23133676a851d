import assert from "node:assert/strict";
import { test } from "node:test";
import { stale } from "../../../webhook/generate.ts";
import { isTooDeep } from "../../../webhook/json-depth.ts";
import { defaultsPatch } from "../../../webhook/mutate.ts";
import { protectedBecause } from "../../../webhook/protection.ts";
import type { AdmissionResponse } from "../../../webhook/review.ts";
import { readReview } from "../../../webhook/review.ts";
import type { ReviewGiven } from "./reviews.ts";
import { handlers, review } from "./reviews.ts";
import { ruleCases } from "./rule-cases.ts";

const serve = handlers();
const { good, bad } = ruleCases["port-number"];

async function ask(path: string, given: ReviewGiven): Promise<AdmissionResponse> {
  const request = readReview(review(given), 1000);
  const handler = serve[path];
  assert.ok(request && handler);
  return await handler(request);
}

test("the schema and docs/admission-rules.md are what their inputs make: node webhook/generate.ts", () => {
  assert.deepEqual(stale().map(String), []);
});

const ALL_SET = { replicas: 1, revisionHistoryLimit: 10 };
const STRATEGY = { type: "ReCreate", partition: 0, maxUnavailable: "20%", maxSurge: 0 };
const patches: { name: string; spec: unknown; want: object[] }[] = [
  { name: "all there: no patch", spec: { ...ALL_SET, updateStrategy: STRATEGY }, want: [] },
  {
    name: "nothing there",
    spec: {},
    want: [
      { op: "add", path: "/spec/replicas", value: 1 },
      { op: "add", path: "/spec/revisionHistoryLimit", value: 10 },
      { op: "add", path: "/spec/updateStrategy", value: STRATEGY },
    ],
  },
  {
    name: "no type given, and null is nothing",
    spec: { ...ALL_SET, updateStrategy: { ...STRATEGY, type: "", maxSurge: null } },
    want: [
      { op: "add", path: "/spec/updateStrategy/type", value: "ReCreate" },
      { op: "add", path: "/spec/updateStrategy/maxSurge", value: 0 },
    ],
  },
  { name: "not a spec", spec: [], want: [] },
];
for (const { name, spec, want } of patches) {
  test(`defaults: ${name}`, () => assert.deepEqual(defaultsPatch({ spec }), want));
}

test("the mutating webhook answers with a patch once, and then with none", async () => {
  const response = await ask("/mutate", { object: { spec: {} } });
  assert.equal(response.patchType, "JSONPatch");
  const patch = JSON.parse(Buffer.from(response.patch ?? "", "base64").toString()) as {
    path: string;
    value: unknown;
  }[];
  const spec = Object.fromEntries(patch.map(({ path, value }) => [path.slice("/spec/".length), value]));
  assert.deepEqual(await ask("/mutate", { object: { spec } }), { uid: response.uid, allowed: true });
});

const protections: { name: string; way?: string; replicas?: number; deleting?: boolean; want: RegExp | undefined }[] = [
  { name: "no label", want: undefined },
  { name: "Always", way: "Always", replicas: 0, want: /protected by the label .*=Always/ },
  { name: "Cascading with pods", way: "Cascading", replicas: 2, want: /above 0 \(it is 2\)/ },
  { name: "Cascading without replicas given", way: "Cascading", want: /above 0 \(it is 1\)/ },
  { name: "Cascading at 0", way: "Cascading", replicas: 0, want: undefined },
  { name: "another value", way: "Never", replicas: 2, want: undefined },
  { name: "going already", way: "Always", deleting: true, want: undefined },
];
for (const { name, way, replicas, deleting, want } of protections) {
  test(`deletion protection: ${name}`, async () => {
    const metadata = {
      name: "web",
      ...(way ? { labels: { "policy.kruise.io/delete-protection": way } } : {}),
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    };
    const oldObject = { metadata, spec: replicas === undefined ? {} : { replicas } };
    const why = protectedBecause(oldObject);
    assert.equal(why === undefined, want === undefined);
    if (want) assert.match(why ?? "", want);
    const { allowed, status } = await ask("/protect", { operation: "DELETE", oldObject });
    assert.deepEqual([allowed, status?.code], want ? [false, 403] : [true, undefined]);
  });
}

test("an update of what is being deleted is not judged: its finalizers must come off", async () => {
  const object = { ...bad, metadata: { name: "web", deletionTimestamp: "2026-01-01T00:00:00Z" } };
  assert.equal((await ask("/validate", { operation: "UPDATE", object, oldObject: good })).allowed, true);
});

test("an update is refused for what it makes worse, not for what was stored", async () => {
  assert.equal((await ask("/validate", { operation: "UPDATE", object: bad, oldObject: good })).status?.code, 422);
  const scaled = { ...bad, spec: { ...(bad["spec"] as object), replicas: 9 } };
  const response = await ask("/validate", { operation: "UPDATE", object: scaled, oldObject: bad });
  assert.equal(response.allowed, true);
  assert.match(response.warnings?.[0] ?? "", /containerPort: Invalid value: 65536.*stored before/);
});

test("fields that are newer than this program pass", async () => {
  const object = structuredClone(good) as { spec: { template: { spec: Record<string, unknown> } } };
  object.spec.template.spec["newField"] = { a: [1] };
  assert.equal((await ask("/validate", { object })).allowed, true);
});

test("warnings are cut, and not more than a dozen", async () => {
  const containers = Array.from({ length: 30 }, (_, i) => ({ name: `c${i}`, image: "x".repeat(300) }));
  const object = structuredClone(good) as { spec: { template: { spec: Record<string, unknown> } } };
  object.spec.template.spec["containers"] = containers;
  const { warnings = [] } = await ask("/validate", { object });
  assert.equal(warnings.length, 13);
  assert.ok(warnings.every((warning) => warning.length <= 256));
  assert.match(warnings.at(-1) ?? "", /and 18 more/);
});

test("depth is counted outside of strings", () => {
  assert.equal(isTooDeep(Buffer.from("[".repeat(100))), false);
  assert.equal(isTooDeep(Buffer.from("[".repeat(101))), true);
  assert.equal(isTooDeep(Buffer.from(`"\\"${"[".repeat(200)}"`)), false);
  assert.equal(isTooDeep(Buffer.from(`"\\\\"${"[".repeat(200)}`)), true);
  assert.equal(isTooDeep(Buffer.from("[],".repeat(200))), false);
});
