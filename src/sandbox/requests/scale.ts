/** The number of replicas by itself, as `kubectl scale` and autoscalers write it. */
import type { Kind } from "../kind-rules.ts";
import type { JsonMap, StoredObject } from "../objects.ts";
import { withoutNulls } from "../objects.ts";
import { conflict } from "../refusal.ts";
import { patched } from "./patch.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { found } from "./target.ts";
import { update } from "./update.ts";

/** Reads the scale, or writes it. */
export function scale(backend: Backend, target: Target, call: Call): JsonMap {
  const { kind, name } = target;
  const object = found(backend.store, target);
  if (call.method === "GET") return scaleOf(object, kind);
  const sent =
    call.method === "PATCH"
      ? patched(scaleOf(object, kind) as unknown as StoredObject, call, kind, withoutNulls)
      : call.body;
  const { spec, metadata } = sent as { spec?: { replicas?: number }; metadata?: { resourceVersion?: string } };
  const { resourceVersion } = metadata ?? {};
  if (resourceVersion && resourceVersion !== object.metadata.resourceVersion) throw conflict(kind.resource, name);
  const scaled = { ...object, spec: { ...(object["spec"] as JsonMap), replicas: spec?.replicas ?? 0 } };
  return scaleOf(update(backend, target, call, scaled, object), kind);
}

function scaleOf(object: StoredObject, { scaleSelector }: Kind): JsonMap {
  const { metadata, spec, status } = object;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { replicas = 0 } = (status ?? {}) as { replicas?: number };
  const selector = scaleSelector?.(object);
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: (spec as { replicas?: number }).replicas ?? 0 },
    status: { replicas, ...(selector ? { selector } : {}) },
  };
}
