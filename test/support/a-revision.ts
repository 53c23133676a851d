import { annotation } from "../../src/api/constants.ts";
import type { ClaimTemplate, OwnerReference, PodTemplate } from "../../src/api/kubernetes.ts";
import type { Revision } from "../../src/api/pod.ts";
import { claimTemplatesHash } from "../../src/revision/hash.ts";
import { revisionData, templateOf } from "../../src/revision/snapshot.ts";
import { aTemplate, NOW_MS } from "./a-cloneset.ts";

/** Names of the revisions in tests: the current one (app:v1), the update revision (app:v2) and one in between. */
export const OLD = "web-6f5d4c8b7";
export const NEW = "web-7b4c5d6f8";
export const THIRD = "web-8c7b6d5f4";

export function aRevision(
  given: {
    name?: string;
    revision?: number;
    template?: PodTemplate;
    claimTemplates?: ClaimTemplate[];
    owners?: OwnerReference[];
  } = {},
): Revision {
  const { name = NEW, revision = 3, template = aTemplate(), claimTemplates = [] } = given;
  const owners = given.owners ?? [
    { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "web", uid: "uid-web", controller: true },
  ];
  const { data } = revisionData(template);
  return {
    namespace: "shop",
    name,
    uid: `uid-${name}`,
    resourceVersion: "10",
    labels: { app: "web" },
    annotations: {
      [annotation.claimTemplatesHash]: claimTemplatesHash(claimTemplates),
      ...(claimTemplates.length > 0 ? { [annotation.claimTemplates]: JSON.stringify(claimTemplates) } : {}),
    },
    owners,
    ownerUids: owners.map(({ uid }) => uid),
    revision,
    createdMs: NOW_MS - 3_600_000,
    template: templateOf(data),
    data,
  };
}
