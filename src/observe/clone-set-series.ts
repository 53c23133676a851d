import type { Registry } from "prom-client";
import { Gauge } from "prom-client";
import { SpecError } from "../api/spec-error.ts";
import { maxUnavailable } from "../plan/availability.ts";
import { maxSurge } from "../plan/max-surge.ts";
import { partition } from "../plan/partition.ts";
import type { Caches } from "./caches.ts";
import type { CloneSetEntry } from "./trim.ts";

/** What one number of a CloneSet is called. The names are those of kruise-state-metrics, whose dashboards then go on. */
interface Series {
  name: string;
  help: string;
  value: (cloneSet: CloneSetEntry) => number;
}

const series: readonly Series[] = [
  { name: "created", help: "When it was created, in seconds since 1970.", value: ({ createdMs }) => createdMs / 1000 },
  { name: "metadata_generation", help: "Generation of the spec.", value: ({ generation }) => generation },
  { name: "spec_replicas", help: "Wanted pods.", value: ({ spec }) => spec.replicas },
  {
    name: "spec_strategy_partition",
    help: "Pods that stay on old revisions.",
    value: ({ spec }) => partition(spec),
  },
  {
    name: "spec_strategy_rollingupdate_max_unavailable",
    help: "Pods that may be unavailable.",
    value: ({ spec }) => maxUnavailable(spec),
  },
  {
    name: "spec_strategy_rollingupdate_max_surge",
    help: "Pods that may exist beyond the wanted ones.",
    value: ({ spec }) => maxSurge(spec),
  },
  {
    name: "status_observed_generation",
    help: "The generation that the status speaks of.",
    value: ({ status }) => status.observedGeneration,
  },
  { name: "status_replicas", help: "Pods.", value: ({ status }) => status.replicas },
  { name: "status_replicas_ready", help: "Ready pods.", value: ({ status }) => status.readyReplicas },
  { name: "status_replicas_available", help: "Available pods.", value: ({ status }) => status.availableReplicas },
  {
    name: "status_replicas_unavailable",
    help: "Wanted pods that are not available.",
    value: ({ spec, status }) => Math.max(0, spec.replicas - status.availableReplicas),
  },
  { name: "status_replicas_updated", help: "Updated pods.", value: ({ status }) => status.updatedReplicas },
  {
    name: "status_replicas_updated_ready",
    help: "Updated and ready pods.",
    value: ({ status }) => status.updatedReadyReplicas,
  },
  {
    name: "status_replicas_updated_available",
    help: "Updated and available pods.",
    value: ({ status }) => status.updatedAvailableReplicas,
  },
  {
    name: "status_replicas_expected_updated",
    help: "Pods that are to be updated as far as the partition lets them.",
    value: ({ status }) => status.expectedUpdatedReplicas,
  },
];

const STATUSES = ["true", "false", "unknown"];

/**
 * Adds the series `kruise_cloneset_*`, read from the cache when scraped. Only the process that leads serves them: of two
 * processes with the same numbers a sum would be twice the truth.
 */
export function cloneSetSeries(
  registry: Registry,
  { cloneSets }: Pick<Caches, "cloneSets">,
  isLeading: () => boolean,
): void {
  const add = (name: string, help: string, more: string[], read: (gauge: Gauge, one: CloneSetEntry) => void): void => {
    const gauge = new Gauge({
      name: `kruise_cloneset_${name}`,
      help,
      labelNames: ["namespace", "cloneset", ...more],
      registers: [],
      collect() {
        this.reset();
        if (isLeading()) for (const one of cloneSets.all()) read(this, one);
      },
    });
    registry.registerMetric(gauge);
  };
  const labelsOf = ({ namespace, name }: CloneSetEntry) => ({ namespace, cloneset: name });

  for (const { name, help, value } of series) {
    add(name, help, [], (gauge, one) => {
      const known = numberOf(one, value);
      if (known !== undefined) gauge.set(labelsOf(one), known);
    });
  }
  add("spec_strategy_type", "1 for the update strategy.", ["type"], (gauge, one) => {
    gauge.set({ ...labelsOf(one), type: one.spec.updateStrategy.type }, 1);
  });
  add("spec_paused", "1 while updates are paused.", [], (gauge, one) => {
    gauge.set(labelsOf(one), one.spec.updateStrategy.paused ? 1 : 0);
  });
  add("status_condition", "1 for the status a condition has.", ["condition", "status"], (gauge, one) => {
    for (const { type, status } of one.status.conditions) {
      for (const each of STATUSES) {
        gauge.set({ ...labelsOf(one), condition: type, status: each }, each === status.toLowerCase() ? 1 : 0);
      }
    }
  });
}

/** Undefined where the spec says nothing that can be used: its status and events tell. */
function numberOf(one: CloneSetEntry, value: Series["value"]): number | undefined {
  try {
    return value(one);
  } catch (error) {
    if (error instanceof SpecError) return undefined;
    throw error;
  }
}
