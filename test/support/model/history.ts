import * as fc from "fast-check";
import type { WireCloneSet } from "../../../src/api/convert.ts";
import { featureDefaults } from "../../../src/api/features.ts";
import type { PodTemplate } from "../../../src/api/kubernetes.ts";
import { timestamp } from "../../../src/api/kubernetes.ts";
import { aClaimTemplate, NOW_MS } from "../a-cloneset.ts";
import { Cluster } from "./cluster.ts";
import { HASH, holds, ID, isFull, NAMED, ourPods, STATE } from "./numbers.ts";
import type { WirePod } from "./objects.ts";
import { isAlive, labelOf } from "./objects.ts";
import type { Fate } from "./pass.ts";

/** What stays the same throughout a history. */
export interface Setting {
  type: string;
  hasClaims: boolean;
  twoContainers: boolean;
  countsGenerations: boolean;
  injects: boolean;
  rollBack: boolean;
  asUpdated: boolean;
  shortHash: boolean;
  excludePreparingDelete: boolean;
  hooks: { preDelete: boolean; inPlaceUpdate: boolean; preNormal: boolean; markPodNotReady: boolean };
}

export interface Template {
  app: string;
  log: string;
  /** An annotation. */
  note: string;
  /** A change of it needs a new pod. */
  mode: string;
}

/** One thing that happens. Pods are named by their place among those that are there, modulo their number. */
export type Step =
  | { what: "pass"; fate: Fate }
  /** Passes one after the other while nothing else happens. */
  | { what: "passes" }
  /** Every node takes every pod one step further. */
  | { what: "allNodes" }
  | { what: "node"; pod: number }
  | { what: "wait"; seconds: number }
  | {
      what: "crash" | "sicken" | "evict" | "delete" | "name" | "release" | "orphan" | "strip" | "free" | "hold";
      pod: number;
    }
  /** Users set pods free that a hook holds, and put handlers back where they are wanted. */
  | { what: "serveHooks" }
  | { what: "template"; template: Partial<Template> }
  | { what: "edit"; spec: Edit };

/** Members of the spec that are set; absent ones stay. */
export interface Edit {
  replicas?: number;
  partition?: number | string;
  maxUnavailable?: number | string;
  maxSurge?: number | string;
  paused?: boolean;
  type?: string;
  throttle?: number | string | null;
  /** Places of pods. */
  podsToDelete?: number[];
  minReadySeconds?: number;
  gracePeriodSeconds?: number;
  disablePVCReuse?: boolean;
  revisionHistoryLimit?: number;
}

export interface History {
  setting: Setting;
  first: Edit & { template: Template };
  steps: Step[];
}

/** The finalizer and the label that hooks wait for. */
export const HOLD = "example.com/hold";
export const DRAIN = { "example.com/traffic": "on" };

const TYPES = ["ReCreate", "InPlaceIfPossible", "InPlaceIfPossible", "InPlaceOnly", "OnDelete"];
const APPS = ["app:v1", "app:v2", "app:v2-again", "app:v3", "app:broken"];

const amount = (max: number): fc.Arbitrary<number | string> =>
  fc.oneof(fc.nat(max), fc.nat(max), fc.constantFrom("0%", "1%", "20%", "50%", "99%", "100%"));

const anyTemplate: fc.Arbitrary<Partial<Template>> = fc.record(
  {
    app: fc.constantFrom(...APPS),
    log: fc.constantFrom("log:v1", "log:v2"),
    note: fc.constantFrom("", "a", "b"),
    mode: fc.constantFrom("x", "x", "y"),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const edits: { [K in keyof Required<Edit>]: fc.Arbitrary<Required<Edit>[K]> } = {
  replicas: fc.nat(6),
  partition: amount(6),
  maxUnavailable: amount(4),
  maxSurge: amount(3),
  paused: fc.boolean(),
  type: fc.constantFrom(...TYPES),
  throttle: fc.oneof(fc.constant(null), amount(3)),
  podsToDelete: fc.array(fc.nat(9), { maxLength: 2 }),
  minReadySeconds: fc.constantFrom(0, 5),
  gracePeriodSeconds: fc.constantFrom(0, 4),
  disablePVCReuse: fc.boolean(),
  revisionHistoryLimit: fc.nat(3),
};

const edit: fc.Arbitrary<Edit> = fc.oneof(
  ...Object.entries(edits).map(([member, value]) =>
    (value as fc.Arbitrary<unknown>).map((chosen): Edit => ({ [member]: chosen })),
  ),
  // Users change the number of pods and the partition most often.
  edits.replicas.map((replicas): Edit => ({ replicas })),
  edits.partition.map((partition): Edit => ({ partition })),
);

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ diesAt: fc.nat(4), createsLast: fc.boolean() }, { noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.record({ refuses: fc.nat(31) }, { noNullPrototype: true }) },
);

const onePod = (...whats: Extract<Step, { pod: number }>["what"][]): fc.Arbitrary<Step> =>
  fc.record({ what: fc.constantFrom(...whats), pod: fc.nat(9) }, { noNullPrototype: true });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fate.map((chosen): Step => ({ what: "pass", fate: chosen })) },
  { weight: 1, arbitrary: fc.constant({ what: "passes" as const }) },
  { weight: 8, arbitrary: fc.constant({ what: "allNodes" as const }) },
  { weight: 6, arbitrary: onePod("node") },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 12 }).map((seconds): Step => ({ what: "wait", seconds })) },
  {
    weight: 4,
    arbitrary: onePod("crash", "sicken", "evict", "delete", "name", "release", "orphan", "strip", "free", "hold"),
  },
  { weight: 2, arbitrary: fc.constant({ what: "serveHooks" as const }) },
  { weight: 2, arbitrary: anyTemplate.map((chosen): Step => ({ what: "template", template: chosen })) },
  { weight: 3, arbitrary: edit.map((spec): Step => ({ what: "edit", spec })) },
);

const oftenNot = fc.constantFrom(false, false, false, true);

/** A while in which nothing goes wrong, so that rollouts get on. */
const calm: fc.Arbitrary<Step[]> = fc
  .array(
    fc.constantFrom<Step>({ what: "allNodes" }, { what: "allNodes" }, { what: "serveHooks" }, { what: "passes" }),
    {
      minLength: 2,
      maxLength: 5,
    },
  )
  .map((between) => between.flatMap((one): Step[] => [{ what: "pass", fate: {} }, one]));

const steps: fc.Arbitrary<Step[]> = fc
  .array(fc.oneof({ weight: 9, arbitrary: anyStep.map((one) => [one]) }, { weight: 1, arbitrary: calm }), {
    minLength: 10,
    maxLength: 60,
    size: "max",
  })
  .map((blocks) => blocks.flat());

export const anyHistory: fc.Arbitrary<History> = fc.record(
  {
    setting: fc.record(
      {
        type: fc.constantFrom(...TYPES),
        hasClaims: fc.boolean(),
        twoContainers: fc.boolean(),
        countsGenerations: fc.boolean(),
        injects: oftenNot,
        rollBack: oftenNot,
        asUpdated: oftenNot,
        shortHash: oftenNot,
        excludePreparingDelete: oftenNot,
        hooks: fc.record(
          { preDelete: fc.boolean(), inPlaceUpdate: fc.boolean(), preNormal: oftenNot, markPodNotReady: oftenNot },
          { noNullPrototype: true },
        ),
      },
      { noNullPrototype: true },
    ),
    first: fc.record(
      {
        replicas: fc.integer({ min: 1, max: 6 }),
        partition: fc.oneof(fc.constant(0), amount(5)),
        maxUnavailable: fc.oneof(fc.constant(1), amount(4)),
        maxSurge: fc.oneof(fc.constant(0), amount(3)),
        minReadySeconds: fc.constantFrom(0, 0, 5),
        gracePeriodSeconds: fc.constantFrom(0, 0, 4),
        disablePVCReuse: fc.boolean(),
        throttle: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: amount(3) }),
        template: fc.constant({ app: "app:v1", log: "log:v1", note: "", mode: "x" }),
      },
      { noNullPrototype: true },
    ),
    steps,
  },
  { noNullPrototype: true },
);

function podTemplate({ app, log, note, mode }: Template, twoContainers: boolean): PodTemplate {
  const env = (priority: number) => [
    { name: "MODE", value: mode },
    { name: "KRUISE_CONTAINER_PRIORITY", value: String(priority) },
  ];
  return {
    metadata: { labels: { app: "web", ...DRAIN }, ...(note ? { annotations: { note } } : {}) },
    spec: {
      containers: [
        { name: "app", image: app, env: env(0) },
        ...(twoContainers ? [{ name: "log", image: log, env: env(1) }] : []),
      ],
    },
  };
}

/** A history as it unfolds: the cluster, and what the spec was last set to. */
export class Course {
  readonly cluster: Cluster;
  readonly setting: Setting;
  #template: Template;

  constructor({ setting, first }: History) {
    this.setting = setting;
    this.#template = first.template;
    const cloneSet: WireCloneSet = {
      apiVersion: "apps.kruise.io/v1alpha1",
      kind: "CloneSet",
      metadata: {
        namespace: "shop",
        name: "web",
        uid: "uid-web",
        resourceVersion: "1",
        generation: 1,
        ...(setting.excludePreparingDelete
          ? { labels: { "apps.kruise.io/cloneset-scaling-exclude-preparing-delete": "true" } }
          : {}),
      },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: podTemplate(first.template, setting.twoContainers),
        volumeClaimTemplates: setting.hasClaims ? [aClaimTemplate()] : [],
        updateStrategy: { type: setting.type },
        lifecycle: lifecycle(setting) ?? null,
      },
      status: {},
    };
    this.cluster = new Cluster(cloneSet, {
      nowMs: NOW_MS,
      features: {
        ...featureDefaults,
        CloneSetPartitionRollback: setting.rollBack,
        PreparingUpdateAsUpdate: setting.asUpdated,
        CloneSetShortHash: setting.shortHash,
      },
      habits: { countsGenerations: setting.countsGenerations, injects: setting.injects },
    });
    this.cluster.add({ pods: [aStranger()] });
    this.edit(first);
  }

  /** Everything but passes. */
  take(step: Exclude<Step, { what: "pass" | "passes" }>): void {
    const { cluster } = this;
    switch (step.what) {
      case "allNodes":
        return this.allNodes();
      case "serveHooks":
        return this.serveHooks();
      case "wait":
        cluster.nowMs += step.seconds * 1000;
        return;
      case "template":
        this.#template = { ...this.#template, ...step.template };
        return cluster.edit((spec) => ({ ...spec, template: podTemplate(this.#template, this.setting.twoContainers) }));
      case "edit":
        return this.edit(step.spec);
      case "node":
        cluster.nowMs += 1000;
        return this.#onPod(step.pod, (pod) => this.#node(pod));
      case "crash":
        return this.#onPod(step.pod, (pod) => cluster.put(cluster.kubelets.crash(pod, step.pod, cluster.nowMs), pod));
      case "sicken":
        return this.#onPod(step.pod, (pod) => cluster.put(cluster.kubelets.sicken(pod, cluster.nowMs), pod));
      case "evict":
        return this.#onPod(step.pod, (pod) => cluster.put(cluster.kubelets.evict(pod, cluster.nowMs), pod));
      case "delete":
        return this.#onPod(step.pod, (pod) => {
          if (pod.metadata.deletionTimestamp === undefined) cluster.deletePod(pod.metadata.uid);
        });
      case "name":
        return this.#onPod(step.pod, (pod) => this.#label(pod, { [NAMED]: "yes" }));
      case "release":
        return this.#onPod(step.pod, (pod) => this.#label(pod, { app: "elsewhere" }));
      case "free":
        return this.#onPod(step.pod, (pod) => this.#handlers(pod, false));
      case "hold":
        return this.#onPod(step.pod, (pod) => this.#handlers(pod, true));
      case "orphan":
        return this.#onPod(step.pod, (pod) => this.#disown(pod, pod.metadata.labels));
      case "strip":
        return this.#onPod(step.pod, (pod) => {
          const { [HASH]: _, "pod-template-hash": __, ...labels } = pod.metadata.labels ?? {};
          this.#disown(pod, labels);
        });
    }
  }

  edit(given: Edit): void {
    const { cluster } = this;
    const names = (given.podsToDelete ?? []).flatMap((place) => {
      const { pods } = cluster;
      return pods.length === 0 ? [] : [pods[place % pods.length]?.metadata.name ?? ""];
    });
    cluster.edit((spec) => ({
      ...spec,
      ...pick(given, "replicas", "minReadySeconds", "revisionHistoryLimit"),
      scaleStrategy: {
        ...spec.scaleStrategy,
        ...(given.podsToDelete ? { podsToDelete: [...new Set(names)] } : {}),
        ...(given.throttle === undefined ? {} : { maxUnavailable: given.throttle }),
        ...pick(given, "disablePVCReuse"),
      },
      updateStrategy: {
        ...spec.updateStrategy,
        ...pick(given, "type", "partition", "maxUnavailable", "maxSurge", "paused"),
        ...(given.gracePeriodSeconds === undefined
          ? {}
          : { inPlaceUpdateStrategy: { gracePeriodSeconds: given.gracePeriodSeconds } }),
      },
    }));
  }

  allNodes(): void {
    this.cluster.nowMs += 1000;
    for (const pod of this.cluster.pods) this.#node(pod);
  }

  /** What users of the hooks do: they let go of pods that wait, and put handlers back on pods that are to be in service. */
  serveHooks(): void {
    const { lifecycle: hooks } = this.cluster.cloneSet.spec ?? {};
    for (const pod of this.cluster.pods) {
      const state = labelOf(pod, STATE);
      const waits =
        pod.metadata.deletionTimestamp !== undefined ||
        (state === "PreparingDelete" && holds(hooks?.preDelete, pod)) ||
        (state === "PreparingUpdate" && holds(hooks?.inPlaceUpdate, pod));
      const lacks =
        (state === "Updated" && !isFull(hooks?.inPlaceUpdate, pod)) ||
        (state === "PreparingNormal" && hooks?.preNormal && !isFull(hooks.preNormal, pod));
      if (waits) this.#handlers(pod, false);
      else if (lacks) this.#handlers(pod, true);
    }
  }

  #node(pod: WirePod): void {
    const { cluster } = this;
    if (pod.metadata.deletionTimestamp === undefined) {
      cluster.put(cluster.kubelets.step(pod, cluster.nowMs), pod);
    } else cluster.finish(pod);
  }

  #onPod(place: number, work: (pod: WirePod) => void): void {
    const ours = this.cluster.pods.filter((pod) => labelOf(pod, ID) !== undefined);
    const pod = ours[place % ours.length];
    if (pod) work(pod);
  }

  #disown(pod: WirePod, labels: Readonly<Record<string, string>> | undefined): void {
    const { ownerReferences: _, ...metadata } = pod.metadata;
    if (isAlive(pod)) this.cluster.put({ ...pod, metadata: { ...metadata, labels: { ...labels } } }, pod);
  }

  #label(pod: WirePod, labels: Record<string, string>): void {
    if (!isAlive(pod)) return;
    this.cluster.put({ ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...labels } } }, pod);
  }

  #handlers(pod: WirePod, areOn: boolean): void {
    const isHeld = pod.metadata.finalizers?.includes(HOLD) === true;
    const isOn = labelOf(pod, "example.com/traffic") === "on";
    // A terminating object takes no new finalizers.
    if ((isHeld === areOn && isOn === areOn) || (areOn && pod.metadata.deletionTimestamp !== undefined)) return;
    const labels = { ...pod.metadata.labels, "example.com/traffic": areOn ? "on" : "off" };
    this.cluster.put({ ...pod, metadata: { ...pod.metadata, labels, finalizers: areOn ? [HOLD] : [] } }, pod);
  }

  /** Nodes, or users of hooks, still have something to do. */
  isBusy(): boolean {
    const { kubelets, nowMs } = this.cluster;
    return (
      ourPods(this.cluster.snapshot()).some((pod) => kubelets.isBusy(pod, nowMs)) ||
      this.cluster.pods.some(({ metadata }) => metadata.deletionTimestamp !== undefined)
    );
  }
}

function lifecycle({ hooks }: Setting): NonNullable<WireCloneSet["spec"]>["lifecycle"] {
  const { markPodNotReady } = hooks;
  return {
    ...(hooks.preDelete ? { preDelete: { finalizersHandler: [HOLD], markPodNotReady } } : {}),
    ...(hooks.inPlaceUpdate ? { inPlaceUpdate: { labelsHandler: DRAIN, markPodNotReady } } : {}),
    ...(hooks.preNormal ? { preNormal: { finalizersHandler: [HOLD] } } : {}),
  };
}

/** A pod that looks like ours and is somebody else's. */
function aStranger(): WirePod {
  return {
    metadata: {
      namespace: "shop",
      name: "web-other",
      uid: "uid-other-pod",
      resourceVersion: "1",
      creationTimestamp: timestamp(NOW_MS),
      labels: { app: "web" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "other", uid: "uid-other", controller: true },
      ],
    },
    spec: { nodeName: "n1", containers: [{ name: "app", image: "app:v1" }] },
    status: { phase: "Running", conditions: [], containerStatuses: [] },
  };
}

function pick<T extends object, K extends keyof T>(from: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]]))) as Pick<T, K>;
}
