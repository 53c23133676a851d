/** The API server that the plugin is measured on. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { CLONE_SETS } from "../../src/api/resource.ts";
import { resourcePath } from "../../src/kube/resources.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { wireCloneSet } from "../unit/cli/wire-clone-set.ts";

const sandbox = await startSandbox({ nodes: 0 });
const response = await fetch(sandbox.url + resourcePath(CLONE_SETS, { namespace: "default" }), {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(wireCloneSet()),
});
if (!response.ok) throw new Error(await response.text());
const kubeconfig = join(workerData as string, "kubeconfig");
writeFileSync(kubeconfig, sandbox.kubeconfig);
parentPort?.postMessage(kubeconfig);
