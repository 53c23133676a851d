/** The command line of the benchmarks: `npm run bench -- [NAME] [flags]`. They print tables and judge nothing. */
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Cluster } from "../cluster/start-cluster.ts";
import { openCluster, startCluster } from "../cluster/start-cluster.ts";
import { cacheBenchmark } from "./cache.ts";
import { cliBenchmark } from "./cli.ts";
import { planBenchmark } from "./plan.ts";
import { rollout } from "./rollout.ts";

const USAGE = `Usage: npm run bench -- [NAME] [flags]

  rollout            create, update in place and scale in on a real control plane with simulated nodes,
                     beside a bare driver that makes the fewest API writes there can be (default)
  plan               one pass without its writes, with N and 10 N pods
  cache              memory held per pod, and the time to take one in
  cli                the plugin's status beside kubectl get, and the time to redraw a tree of N pods

Flags:
  --pods N           pods of the CloneSet (default: rollout, plan and cli 1000, cache 10000)
  --repeat N         how often; tables show medians (default: rollout 3, plan 20, cli 10, cache 5)
  --cluster DIR      rollout: use the cluster that runs in DIR (default: start one of its own, and remove it)
  --profile DIR      rollout: write CPU profiles of controller and floor there
  --help             print this text`;

const NAMES = ["rollout", "plan", "cache", "cli"] as const;
type Name = (typeof NAMES)[number];

/** The command was not understood: exit code 2, where a failure is 1. */
class UsageError extends Error {}

interface Settings {
  name: Name;
  pods: number | undefined;
  repeat: number | undefined;
  cluster: string | undefined;
  profile: string | undefined;
}

function readSettings(args: string[]): Settings | "help" {
  const { values, positionals } = understood(args);
  if (values.help) return "help";
  const [name = "rollout", ...more] = positionals;
  if (!isName(name) || more.length > 0) {
    throw new UsageError(`Want one of ${NAMES.join(", ")}, found ${JSON.stringify(positionals.join(" "))}.`);
  }
  const count = (flag: "pods" | "repeat", least: number): number | undefined => {
    const text = values[flag];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new UsageError(`Cannot use --${flag}: want an integer >= ${least}, found ${JSON.stringify(text)}.`);
    }
    return value;
  };
  return {
    name,
    pods: count("pods", 10),
    repeat: count("repeat", 1),
    cluster: values.cluster,
    profile: values.profile,
  };
}

function understood(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        pods: { type: "string" },
        repeat: { type: "string" },
        cluster: { type: "string" },
        profile: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isName(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name);
}

async function onCluster(dir: string | undefined, use: (cluster: Cluster) => Promise<void>): Promise<void> {
  const log = (line: string) => console.error(line);
  if (dir !== undefined) {
    const cluster = await openCluster(dir);
    if (cluster === undefined) {
      throw new Error(
        `No cluster runs in ${dir}. Start one: npm run cluster -- up --dir ${dir} --fake-nodes 5 --fake-scheduler`,
      );
    }
    await use(cluster);
    return;
  }
  const cluster = await startCluster({
    dir: join(tmpdir(), "cloneset-bench"),
    fakeNodes: 5,
    fakeScheduler: true,
    log,
  });
  const leave = () => void cluster.stop().finally(() => process.exit(130));
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  try {
    await use(cluster);
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
    await cluster.stop();
  }
}

async function run({ name, pods, repeat, cluster: dir, profile }: Settings): Promise<void> {
  switch (name) {
    case "rollout": {
      const profileDir = profile === undefined ? undefined : resolve(profile);
      if (profileDir !== undefined) await mkdir(profileDir, { recursive: true });
      const log = (line: string) => console.error(line);
      await onCluster(dir, (cluster) => rollout({ cluster, pods: pods ?? 1000, repeat: repeat ?? 3, profileDir, log }));
      return;
    }
    case "plan":
      planBenchmark({ pods: pods ?? 1000, repeat: repeat ?? 20 });
      return;
    case "cache":
      cacheBenchmark({ pods: pods ?? 10_000, repeat: repeat ?? 5 });
      return;
    case "cli":
      await cliBenchmark({ pods: pods ?? 1000, repeat: repeat ?? 10 });
  }
}

try {
  const settings = readSettings(process.argv.slice(2));
  if (settings === "help") console.log(USAGE);
  else await run(settings);
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = isUsage ? 2 : 1;
}
