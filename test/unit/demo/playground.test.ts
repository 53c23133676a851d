import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import { readSeen } from "../../../src/cli/seen.ts";
import { startPlayground } from "../../../src/demo/playground.ts";
import { NAME, SAMPLE } from "../../../src/demo/sample.ts";

test("npm start: controller and webhook are at work, and nothing is left behind", { timeout: 300_000 }, async () => {
  const playground = await startPlayground({ port: 0, nodes: 1 });
  const { cluster } = playground;
  try {
    const template = { ...SAMPLE.spec?.template, spec: { containers: [{ name: "app", image: "" }] } };
    const wrong = { ...SAMPLE, spec: { ...SAMPLE.spec, template } };
    await assert.rejects(cluster.client.create(CLONE_SETS, wrong), /admission webhook/);
    await cluster.client.create(CLONE_SETS, SAMPLE);
    let pods = 0;
    while (pods < 5) pods = (await readSeen(cluster, NAME)).pods.length;
  } finally {
    await playground.stop();
  }
  assert.equal(existsSync(dirname(playground.kubeconfig)), false);
});
