import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import packageJson from "../../../package.json" with { type: "json" };

const dockerfile = readFileSync(new URL("../../../deploy/image/Dockerfile", import.meta.url), "utf8");

test("the image has the Node that the tests ran on", () => {
  assert.match(dockerfile, new RegExp(`^ARG NODE_VERSION=${packageJson.devDependencies.node}$`, "m"));
});

test("the image says the version and the description of the package", () => {
  assert.match(dockerfile, new RegExp(`^ARG VERSION=${packageJson.version}$`, "m"));
  assert.ok(dockerfile.includes(`description="${packageJson.description}"`));
});

test("the image does not run as root", () => {
  assert.match(dockerfile.split(/^FROM /m).at(-1) ?? "", /^USER 65532:65532$/m);
});
