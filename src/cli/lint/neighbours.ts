/** What a CloneSet and its neighbours in the same input say about each other. Nothing is known of what else is in the cluster. */

import { API_VERSION, GROUP, KIND } from "../../api/constants.ts";
import { defaults } from "../../api/defaults.ts";
import type { LabelSelector } from "../../api/kubernetes.ts";
import { SpecError } from "../../api/spec-error.ts";
import { podCount } from "../../plan/pod-count.ts";
import { listIn, members, numberIn, objectIn, textIn } from "../../rules/json.ts";
import type { Manifest } from "../manifests.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import type { Workload } from "./workloads.ts";
import { namespaceOf, selects, workloadOf } from "./workloads.ts";

export function neighbourFindings(manifests: readonly Manifest[]): Finding[] {
  const workloads = manifests.flatMap((manifest) => workloadOf(manifest) ?? []);
  if (!workloads.some((workload) => workload.isCloneSet)) return [];
  const nearby = (manifest: Manifest) => workloads.filter(({ namespace }) => namespace === namespaceOf(manifest));
  return [
    ...namedTwice(workloads),
    ...sharedPods(workloads),
    ...ofKind(manifests, "Service").flatMap((service) => serviceFindings(service, nearby(service))),
    ...ofKind(manifests, "PodDisruptionBudget").flatMap((budget) => budgetFindings(budget, nearby(budget))),
    ...twoBudgets(ofKind(manifests, "PodDisruptionBudget"), workloads),
    ...ofKind(manifests, "HorizontalPodAutoscaler").flatMap((scaler) => scalerFindings(scaler, nearby(scaler))),
  ];
}

function ofKind(manifests: readonly Manifest[], kind: string): Manifest[] {
  return manifests.filter(({ object }) => object?.["kind"] === kind);
}

function namedTwice(workloads: readonly Workload[]): Finding[] {
  return workloads
    .filter((workload) => workload.isCloneSet)
    .filter((one, i, all) => all.slice(0, i).some((other) => isSame(one, other)))
    .map(({ manifest }) => {
      const message = "metadata.name: given more than once in this input: the last one applied wins";
      return finding(manifest, { rule: "name-twice", level: "error", message });
    });
}

function isSame(a: Workload, b: Workload): boolean {
  return a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;
}

/** A selector over the pods of another workload: the two would fight, were the pods to lose their owner. */
function sharedPods(workloads: readonly Workload[]): Finding[] {
  return workloads
    .filter((workload) => workload.isCloneSet)
    .flatMap((one) =>
      workloads
        .filter((other) => other !== one && !isSame(one, other) && other.namespace === one.namespace)
        .filter((other) => one.selector !== undefined && selects(one.selector, other))
        .map(({ kind, name }) => {
          const message = `spec.selector: also selects the pods of ${kind}/${name}`;
          return finding(one.manifest, { rule: "selector-overlap", level: "warning", message });
        }),
    );
}

function serviceFindings(manifest: Manifest, nearby: readonly Workload[]): Finding[] {
  const spec = objectIn(manifest.object, "spec");
  const labels = objectIn(spec, "selector");
  if (labels === undefined || Object.keys(labels).length === 0 || spec?.["type"] === "ExternalName") return [];
  const selector = { matchLabels: labels } as LabelSelector;
  const selected = nearby.filter((workload) => selects(selector, workload));
  if (selected.length === 0) {
    const message = `spec.selector: ${JSON.stringify(labels)} selects no pod of this input`;
    return [finding(manifest, { rule: "service-selects-nothing", level: "warning", message })];
  }
  const known = new Set(selected.flatMap(({ ports }) => ports));
  return listIn(spec, "ports").flatMap((port, i) => {
    const target = textIn(port, "targetPort");
    if (target === undefined || known.has(target) || !selected.some((workload) => workload.isCloneSet)) return [];
    const message = `spec.ports[${i}].targetPort: no container it selects has a port named ${JSON.stringify(target)}`;
    return [finding(manifest, { rule: "service-target-port", level: "warning", message })];
  });
}

function budgetSelects(manifest: Manifest, workload: Workload): boolean {
  const selector = objectIn(objectIn(manifest.object, "spec"), "selector");
  if (selector === undefined) return false;
  // {} means every pod of the namespace here.
  return Object.keys(selector).length === 0 || selects(selector, workload);
}

function budgetFindings(manifest: Manifest, nearby: readonly Workload[]): Finding[] {
  const selected = nearby.filter((workload) => budgetSelects(manifest, workload));
  if (selected.length === 0) {
    const message = "spec.selector: selects no pod of this input";
    return [finding(manifest, { rule: "pdb-selects-nothing", level: "warning", message })];
  }
  // Over several workloads the counts are summed, which is beyond what one manifest says.
  const [only] = selected;
  if (selected.length > 1 || only?.isCloneSet !== true) return [];
  const replicas = numberIn(only, "replicas") ?? defaults.replicas;
  if (replicas === 0 || disruptionsAllowed(manifest, replicas) > 0) return [];
  const { minAvailable, maxUnavailable } = members(objectIn(manifest.object, "spec"));
  const given =
    minAvailable === undefined || minAvailable === null
      ? `spec.maxUnavailable: ${JSON.stringify(maxUnavailable)}`
      : `spec.minAvailable: ${JSON.stringify(minAvailable)}`;
  const message = `${given} of the ${replicas} replicas of CloneSet/${only.name} allows no eviction: nodes cannot be drained`;
  return [finding(manifest, { rule: "pdb-allows-nothing", level: "warning", message })];
}

/** With every replica available. Percentages round up, both of them: so the disruption controller has it. */
function disruptionsAllowed({ object }: Manifest, replicas: number): number {
  const { minAvailable, maxUnavailable } = members(objectIn(object, "spec"));
  const pods = (value: unknown, field: string) =>
    podCount(value as number | string, { of: replicas, round: "up", field });
  try {
    if (minAvailable !== undefined && minAvailable !== null) return replicas - pods(minAvailable, "minAvailable");
    return maxUnavailable === undefined || maxUnavailable === null ? 1 : pods(maxUnavailable, "maxUnavailable");
  } catch (error) {
    // Not a CloneSet's field: the server says what is wrong with it.
    if (error instanceof SpecError) return 1;
    throw error;
  }
}

function twoBudgets(budgets: readonly Manifest[], workloads: readonly Workload[]): Finding[] {
  return workloads
    .filter((workload) => workload.isCloneSet)
    .flatMap((workload) => {
      const over = budgets.filter(
        (budget) => namespaceOf(budget) === workload.namespace && budgetSelects(budget, workload),
      );
      if (over.length < 2) return [];
      const message = `${over.length} PodDisruptionBudgets select its pods: the server evicts no pod that has more than one`;
      return [finding(workload.manifest, { rule: "pdb-twice", level: "warning", message })];
    });
}

function scalerFindings(manifest: Manifest, nearby: readonly Workload[]): Finding[] {
  const target = objectIn(objectIn(manifest.object, "spec"), "scaleTargetRef");
  const apiVersion = textIn(target, "apiVersion") ?? "";
  if (target?.["kind"] !== KIND || !(apiVersion === "" || apiVersion.startsWith(`${GROUP}/`))) return [];
  const found: Finding[] = [];
  if (apiVersion !== API_VERSION) {
    const message = `spec.scaleTargetRef.apiVersion: want ${API_VERSION}, found ${JSON.stringify(apiVersion)}: it would scale nothing`;
    found.push(finding(manifest, { rule: "hpa-target-version", level: "error", message }));
  }
  const name = textIn(target, "name") ?? "";
  const scaled = nearby.find((workload) => workload.isCloneSet && workload.name === name);
  if (scaled === undefined) {
    const message = `spec.scaleTargetRef.name: no CloneSet ${JSON.stringify(name)} in this input`;
    found.push(finding(manifest, { rule: "hpa-target-missing", level: "warning", message }));
  } else if (scaled.replicas !== undefined) {
    const message = `spec.replicas: HorizontalPodAutoscaler/${textIn(objectIn(manifest.object, "metadata"), "name") ?? ""} sets it, and each apply of this manifest puts it back: leave it out`;
    found.push(finding(scaled.manifest, { rule: "hpa-and-replicas", level: "warning", message }));
  }
  return found;
}
