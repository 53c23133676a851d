// The same command lines as in test/unit/cli, with the same golden outputs, against the API server that KUBECONFIG names.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPluginOn } from "../support/cli/cluster-plugin.ts";
import { editVerbs } from "../support/cli/edit-verbs.ts";
import type { ClusterPlugin } from "../support/plugin.ts";

const kubeconfig = process.env["KUBECONFIG"] ?? "";

describe("cli: cluster", { skip: kubeconfig ? false : "no cluster: set KUBECONFIG" }, () => {
  let plugin: ClusterPlugin;
  before(async () => {
    plugin = await startPluginOn(kubeconfig);
  });
  after(() => plugin.close());
  editVerbs(() => plugin);

  test("doctor sees the definition, the caller's rights and the version", async () => {
    const { stdout } = await plugin.run("doctor -o name");
    for (const line of ["crd/OK", "rights/OK", "versions/OK"]) assert.match(stdout, new RegExp(`^${line}$`, "m"));
    const nobody = await plugin.run("doctor -o name --as nobody");
    assert.match(nobody.stdout, /^rights\/FAIL$/m);
    assert.equal(nobody.code, 1);
  });

  test("completion asks the server", async () => {
    const { stdout } = await plugin.run(`__complete -- status --namespace ${plugin.namespace}`);
    assert.equal(stdout, `${plugin.namespace}\n:4\n`);
  });
});
