import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import type { PodEndpoint } from "../../support/cli/pod-endpoint.ts";
import { startPodEndpoint } from "../../support/cli/pod-endpoint.ts";
import { storeRollout } from "../../support/cli/store-rollout.ts";
import { assertGolden } from "../../support/golden.ts";
import type { Plugin } from "../../support/plugin.ts";
import { pluginBinary, startPlugin } from "../../support/plugin.ts";

let plugin: Plugin;
let endpoint: PodEndpoint;
before(async () => {
  plugin = await startPlugin();
  endpoint = await startPodEndpoint(plugin.sandbox.url);
  const versions = [
    { image: "app:v1", cause: "" },
    { image: "app:v2", cause: "" },
  ];
  await storeRollout(plugin, { name: "web", versions, updated: 1 });
});
after(async () => {
  await endpoint.close();
  await plugin.close();
});

/** Runs until `isEnough` says so of what it printed, then Ctrl-C. */
async function until(args: string[], isEnough: (said: string) => Promise<boolean> | boolean): Promise<string> {
  const child = spawn(process.execPath, [await pluginBinary(), ...args, "--server", endpoint.url], {
    env: { ...process.env, KUBECONFIG: plugin.kubeconfig },
    timeout: 300_000,
  });
  let said = "";
  const take = async (text: string) => {
    said += text;
    if (await isEnough(said)) child.kill("SIGINT");
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => void take(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void take(text));
  await once(child, "close");
  return said;
}

test("logs and exec", async (t) => {
  const server = `--server ${endpoint.url}`;
  const text = await plugin.transcript(
    `logs web ${server}`,
    `logs web --revision update --prefix --tail 5 --since 5m --timestamps ${server}`,
    `logs web --revision 1 --pods web-a3 -c app -p ${server}`,
    `logs web --revision 9 ${server}`,
    `logs web -c none ${server}`,
    `logs web --tail all ${server}`,
    `exec web ${server} -- ls -l / --dry-run`,
    `exec web --pod pod/web-a3 -c app ${server} -- env`,
    `exec web --pod web-a2 ${server} -- ls`,
    `exec web --pod other ${server} -- ls`,
    `exec web -t ${server} -- sh`,
    `exec web ${server}`,
    `port-forward web http ${server}`,
  );
  assertGolden(t, "cli/look-inside.txt", text.replaceAll(endpoint.url, "http://SERVER"));
});

test("exec passes stdin on, and ends when it ends", async () => {
  const run = await plugin.run(`exec web -i --server ${endpoint.url} -- cat`, { input: "hello" });
  assert.deepEqual(run, {
    code: 3,
    stdout: "web-a1/app runs cat\nread hello",
    stderr: "In pod web-a1, container app\nand complains\n",
  });
});

test("logs -f goes on until it is interrupted, and takes in pods that come later", async () => {
  let stored = false;
  const said = await until(["logs", "web", "-f", "--prefix"], async (soFar) => {
    if (!stored && soFar.includes("web-a3 says")) {
      stored = true;
      await storeRollout(plugin, { name: "other", versions: [{ image: "app:v1", cause: "" }], pods: 1 });
      plugin.sandbox.server.request({
        method: "PATCH",
        path: "/api/v1/namespaces/default/pods/other-a1",
        headers: { "content-type": "application/merge-patch+json" },
        user: "test",
        body: { metadata: { labels: { app: "web" }, ownerReferences: ownerOfWeb() } },
      });
    }
    return soFar.includes("other-a1 says");
  });
  assert.match(said, /^\[pod\/web-a1\/app\] web-a1 starts$/m);
  assert.match(said, /^\[pod\/other-a1\/app\] other-a1 says container=app&follow=true$/m);
});

function ownerOfWeb(): object[] {
  const { body } = plugin.sandbox.server.request({
    method: "GET",
    path: "/api/v1/namespaces/default/pods/web-a1",
    headers: {},
    user: "test",
  });
  return (body as { metadata: { ownerReferences: object[] } }).metadata.ownerReferences;
}

test("port-forward carries bytes both ways", async () => {
  let answered = "";
  const said = await until(["port-forward", "web", ":80"], async (soFar) => {
    const [, port] = /127\.0\.0\.1:(\d+) -> 80 \(pod web-a1\)\n/.exec(soFar) ?? [];
    if (port === undefined) return false;
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("ping");
    const [data] = (await once(socket, "data")) as [Buffer];
    answered = data.toString();
    socket.destroy();
    return true;
  });
  assert.equal(answered, "port 80 got ping");
  assert.match(said, /^Forwarding from 127\.0\.0\.1:\d+ -> 80 \(pod web-a1\)\n$/);
});
