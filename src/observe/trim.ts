import type { CloneSet } from "../api/cloneset.ts";
import { GROUP, KIND } from "../api/constants.ts";
import type { WireCloneSet } from "../api/convert.ts";
import { fromV1alpha1 } from "../api/convert.ts";
import type {
  JsonObject,
  ObjectMeta,
  OwnerReference,
  PodTemplate,
  ResourceRequirements,
  TemplateMeta,
} from "../api/kubernetes.ts";
import { controllerOf, timeMs } from "../api/kubernetes.ts";
import type { Claim, Container, ContainerStatus, ObjectRef, Pod, PodCondition, Revision } from "../api/pod.ts";
import { KEPT_ANNOTATIONS } from "../api/pod.ts";
import { templateOf } from "../revision/snapshot.ts";

/** A CloneSet as the cache holds it. */
export type CloneSetEntry = CloneSet & {
  createdMs: number;
  labels: Readonly<Record<string, string>>;
  ownerUids: readonly string[];
};

/** A node: only where it is. */
export interface Node extends ObjectRef {
  labels: Readonly<Record<string, string>>;
  ownerUids: readonly string[];
}

const KEPT_CONDITIONS = new Set([
  "Ready",
  "ContainersReady",
  "PodScheduled",
  "InPlaceUpdateReady",
  "KruisePodReady",
  "PodResizePending",
  "PodResizeInProgress",
]);
const MESSAGE_MAX = 200;
const INTERNED_MAX = 100_000;

interface WirePod {
  metadata: ObjectMeta;
  spec?: {
    nodeName?: string;
    readinessGates?: { conditionType: string }[];
    containers?: WireContainer[];
    initContainers?: WireContainer[];
    volumes?: { persistentVolumeClaim?: { claimName: string } }[];
  };
  status?: {
    phase?: string;
    reason?: string;
    observedGeneration?: number;
    conditions?: {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime?: string | null;
    }[];
    containerStatuses?: WireContainerStatus[];
    initContainerStatuses?: WireContainerStatus[];
  };
}

interface WireContainer {
  name: string;
  image?: string;
  resources?: ResourceRequirements;
}

interface WireContainerStatus {
  name: string;
  image?: string;
  imageID?: string;
  containerID?: string;
  ready?: boolean;
  restartCount?: number;
  resources?: ResourceRequirements;
  state?: { running?: object; waiting?: Told; terminated?: Told };
}

interface Told {
  reason?: string;
  message?: string;
}

/**
 * Projects objects of the wire to what the rules look at, about 1 KB a pod. What many pods share is kept once: texts
 * (images, nodes, label values), and whole lists and objects (owners, containers, conditions).
 */
export class Trimmer {
  readonly #texts = new Map<string, string>();
  /** Lists and objects by their JSON. */
  readonly #values = new Map<string, object>();

  cloneSet(raw: unknown): CloneSetEntry {
    const wire = raw as WireCloneSet;
    const { creationTimestamp, labels = {} } = wire.metadata;
    return { ...fromV1alpha1(wire), createdMs: timeMs(creationTimestamp), labels, ownerUids: [] };
  }

  /** Of pods that some other controller owns only name and owner are kept: it may be in the way of one of ours. */
  pod(raw: unknown): Pod {
    const { metadata, spec = {}, status = {} } = raw as WirePod;
    const controller = controllerOf(metadata.ownerReferences ?? []);
    const foreign =
      controller !== undefined && !(controller.kind === KIND && controller.apiVersion.startsWith(`${GROUP}/`));
    if (foreign) return { ...this.#bare(metadata), ...this.#owners(metadata) };
    return {
      ...this.#bare(metadata),
      labels: this.#record(metadata.labels),
      annotations: kept(metadata.annotations),
      finalizers: this.#shared(metadata.finalizers ?? []),
      ...this.#owners(metadata),
      ...(controller === undefined ? { asTemplate: asTemplate(metadata, spec) } : {}),
      ...(spec.nodeName ? { nodeName: this.#text(spec.nodeName) } : {}),
      claimNames: this.#shared(
        (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []),
      ),
      readinessGates: this.#shared((spec.readinessGates ?? []).map(({ conditionType }) => conditionType)),
      containers: this.#shared((spec.containers ?? []).map((container) => this.#container(container))),
      initContainers: this.#shared((spec.initContainers ?? []).map((container) => this.#container(container))),
      phase: this.#text(status.phase ?? "Pending"),
      ...(status.reason ? { reason: this.#text(status.reason) } : {}),
      observedGeneration: status.observedGeneration ?? 0,
      conditions: this.#conditions(status.conditions),
      containerStatuses: (status.containerStatuses ?? []).map((container) => this.#containerStatus(container)),
      initContainerStatuses: (status.initContainerStatuses ?? []).map((container) => this.#containerStatus(container)),
    };
  }

  node(raw: unknown): Node {
    const { metadata } = raw as { metadata: ObjectMeta };
    return { ...this.#ref(metadata), ownerUids: [], labels: this.#record(metadata.labels) };
  }

  claim(raw: unknown): Claim {
    const { metadata, status } = raw as { metadata: ObjectMeta; status?: { phase?: string } };
    return {
      ...this.#ref(metadata),
      labels: this.#record(metadata.labels),
      ...this.#owners(metadata),
      deleting: metadata.deletionTimestamp !== undefined,
      phase: this.#text(status?.phase ?? "Pending"),
    };
  }

  revision(raw: unknown): Revision {
    const { metadata, revision, data } = raw as { metadata: ObjectMeta; revision?: number; data?: JsonObject };
    return {
      ...this.#ref(metadata),
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      ...this.#owners(metadata),
      revision: revision ?? 0,
      createdMs: timeMs(metadata.creationTimestamp),
      template: templateOf(data ?? {}),
      data: data ?? {},
    };
  }

  #bare(metadata: ObjectMeta): Pod {
    return {
      ...this.#ref(metadata),
      generation: metadata.generation ?? 0,
      createdMs: timeMs(metadata.creationTimestamp),
      ...(metadata.deletionTimestamp ? { deletedMs: timeMs(metadata.deletionTimestamp) } : {}),
      labels: {},
      annotations: {},
      finalizers: [],
      owners: [],
      ownerUids: [],
      claimNames: [],
      readinessGates: [],
      containers: [],
      initContainers: [],
      phase: "Pending",
      observedGeneration: 0,
      conditions: {},
      containerStatuses: [],
      initContainerStatuses: [],
    };
  }

  #ref({ namespace = "", name, uid = "", resourceVersion = "" }: ObjectMeta) {
    return { namespace: this.#text(namespace), name, uid, resourceVersion };
  }

  #owners({ ownerReferences = [] }: ObjectMeta): { owners: readonly OwnerReference[]; ownerUids: readonly string[] } {
    return { owners: this.#shared(ownerReferences), ownerUids: this.#shared(ownerReferences.map(({ uid }) => uid)) };
  }

  #container({ name, image, resources }: WireContainer): Container {
    const amounts = resources && Object.keys(resources).length > 0 ? { resources } : {};
    return { name, image: image ?? "", ...amounts };
  }

  #containerStatus(wire: WireContainerStatus): ContainerStatus {
    const state = wire.state?.running ? "running" : wire.state?.terminated ? "terminated" : "waiting";
    const { reason, message } = wire.state?.waiting ?? wire.state?.terminated ?? {};
    return {
      name: this.#text(wire.name),
      image: this.#text(wire.image ?? ""),
      imageID: this.#text(wire.imageID ?? ""),
      containerID: wire.containerID ?? "",
      ready: wire.ready ?? false,
      restartCount: wire.restartCount ?? 0,
      state,
      ...(reason ? { reason: this.#text(reason) } : {}),
      ...(message ? { message: message.slice(0, MESSAGE_MAX) } : {}),
      ...(wire.resources ? { resources: this.#shared(wire.resources) } : {}),
    };
  }

  #conditions(wire: NonNullable<WirePod["status"]>["conditions"] = []): Record<string, PodCondition> {
    const conditions: Record<string, PodCondition> = {};
    for (const { type, status, reason, message, lastTransitionTime } of wire) {
      if (!KEPT_CONDITIONS.has(type)) continue;
      // Pods that start together have conditions of the same second.
      conditions[type] = this.#shared(
        {
          status,
          ...(reason ? { reason } : {}),
          // The message of KruisePodReady is a list of who keeps the pod out of service: cut, it could not be read.
          ...(message ? { message: type === "KruisePodReady" ? message : message.slice(0, MESSAGE_MAX) } : {}),
          lastTransitionMs: timeMs(lastTransitionTime),
        },
        `${type} ${status} ${lastTransitionTime} ${reason} ${message}`,
      );
    }
    return conditions;
  }

  #record(given: Record<string, string> = {}): Record<string, string> {
    return Object.fromEntries(Object.entries(given).map(([key, value]) => [this.#text(key), this.#text(value)]));
  }

  /** The one object for all that are equal, to be left as it is. `key` tells those apart that are not. */
  #shared<T extends object>(value: T, key = JSON.stringify(value)): T {
    const known = this.#values.get(key);
    if (known !== undefined) return known as T;
    if (this.#values.size >= INTERNED_MAX) this.#values.clear();
    this.#values.set(key, value);
    return value;
  }

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    // Texts of pods that are long gone are not worth keeping for ever.
    if (this.#texts.size >= INTERNED_MAX) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}

function asTemplate({ labels = {}, annotations = {}, finalizers = [] }: TemplateMeta, spec: object): PodTemplate {
  return { metadata: { labels, annotations, finalizers }, spec: { containers: [], ...spec } };
}

function kept(annotations: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    KEPT_ANNOTATIONS.flatMap((key) => (annotations[key] === undefined ? [] : [[key, annotations[key]]])),
  );
}
