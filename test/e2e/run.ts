/** The command line of the end-to-end tests: `npm run e2e -- [flags]`. */
import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { commandOnPath, findOrBuildBinaries } from "../cluster/binaries.ts";
import { type Cluster, openCluster, runKubectl, startCluster } from "../cluster/start-cluster.ts";
import { eventually } from "../support/e2e/eventually.ts";
import { RUN_LABEL, type Setting, settingVariables } from "../support/e2e/setting.ts";

const USAGE = `Usage: npm run e2e -- [flags]

Runs the end-to-end scenarios: kubectl, a real API server, and the controller as a process of its own.
By default a cluster with a real node is started for them (needs root) and removed afterwards.

  --fake             simulated nodes: the scenarios that need no containers, and those that need many pods
  --sandbox          the API server in memory and its simulated nodes, instead of a real cluster
  --cluster DIR      use the cluster that runs in DIR (see: npm run cluster -- up --help), and leave it running
  --kubeconfig FILE  use any other cluster, whose nodes can pull local/app v1, v2, v3; with --fake: has simulated nodes
  --installed        a controller is installed in the cluster: run the scenarios that start none of their own
  --only NAME,…      only the scenario files of these names, such as "broken-image"
  --concurrency N    scenario files at the same time (default: 3)
  --seed N           the random moments at which controllers are killed (default: drawn anew)
  --list             print the names of the scenario files

Scenarios have namespaces of their own. No other CloneSet controller may look after them.`;

const HERE = fileURLToPath(new URL(".", import.meta.url));
const CRD_FILE = fileURLToPath(new URL("../../crds/cloneset.yaml", import.meta.url));
const SUFFIX = ".test.ts";
const FAKE_NODES = 3;
/** Scenario files that need a real control plane: its admission policies, its audit log, or controllers that give up a node. */
const REAL_ONLY = ["injected-sidecar", "node-loss", "resize", "write-budget"];
/** Scenario files that need more pods than a real node holds, the audit log, or a node to lose. */
const SIMULATED_ONLY = ["node-loss", "two-controllers", "write-budget"];
/** Scenario files about what runs in containers. */
const CONTAINERS_ONLY = ["plugin"];
/** Scenario files that mostly wait. They begin first, so that the others run meanwhile. */
const LONGEST_FIRST = ["write-budget", "node-loss", "controller-killed", "two-controllers"];
/** Scenario files about starting and killing controllers, or with flags of their own. */
const WITH_OWN_CONTROLLERS = ["controller-killed", "resize", "two-controllers"];

class UsageError extends Error {}

async function main(argv: string[]): Promise<number> {
  const flags = readFlags(argv);
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const all = (await readdir(HERE))
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .toSorted((a, b) => rank(a) - rank(b));
  if (flags.list) {
    console.log(all.join("\n"));
    return 0;
  }
  const only = flags.only?.split(",");
  const unknown = only?.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--only: no scenario is called ${unknown}; there are ${all.join(", ")}`);
  const suits = (name: string) => {
    if ((flags.sandbox || flags.fake) && CONTAINERS_ONLY.includes(name)) return false;
    return flags.sandbox ? !REAL_ONLY.includes(name) : flags.fake || !SIMULATED_ONLY.includes(name);
  };
  const fitting = (name: string) => suits(name) && !(flags.installed && WITH_OWN_CONTROLLERS.includes(name));
  const names = all.filter((name) => (only ? only.includes(name) : fitting(name)));

  const stage = await openStage(flags);
  try {
    if (!flags.installed) console.error((await stage.kubectl("apply", "-f", CRD_FILE)).trim());
    // Not `kubectl wait`: it gives up on a resource that has no conditions yet.
    await eventually("the API server to know CloneSets", () => stage.kubectl("get", "clonesets", "--all-namespaces"));
    const setting = { ...stage.setting, run: randomBytes(4).toString("hex"), seed: flags.seed };
    const code = await runScenarios(names, setting, flags.concurrency);
    await stage.kubectl("delete", "namespace", `--selector=${RUN_LABEL}=${setting.run}`, "--timeout=230s");
    return code;
  } finally {
    await stage.close();
  }
}

function rank(name: string): number {
  const place = LONGEST_FIRST.indexOf(name);
  return place < 0 ? LONGEST_FIRST.length : place;
}

interface Stage {
  setting: Omit<Setting, "run" | "seed">;
  /** @throws if it fails */
  kubectl(...args: string[]): Promise<string>;
  close: () => Promise<void>;
}

interface Where {
  fake: boolean;
  sandbox: boolean;
  installed: boolean;
  cluster?: string;
  kubeconfig?: string;
}

async function openStage(flags: Where): Promise<Stage> {
  const { cluster, kubeconfig, close } = await reach(flags);
  const kubectl = (await commandOnPath("kubectl")) ?? (await builtKubectl());
  return {
    setting: {
      kubeconfig,
      kubectl,
      installed: flags.installed,
      containers: cluster === undefined ? !(flags.fake || flags.sandbox) : cluster.nodeName !== undefined,
      sandbox: flags.sandbox,
      auditLog: cluster?.auditLog,
    },
    kubectl: async (...args) => {
      const { code, stdout, stderr } = await runKubectl(kubectl, kubeconfig, args, { timeoutMs: 240_000 });
      if (code !== 0) throw new Error(`kubectl ${args.join(" ")}\n${stdout}${stderr}`);
      return stdout;
    },
    close,
  };
}

async function reach({ fake, sandbox, cluster: dir, kubeconfig }: Where): Promise<{
  cluster?: Cluster;
  kubeconfig: string;
  close: () => Promise<void>;
}> {
  const leave = async () => {};
  if (kubeconfig !== undefined) return { kubeconfig: resolve(kubeconfig), close: leave };
  if (dir !== undefined) {
    const cluster = await openCluster(dir);
    if (cluster === undefined) throw new Error(`No cluster is ready in ${dir}`);
    if (fake && cluster.nodeName !== undefined) throw new UsageError("--fake: the cluster has a real node");
    return { cluster, kubeconfig: cluster.kubeconfig, close: leave };
  }
  const made = await mkdtemp(join(tmpdir(), "cloneset-e2e-"));
  if (sandbox) {
    const memory = await startSandbox({ nodes: FAKE_NODES });
    const file = join(made, "kubeconfig");
    await writeFile(file, memory.kubeconfig);
    return { kubeconfig: file, close: () => memory.close().then(() => rm(made, { recursive: true })) };
  }
  console.error(`starting a cluster in ${made} (if it is ever left over: npm run cluster -- down --dir ${made})`);
  const nodes = fake ? { fakeNodes: FAKE_NODES } : { node: true };
  const cluster = await startCluster({ dir: made, audit: true, ...nodes, log: (line) => console.error(line) });
  return { cluster, kubeconfig: cluster.kubeconfig, close: () => cluster.stop() };
}

async function builtKubectl(): Promise<string> {
  const log = (line: string) => console.error(line);
  return (
    (await findOrBuildBinaries({ names: ["kubectl"], kubernetesVersion: undefined, log })).get("kubectl") ?? "kubectl"
  );
}

/** Each file runs in a process of its own, in the order given: `node --test` would sort them by name. */
function runScenarios(names: string[], setting: Setting, concurrency: number): Promise<number> {
  console.error(`seed ${setting.seed}`);
  Object.assign(process.env, settingVariables(setting));
  const files = names.map((name) => join(HERE, `${name}${SUFFIX}`));
  const over = new AbortController();
  // Once each: a second Ctrl-C ends this process without cleaning up.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => over.abort());
  const running = run({ files, concurrency, isolation: "process", signal: over.signal });
  let failed = false;
  running.on("test:fail", () => (failed = true));
  running.compose(spec).pipe(process.stdout);
  return new Promise((done) => running.once("end", () => done(failed ? 1 : 0)));
}

function readFlags(argv: string[]) {
  const options = {
    fake: { type: "boolean", default: false },
    installed: { type: "boolean", default: false },
    sandbox: { type: "boolean", default: false },
    cluster: { type: "string" },
    kubeconfig: { type: "string" },
    only: { type: "string" },
    concurrency: { type: "string", default: "3" },
    seed: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: argv, options });
    if (values.cluster !== undefined && values.kubeconfig !== undefined) {
      throw new Error("--cluster and --kubeconfig exclude each other");
    }
    if (values.sandbox && (values.cluster ?? values.kubeconfig) !== undefined) {
      throw new Error("--sandbox brings its own cluster: leave out --cluster and --kubeconfig");
    }
    return {
      ...values,
      concurrency: positive("concurrency", values.concurrency),
      seed: values.seed === undefined ? randomInt(1, 2 ** 31) : positive("seed", values.seed),
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function positive(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) {
    throw new UsageError(`--${flag}: want an integer >= 1, found ${JSON.stringify(text)}`);
  }
  return number;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof UsageError) console.error("See --help.");
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
