/** What `kubectl apply` sends for a custom resource, as a JSON merge patch. */

type JsonMap = Record<string, unknown>;

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** All that the manifest says; and null for what it said when it was last applied, and says no longer. */
export function applyPatch(manifest: JsonMap, live: { metadata: { annotations?: Record<string, string> } }): JsonMap {
  const before = lastApplied(live.metadata.annotations?.[LAST_APPLIED]);
  return withRemovals(manifest, before);
}

function lastApplied(text: string | undefined): JsonMap {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return isMap(value) ? value : {};
  } catch {
    // Written by hand: then nothing is known of what was applied.
    return {};
  }
}

function withRemovals(manifest: JsonMap, before: JsonMap): JsonMap {
  const patch: JsonMap = { ...manifest };
  for (const [key, was] of Object.entries(before)) {
    const now = manifest[key];
    if (!Object.hasOwn(manifest, key)) patch[key] = null;
    else if (isMap(was) && isMap(now)) patch[key] = withRemovals(now, was);
  }
  return patch;
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
