/**
 * Which node takes this pod, or why does none?
 *
 * A node is out for the first of these that holds: it is cordoned, the pod names another, a taint is not tolerated, selector or
 * affinity do not match, there is no room. Of the others the one with the fewest pods is taken.
 */
import type { JsonMap, StoredObject } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import { meetsRequirement } from "./selectors.ts";

/** A node that is in reach, and the pods on it. */
export interface Candidate {
  node: StoredObject;
  pods: readonly StoredObject[];
}

export type Placement = { kind: "node"; name: string } | { kind: "none"; message: string };

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
}

interface Term {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
  matchFields?: { key: string; operator: string; values?: string[] }[];
}

export function placementOf(pod: StoredObject, candidates: readonly Candidate[]): Placement {
  const wanted = requestsOf(pod);
  const reasons = new Map<string, number>();
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    const against = reasonsAgainst(pod, wanted, candidate);
    for (const reason of against) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (against.length === 0 && (best === undefined || candidate.pods.length < best.pods.length)) best = candidate;
  }
  if (best) return { kind: "node", name: best.node.metadata.name };
  return { kind: "none", message: unavailable(candidates.length, reasons) };
}

/** "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu." and what preemption could do: nothing, here. */
export function unavailable(nodes: number, reasons: ReadonlyMap<string, number>): string {
  if (nodes === 0) return "no nodes available to schedule pods";
  const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  const why = counted.join(", ");
  const preemption = `0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
  return `0/${nodes} nodes are available: ${why}. no new claims to deallocate, preemption: ${preemption}`;
}

function reasonsAgainst(pod: StoredObject, wanted: Map<string, number>, { node, pods }: Candidate): string[] {
  const spec = specOf(node);
  const tolerations = (specOf(pod)["tolerations"] as Toleration[] | undefined) ?? [];
  const taints = (spec["taints"] as Taint[] | undefined) ?? [];
  const cordon: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  if (spec["unschedulable"] === true && !isTolerated(cordon, tolerations)) return ["node(s) were unschedulable"];
  const hard = taints.filter(({ key, effect }) => effect !== "PreferNoSchedule" && key !== cordon.key);
  if (hard.some((taint) => !isTolerated(taint, tolerations))) return ["node(s) had untolerated taint(s)"];
  if (!isMatch(pod, node)) return ["node(s) didn't match Pod's node affinity/selector"];
  return lacking(wanted, node, pods);
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(
    ({ key = "", operator = "Equal", value = "", effect = "" }) =>
      (effect === "" || effect === taint.effect) &&
      (key === "" ? operator === "Exists" : key === taint.key) &&
      (operator === "Exists" || value === (taint.value ?? "")),
  );
}

function isMatch(pod: StoredObject, { metadata }: StoredObject): boolean {
  const labels = metadata.labels ?? {};
  const { nodeSelector = {}, affinity } = specOf(pod) as {
    nodeSelector?: Record<string, string>;
    affinity?: { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: Term[] } } };
  };
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const meets = ({ matchExpressions = [], matchFields = [] }: Term): boolean =>
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((one) => meetsRequirement(one, labels[one.key])) &&
    matchFields.every((one) => meetsRequirement(one, one.key === "metadata.name" ? metadata.name : undefined));
  return (
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value) &&
    (required === undefined || (required.nodeSelectorTerms ?? []).some(meets))
  );
}

function lacking(wanted: Map<string, number>, node: StoredObject, pods: readonly StoredObject[]): string[] {
  const { allocatable = {} } = statusOf(node) as { allocatable?: Record<string, string> };
  const used = new Map<string, number>();
  if (wanted.size > 0) {
    for (const pod of pods)
      for (const [resource, amount] of requestsOf(pod)) used.set(resource, (used.get(resource) ?? 0) + amount);
  }
  const short = [...wanted]
    .filter(([resource, amount]) => {
      const room = allocatable[resource];
      return (used.get(resource) ?? 0) + amount > (room === undefined ? 0 : quantity(room));
    })
    .map(([resource]) => `Insufficient ${resource}`);
  const isFull = allocatable["pods"] !== undefined && pods.length >= quantity(allocatable["pods"]);
  return isFull ? ["Too many pods", ...short] : short;
}

/** What a pod asks for: the sum of its containers, or its largest init container. A limit stands for a request that is absent. */
export function requestsOf(pod: StoredObject): Map<string, number> {
  const { containers, initContainers } = specOf(pod) as { containers?: JsonMap[]; initContainers?: JsonMap[] };
  const sum = new Map<string, number>();
  for (const container of containers ?? []) {
    for (const [resource, amount] of requestOf(container)) sum.set(resource, (sum.get(resource) ?? 0) + amount);
  }
  for (const container of initContainers ?? []) {
    const isSidecar = container["restartPolicy"] === "Always";
    for (const [resource, amount] of requestOf(container)) {
      const others = sum.get(resource) ?? 0;
      sum.set(resource, isSidecar ? others + amount : Math.max(others, amount));
    }
  }
  return sum;
}

function requestOf(container: JsonMap): [string, number][] {
  const { requests = {}, limits = {} } = (container["resources"] ?? {}) as Record<string, Record<string, string>>;
  return Object.entries({ ...limits, ...requests }).flatMap(([resource, amount]): [string, number][] =>
    quantity(amount) > 0 ? [[resource, quantity(amount)]] : [],
  );
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** "500m", "1Gi", "1e3" as a number, near enough to compare. */
export function quantity(text: string): number {
  const [, number = "0", suffix = ""] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  return Number(number) * (SUFFIXES[suffix] ?? 1);
}
