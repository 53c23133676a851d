/**
 * The floor: a driver that rolls pods out with the fewest API writes there can be, and nothing else.
 *
 * It has no plan, no cache, no preconditions, no events and no status, and it writes what comes next for a pod the moment
 * that its one watch tells. Who does all that besides can only come near to its speed. It shares the client, and so the
 * connections and the number of writes in flight, with the controller, and runs in a process of its own like it.
 *
 * Started by contenders.ts with a kubeconfig and the address of its metrics; orders come over the IPC channel.
 */
import type { WireCloneSet } from "../../src/api/convert.ts";
import { fromV1alpha1 } from "../../src/api/convert.ts";
import { featureDefaults } from "../../src/api/features.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { realClock, toTime } from "../../src/kube/clock.ts";
import { metricsRoutes } from "../../src/kube/health.ts";
import { serve } from "../../src/kube/http-server.ts";
import { Metrics } from "../../src/kube/metrics.ts";
import type { KubeObject } from "../../src/kube/resources.ts";
import { PODS } from "../../src/kube/resources.ts";
import { openSession } from "../../src/kube/session.ts";
import { HttpTransport } from "../../src/kube/transport.ts";
import { podManifest } from "../../src/plan/new-pod.ts";
import type { WirePod } from "./pods.ts";
import { conditionOf, followPods, isReady, runs } from "./pods.ts";

export type Order =
  /** Follow the pods of this namespace from now on. */
  | { kind: "look"; namespace: string }
  | { kind: "create"; cloneSet: WireCloneSet; pods: number }
  | { kind: "update"; image: string; maxUnavailable: number }
  | { kind: "scaleIn"; pods: number };

const GATE = "InPlaceUpdateReady";
const REVISION = "web-6b7f8c9d5f";
const NEXT_REVISION = "web-5d4c7b8f96";

/** What is known of one pod, and how far it is. */
interface Tracked {
  pod: WirePod;
  /** The gate's first condition is written, or under way. */
  opened: boolean;
  update: "old" | "patching" | "restarting" | "opening" | "starting" | "done";
}

class Floor {
  readonly #client: KubeClient;
  readonly #pods = new Map<string, Tracked>();
  #watching = new AbortController();
  #update: { image: string; maxUnavailable: number } | undefined;
  #unavailable = 0;
  /** Pods not yet taken by the update, last first. */
  #old: Tracked[] = [];

  constructor(client: KubeClient) {
    this.#client = client;
  }

  look(namespace: string): void {
    this.#watching.abort();
    this.#watching = new AbortController();
    this.#pods.clear();
    this.#update = undefined;
    void this.#must(followPods(this.#client, namespace, this.#watching.signal, (pod, gone) => this.#hear(pod, gone)));
  }

  create(wire: WireCloneSet, count: number): void {
    const owner = fromV1alpha1(wire);
    const source = { revision: REVISION, template: owner.spec.template, claimTemplates: [] };
    for (let i = 0; i < count; i++) {
      const id = i.toString(36).padStart(5, "0");
      const manifest = podManifest(owner, source, id, { nowMs: Date.now(), features: featureDefaults });
      void this.#must(this.#client.create(PODS, manifest as unknown as KubeObject));
    }
  }

  update(image: string, maxUnavailable: number): void {
    this.#update = { image, maxUnavailable };
    this.#unavailable = 0;
    this.#old = [...this.#pods.values()];
    this.#moveMore();
  }

  scaleIn(staying: number): void {
    for (const { pod } of [...this.#pods.values()].slice(staying)) {
      const { namespace = "", name, uid = "" } = pod.metadata;
      void this.#must(this.#client.delete(PODS, { namespace, name }, { uid }));
    }
  }

  #hear(pod: WirePod, gone: boolean): void {
    const { uid = "" } = pod.metadata;
    if (gone) {
      this.#pods.delete(uid);
      return;
    }
    const known = this.#pods.get(uid) ?? { pod, opened: false, update: "old" };
    known.pod = pod;
    this.#pods.set(uid, known);
    const hasGate = pod.spec.readinessGates?.some(({ conditionType }) => conditionType === GATE);
    known.opened ||= !hasGate || conditionOf(pod, GATE) !== undefined;
    if (!known.opened && pod.spec.nodeName !== undefined) {
      known.opened = true;
      void this.#must(this.#patchStatus(pod, "Normal", [gateCondition("True")]));
    }
    if (this.#update) this.#advance(known, this.#update.image);
  }

  #advance(known: Tracked, image: string): void {
    const { pod } = known;
    if (known.update === "restarting" && runs(pod, image)) {
      known.update = "opening";
      void this.#must(this.#open(known));
    }
    this.#finish(known);
  }

  async #open(known: Tracked): Promise<void> {
    await this.#patchStatus(known.pod, "Normal", [gateCondition("True")]);
    known.update = "starting";
    this.#finish(known);
  }

  #finish(known: Tracked): void {
    if (known.update !== "starting" || !isReady(known.pod) || conditionOf(known.pod, GATE) !== "True") return;
    known.update = "done";
    this.#unavailable -= 1;
    this.#moveMore();
  }

  #moveMore(): void {
    const update = this.#update;
    if (update === undefined) return;
    while (this.#unavailable < update.maxUnavailable) {
      const next = this.#old.pop();
      if (next === undefined) return;
      this.#unavailable += 1;
      next.update = "patching";
      void this.#must(this.#move(next, update.image));
    }
  }

  async #move(known: Tracked, image: string): Promise<void> {
    const { namespace = "", name } = known.pod.metadata;
    await this.#patchStatus(known.pod, undefined, [
      gateCondition("False", "StartInPlaceUpdate"),
      { ...gateCondition("False", "ReadinessGatesNotReady"), type: "Ready" },
    ]);
    known.update = "restarting";
    const body = {
      metadata: {
        labels: {
          "controller-revision-hash": NEXT_REVISION,
          "pod-template-hash": NEXT_REVISION.slice("web-".length),
          "lifecycle.apps.kruise.io/state": "Updating",
        },
        annotations: { "lifecycle.apps.kruise.io/timestamp": toTime(Date.now()) },
      },
      spec: { containers: [{ name: "web", image }] },
    };
    await this.#client.patch(PODS, { namespace, name }, body, { type: "strategic" });
  }

  #patchStatus(pod: WirePod, state: string | undefined, conditions: object[]): Promise<unknown> {
    const { namespace = "", name, uid } = pod.metadata;
    const change = state && {
      labels: { "lifecycle.apps.kruise.io/state": state },
      annotations: { "lifecycle.apps.kruise.io/timestamp": toTime(Date.now()) },
    };
    const body = { metadata: { uid, ...change }, status: { conditions } };
    return this.#client.patch(PODS, { namespace, name }, body, { type: "strategic", subresource: "status" });
  }

  /** A floor with a write missing would be no floor. */
  async #must(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      console.error(error);
      process.exit(1);
    }
  }
}

function gateCondition(status: "True" | "False", reason = ""): { type: string } & Record<string, string> {
  return { type: GATE, status, reason, message: "", lastTransitionTime: toTime(Date.now()) };
}

const [kubeconfig, metricsAddress = "off"] = process.argv.slice(2);
const metrics = new Metrics();
const session = await openSession({ clock: realClock, ...(kubeconfig ? { kubeconfig } : {}) });
const floor = new Floor(
  new KubeClient({
    transport: new HttpTransport({ session, clock: realClock }),
    clock: realClock,
    userAgent: "cloneset-bench-floor",
    observer: metrics.requests,
  }),
);
await serve(metricsAddress, metricsRoutes(metrics.registry));
process.on("message", (order: Order) => {
  switch (order.kind) {
    case "look":
      return floor.look(order.namespace);
    case "create":
      return floor.create(order.cloneSet, order.pods);
    case "update":
      return floor.update(order.image, order.maxUnavailable);
    case "scaleIn":
      return floor.scaleIn(order.pods);
  }
});
process.on("disconnect", () => process.exit(0));
