import assert from "node:assert/strict";
import { test } from "node:test";
import { inLines } from "../../../src/demo/suggestions.ts";

test("a suggested command fits 80 columns, and is the same when it is pasted", () => {
  const patch = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "example/shop:v2" }];
  const command = `  kubectl patch clone web --type json -p '${JSON.stringify(patch)}'`;
  const lines = inLines(command);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  const [, pasted = ""] = /'(.*)'/s.exec(lines.join("\n")) ?? [];
  assert.deepEqual(JSON.parse(pasted), patch);
  assert.deepEqual(inLines("  kubectl get clonesets,pods,pvc"), ["  kubectl get clonesets,pods,pvc"]);
});
