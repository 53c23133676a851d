import type { PodTemplate } from "../../api/kubernetes.ts";
import { CLONE_SETS } from "../../api/resource.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { apiVersionOf, DEPLOYMENTS } from "../../kube/resources.ts";
import type { Target } from "../autoscalers.ts";
import { scales } from "../autoscalers.ts";
import type { Cluster } from "../cluster.ts";
import { Failure } from "../failure.ts";
import { keepers } from "./keepers.ts";
import type { Around } from "./look.ts";
import type { Migration, Reference } from "./migration.ts";
import { resourceOf, spoken } from "./migration.ts";
import type { Objection } from "./objections.ts";
import { isFree } from "./workloads.ts";

/** A migration that may begin: nothing was written yet. */
export interface Ready {
  migration: Migration;
  around: Around;
  /** Those that are to live on. */
  pods: KubeObject[];
  /** The CloneSet or the Deployment that is to be, as a manifest. */
  manifest: KubeObject;
  notes: string[];
}

export function targets(name: string): [Target, Target] {
  return [
    { apiVersion: apiVersionOf(DEPLOYMENTS), kind: DEPLOYMENTS.kind, name },
    { apiVersion: apiVersionOf(CLONE_SETS), kind: CLONE_SETS.kind, name },
  ];
}

/** @throws {Failure} telling everything that stands against it */
export function stopFor(objections: readonly Objection[], from: Target): void {
  const [first] = objections;
  if (first === undefined) return;
  const whys = objections.map(({ why }) => why);
  const text = whys.length === 1 ? ` ${first.why}` : whys.map((why) => `\n  - ${why}`).join("");
  throw new Failure(`${spoken(from)} stays what it is:${text}`, { next: first.next });
}

/** The labels by which others would take the pods: those they have, and those that the next one would have. */
export function labelsOf(
  { spec }: KubeObject & { spec?: { template?: PodTemplate } },
  pods: readonly KubeObject[],
): Record<string, string>[] {
  return [spec?.template?.metadata?.labels ?? {}, ...pods.map(({ metadata }) => metadata.labels ?? {})];
}

/** Admission may protect an object from deletion: better known before the first one is gone. */
export async function tryDeletions({ client, namespace, limits }: Cluster, letGo: readonly Reference[]): Promise<void> {
  for (const { kind, name, uid } of letGo) {
    const how = { uid, propagationPolicy: "Orphan", dryRun: true } as const;
    await client.delete(resourceOf(kind), { namespace, name }, { ...how, ...limits });
  }
}

/** What else is concerned. */
export function besides({ autoscalers }: Around, from: Target, { metadata }: KubeObject): string[] {
  const owned = autoscalers.filter((one) => scales(one, from) && !isFree(one));
  return [
    ...owned.map(
      (one) => `horizontalpodautoscaler.autoscaling/${one.metadata.name} has an owner: change its target there`,
    ),
    ...keepers(metadata).map(
      (who) => `${who} would make ${spoken(from)} again: change it there first, or stop it for now`,
    ),
  ];
}
