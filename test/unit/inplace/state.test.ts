import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { InPlaceGrace, InPlaceState } from "../../../src/inplace/state.ts";
import { formatGrace, formatState, readGrace, readState } from "../../../src/inplace/state.ts";

const STATE = "apps.kruise.io/inplace-update-state";
const GRACE = "apps.kruise.io/inplace-update-grace";

const full: InPlaceState = {
  revision: "web-7d9c5f8b4c",
  updateTimestamp: "2026-07-01T08:00:00Z",
  lastContainerStatuses: {
    main: { imageID: "img@sha256:aa", containerID: "containerd://1" },
    side: { imageID: "b", containerID: "", sameImage: true },
  },
  updateEnvFromMetadata: true,
  updateResources: true,
  updateImages: true,
  nextContainerImages: { side: "s:2" },
  nextContainerRefMetadata: { side: { labels: { a: "<b>" } } },
  nextContainerResources: { side: { limits: { cpu: "1" } } },
  containersRequiredReady: ["main"],
  containerBatchesRecord: [{ timestamp: "2026-07-01T08:00:00Z", containers: ["main"] }],
};

test("the state is written in the original's order, container id after image id", () => {
  assert.equal(
    formatState(full),
    '{"revision":"web-7d9c5f8b4c","updateTimestamp":"2026-07-01T08:00:00Z","lastContainerStatuses":' +
      '{"main":{"imageID":"img@sha256:aa","containerID":"containerd://1"},"side":{"imageID":"b","containerID":"","sameImage":true}},' +
      '"updateEnvFromMetadata":true,"updateResources":true,"updateImages":true,"nextContainerImages":{"side":"s:2"},' +
      '"nextContainerRefMetadata":{"side":{"creationTimestamp":null,"labels":{"a":"\\u003cb\\u003e"}}},' +
      '"nextContainerResources":{"side":{"limits":{"cpu":"1"}}},"preCheckBeforeNext":{"containersRequiredReady":["main"]},' +
      '"containerBatchesRecord":[{"timestamp":"2026-07-01T08:00:00Z","containers":["main"]}]}',
  );
});

test("the original's example is read, and written back without a change", () => {
  const written =
    '{"revision":"web-7d9c5f8b4c","updateTimestamp":"2026-07-01T08:00:00Z","lastContainerStatuses":{"main":{"imageID":"img@sha256:aa"}},' +
    '"updateImages":true,"containerBatchesRecord":[{"timestamp":"2026-07-01T08:00:00Z","containers":["main"]}]}';
  const read = readState({ annotations: { [STATE]: written } });
  assert.ok(read.kind === "found");
  assert.deepEqual(read.value.lastContainerStatuses, { main: { imageID: "img@sha256:aa" } });
  assert.equal(formatState(read.value), written);
});

test("a state without containers says null, and is read back", () => {
  const written =
    '{"revision":"web-1","updateTimestamp":"2026-07-01T08:00:00Z","lastContainerStatuses":null,"containerBatchesRecord":[{"timestamp":"2026-07-01T08:00:00Z","containers":[]}]}';
  const read = readState({ annotations: { [STATE]: written } });
  assert.ok(read.kind === "found");
  assert.equal(formatState(read.value), written);
});

const grace: InPlaceGrace = {
  revision: "web-1",
  containerImages: { main: "i:2" },
  containerRefMetadata: {},
  containerResources: {},
  labels: { gone: null, a: "1" },
  annotations: { b: "2" },
  finalizers: { add: ["x/a"], remove: ["x/b"] },
  updateEnvFromMetadata: false,
  graceSeconds: 30,
};

test("the grace annotation carries the metadata as a base64 patch", () => {
  const patch =
    '{"metadata":{"$deleteFromPrimitiveList/finalizers":["x/b"],"annotations":{"b":"2"},"finalizers":["x/a"],"labels":{"a":"1","gone":null}}}';
  assert.equal(
    formatGrace(grace),
    `{"revision":"web-1","containerImages":{"main":"i:2"},"metaDataPatch":"${Buffer.from(patch).toString("base64")}","graceSeconds":30}`,
  );
});

test("a metadata patch that would wipe all annotations is read as no change", () => {
  const metaDataPatch = Buffer.from(
    '{"metadata":{"annotations":null,"labels":{"a":"1"},"$setElementOrder/finalizers":["x"]}}',
  ).toString("base64");
  const read = readGrace({ annotations: { [GRACE]: JSON.stringify({ revision: "web-1", metaDataPatch }) } });
  assert.ok(read.kind === "found");
  assert.deepEqual(read.value.annotations, {});
  assert.deepEqual(read.value.labels, { a: "1" });
});

test("legacy keys are read where the present ones are missing", () => {
  const annotations = { "inplace-update-state": formatState(full), "inplace-update-grace": formatGrace(grace) };
  assert.deepEqual(readState({ annotations }), { kind: "found", value: full });
  assert.deepEqual(readGrace({ annotations }), { kind: "found", value: grace });
  const other = { ...full, revision: "web-2" };
  assert.deepEqual(readState({ annotations: { ...annotations, [STATE]: formatState(other) } }), {
    kind: "found",
    value: other,
  });
});

test("no annotation, or an empty one, is absent", () => {
  for (const annotations of [{}, { [STATE]: "", [GRACE]: "" }]) {
    assert.deepEqual(readState({ annotations }), { kind: "absent" });
    assert.deepEqual(readGrace({ annotations }), { kind: "absent" });
  }
});

const broken = [
  "{",
  "null",
  "[]",
  "1",
  "{}",
  '{"revision":1}',
  '{"revision":"r","updateTimestamp":"t","lastContainerStatuses":{"a":1}}',
  '{"revision":"r","updateTimestamp":"t","nextContainerImages":{"a":null}}',
];
for (const written of broken) {
  test(`the state ${written} is told to be unreadable, and throws nothing`, () => {
    const read = readState({ annotations: { [STATE]: written } });
    assert.ok(read.kind === "unreadable");
    assert.match(read.why, /^Cannot read annotation apps\.kruise\.io\/inplace-update-state: /);
  });
}
for (const written of [
  "{",
  "{}",
  '{"revision":"r","metaDataPatch":"bm90IGpzb24="}',
  '{"revision":"r","graceSeconds":"1"}',
]) {
  test(`the grace ${written} is told to be unreadable`, () =>
    assert.equal(readGrace({ annotations: { [GRACE]: written } }).kind, "unreadable"));
}

test("whatever the annotation holds, reading does not throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (written) => {
      readState({ annotations: { [STATE]: written } });
      readGrace({ annotations: { [GRACE]: written } });
    }),
  );
});

test("what is written is read back", () => {
  const name = fc.constantFrom("a", "b", "main", "<&>", "10");
  const map = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
    fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true });
  const anyState = fc.record<InPlaceState>(
    {
      revision: fc.string(),
      updateTimestamp: fc.string(),
      lastContainerStatuses: map(
        fc.record(
          { imageID: fc.string(), containerID: fc.string() },
          { requiredKeys: ["imageID"], noNullPrototype: true },
        ),
      ),
      updateEnvFromMetadata: fc.boolean(),
      updateResources: fc.boolean(),
      updateImages: fc.boolean(),
      nextContainerImages: map(fc.string()),
      nextContainerRefMetadata: map(fc.constantFrom({}, { labels: { a: "b" } })),
      nextContainerResources: map(fc.constantFrom({}, { requests: { memory: "1Gi" } })),
      containersRequiredReady: fc.array(name),
      containerBatchesRecord: fc.array(
        fc.record({ timestamp: fc.string(), containers: fc.array(name) }, { noNullPrototype: true }),
      ),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(anyState, (state) =>
      assert.deepEqual(readState({ annotations: { [STATE]: formatState(state) } }), { kind: "found", value: state }),
    ),
  );
});
