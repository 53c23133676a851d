// The same command lines as in test/unit/cli, with the same golden outputs, against the API server that KUBECONFIG names.

import { after, before, describe } from "node:test";
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
});
