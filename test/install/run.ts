/** The command line of the installation tests: `npm run install-test -- [flags]`. */
import { execFile, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { commandOnPath, findOrBuildBinaries } from "../cluster/binaries.ts";
import { containerdSocket } from "../cluster/node.ts";
import { type Cluster, openCluster, startCluster } from "../cluster/start-cluster.ts";
import { settingVariables } from "../support/e2e/setting.ts";
import { CONTROLLER_IMAGE, controllerImage } from "./controller-image.ts";
import { findOrBuildHelm } from "./helm.ts";

const USAGE = `Usage: npm run install-test -- [flags]

Installs the chart with helm on a cluster with a real node (root), two replicas from the image that is built here, in a
namespace that enforces the Pod Security level "restricted"; then upgrades, uninstalls and takes over, runs the walkthrough
of the end-to-end tests against it, and counts the rights that were used.

  --cluster DIR       use the cluster that runs in DIR (npm run cluster -- up --node --audit --dir DIR), and leave it running
  --without-walkthrough
                      leave out the end-to-end tests, and the count of rights with them
  --charts            only what is rendered: no cluster`;

const HERE = fileURLToPath(new URL(".", import.meta.url));
const E2E = fileURLToPath(new URL("../e2e/run.ts", import.meta.url));
const log = (line: string) => console.error(line);

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      cluster: { type: "string" },
      "without-walkthrough": { type: "boolean", default: false },
      charts: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  await findOrBuildHelm(log);
  const rendered = await runTests(["chart", "kustomize"], {});
  if (flags.charts || rendered !== 0) return rendered;

  const { cluster, leave } = await reach(flags.cluster);
  try {
    await importImage(cluster);
    const setting = settingVariables({
      kubeconfig: cluster.kubeconfig,
      kubectl: (await commandOnPath("kubectl")) ?? (await builtKubectl()),
      containers: true,
      installed: true,
      auditLog: cluster.auditLog,
      run: randomBytes(4).toString("hex"),
      seed: randomInt(1, 2 ** 31),
    });
    const work = [() => runTests(["take-over"], setting), () => runTests(["life"], setting)];
    const count = [() => runWalkthrough(cluster), () => runTests(["rights"], setting)];
    const steps = flags["without-walkthrough"] ? work : [...work, ...count];
    for (const step of steps) {
      const code = await step();
      if (code !== 0) return code;
    }
    return 0;
  } finally {
    await leave();
  }
}

async function reach(dir: string | undefined): Promise<{ cluster: Cluster; leave: () => Promise<void> }> {
  if (dir !== undefined) {
    const cluster = await openCluster(dir);
    if (cluster?.nodeName === undefined) throw new Error(`Cannot use ${dir}: want a running cluster with a real node`);
    return { cluster, leave: async () => {} };
  }
  const made = await mkdtemp(join(tmpdir(), "cloneset-install-"));
  log(`starting a cluster in ${made} (if it is ever left over: npm run cluster -- down --dir ${made})`);
  const cluster = await startCluster({ dir: made, audit: true, node: true, log });
  return { cluster, leave: () => cluster.stop() };
}

async function importImage(cluster: Cluster): Promise<void> {
  const { archive, layers } = await controllerImage([CONTROLLER_IMAGE]);
  const dir = await mkdtemp(join(tmpdir(), "cloneset-image-"));
  try {
    await writeFile(join(dir, "image.tar"), archive);
    const args = ["--address", containerdSocket(cluster.dir), "--namespace", "k8s.io", "images", "import"];
    await promisify(execFile)("ctr", [...args, join(dir, "image.tar")]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const mib = layers.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
  log(`imported ${CONTROLLER_IMAGE}: ${mib.toFixed(0)} MiB`);
}

async function builtKubectl(): Promise<string> {
  const built = await findOrBuildBinaries({ names: ["kubectl"], log });
  return built.get("kubectl") ?? "kubectl";
}

function runTests(names: string[], env: Record<string, string>): Promise<number> {
  const files = names.map((name) => join(HERE, `${name}.test.ts`));
  return run(["--test", "--test-concurrency=1", "--test-reporter=spec", ...files], env);
}

function runWalkthrough(cluster: Cluster): Promise<number> {
  // Fewer at a time than usual: here the controllers share the machine's weight with the pods they make.
  return run([E2E, "--installed", "--concurrency=2", "--cluster", cluster.dir], {});
}

function run(args: string[], env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, ...env } });
  // Once each: a second Ctrl-C ends this process without cleaning up.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => child.kill(signal));
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("exit", (code) => done(code ?? 1));
  });
}

process.exitCode = await main();
