import type { Registry } from "prom-client";
import { Gauge } from "prom-client";
import type { Pod } from "../api/pod.ts";
import { isActive } from "../api/pod.ts";
import type { Clock } from "../kube/clock.ts";
import { isAvailable, isReady } from "../plan/availability.ts";
import type { Caches } from "./caches.ts";

/** Adds the metric `cloneset_pods`: how many pods of each CloneSet are in which state, counted when scraped. */
export function podStates(registry: Registry, caches: Caches, clock: Clock): void {
  const gauge = new Gauge({
    name: "cloneset_pods",
    help: "Pods of a CloneSet by state: available, ready (not yet available), unready, terminating, finished.",
    labelNames: ["namespace", "name", "state"],
    registers: [],
    collect() {
      this.reset();
      for (const { namespace, name, uid, spec } of caches.cloneSets.all()) {
        for (const pod of caches.pods.byOwner(uid)) {
          this.inc({ namespace, name, state: stateOf(pod, spec.minReadySeconds, clock.nowMs()) });
        }
      }
    },
  });
  registry.registerMetric(gauge);
}

function stateOf(pod: Pod, minReadySeconds: number, nowMs: number): string {
  if (!isActive(pod)) return pod.deletedMs === undefined ? "finished" : "terminating";
  if (isAvailable(pod, minReadySeconds, nowMs)) return "available";
  return isReady(pod) ? "ready" : "unready";
}
