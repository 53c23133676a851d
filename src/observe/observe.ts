import type { Features } from "../api/features.ts";
import { instanceId } from "../api/pod.ts";
import { matchesSelector } from "../api/selector.ts";
import type { Observation } from "../plan/observation.ts";
import type { Caches } from "./caches.ts";

/** What is, at one moment, around one CloneSet; undefined if there is no such CloneSet. Objects that might be adopted are included. */
export function observe(
  caches: Caches,
  key: { namespace: string; name: string },
  given: { nowMs: number; features: Features; spareIds: readonly string[] },
): Observation | undefined {
  const cloneSet = caches.cloneSets.get(key.namespace, key.name);
  if (cloneSet === undefined) return undefined;
  const { uid, namespace, spec } = cloneSet;
  const selected = (object: { labels: Readonly<Record<string, string>> }) =>
    matchesSelector(spec.selector, object.labels);
  const pods = [...caches.pods.byOwner(uid), ...caches.pods.unowned(namespace).filter(selected)];
  const claims = [
    ...caches.claims.byOwner(uid),
    ...caches.claims.unowned(namespace).filter((claim) => instanceId(claim) !== undefined),
  ];
  const ours = new Set(pods.map(({ name }) => name));
  const wantedIds = [...claims.flatMap((claim) => instanceId(claim) ?? []), ...given.spareIds];
  const wantedNames = wantedIds.map((id) => `${cloneSet.name}-${id}`);
  return {
    cloneSet,
    nowMs: given.nowMs,
    features: given.features,
    spareIds: given.spareIds,
    pods,
    claims,
    revisions: [...caches.revisions.byOwner(uid), ...caches.revisions.unowned(namespace).filter(selected)],
    foreignNames: new Set(
      wantedNames.filter((name) => !ours.has(name) && caches.pods.get(namespace, name) !== undefined),
    ),
  };
}
