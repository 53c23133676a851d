import { READINESS_GATES_NOT_READY, readinessGate } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import { timestamp } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { hasGate } from "../api/pod.ts";

/** Who keeps a pod out of service through the condition `KruisePodReady`. Other controllers have keys of their own there. */
export interface NotReadyKey {
  userAgent: string;
  key: string;
}

export const preDeleteKey: NotReadyKey = { userAgent: "Lifecycle", key: "preDeleteHook" };
export const preUpdateKey: NotReadyKey = { userAgent: "Lifecycle", key: "preUpdateHook" };

/** The keys that are on a pod. A message that is no such list counts as none. */
export function notReadyKeys(pod: Pod): NotReadyKey[] {
  const { message } = pod.conditions[readinessGate.kruisePodReady] ?? {};
  if (!message) return [];
  try {
    const keys: unknown = JSON.parse(message);
    return Array.isArray(keys) ? keys.filter(isKey) : [];
  } catch {
    return [];
  }
}

/**
 * The conditions that add a key and so take the pod out of service: `Ready` goes False in the same write, not only when
 * the node gets round to it. [] if the key is there, or if the pod was made without the gate.
 */
export function withKey(pod: Pod, wanted: NotReadyKey, nowMs: number): JsonObject[] {
  const keys = notReadyKeys(pod);
  const gate = pod.conditions[readinessGate.kruisePodReady];
  if (!hasGate(pod, readinessGate.kruisePodReady)) return [];
  if (gate?.status === "False" && keys.some((key) => same(key, wanted))) return [];
  const isInService = pod.conditions.ContainersReady?.status === "True" && pod.conditions.Ready?.status === "True";
  return [
    condition(pod, [...keys.filter((key) => !same(key, wanted)), wanted], nowMs),
    ...(isInService
      ? [
          {
            type: "Ready",
            status: "False",
            reason: READINESS_GATES_NOT_READY,
            message: "",
            lastTransitionTime: timestamp(nowMs),
          },
        ]
      : []),
  ];
}

/** The condition without some keys; [] if none of them is there. The node turns `Ready` back when no key is left. */
export function withoutKeys(pod: Pod, unwanted: readonly NotReadyKey[], nowMs: number): JsonObject[] {
  const keys = notReadyKeys(pod);
  const left = keys.filter((key) => !unwanted.some((other) => same(key, other)));
  return left.length === keys.length ? [] : [condition(pod, left, nowMs)];
}

function condition(pod: Pod, keys: readonly NotReadyKey[], nowMs: number): JsonObject {
  const status = keys.length === 0 ? "True" : "False";
  const before = pod.conditions[readinessGate.kruisePodReady];
  const sinceMs = before?.status === status && before.lastTransitionMs > 0 ? before.lastTransitionMs : nowMs;
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = [...keys].sort((a, b) => order(a.userAgent, b.userAgent) || order(a.key, b.key));
  return {
    type: readinessGate.kruisePodReady,
    status,
    reason: "",
    message: JSON.stringify(sorted.map(({ userAgent, key }) => ({ userAgent, key }))),
    lastTransitionTime: timestamp(sinceMs),
  };
}

function same(a: NotReadyKey, b: NotReadyKey): boolean {
  return a.userAgent === b.userAgent && a.key === b.key;
}

function isKey(value: unknown): value is NotReadyKey {
  const { userAgent, key } = (value ?? {}) as Partial<NotReadyKey>;
  return typeof userAgent === "string" && typeof key === "string";
}
