import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { tar } from "./image.ts";

const deep = `app/${"packages/".repeat(20)}`;
const cases = [
  { name: "a short path", path: "etc/passwd" },
  { name: "a path of 100 bytes, the most that one field holds", path: `${"a".repeat(49)}/${"b".repeat(50)}` },
  { name: "a longer path, split at a slash", path: `${deep.slice(0, 150)}/index.js` },
];
for (const { name, path } of cases) {
  test(`tar: ${name} is read back by the system's tar`, () => {
    const archive = tar([{ kind: "file", path, mode: 0o644, content: "x" }]);
    assert.equal(execFileSync("tar", ["--list"], { input: archive, encoding: "utf8" }), `${path}\n`);
  });
}

test("tar: a path that cannot be split is refused", () => {
  const path = "a".repeat(101);
  assert.throws(() => tar([{ kind: "file", path, mode: 0o644, content: "" }]), /want at most 100 bytes/);
});
