/** The command line of the real-cluster tool: `npm run cluster -- <verb>`. */
import { parseArgs } from "node:util";
import { KUBERNETES_VERSION } from "./binaries.ts";
import { kubeconfigPath } from "./control-plane.ts";
import { DEFAULT_DIR, hasSameShape, openCluster, removeCluster, reportOn, startCluster } from "./start-cluster.ts";

const USAGE = `Usage: npm run cluster -- <verb> [flags]

Starts a real Kubernetes cluster from its own processes on this machine; no container engine is needed.

  up           start a cluster in the background and print how to reach it
  down         stop it and remove everything it made
  status       say which of its processes run
  kubeconfig   print the path of its kubeconfig

Each verb explains its flags with --help.`;

const DIR_HELP = "  --dir DIR                  where the cluster lives (default: .cluster in the project)";

const HELP = {
  up: `Usage: npm run cluster -- up [flags]

${DIR_HELP}
  --node                     add a real node: kubelet, containerd, runc (needs root)
  --fake-nodes N             add N simulated nodes
  --fake-scheduler           let the simulated nodes bind pods themselves, in place of kube-scheduler
  --audit                    write each request to DIR/audit.log
  --durable                  let etcd fsync each write (default: it does not, which is quicker)
  --install                  install missing Debian packages (default: only when CI is set)
  --foreground               stay, and remove the cluster on Ctrl-C
  --kubernetes-version V     build another version than ${KUBERNETES_VERSION}

With neither --node nor --fake-nodes there is a control plane only, and pods stay Pending.
Set KUBEBUILDER_ASSETS to a directory with etcd and kube-apiserver to use those rather than build them.`,
  down: `Usage: npm run cluster -- down [flags]\n\n${DIR_HELP}`,
  status: `Usage: npm run cluster -- status [flags]\n\n${DIR_HELP}`,
  kubeconfig: `Usage: npm run cluster -- kubeconfig [flags]\n\n${DIR_HELP}`,
};

type Verb = keyof typeof HELP;

const COMMON_FLAGS = {
  dir: { type: "string", default: DEFAULT_DIR },
  help: { type: "boolean", default: false },
} as const;
const UP_FLAGS = {
  ...COMMON_FLAGS,
  node: { type: "boolean", default: false },
  "fake-nodes": { type: "string", default: "0" },
  "fake-scheduler": { type: "boolean", default: false },
  audit: { type: "boolean", default: false },
  durable: { type: "boolean", default: false },
  install: { type: "boolean", default: false },
  foreground: { type: "boolean", default: false },
  "kubernetes-version": { type: "string" },
} as const;

/** The command was not understood: exit code 2, where a failure is 1. */
class UsageError extends Error {}

async function main(args: string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === "--help" || verb === "help") return say(USAGE);
  if (verb === undefined) throw new UsageError(`Name a verb.\n\n${USAGE}`);
  if (!isVerb(verb)) throw new UsageError(`Unknown verb ${JSON.stringify(verb)}.\n\n${USAGE}`);
  switch (verb) {
    case "up":
      return await up(rest);
    case "down":
    case "status":
    case "kubeconfig": {
      const { dir, help } = understood(verb, () => parseArgs({ args: rest, options: COMMON_FLAGS }).values);
      if (help) return say(HELP[verb]);
      if (verb === "down") return await down(dir);
      return verb === "status" ? await status(dir) : await kubeconfig(dir);
    }
  }
}

async function up(args: string[]): Promise<number> {
  const flags = understood("up", () => parseArgs({ args, options: UP_FLAGS }).values);
  if (flags.help) return say(HELP.up);
  const fakeNodes = Number(flags["fake-nodes"]);
  if (!Number.isInteger(fakeNodes) || fakeNodes < 0) {
    throw new UsageError(`Cannot use --fake-nodes: want an integer >= 0, found ${JSON.stringify(flags["fake-nodes"])}`);
  }
  if (flags["fake-scheduler"] && (fakeNodes === 0 || flags.node)) {
    throw new UsageError("Cannot use --fake-scheduler: want --fake-nodes with it, and no --node");
  }
  const options = {
    dir: flags.dir,
    node: flags.node,
    fakeNodes,
    fakeScheduler: flags["fake-scheduler"],
    audit: flags.audit,
    durable: flags.durable,
    kubernetesVersion: flags["kubernetes-version"],
    install: flags.install || Boolean(process.env["CI"]),
    log: (line: string) => console.error(line),
  };
  const running = await openCluster(flags.dir);
  if (running !== undefined && !(await hasSameShape(flags.dir, options))) {
    throw new Error(`A cluster with other flags is in ${running.dir}; run "down" first, or choose another --dir.`);
  }
  if (running !== undefined) console.error(`already running in ${running.dir}`);
  const cluster = running ?? (await startCluster(options));
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
  if (!flags.foreground) return 0;
  console.error("press Ctrl-C to stop and remove the cluster");
  await interrupted();
  await cluster.stop();
  return 0;
}

async function down(dir: string): Promise<number> {
  const removed = await removeCluster(dir);
  return say(removed ? `removed the cluster in ${dir}` : `no cluster in ${dir}`);
}

async function status(dir: string): Promise<number> {
  const report = await reportOn(dir);
  if (report === undefined) {
    say(`no cluster in ${dir}`);
    return 1;
  }
  say(`${report.dir}: ${report.phase}`);
  for (const { name, pid, running } of report.processes) say(`  ${running ? "running" : "ended  "}  ${name} (${pid})`);
  return report.processes.every(({ running }) => running) ? 0 : 1;
}

async function kubeconfig(dir: string): Promise<number> {
  if ((await openCluster(dir)) === undefined) throw new Error(`No cluster is ready in ${dir}; run "up" first.`);
  return say(kubeconfigPath(dir, "admin"));
}

/** Resolves on the first Ctrl-C or SIGTERM. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    const keepAlive = setInterval(() => {}, 1 << 30);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        clearInterval(keepAlive);
        resolve();
      });
    }
  });
}

function understood<T>(verb: Verb, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP[verb]}`);
  }
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(HELP, word);
}

function say(text: string): number {
  console.log(text);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
