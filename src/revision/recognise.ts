/** From which revision was a pod made that does not say so? */

import type { JsonObject, PodTemplate, PodTemplateSpec, TemplateContainer } from "../api/kubernetes.ts";
import type { Revision } from "../api/pod.ts";
import { sameMeaning } from "./equal.ts";
import { inOrder } from "./history.ts";

/** Where the server mounts a token that nobody asked for. */
const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_VOLUME = /^kube-api-access-/;
/** Tolerations that every pod gets which says nothing about these taints. */
const USUAL_TAINTS: ReadonlySet<unknown> = new Set(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);
/** What scheduler and admission put into a pod that leaves it open. */
const FILLED_IN = ["nodeName", "priority", "overhead", "imagePullSecrets"];
const OUR_GATES: ReadonlySet<unknown> = new Set(["InPlaceUpdateReady", "KruisePodReady"]);

/**
 * The revision whose template means the same as the pod: its labels and annotations are all on the pod, and the pod's spec
 * is its spec with what a server adds. Of several the one that explains most labels and annotations, then the newest.
 * Undefined if there is none; a container injected by others is enough for that.
 */
export function recognise(pod: PodTemplate, revisions: readonly Revision[]): Revision | undefined {
  const fitting = inOrder(revisions).filter(({ template }) => template !== undefined && isMadeFrom(pod, template));
  const most = Math.max(...fitting.map(explained));
  return fitting.findLast((revision) => explained(revision) === most);
}

/** How many labels and annotations of a pod a revision explains. */
function explained({ template }: Revision): number {
  const { labels, annotations } = template?.metadata ?? {};
  return Object.keys(labels ?? {}).length + Object.keys(annotations ?? {}).length;
}

function isMadeFrom(pod: PodTemplate, template: PodTemplate): boolean {
  const [own, wanted] = [pod.metadata ?? {}, template.metadata ?? {}];
  const hasAll =
    holdsAll(own.labels, wanted.labels) &&
    holdsAll(own.annotations, wanted.annotations) &&
    (wanted.finalizers ?? []).every((finalizer) => own.finalizers?.includes(finalizer));
  return hasAll && sameMeaning({ spec: asWritten(pod.spec, template.spec) }, { spec: template.spec });
}

type Texts = Record<string, string> | null | undefined;

function holdsAll(held: Texts, wanted: Texts): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => held?.[key] === value);
}

/** The spec of a pod as its author may have written it: without what was added where the template says nothing. */
function asWritten(pod: PodTemplateSpec, template: PodTemplateSpec): PodTemplateSpec {
  const kept = Object.entries(pod).filter(
    ([field]) => field !== "ephemeralContainers" && !(FILLED_IN.includes(field) && template[field] === undefined),
  );
  const spec = Object.fromEntries(kept) as PodTemplateSpec;
  const gates = new Set(template.readinessGates?.map(({ conditionType }) => conditionType));
  const tolerated = new Set(list(template["tolerations"]).map((toleration) => toleration["key"]));
  return {
    ...spec,
    containers: spec.containers.map(withoutToken),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(withoutToken) } : {}),
    ...(spec.volumes ? { volumes: spec.volumes.filter(({ name }) => !TOKEN_VOLUME.test(name)) } : {}),
    readinessGates: (spec.readinessGates ?? []).filter(
      ({ conditionType }) => gates.has(conditionType) || !OUR_GATES.has(conditionType),
    ),
    tolerations: list(spec["tolerations"]).filter(({ key }) => tolerated.has(key) || !USUAL_TAINTS.has(key)),
  };
}

function withoutToken(container: TemplateContainer): TemplateContainer {
  const mounts = list(container["volumeMounts"]);
  if (mounts.length === 0) return container;
  return {
    ...container,
    volumeMounts: mounts.filter(({ mountPath }) => mountPath !== TOKEN_PATH),
  };
}

function list(value: unknown): JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}
