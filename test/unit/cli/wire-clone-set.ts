import type { CloneSetObject } from "../../../src/cli/cluster.ts";

/** A CloneSet as the server sends it, all five pods updated and available unless the test says otherwise. */
export function wireCloneSet({
  name = "web",
  spec = {},
  status = {},
}: {
  name?: string;
  spec?: Partial<NonNullable<CloneSetObject["spec"]>>;
  status?: CloneSetObject["status"];
} = {}): CloneSetObject {
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { name, namespace: "default", generation: 1 },
    spec: {
      replicas: 5,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "nginx", image: "nginx:1.27.0" }] },
      },
      ...spec,
    },
    status: {
      observedGeneration: 1,
      replicas: 5,
      readyReplicas: 5,
      availableReplicas: 5,
      updatedReplicas: 5,
      updatedReadyReplicas: 5,
      updatedAvailableReplicas: 5,
      updateRevision: `${name}-9c4f7d6b9`,
      currentRevision: `${name}-9c4f7d6b9`,
      ...status,
    },
  };
}
