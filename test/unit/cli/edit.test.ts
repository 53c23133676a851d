import assert from "node:assert/strict";
import { test } from "node:test";
import jsonpatch from "fast-json-patch";
import { Edit } from "../../../src/cli/edit.ts";
import { wireCloneSet } from "./wire-clone-set.ts";

const before = { ...wireCloneSet(), metadata: { name: "web", uid: "u", generation: 7 } };

test("an edit tests what it was computed from, and its patch makes what `after` says", () => {
  const edit = new Edit(before)
    .set(["spec", "replicas"], 3)
    .set(["spec", "scaleStrategy", "podsToDelete"], ["web-a"])
    .set(["metadata", "annotations", "a/b~c"], "x")
    .turnInto(["spec", "template", "spec", "containers", 0], { name: "nginx", image: "nginx:2" });
  assert.deepEqual(edit.patch.slice(0, 2), [
    { op: "test", path: "/metadata/uid", value: "u" },
    { op: "test", path: "/metadata/generation", value: 7 },
  ]);
  assert.deepEqual(edit.steps, [
    { op: "replace", path: "/spec/replicas", value: 3 },
    { op: "add", path: "/spec/scaleStrategy", value: { podsToDelete: ["web-a"] } },
    { op: "add", path: "/metadata/annotations", value: { "a/b~c": "x" } },
    { op: "replace", path: "/spec/template/spec/containers/0/image", value: "nginx:2" },
  ]);
  const patched = jsonpatch.applyPatch(structuredClone(before), edit.patch as jsonpatch.Operation[]).newDocument;
  assert.deepEqual(patched, edit.after);
});

test("what is so already is no step", () => {
  const edit = new Edit(before).set(["spec", "replicas"], 5).remove(["metadata", "annotations", "none"]);
  assert.ok(edit.isEmpty);
});

test("the CloneSet that was read stays as it was", () => {
  new Edit(before).set(["spec", "replicas"], 1);
  assert.equal(before.spec?.replicas, 5);
});
