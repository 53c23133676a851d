import type { CloneSet } from "../../../src/api/cloneset.ts";
import { annotation, label } from "../../../src/api/constants.ts";
import type { PodTemplate } from "../../../src/api/kubernetes.ts";
import type { Revision } from "../../../src/api/pod.ts";
import { shortPart } from "../../../src/revision/hash.ts";
import { revisionData, templateOf } from "../../../src/revision/snapshot.ts";

/** A template with one container of this image. */
export function templateWith(image: string): PodTemplate {
  return { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image }] } };
}

export function aRevision(name: string, template: PodTemplate, more: Partial<Revision> = {}): Revision {
  const { data } = revisionData(template);
  return {
    namespace: "default",
    name,
    uid: `uid-${name}`,
    resourceVersion: "1",
    labels: { app: "web", [label.revisionHash]: shortPart(name) },
    annotations: { [annotation.claimTemplatesHash]: "" },
    owners: [
      { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "web", uid: "web-uid", controller: true },
    ],
    ownerUids: ["web-uid"],
    revision: 1,
    createdMs: 0,
    template: templateOf(data),
    data,
    ...more,
  };
}

interface Given {
  template: PodTemplate;
  annotations?: Record<string, string>;
  claimTemplates?: CloneSet["spec"]["claimTemplates"];
  currentRevision?: string;
  collisionCount?: number;
}

export function aCloneSet({
  template,
  annotations = {},
  claimTemplates = [],
  currentRevision = "",
  collisionCount = 0,
}: Given): CloneSet {
  const selector = { matchLabels: { app: "web" } };
  const spec = { selector, template, claimTemplates } as Partial<CloneSet["spec"]> as CloneSet["spec"];
  const status = { currentRevision, collisionCount } as Partial<CloneSet["status"]> as CloneSet["status"];
  return {
    namespace: "default",
    name: "web",
    uid: "web-uid",
    resourceVersion: "1",
    generation: 1,
    deleting: false,
    annotations,
    spec,
    status,
  };
}
