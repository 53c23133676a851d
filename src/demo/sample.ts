import type { CloneSetObject } from "../cli/cluster.ts";

export const NAME = "web";
const CONTAINER = "app";

/** The CloneSet of the demo: five pods with a volume each. Images are only names on simulated nodes. */
export const SAMPLE: CloneSetObject = {
  apiVersion: "apps.kruise.io/v1alpha1",
  kind: "CloneSet",
  metadata: { name: NAME, namespace: "default" },
  spec: {
    replicas: 5,
    selector: { matchLabels: { app: NAME } },
    updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: 1 },
    template: {
      metadata: { labels: { app: NAME } },
      spec: { terminationGracePeriodSeconds: 2, containers: [{ name: CONTAINER, image: image("v1") }] },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    ],
  },
};

/** Simulated nodes cannot pull what has "bad" in its name. */
export function image(tag: string): string {
  return `example/shop:${tag}`;
}

/** What a user can do to the sample, as data: it can be shown as a command, and carried out. */
export type Edit =
  | { kind: "image"; tag: string }
  | { kind: "merge"; patch: object }
  | { kind: "deletePod"; pod: string };

export function commandOf(edit: Edit): string {
  switch (edit.kind) {
    case "image":
      return `kubectl patch clone ${NAME} --type json -p '${JSON.stringify(imagePatch(edit.tag))}'`;
    case "merge":
      return `kubectl patch clone ${NAME} --type merge -p '${JSON.stringify(edit.patch)}'`;
    case "deletePod":
      return `kubectl delete pod ${edit.pod}`;
  }
}

export function imagePatch(tag: string): object[] {
  return [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image(tag) }];
}

export const EDITS = {
  newImage: { kind: "image", tag: "v2" },
  partition: (pods: number): Edit => ({ kind: "merge", patch: { spec: { updateStrategy: { partition: pods } } } }),
  scaleIn: (pod: string, replicas: number): Edit => ({
    kind: "merge",
    patch: { spec: { replicas, scaleStrategy: { podsToDelete: [pod] } } },
  }),
  nextImage: { kind: "image", tag: "v3" },
  badImage: { kind: "image", tag: "bad" },
} as const satisfies Record<string, Edit | ((...given: never[]) => Edit)>;
