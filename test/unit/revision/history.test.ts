import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../../src/api/kubernetes.ts";
import { claimTemplatesHash } from "../../../src/revision/hash.ts";
import {
  afterCollision,
  chooseRevisions,
  recordedClaimTemplates,
  revisionsToForget,
} from "../../../src/revision/history.ts";
import { aCloneSet, aRevision, templateWith } from "./a-revision.ts";

const HASH = "kruise.io/cloneset-volumeclaimtemplate-hash";
const CLAIMS = "apps.kruise.io/cloneset-volumeclaimtemplates";
const data = [
  { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
];

const one = aRevision("web-1", templateWith("i:1"), { revision: 1 });
const two = aRevision("web-2", templateWith("i:2"), { revision: 2 });
const three = aRevision("web-3", templateWith("i:3"), { revision: 3 });

test("the newest revision that means the same as the template is the update revision, unchanged", () => {
  const template = { ...templateWith("i:3"), spec: { ...templateWith("i:3").spec, dnsPolicy: "ClusterFirst" } };
  const choice = chooseRevisions({
    cloneSet: aCloneSet({ template, currentRevision: "web-1" }),
    revisions: [three, one, two],
  });
  assert.deepEqual(choice, { kind: "ready", current: one, update: three });
});

test("without a current revision on record, or when it is gone, the update revision is the current one", () => {
  for (const currentRevision of ["", "web-gone"]) {
    const choice = chooseRevisions({
      cloneSet: aCloneSet({ template: templateWith("i:3"), currentRevision }),
      revisions: [one, three],
    });
    assert.deepEqual(choice, { kind: "ready", current: three, update: three });
  }
});

test("a template set back: the newest of the older equal revisions gets the next number", () => {
  const again = aRevision("web-1b", templateWith("i:1"), { revision: 2 });
  const choice = chooseRevisions({
    cloneSet: aCloneSet({ template: templateWith("i:1") }),
    revisions: [three, again, one],
  });
  assert.deepEqual(choice, { kind: "renumber", revision: again, number: 4, annotations: {} });
});

test("a template set back, with other claim templates meanwhile: their record goes with the number", () => {
  const choice = chooseRevisions({
    cloneSet: aCloneSet({ template: templateWith("i:1"), claimTemplates: data }),
    revisions: [one, two],
  });
  assert.deepEqual(choice, {
    kind: "renumber",
    revision: one,
    number: 3,
    annotations: { [HASH]: "3636919212", [CLAIMS]: JSON.stringify(data) },
  });
});

test("revisions of equal number are ordered by age, then by name", () => {
  const late = aRevision("web-a", templateWith("i:1"), { createdMs: 5 });
  const [b, c] = [aRevision("web-b", templateWith("i:1")), aRevision("web-c", templateWith("i:1"))];
  const cloneSet = aCloneSet({ template: templateWith("i:1") });
  assert.deepEqual(chooseRevisions({ cloneSet, revisions: [late, c, b] }), {
    kind: "ready",
    current: late,
    update: late,
  });
  assert.deepEqual(chooseRevisions({ cloneSet, revisions: [c, b] }), { kind: "ready", current: c, update: c });
});

test("a new template: the whole revision to create", () => {
  const template = {
    metadata: { labels: { app: "web", tier: "a" }, annotations: { note: "a<b&c" } },
    spec: { containers: [{ name: "main", image: "img:1" }] },
  };
  const annotations = {
    "kubernetes.io/change-cause": "release 7",
    "kubectl.kubernetes.io/last-applied-configuration": "{…}",
    "argocd.argoproj.io/tracking-id": "x",
    "meta.helm.sh/release-name": "x",
  };
  const choice = chooseRevisions({
    cloneSet: aCloneSet({ template, annotations, claimTemplates: data }),
    revisions: [one, three],
  });
  assert.ok(choice.kind === "create");
  assert.equal(choice.name, "web-668d9555ff");
  assert.equal(choice.collisionCount, 0);
  assert.deepEqual(choice.object, {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: "web-668d9555ff",
      namespace: "default",
      labels: { app: "web", tier: "a", "controller.kubernetes.io/hash": "668d9555ff" },
      annotations: { "kubernetes.io/change-cause": "release 7", [HASH]: "3636919212", [CLAIMS]: JSON.stringify(data) },
      ownerReferences: [
        {
          apiVersion: "apps.kruise.io/v1alpha1",
          kind: "CloneSet",
          name: "web",
          uid: "web-uid",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    data: JSON.parse(choice.bytes) as JsonObject,
    revision: 4,
  });
});

test("a revision whose data cannot be read is equal to nothing", () => {
  const broken = aRevision("web-x", templateWith("i:1"), { template: undefined, revision: 7 });
  const choice = chooseRevisions({ cloneSet: aCloneSet({ template: templateWith("i:1") }), revisions: [broken] });
  assert.ok(choice.kind === "create");
  assert.equal(choice.object["revision"], 8);
});

const records = [
  { name: "equal: nothing to write", annotations: { [HASH]: "3636919212" }, claimTemplates: data, want: undefined },
  {
    name: "other claims: both annotations",
    annotations: { [HASH]: "1" },
    claimTemplates: data,
    want: { [HASH]: "3636919212", [CLAIMS]: JSON.stringify(data) },
  },
  {
    name: "no claims any more: the record goes",
    annotations: { [HASH]: "1", [CLAIMS]: "[]" },
    claimTemplates: [],
    want: { [HASH]: "", [CLAIMS]: null },
  },
  { name: "taken over without a hash: nothing to write", annotations: {}, claimTemplates: data, want: undefined },
];
for (const { name, annotations, claimTemplates, want } of records) {
  test(`record of the claim templates, ${name}`, () => {
    const revision = aRevision("web-1", templateWith("i:1"), { annotations });
    const choice = chooseRevisions({
      cloneSet: aCloneSet({ template: templateWith("i:1"), claimTemplates }),
      revisions: [revision],
    });
    assert.ok(choice.kind === "ready");
    assert.deepEqual(choice.refreshRecord, want);
  });
}

test("the record leads back to the claim templates", () => {
  const annotations = { [HASH]: claimTemplatesHash(data), [CLAIMS]: JSON.stringify(data) };
  assert.deepEqual(recordedClaimTemplates({ annotations }), data);
  assert.deepEqual(recordedClaimTemplates({ annotations: { [HASH]: "" } }), []);
  for (const broken of ["", "{", "{}", "[1]", '[{"metadata":{}}]']) {
    assert.equal(recordedClaimTemplates({ annotations: { [HASH]: "1", [CLAIMS]: broken } }), undefined, broken);
  }
});

test("a name that exists: ours with the same data is used; else the next count, with label and name in step", () => {
  const cloneSet = aCloneSet({ template: templateWith("i:1"), collisionCount: 4 });
  const tried = chooseRevisions({ cloneSet, revisions: [] });
  assert.ok(tried.kind === "create");
  assert.equal(tried.collisionCount, 4);

  const same = aRevision(tried.name, templateWith("i:1"));
  assert.deepEqual(afterCollision(tried, same, cloneSet), { kind: "use", revision: same });
  const orphan = { ...same, owners: [] };
  assert.deepEqual(afterCollision(tried, orphan, cloneSet), { kind: "use", revision: orphan });

  const foreign = {
    ...same,
    owners: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "other", controller: true }],
  };
  const other = aRevision(tried.name, templateWith("i:2"));
  const unselected = { ...orphan, labels: { app: "somebody-else" } };
  for (const existing of [foreign, other, unselected]) {
    const next = afterCollision(tried, existing, cloneSet);
    assert.ok(next.kind === "create");
    assert.equal(next.collisionCount, 5);
    assert.notEqual(next.name, tried.name);
    assert.equal(next.name, `web-${next.hash}`);
    assert.equal(
      (next.object["metadata"] as { labels: Record<string, string> }).labels["controller.kubernetes.io/hash"],
      next.hash,
    );
    assert.equal(next.object["revision"], tried.object["revision"]);
  }
});

const history = [1, 2, 3, 4, 5].map((number) =>
  aRevision(`web-${number}`, templateWith(`i:${number}`), { revision: number }),
);
const forgetting = [
  { name: "the oldest idle ones above the limit", live: ["web-5"], limit: 2, want: ["web-1", "web-2"] },
  { name: "no live one", live: ["web-1", "web-2", "web-5"], limit: 1, want: ["web-3"] },
  { name: "limit 0 keeps the live ones alone", live: ["web-5"], limit: 0, want: ["web-1", "web-2", "web-3", "web-4"] },
  { name: "nothing below the limit", live: ["web-5"], limit: 10, want: [] },
];
for (const { name, live, limit, want } of forgetting) {
  test(`to forget: ${name}`, () => {
    const forgotten = revisionsToForget({ revisions: history.toReversed(), live: new Set(live), limit });
    assert.deepEqual(
      forgotten.map((revision) => revision.name),
      want,
    );
  });
}
