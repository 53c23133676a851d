import { fromV1alpha1 } from "../../../src/api/convert.ts";
import type { CloneSetObject } from "../../../src/cli/cluster.ts";
import type { Seen } from "../../../src/cli/seen.ts";
import { Trimmer } from "../../../src/observe/trim.ts";

export const NOW_MS = Date.parse("2026-03-01T12:00:00Z");

export interface PodGiven {
  id: string;
  revision: 5 | 6 | 7;
  node?: string;
  /** Seconds ago. */
  created?: number;
  ready?: boolean;
  /** What the condition Ready gives as its reason. */
  reason?: string;
  restarts?: number;
  /** Seconds ago. */
  inPlace?: number;
  waiting?: { reason: string };
  terminating?: number;
}

const REVISIONS = { 5: "web-6bb5d8f7c", 6: "web-7d9b8c4f5", 7: "web-9c4f7d6b9" };
const IMAGES = { 5: "nginx:1.24.0", 6: "nginx:1.25.3", 7: "nginx:1.27.0" };
const DAY = 86_400;

const trimmer = new Trimmer();

function secondsAgo(seconds: number): string {
  return `${new Date(NOW_MS - seconds * 1000).toISOString().slice(0, 19)}Z`;
}

function template(revision: 5 | 6 | 7) {
  return {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "nginx", image: IMAGES[revision] }] },
  };
}

/** Two updated in place, one that does not come back, two old ones. */
export const PODS: PodGiven[] = [
  { id: "8q5mz", revision: 7, node: "node-a", inPlace: 41, restarts: 1 },
  { id: "x7t2c", revision: 7, node: "node-b", inPlace: 70, restarts: 1 },
  { id: "k2v9x", revision: 7, node: "node-c", inPlace: 12, ready: false, waiting: { reason: "ImagePullBackOff" } },
  { id: "lm4tp", revision: 6, node: "node-a" },
  { id: "zz81w", revision: 6, node: "node-b", created: 9 * 86_400 },
];
const waiting = [
  {
    type: "Ready" as const,
    status: "False" as const,
    message:
      "2 of 3 updated pods available; waiting for web-k2v9x: container nginx cannot pull image nginx:1.27.0 " +
      "(ImagePullBackOff) since 2026-03-01T11:59:48Z",
  },
];
/** A rollout under way, with a pod that is stuck and one that was named. */
export const rollingOut = () =>
  seenWeb({ pods: PODS, spec: { scaleStrategy: { podsToDelete: ["web-zz81w"] } }, status: { conditions: waiting } });

/** The CloneSet `web` in the namespace shop-prod, in the middle of its way from revision 6 to 7. */
export function seenWeb({
  pods,
  spec = {},
  status = {},
}: {
  pods: readonly PodGiven[];
  spec?: Partial<NonNullable<CloneSetObject["spec"]>>;
  status?: CloneSetObject["status"];
}): Seen {
  const metadata = {
    name: "web",
    namespace: "shop-prod",
    uid: "u-web",
    generation: 3,
    managedFields: [
      {
        manager: "argocd-controller",
        operation: "Apply",
        time: secondsAgo(120),
        fieldsV1: { "f:spec": { "f:template": { "f:spec": {} } } },
      },
      {
        manager: "kube-scaler",
        operation: "Update",
        time: secondsAgo(5),
        fieldsV1: { "f:spec": { "f:replicas": {} } },
      },
    ],
  };
  const available = (pod: PodGiven) => pod.ready !== false && pod.terminating === undefined;
  const active = pods.filter(({ terminating }) => terminating === undefined);
  const updated = active.filter(({ revision }) => revision === 7);
  const object: CloneSetObject = {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata,
    spec: {
      replicas: 5,
      selector: { matchLabels: { app: "web" } },
      template: template(7),
      minReadySeconds: 10,
      updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: 1, partition: 2 },
      ...spec,
    },
    status: {
      observedGeneration: 3,
      replicas: active.length,
      readyReplicas: active.filter(available).length,
      availableReplicas: active.filter(available).length,
      updatedReplicas: updated.length,
      updatedReadyReplicas: updated.filter(available).length,
      updatedAvailableReplicas: updated.filter(available).length,
      updateRevision: REVISIONS[7],
      currentRevision: REVISIONS[6],
      ...status,
    },
  };
  return {
    object,
    cloneSet: fromV1alpha1(object),
    pods: pods.map((pod) => trimmer.pod(wirePod(pod))),
    claims: [],
    revisions: ([5, 6, 7] as const).map((revision) =>
      trimmer.revision({
        metadata: { name: REVISIONS[revision], creationTimestamp: secondsAgo(72 + (7 - revision) * 3 * DAY) },
        revision,
        data: { spec: { template: { $patch: "replace", ...template(revision) } } },
      }),
    ),
  };
}

function wirePod({ id, revision, node, created = 3 * DAY, ready = true, restarts = 0, ...given }: PodGiven): object {
  const record = {
    revision: REVISIONS[revision],
    updateTimestamp: secondsAgo(given.inPlace ?? 0),
    lastContainerStatuses: { nginx: { imageID: "old" } },
  };
  const state = given.waiting ? { waiting: given.waiting } : { running: {} };
  return {
    metadata: {
      name: `web-${id}`,
      namespace: "shop-prod",
      uid: `u-${id}`,
      creationTimestamp: secondsAgo(created),
      ...(given.terminating === undefined ? {} : { deletionTimestamp: secondsAgo(given.terminating) }),
      labels: { app: "web", "controller-revision-hash": REVISIONS[revision] },
      annotations: given.inPlace === undefined ? {} : { "apps.kruise.io/inplace-update-state": JSON.stringify(record) },
      ownerReferences: [
        { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", name: "web", uid: "u-web", controller: true },
      ],
    },
    spec: {
      ...(node ? { nodeName: node } : {}),
      readinessGates: [{ conditionType: "InPlaceUpdateReady" }],
      containers: [{ name: "nginx", image: IMAGES[revision] }],
      volumes: [{ persistentVolumeClaim: { claimName: `data-web-${id}` } }],
    },
    status: {
      phase: "Running",
      conditions: [
        {
          type: "Ready",
          status: ready ? "True" : "False",
          reason: given.reason,
          lastTransitionTime: secondsAgo(ready ? 30 : 12),
        },
        { type: "InPlaceUpdateReady", status: ready ? "True" : "False", lastTransitionTime: secondsAgo(12) },
      ],
      containerStatuses: [
        {
          name: "nginx",
          image: IMAGES[revision],
          imageID: `sha-${revision}`,
          containerID: `c-${id}-${restarts}`,
          ready,
          restartCount: restarts,
          state,
        },
      ],
    },
  };
}
