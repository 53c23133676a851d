/** A CloneSet and its pods as a server would keep them, in any number and in any stage of a rollout. */
import { readFileSync } from "node:fs";
import { fromV1alpha1 } from "../../src/api/convert.ts";
import { Cache } from "../../src/kube/cache.ts";
import { realClock } from "../../src/kube/clock.ts";
import type { KubeObject } from "../../src/kube/resources.ts";
import type { Caches } from "../../src/observe/caches.ts";
import { Trimmer } from "../../src/observe/trim.ts";
import { chooseRevisions } from "../../src/revision/history.ts";
import { cloneSet, IMAGE, NEXT_IMAGE } from "./workload.ts";

export const NAMESPACE = "default";
const UID = "0b2f4a1e-6c3d-4f5a-9e8b-000000000000";

/** What a pod looks like: before the update, taken out of service for it, or after it. */
export type Stage = "old" | "updating" | "updated";

interface Template {
  text: string;
  name: string;
  uid: string;
  revision: string;
  owner: string;
  id: string;
  version: string;
  containerId: string;
}

/** A pod of workload.ts that a real server kept: see the README for how it was taken. */
const template = ((): Template => {
  const pod = JSON.parse(readFileSync(new URL("./pod.json", import.meta.url), "utf8"));
  return {
    text: JSON.stringify(pod),
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    revision: pod.metadata.labels["controller-revision-hash"],
    owner: pod.metadata.ownerReferences[0].uid,
    id: pod.metadata.labels["apps.kruise.io/cloneset-instance-id"],
    version: pod.metadata.resourceVersion,
    containerId: pod.status.containerStatuses[0].containerID,
  };
})();

/** The JSON of the n-th pod, as it comes over the wire. */
export function podText(n: number, stage: Stage = "updated"): string {
  const id = n.toString(36).padStart(5, "0");
  const hex = n.toString(16).padStart(12, "0");
  const text = template.text
    .replaceAll(template.name, `web-${id}`)
    .replaceAll(template.id, id)
    .replaceAll(template.uid, `5d3a9c7e-1b2f-4c6d-8e9a-${hex}`)
    .replaceAll(template.owner, UID)
    .replaceAll(template.revision, revisionName(stage === "old" ? IMAGE : NEXT_IMAGE))
    .replaceAll(template.revision.slice("web-".length), revisionName(stage === "old" ? IMAGE : NEXT_IMAGE).slice(4))
    .replaceAll(template.version, String(1_000_000 + n))
    .replaceAll(template.containerId, `containerd://${hex.repeat(6).slice(0, 64)}`);
  if (stage === "updated") return text;
  const pod = JSON.parse(text);
  if (stage === "old") {
    delete pod.metadata.annotations["apps.kruise.io/inplace-update-state"];
    pod.metadata.generation = 1;
    pod.spec.containers[0].image = IMAGE;
    pod.status.containerStatuses[0].image = IMAGE;
  } else {
    pod.metadata.labels["lifecycle.apps.kruise.io/state"] = "Updating";
    const isOut = ({ type }: { type: string }) => type === "Ready" || type === "InPlaceUpdateReady";
    for (const condition of pod.status.conditions.filter(isOut)) condition.status = "False";
    // It has not restarted yet.
    const state = JSON.parse(pod.metadata.annotations["apps.kruise.io/inplace-update-state"]);
    pod.status.observedGeneration = 1;
    Object.assign(pod.status.containerStatuses[0], state.lastContainerStatuses.web, { image: IMAGE });
  }
  return JSON.stringify(pod);
}

export function emptyCaches(): Caches {
  const trimmer = new Trimmer();
  const clock = realClock;
  return {
    cloneSets: new Cache({ clock, trim: (raw) => trimmer.cloneSet(raw) }),
    pods: new Cache({ clock, trim: (raw) => trimmer.pod(raw) }),
    claims: new Cache({ clock, trim: (raw) => trimmer.claim(raw) }),
    revisions: new Cache({ clock, trim: (raw) => trimmer.revision(raw) }),
    nodes: new Cache({ clock, trim: (raw) => trimmer.node(raw) }),
  };
}

/** Caches that know a CloneSet of the new image with `replicas`, both revisions, and pods of the given stages. */
export function filledCaches(replicas: number, stages: readonly Stage[]): Caches {
  const caches = emptyCaches();
  caches.cloneSets.applied(wireCloneSet(replicas, NEXT_IMAGE) as KubeObject);
  for (const [i, image] of [IMAGE, NEXT_IMAGE].entries()) {
    const revision = revisionObject(image);
    const metadata = { ...revision.metadata, uid: `${UID}-${i}`, resourceVersion: String(i + 1) };
    caches.revisions.applied({ ...revision, revision: i + 1, metadata } as KubeObject);
  }
  for (const [n, stage] of stages.entries()) caches.pods.event("ADDED", JSON.parse(podText(n, stage)) as KubeObject);
  return caches;
}

function wireCloneSet(replicas: number, image: string) {
  const { metadata, spec } = cloneSet({ namespace: NAMESPACE, replicas, type: "InPlaceIfPossible", image });
  const status = { currentRevision: revisionName(IMAGE), updateRevision: revisionName(NEXT_IMAGE) };
  return { metadata: { ...metadata, uid: UID, resourceVersion: "1", generation: 2 }, spec, status };
}

function revisionObject(image: string): KubeObject {
  const owner = fromV1alpha1({
    ...cloneSet({ namespace: NAMESPACE, replicas: 1, type: "InPlaceIfPossible", image }),
    metadata: { namespace: NAMESPACE, name: "web", uid: UID },
  });
  const choice = chooseRevisions({ cloneSet: owner, revisions: [] });
  if (choice.kind !== "create") throw new Error("a CloneSet without revisions needs one");
  return choice.object as unknown as KubeObject;
}

const names = new Map<string, string>();

function revisionName(image: string): string {
  const name = names.get(image) ?? revisionObject(image).metadata.name;
  names.set(image, name);
  return name;
}
