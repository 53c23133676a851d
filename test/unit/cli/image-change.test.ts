import assert from "node:assert/strict";
import { test } from "node:test";
import { arrow, imageChange } from "../../../src/cli/image-change.ts";

const digest = (end: string) => `sha256:${"1".repeat(12)}${end.repeat(52)}`;

test("image change: digests that begin alike are shown whole", () => {
  assert.equal(imageChange(`app@${digest("a")}`, `app@${digest("b")}`), `app ${digest("a")} -> ${digest("b")}`);
});

test("image change: a registry with a port is no tag, and no tag is latest", () => {
  assert.equal(imageChange("reg:5000/team/app", "reg:5000/team/app:v2"), "app latest -> v2");
});

test("image change: whole images keep their names, and lose most of their digest", () => {
  assert.equal(
    arrow(`reg:5000/app:v1@${digest("a")}`, "reg:5000/app:v2"),
    "reg:5000/app:v1@sha256:111111111111… -> reg:5000/app:v2",
  );
});
