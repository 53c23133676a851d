// A migration that is stopped at any of its writes, before the server has it or after, goes on when the command is repeated:
// the same pods, none added, none deleted, one owner. So, too, when somebody comes in between.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import pino from "pino";
import { featureDefaults } from "../../../src/api/features.ts";
import { run } from "../../../src/cli/program.ts";
import type { Controller } from "../../../src/controller.ts";
import { startController } from "../../../src/controller.ts";
import type { Clock } from "../../../src/kube/clock.ts";
import { realClock } from "../../../src/kube/clock.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import { InProcessTransport } from "../../../src/sandbox/in-process.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { temporaryFolder } from "../../support/plugin.ts";

const PODS = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const REPLICAS = 2;
/** Whoever sleeps as long as this leaves others time to come first; what is shorter waits for something. */
const A_PAUSE_MS = 1000;
/** Waiting is most of the time that this would take: the plugin's sleeps are short, but requests have the time they need. */
const impatient: Clock = { ...realClock, sleep: (ms, signal) => realClock.sleep(ms / 20, signal) };
/** The controller's time runs faster. */
const hasty: Clock = {
  ...realClock,
  monotonicMs: () => realClock.monotonicMs() * 10,
  setTimeout: (fn, ms) => realClock.setTimeout(fn, ms / 10),
  sleep: (ms, signal) => realClock.sleep(ms / 10, signal),
};

let sandbox: Sandbox;
let controller: Controller;
let line: Line;
before(async () => {
  sandbox = await startSandbox({ nodes: 1 });
  controller = await startController({
    transport: new InProcessTransport({ server: sandbox.server, clock: hasty, user: "cloneset-controller" }),
    clock: hasty,
    log: pino({ level: "silent" }),
    version: "test",
    features: featureDefaults,
    namespace: undefined,
    workers: 1,
    qps: undefined,
    burst: undefined,
    leaderElection: undefined,
    takeOver: true,
    onLost: (why) => {
      throw new Error(why);
    },
  });
  line = await Line.to(sandbox);
  send("POST", DEPLOYMENTS, deployment());
  send("POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", autoscaler());
});
after(async () => {
  line.close();
  await controller.stop();
  await sandbox.close();
});

test("there and back, stopped at every write", async () => {
  const uids = uidsOf(await eventually(() => podsOf("Deployment")));
  const seen = everSeen();

  const stops = { toCloneSet: new Set<string>(), toDeployment: new Set<string>() };
  for (const moment of ["before", "after"] as const) {
    let isStopped = true;
    for (let nth = 1; isStopped; nth++) {
      isStopped = false;
      for (const [direction, flags, workload] of [
        ["toCloneSet", ["--skip-controller-check"], "CloneSet"],
        ["toDeployment", ["--back"], "Deployment"],
      ] as const) {
        let ended = await line.brokenAt({ nth, moment }, () => migrate(flags));
        const { stop } = line;
        if (stop !== undefined) {
          isStopped = true;
          stops[direction].add(stop);
          assert.notEqual(ended.code, 0, `${direction}, stopped ${moment} ${stop}: ${ended.said}`);
          ended = await migrate(flags);
        }
        assert.equal(ended.code, 0, `${direction}, stopped ${moment} ${stop}: ${ended.said}`);
        const pods = await eventually(() => podsOf(workload));
        assert.deepEqual(uidsOf(pods), uids, `${direction}, stopped ${moment} ${stop}`);
      }
    }
  }
  assert.deepEqual([...seen].toSorted(byText), uids.toSorted(byText), "there were never other pods");
  assert.deepEqual(withoutHashes(stops.toCloneSet), [
    "PATCH configmaps/web-migration",
    "DELETE deployments/web",
    "DELETE replicasets/web-HASH",
    "POST clonesets",
    "PATCH horizontalpodautoscalers/web",
  ]);
  assert.deepEqual(withoutHashes(stops.toDeployment), [
    "PATCH configmaps/web-migration",
    "DELETE clonesets/web",
    "POST replicasets",
    "POST deployments",
    "PATCH horizontalpodautoscalers/web",
    "DELETE controllerrevisions/web-HASH",
    "DELETE configmaps/web-migration",
  ]);
});

test("a Deployment that is made again at once finds its ReplicaSet, which has kept its pods", async () => {
  const pods = uidsOf(await eventually(() => podsOf("Deployment")));
  const sets = uidsOf(replicaSets());
  const isGone = () =>
    sandbox.server.request({ method: "GET", path: WORKLOADS.Deployment, headers: {}, user: "user" }).status === 404;
  const ended = await migrate(["--skip-controller-check"], {
    ...impatient,
    sleep: async (ms, signal) => {
      if (ms >= A_PAUSE_MS && isGone()) send("POST", DEPLOYMENTS, deployment());
      await impatient.sleep(ms, signal);
    },
  });
  assert.match(ended.said, /^error: deployment\.apps\/web was made again meanwhile/m);
  assert.deepEqual(uidsOf(await eventually(() => podsOf("Deployment"))), pods);
  assert.deepEqual(uidsOf(replicaSets()), sets);
});

/** One run of the plugin in this process. */
async function migrate(flags: readonly string[], clock = impatient): Promise<{ code: number; said: string }> {
  let said = "";
  const out = { write: (more: string | Uint8Array) => (said += String(more)), isTTY: false };
  const interrupted = new AbortController().signal;
  const io = { stdin: process.stdin, stdout: out, stderr: out, env: {}, clock, interrupted };
  const code = await run(["migrate", "--from=deployment/web", "-y", ...flags], io, { kubeconfig: line.kubeconfig });
  return { code, said };
}

/** What lies between plugin and server, and may break. */
class Line {
  readonly kubeconfig = join(temporaryFolder(), "kubeconfig");
  readonly #server: Server;
  #plan: { nth: number; moment: "before" | "after" } | undefined;
  #writes = 0;
  /** The write at which it broke last; undefined if there were fewer. */
  stop: string | undefined;

  static async to({ url, kubeconfig }: Sandbox): Promise<Line> {
    const made = new Line(url);
    await new Promise<void>((listening) => made.#server.listen(0, "127.0.0.1", listening));
    const { port } = made.#server.address() as AddressInfo;
    writeFileSync(made.kubeconfig, kubeconfig.replaceAll(url, `http://127.0.0.1:${port}`));
    return made;
  }

  private constructor(url: string) {
    this.#server = createServer((request, response) => void this.#carry(url, request, response));
  }

  /** Breaks at the nth write; from then on nothing gets through until the work has ended. */
  async brokenAt<T>(plan: { nth: number; moment: "before" | "after" }, work: () => Promise<T>): Promise<T> {
    [this.#plan, this.#writes, this.stop] = [plan, 0, undefined];
    const result = await work();
    this.#plan = undefined;
    return result;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #carry(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const body = await text(request);
    const isWrite =
      method !== "GET" && !`${path}${body}`.includes("dryRun") && !path.includes("selfsubjectaccessreviews");
    const isBroken = this.stop !== undefined && this.#plan !== undefined;
    if (isWrite && !isBroken) this.#writes++;
    const isStop = isWrite && !isBroken && this.#writes === this.#plan?.nth;
    if (isStop) this.stop = `${method} ${path.replace(/^.*\/namespaces\/[^/]+\//, "").replace(/\?.*/, "")}`;
    if (isBroken) {
      // Unlike a broken connection this is not tried again, so a test need not wait for that.
      response.writeHead(401, { "content-type": "application/json" }).end("{}");
      return;
    }
    if (isStop && this.#plan?.moment === "before") {
      response.destroy();
      return;
    }
    const type = headers["content-type"];
    const answer = await fetch(url + path, {
      method,
      headers: { ...(type ? { "content-type": type } : {}), accept: headers.accept ?? "*/*" },
      ...(body === "" ? {} : { body }),
    });
    const said = await answer.text();
    if (isStop) response.destroy();
    else response.writeHead(answer.status, { "content-type": "application/json" }).end(said);
  }
}

function send(method: string, path: string, body?: unknown): unknown {
  const headers = { "content-type": "application/json" };
  const answer = sandbox.server.request({ method, path, headers, body, user: "user" });
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const WORKLOADS = {
  CloneSet: "/apis/apps.kruise.io/v1alpha1/namespaces/default/clonesets/web",
  Deployment: `${DEPLOYMENTS}/web`,
};

/** All pods, by name; undefined as long as the workload does not say that they are all its own and up to date. */
function podsOf(workload: keyof typeof WORKLOADS): KubeObject[] | undefined {
  const { items } = send("GET", PODS) as { items: KubeObject[] };
  const { metadata, status } = send("GET", WORKLOADS[workload]) as KubeObject & { status?: Record<string, number> };
  const owner = workload === "CloneSet" ? "CloneSet" : "ReplicaSet";
  const isSettled =
    status?.["observedGeneration"] === metadata.generation &&
    [status?.["replicas"], status?.["updatedReplicas"], status?.["readyReplicas"]].every((n) => n === REPLICAS) &&
    items.every((pod) => pod.metadata.ownerReferences?.[0]?.kind === owner);
  return isSettled ? items : undefined;
}

function replicaSets(): KubeObject[] {
  return (send("GET", "/apis/apps/v1/namespaces/default/replicasets") as { items: KubeObject[] }).items;
}

function uidsOf(objects: readonly KubeObject[]): string[] {
  return objects.map(({ metadata }) => metadata.uid ?? "");
}

/** The uids of all pods from now on. */
function everSeen(): Set<string> {
  const seen = new Set<string>();
  const opened = sandbox.server.watch(`${PODS}?watch=true`, ({ object }) =>
    seen.add((object as KubeObject).metadata.uid ?? ""),
  );
  assert.ok("stop" in opened);
  return seen;
}

const byText = (a: string, b: string) => a.localeCompare(b);

async function eventually<T>(ask: () => T | undefined): Promise<T> {
  for (const endMs = Date.now() + 300_000; ; await realClock.sleep(20)) {
    const found = ask();
    if (found !== undefined) return found;
    assert.ok(Date.now() < endMs, "the pods do not get the owner they should have");
  }
}

function withoutHashes(stops: ReadonlySet<string>): string[] {
  return [...new Set([...stops].map((stop) => stop.replace(/\/web-(?!migration)\w+$/, "/web-HASH")))];
}

function deployment(): KubeObject {
  const labels = { app: "web" };
  const containers = [{ name: "app", image: "app:v1" }];
  const template = { metadata: { labels }, spec: { containers } };
  const spec = { replicas: REPLICAS, selector: { matchLabels: labels }, template };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default" },
    spec,
  } as KubeObject;
}

function autoscaler(): KubeObject {
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const spec = { minReplicas: 1, maxReplicas: 5, scaleTargetRef };
  const metadata = { name: "web", namespace: "default" };
  return { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata, spec } as KubeObject;
}
