import type { ClaimTemplate } from "../api/kubernetes.ts";
import type { Revision } from "../api/pod.ts";
import { instanceId } from "../api/pod.ts";
import { recordedClaimTemplates } from "../revision/history.ts";
import type { Action } from "./actions.ts";
import { drawIds } from "./instance-ids.ts";
import type { PodSource } from "./new-pod.ts";
import { missingClaims, podManifest } from "./new-pod.ts";
import { podsToDelete } from "./pods-to-delete.ts";
import type { Scene } from "./scene.ts";

/**
 * More than a pass gets to make. A slip of the pen (`replicas: 100000000`) must not keep the controller from everybody
 * else's CloneSets, so no plan grows with the number alone.
 */
const AT_ONCE_MAX = 1_000;
/** The most numbers that are drawn ahead. */
const BLOCK_MAX = 10_000;

/** Pods to create, and the counter to store before the first of them is. */
export interface Creation {
  actions: Action[];
  /** Ids that are free for later pods once the counter is stored. */
  ahead: string[];
  /** Undefined if no new number was drawn. */
  counter: number | undefined;
}

/**
 * Plans the first of `count` new pods, `countOld` of them at the current revision. Old ones get the smallest ids and the
 * claim templates that were in force at their revision.
 */
export function createPods(scene: Scene, count: number, countOld: number): Creation {
  const { seen, cloneSet, revisions, book, arriving } = scene;
  const idIn = (podName: string) => podName.slice(cloneSet.name.length + 1);
  // A pod may have lost its id label: its name is taken all the same.
  const names = seen.pods.map(({ name }) => name);
  const unusable = new Set([...podsToDelete(cloneSet), ...seen.foreignNames, ...names].map(idIn));
  const before = cloneSet.status.instanceCounter;
  const { ids, ahead, counter } = drawIds(Math.min(count, AT_ONCE_MAX), {
    cloneSetUid: cloneSet.uid,
    counter: before,
    block: Math.min(cloneSet.spec.replicas, BLOCK_MAX),
    returning: book.idle.filter((id) => !unusable.has(id)),
    spare: seen.spareIds,
    taken: new Set([...seen.pods.flatMap((pod) => instanceId(pod) ?? []), ...book.ids, ...unusable, ...arriving.ids]),
  });
  const old = source(revisions.current, recordedClaimTemplates(revisions.current) ?? cloneSet.spec.claimTemplates);
  const updated = source(revisions.update, cloneSet.spec.claimTemplates);
  const actions = ids.map((id, index): Action => {
    const made = index < countOld ? old : updated;
    return {
      kind: "createPod",
      name: `${cloneSet.name}-${id}`,
      instanceId: id,
      revision: made.revision,
      manifest: podManifest(cloneSet, made, id, seen),
      claims: missingClaims(cloneSet, made.claimTemplates, id, book.names),
    };
  });
  return { actions, ahead, counter: counter > before ? counter : undefined };
}

function source(revision: Revision, claimTemplates: readonly ClaimTemplate[]): PodSource {
  if (revision.template === undefined) throw new Error(`revision ${revision.name} holds no pod template`);
  return { revision: revision.name, template: revision.template, claimTemplates };
}
