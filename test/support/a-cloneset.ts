import type { CloneSet, CloneSetStatus, IntOrPercent } from "../../src/api/cloneset.ts";
import { label } from "../../src/api/constants.ts";
import type { WireCloneSet } from "../../src/api/convert.ts";
import { fromV1alpha1 } from "../../src/api/convert.ts";
import type { ClaimTemplate, PodTemplate } from "../../src/api/kubernetes.ts";

/** Noon of the first of January 2026: what the clock says in tests that do not say otherwise. */
export const NOW_MS = Date.parse("2026-01-01T12:00:00Z");
export const UID = "uid-web";

/** What a test says about its CloneSet; the rest is as if nothing had been said. */
export interface GivenCloneSet {
  replicas?: number;
  type?: string;
  partition?: IntOrPercent;
  maxUnavailable?: IntOrPercent;
  maxSurge?: IntOrPercent;
  paused?: boolean;
  minReadySeconds?: number;
  progressDeadlineSeconds?: number;
  /** `scaleStrategy.maxUnavailable`. */
  scaleMaxUnavailable?: IntOrPercent;
  podsToDelete?: string[];
  disablePvcReuse?: boolean;
  excludePreparingDelete?: boolean;
  lifecycle?: NonNullable<WireCloneSet["spec"]>["lifecycle"];
  claimTemplates?: ClaimTemplate[];
  template?: PodTemplate;
  gracePeriodSeconds?: number;
  generation?: number;
  deleting?: boolean;
  status?: Partial<CloneSetStatus>;
}

/** The CloneSet "web" in namespace "shop", read from its wire form like every other. */
export function aCloneSet(given: GivenCloneSet = {}): CloneSet {
  return fromV1alpha1(aWireCloneSet(given));
}

/** The same in wire form. */
export function aWireCloneSet(given: GivenCloneSet = {}): WireCloneSet {
  const { type, partition, maxUnavailable, maxSurge, paused, scaleMaxUnavailable, podsToDelete, disablePvcReuse } =
    given;
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: {
      namespace: "shop",
      name: "web",
      uid: UID,
      resourceVersion: "100",
      generation: given.generation ?? 1,
      ...(given.deleting ? { deletionTimestamp: "2026-01-01T11:59:00Z" } : {}),
      ...(given.excludePreparingDelete ? { labels: { [label.excludePreparingDelete]: "true" } } : {}),
    },
    spec: {
      replicas: given.replicas ?? 3,
      selector: { matchLabels: { app: "web" } },
      template: given.template ?? aTemplate("app:v2"),
      volumeClaimTemplates: given.claimTemplates ?? null,
      minReadySeconds: given.minReadySeconds ?? null,
      progressDeadlineSeconds: given.progressDeadlineSeconds ?? null,
      scaleStrategy: {
        podsToDelete: podsToDelete ?? null,
        maxUnavailable: scaleMaxUnavailable ?? null,
        disablePVCReuse: disablePvcReuse ?? null,
      },
      updateStrategy: {
        type: type ?? null,
        partition: partition ?? null,
        maxUnavailable: maxUnavailable ?? null,
        maxSurge: maxSurge ?? null,
        paused: paused ?? null,
        inPlaceUpdateStrategy: { gracePeriodSeconds: given.gracePeriodSeconds ?? null },
      },
      lifecycle: given.lifecycle ?? null,
    },
    status: { observedGeneration: 1, ...given.status },
  };
}

/** A pod template with one container, "app". */
export function aTemplate(image = "app:v2"): PodTemplate {
  return { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image }] } };
}

/** A claim template of 1 Gi. */
export function aClaimTemplate(name = "data"): ClaimTemplate {
  return {
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
}
