#!/usr/bin/env node
/** `npm run sandbox`: an API server in memory with simulated nodes, for kubectl. Ctrl-C ends it, and nothing stays. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../kube/errors.ts";
import { startSandbox } from "./sandbox.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    nodes: { type: "string", default: "3" },
    kubeconfig: { type: "string", default: "" },
  },
});

try {
  const sandbox = await startSandbox({ port: Number(values.port), nodes: Number(values.nodes) });
  const folder = values.kubeconfig === "" ? await mkdtemp(join(tmpdir(), "cloneset-sandbox-")) : "";
  const file = values.kubeconfig || join(folder, "kubeconfig");
  await writeFile(file, sandbox.kubeconfig);
  console.log(
    `A Kubernetes API in memory listens on ${sandbox.url}\n\n  export KUBECONFIG=${file}\n  kubectl get nodes\n`,
  );
  const end = async () => {
    await sandbox.close();
    if (folder) await rm(folder, { recursive: true });
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end());
} catch (error) {
  console.error(`sandbox: ${messageOf(error)}`);
  process.exit(1);
}
