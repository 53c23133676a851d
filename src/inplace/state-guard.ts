/** Patches that need no resourceVersion, because they end the very state that they ask for. */

import type { LifecycleState } from "../api/constants.ts";
import { label } from "../api/constants.ts";
import type { JsonObject } from "../api/kubernetes.ts";
import type { Pod } from "../api/pod.ts";
import { lifecycleState } from "../api/pod.ts";
import type { PodPatch } from "./patch.ts";

/** An operation of RFC 6902. */
export type PatchOperation = { op: "test" | "add"; path: string; value: unknown };

/**
 * Whether a patch can be sent as `guardedOperations`: it moves the pod to another lifecycle state, so a second copy of it finds the
 * first one's work and is refused, and all that it adds has a place to go.
 */
export function endsItsState(pod: Pod, { body }: PodPatch): boolean {
  const { labels, conditions } = parts(body);
  const next = labels[label.lifecycleState];
  const hasPlace = Object.keys(pod.annotations).length > 0 && Object.keys(pod.conditions).length > 0;
  const areNew = conditions.every(({ type }) => !Object.hasOwn(pod.conditions, type));
  return next !== undefined && next !== lifecycleState(pod) && hasPlace && areNew;
}

/**
 * The operations that do what a patch of labels, annotations and new conditions does, for as long as the pod is the one with this
 * uid and in this lifecycle state. Whatever its kubelet writes meanwhile is no conflict; a copy that comes late changes nothing.
 */
export function guardedOperations(uid: string, state: LifecycleState, { body }: PodPatch): PatchOperation[] {
  const { labels, annotations, conditions } = parts(body);
  const added = (field: string, values: JsonObject): PatchOperation[] =>
    Object.entries(values).map(([key, value]) => ({
      op: "add",
      path: `/metadata/${field}/${pointerPart(key)}`,
      value,
    }));
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: `/metadata/labels/${pointerPart(label.lifecycleState)}`, value: state },
    ...added("labels", labels),
    ...added("annotations", annotations),
    ...conditions.map((value): PatchOperation => ({ op: "add", path: "/status/conditions/-", value })),
  ];
}

interface Condition {
  type: string;
}

function parts(body: JsonObject): { labels: JsonObject; annotations: JsonObject; conditions: Condition[] } {
  const { labels = {}, annotations = {} } = (body["metadata"] ?? {}) as Record<string, JsonObject>;
  const { conditions = [] } = (body["status"] ?? {}) as { conditions?: Condition[] };
  return { labels, annotations, conditions };
}

/** A key as part of a JSON pointer (RFC 6901). */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
