/** Who carries out a rollout: the controller, and the floor it is measured against. Each is a process of its own. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CLONE_SETS } from "../../src/api/resource.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/resources.ts";
import { freePorts } from "../cluster/ports.ts";
import type { Order } from "./floor.ts";
import type { Samples } from "./scrape.ts";
import { scrape } from "./scrape.ts";
import type { cloneSet } from "./workload.ts";
import { MAX_UNAVAILABLE_PERCENT } from "./workload.ts";

type CloneSetManifest = ReturnType<typeof cloneSet>;

/** Each method returns at once: the pods show when the work is done. */
export interface Contender {
  readonly pid: number;
  create(cloneSet: CloneSetManifest): Promise<void>;
  update(image: string): Promise<void>;
  scaleIn(replicas: number): Promise<void>;
  /** What its /metrics say. Resets its event-loop delay. */
  samples(): Promise<Samples>;
  stop(): Promise<void>;
}

export interface ContenderOptions {
  kubeconfig: string;
  namespace: string;
  client: KubeClient;
  /** Where its output goes. */
  logDir: string;
  /** Where its CPU profile goes; undefined = none is taken. */
  profileDir: string | undefined;
}

const START_WAIT_MS = 30_000;
const STOP_WAIT_MS = 15_000;

/** The controller as users start it; told what to do by writes to the CloneSet. */
export async function startControllerProcess(options: ContenderOptions): Promise<Contender> {
  const { client, namespace, kubeconfig } = options;
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const process = await start("controller", options, [
    fileURLToPath(new URL("../../src/main.ts", import.meta.url)),
    `--kubeconfig=${kubeconfig}`,
    `--metrics-address=${address}`,
    "--health-address=off",
    "--log-format=json",
  ]);
  await process.ready(async () => (await scrape(address)).get("leader") === 1);
  const change = (path: string, value: unknown) =>
    client.patch(CLONE_SETS, { namespace, name: "web" }, [{ op: "replace", path, value }], { type: "json" });
  return {
    pid: process.pid,
    samples: () => scrape(address),
    stop: () => process.stop(),
    create: async (cloneSet) => {
      await client.create(CLONE_SETS, cloneSet as KubeObject);
    },
    update: async (image) => {
      await change("/spec/template/spec/containers/0/image", image);
    },
    scaleIn: async (replicas) => {
      await change("/spec/replicas", replicas);
    },
  };
}

/** The bare driver of floor.ts. The CloneSet exists here too, since its uid owns the pods. */
export async function startFloorProcess(options: ContenderOptions): Promise<Contender> {
  const { client, namespace, kubeconfig } = options;
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const process = await start("floor", options, [
    fileURLToPath(new URL("./floor.ts", import.meta.url)),
    kubeconfig,
    address,
  ]);
  await process.ready(async () => (await scrape(address)).size > 0);
  let replicas = 0;
  const order = async (what: Order) => {
    await new Promise<void>((resolve, reject) => {
      process.child.send(what, (error) => (error ? reject(error) : resolve()));
    });
  };
  await order({ kind: "look", namespace });
  return {
    pid: process.pid,
    samples: () => scrape(address),
    stop: () => process.stop(),
    create: async (manifest) => {
      replicas = manifest.spec?.replicas ?? 0;
      const made = await client.create(CLONE_SETS, manifest as KubeObject);
      await order({ kind: "create", cloneSet: { ...manifest, metadata: made.metadata }, pods: replicas });
    },
    update: (image) =>
      order({ kind: "update", image, maxUnavailable: Math.ceil((replicas * MAX_UNAVAILABLE_PERCENT) / 100) }),
    scaleIn: (pods) => order({ kind: "scaleIn", pods }),
  };
}

interface Started {
  pid: number;
  child: ChildProcess;
  ready(isReady: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

async function start(
  name: string,
  { logDir, profileDir }: Pick<ContenderOptions, "logDir" | "profileDir">,
  args: string[],
): Promise<Started> {
  const logPath = join(logDir, `${name}.log`);
  const log = openSync(logPath, "w");
  const profile = profileDir
    ? ["--cpu-prof", `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`]
    : [];
  const child = spawn(process.execPath, [...profile, ...args], { stdio: ["ignore", log, log, "ipc"] });
  closeSync(log);
  await once(child, "spawn");
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    child,
    ready: async (isReady) => {
      const deadlineMs = Date.now() + START_WAIT_MS;
      while (!(await isReady().catch(() => false))) {
        if (hasEnded() || Date.now() > deadlineMs) {
          throw new Error(`the ${name} did not start; it says:\n${(await readFile(logPath, "utf8")).slice(-2000)}`);
        }
        await sleep(50);
      }
    },
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP_WAIT_MS);
      await ended;
      clearTimeout(timer);
      process.off("exit", kill);
    },
  };
}
