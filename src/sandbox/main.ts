#!/usr/bin/env node
/** `npm run sandbox`: an API server in memory with simulated nodes, for kubectl. Ctrl-C ends it, and nothing stays. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { messageOf } from "../kube/errors.ts";
import { startSandbox } from "./sandbox.ts";

const { port, nodes, kubeconfig } = new Command("npm run sandbox --")
  .usage("[flags]")
  .description("A Kubernetes API in memory with simulated nodes, for kubectl. Ctrl-C ends it, and nothing stays.")
  .option("--port <n>", "of 127.0.0.1; 0 = any that is free", wholeNumber, 0)
  .option("--nodes <n>", "how many nodes are simulated", wholeNumber, 3)
  .option("--kubeconfig <file>", "where to write the kubeconfig; default: a temporary file")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts();

try {
  const sandbox = await startSandbox({ port, nodes });
  const folder = kubeconfig === undefined ? await mkdtemp(join(tmpdir(), "cloneset-sandbox-")) : "";
  const file = kubeconfig ?? join(folder, "kubeconfig");
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

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("Want a whole number.");
  return Number(text);
}
