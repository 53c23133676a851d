import pino from "pino";
import { featureDefaults } from "../../src/api/features.ts";
import type { Controller } from "../../src/controller.ts";
import { startController } from "../../src/controller.ts";
import { ApiServer } from "../../src/sandbox/api-server.ts";
import { contents } from "../../src/sandbox/contents.ts";
import { HouseKeeping } from "../../src/sandbox/house-keeping.ts";
import { InProcessTransport } from "../../src/sandbox/in-process.ts";
import { SimulatedNodes } from "../../src/sandbox/nodes.ts";
import type { JsonMap, StoredObject } from "../../src/sandbox/objects.ts";
import { VirtualClock } from "../../src/sandbox/virtual-clock.ts";

const NAMESPACE = "shop";
const CLONE_SETS = `/apis/apps.kruise.io/v1alpha1/namespaces/${NAMESPACE}/clonesets`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

/** The real controller on a cluster in memory, in time that passes as fast as the work in it can be done. */
export class Lab {
  readonly clock = new VirtualClock();
  readonly server = new ApiServer({ clock: this.clock, contents: contents() });
  readonly #nodes = new SimulatedNodes({
    server: this.server,
    clock: this.clock,
    names: ["n1", "n2", "n3"],
    luck: {
      bindMs: () => 10,
      noticeMs: () => 50,
      volumeMs: () => 100,
      habits: () => ({ readyAfterMs: 2000, terminateAfterMs: 500, resizeAfterMs: 100, badImages: new Set() }),
    },
  });
  readonly #keeping = new HouseKeeping({ server: this.server, clock: this.clock, delayMs: () => 50 });
  #controller: Controller | undefined;

  static async start(): Promise<Lab> {
    const lab = new Lab();
    lab.send("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
    const { server, clock } = lab;
    lab.#controller = await startController({
      transport: new InProcessTransport({ server, clock, user: "cloneset-controller" }),
      clock,
      log: pino({ level: "silent" }),
      version: "lab",
      features: featureDefaults,
      namespace: undefined,
      workers: 4,
      qps: undefined,
      burst: undefined,
      leaderElection: undefined,
      takeOver: true,
      onLost: (why) => {
        throw new Error(why);
      },
    });
    return lab;
  }

  /** @throws with the server's answer where it is not a success */
  send(method: string, path: string, body?: unknown, type = "json"): JsonMap {
    const headers = { "content-type": `application/${type}` };
    const answer = this.server.request({ method, path, headers, body, user: "user" });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body as JsonMap;
  }

  create(name: string, spec: JsonMap, annotations: Record<string, string> = {}): void {
    const head = { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet" };
    this.send("POST", CLONE_SETS, { ...head, metadata: { name, namespace: NAMESPACE, annotations }, spec });
  }

  /** A merge patch of the spec. */
  edit(name: string, spec: JsonMap): void {
    this.send("PATCH", `${CLONE_SETS}/${name}`, { spec }, "merge-patch+json");
  }

  /** A merge patch of the metadata. */
  annotate(name: string, annotations: Record<string, string | null>): void {
    this.send("PATCH", `${CLONE_SETS}/${name}`, { metadata: { annotations } }, "merge-patch+json");
  }

  delete(name: string): void {
    this.send("DELETE", `${CLONE_SETS}/${name}`);
  }

  cloneSet(name: string): StoredObject {
    return this.send("GET", `${CLONE_SETS}/${name}`) as unknown as StoredObject;
  }

  pods(): StoredObject[] {
    return this.send("GET", PODS)["items"] as StoredObject[];
  }

  /** Calls back with every version of every CloneSet that is stored. */
  onCloneSet(told: (cloneSet: StoredObject) => void): void {
    this.server.collection("clonesets").onEvent(({ type, object }) => {
      if (type !== "DELETED") told(object);
    });
  }

  /** Lets so much time pass. */
  async pass(seconds: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + seconds * 1000);
  }

  async stop(): Promise<void> {
    const stopping = this.#controller?.stop();
    await this.pass(10);
    await stopping;
    this.#nodes.stop();
    this.#keeping.stop();
  }
}
