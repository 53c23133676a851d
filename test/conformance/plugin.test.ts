// The kubectl plugin against a real API server, which knows users, owners of fields and a client's manners.
// Needs a cluster (KUBECONFIG) and kubectl; no controller has to run there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runPlugin } from "../support/plugin.ts";

const CRD_FILE = fileURLToPath(new URL("../../crds/cloneset.yaml", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../../examples/minimal.yaml", import.meta.url));
const kubeconfig = process.env["KUBECONFIG"] ?? "";
const namespace = `plugin-${process.pid}`;

describe("plugin", { skip: kubeconfig === "" && "no cluster: set KUBECONFIG to a file that names one" }, () => {
  let name = "";
  before(async () => {
    await kubectl("apply", "-f", CRD_FILE);
    await kubectl("wait", "--for=condition=Established", "crd/clonesets.apps.kruise.io", "--timeout=30s");
    await kubectl("create", "namespace", namespace);
    name = (await kubectl("-n", namespace, "create", "-f", EXAMPLE, "-o", "jsonpath={.metadata.name}")).trim();
  });
  after(() => kubectl("delete", "namespace", namespace, "--wait=false"));

  test("status: without a controller nothing is done", async () => {
    const { code, stdout } = await plugin(`status ${name}`);
    assert.deepEqual([code, stdout], [3, "progressing: the controller has not seen it yet: does it run?\n"]);
  });

  test("pause: a dry run stores nothing; the tree says who paused", async () => {
    const paused = () => kubectl("-n", namespace, "get", "clone", name, "-o", "jsonpath={.spec.updateStrategy.paused}");
    assert.equal((await plugin(`pause ${name} --dry-run`)).code, 0);
    assert.notEqual(await paused(), "true");
    assert.equal((await plugin(`pause ${name}`)).code, 0);
    assert.equal(await paused(), "true");
    assert.match((await plugin(`get ${name}`)).stdout, /gate +paused by kubectl-cloneset for \d+s/);
    assert.equal((await plugin(`resume ${name}`)).code, 0);
    assert.notEqual(await paused(), "true");
  });

  test("--as and --as-group: somebody else's rights, and what to do about it", async () => {
    const { code, stderr } = await plugin(`status ${name} --as nobody --as-group a,b --as-group c`);
    assert.equal(code, 1);
    assert.match(stderr, /^Error from server \(Forbidden\): .*User "nobody" cannot get resource "clonesets"/);
    assert.match(stderr, /^Next: kubectl auth can-i/m);
    assert.equal((await plugin(`status ${name} --as root --as-group x --as-group system:masters`)).code, 3);
  });

  test("list: json that jq can read", async () => {
    const { stdout } = await plugin("list -o json");
    const { items } = JSON.parse(stdout) as { items: { name: string; state: string }[] };
    assert.deepEqual(
      items.map((item) => [item.name, item.state]),
      [[name, "progressing"]],
    );
  });

  test("names and kinds that are not there", async () => {
    const { code, stderr } = await plugin("get nowhere");
    assert.deepEqual(
      [code, stderr.split("\n")[0]],
      [1, 'Error from server (NotFound): clonesets.apps.kruise.io "nowhere" not found'],
    );
  });
});

async function plugin(commandLine: string) {
  return await runPlugin(`${commandLine} -n ${namespace}`, kubeconfig);
}

async function kubectl(...args: string[]): Promise<string> {
  return (await promisify(execFile)("kubectl", args)).stdout;
}
