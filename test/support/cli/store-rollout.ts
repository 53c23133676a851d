import { API_VERSION, KIND, label } from "../../../src/api/constants.ts";
import type { PodTemplate } from "../../../src/api/kubernetes.ts";
import { CLONE_SETS } from "../../../src/api/resource.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS } from "../../../src/kube/resources.ts";
import { claimTemplatesHash } from "../../../src/revision/hash.ts";
import { revisionData } from "../../../src/revision/snapshot.ts";
import type { ClusterPlugin } from "../plugin.ts";

/** The first pod is ready for the shortest time, so it is the first to move: nothing is left to the second of creation. */
const readyFor = (pod: number) =>
  ["Initialized", "PodScheduled", "ContainersReady", "Ready"].map((type) => ({
    type,
    status: "True",
    lastTransitionTime: `2026-01-01T00:00:${59 - pod}Z`,
  }));
const DIGEST = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/** Image and change-cause of each revision, oldest first. */
export type Versions = readonly { image: string; cause: string }[];

/**
 * Stores a CloneSet half-way through a rollout as its controller would have left it: no controller and no node is needed,
 * and every name is known. `NAME-N` are the revisions, `NAME-aN` the pods; the first `updated` are on the last revision.
 */
export async function storeRollout(
  plugin: ClusterPlugin,
  {
    name,
    versions,
    pods = 3,
    updated = pods,
    updateStrategy = {},
    claims = false,
    podsToDelete,
  }: {
    name: string;
    versions: Versions;
    pods?: number;
    updated?: number;
    updateStrategy?: object;
    claims?: boolean;
    podsToDelete?: string[];
  },
): Promise<void> {
  const { namespace } = plugin;
  const templates = versions.map(({ image }) => template(name, image, claims));
  const [last, before] = [versions.length, updated < pods ? versions.length - 1 : versions.length];
  const cause = versions.at(-1)?.cause;
  const owner = await plugin.store(CLONE_SETS, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name,
      namespace,
      ...(cause !== undefined && { annotations: { "kubernetes.io/change-cause": cause } }),
    },
    spec: {
      replicas: pods,
      selector: { matchLabels: { app: name } },
      template: templates.at(-1),
      updateStrategy: { type: "InPlaceIfPossible", ...updateStrategy },
      ...(claims && { volumeClaimTemplates: CLAIMS }),
      ...(podsToDelete && { scaleStrategy: { podsToDelete } }),
    },
    status: {
      observedGeneration: 1,
      replicas: pods,
      readyReplicas: pods,
      availableReplicas: pods,
      updatedReplicas: updated,
      updatedReadyReplicas: updated,
      updatedAvailableReplicas: updated,
      expectedUpdatedReplicas: updated,
      updateRevision: `${name}-${last}`,
      currentRevision: `${name}-${before}`,
    },
  } as KubeObject & { status: object });
  const ownerReferences = [
    { apiVersion: API_VERSION, kind: KIND, name, uid: owner.metadata.uid ?? "", controller: true },
  ];
  for (const [i, revisionTemplate] of templates.entries()) {
    await plugin.store(CONTROLLER_REVISIONS, {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name: `${name}-${i + 1}`,
        namespace,
        labels: { app: name },
        ownerReferences,
        annotations: {
          "kubernetes.io/change-cause": versions[i]?.cause ?? "",
          "kruise.io/cloneset-volumeclaimtemplate-hash": claimTemplatesHash(claims ? CLAIMS : []),
        },
      },
      revision: i + 1,
      data: revisionData(revisionTemplate).data,
    } as KubeObject);
  }
  for (let i = 1; i <= pods; i++) {
    const number = i <= updated ? last : before;
    const image = versions[number - 1]?.image ?? "";
    const labels = { app: name, [label.revision]: `${name}-${number}`, [label.instanceId]: `a${i}` };
    if (claims)
      await plugin.store(PERSISTENT_VOLUME_CLAIMS, {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: `data-${name}-a${i}`, namespace, labels, ownerReferences },
        spec: CLAIMS[0]?.spec,
      } as KubeObject);
    await plugin.store(PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `${name}-a${i}`, namespace, labels, ownerReferences },
      // Nobody binds it, so that nobody but the test says how it is.
      spec: { schedulerName: "nobody", containers: [{ name: "app", image }] },
      status: {
        phase: "Running",
        conditions: readyFor(i),
        containerStatuses: [
          {
            name: "app",
            image,
            imageID: `docker.io/library/${image.split(":")[0]}@${DIGEST}`,
            containerID: `containerd://${name}-a${i}`,
            ready: true,
            started: true,
            restartCount: 0,
            state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
          },
        ],
      },
    } as KubeObject & { status: object });
  }
}

const CLAIMS = [
  {
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  },
];

function template(name: string, image: string, claims: boolean): PodTemplate {
  return {
    metadata: { labels: { app: name } },
    spec: {
      containers: [
        {
          name: "app",
          image,
          env: [{ name: "LOG_LEVEL", value: "info" }],
          resources: { requests: { cpu: "1000m" } },
          ...(claims && { volumeMounts: [{ name: "data", mountPath: "/data" }] }),
        },
      ],
    },
  };
}
