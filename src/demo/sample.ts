import type { CloneSetObject, Cluster } from "../cli/cluster.ts";
import type { Seen } from "../cli/seen.ts";
import { PODS } from "../kube/resources.ts";

export const NAME = "web";

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
      spec: { terminationGracePeriodSeconds: 2, containers: [{ name: "app", image: image("v1") }] },
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

export const edit = {
  image: (tag: string): Edit => ({ kind: "image", tag }),
  partition: (pods: number): Edit => ({ kind: "merge", patch: { spec: { updateStrategy: { partition: pods } } } }),
  /** One pod less, and this one. */
  scaleIn: (pod: string, replicas: number): Edit => ({
    kind: "merge",
    patch: { spec: { replicas, scaleStrategy: { podsToDelete: [pod] } } },
  }),
  deletePod: (pod: string): Edit => ({ kind: "deletePod", pod }),
};

export function commandOf(given: Edit): string {
  switch (given.kind) {
    case "image":
      return `kubectl patch clone ${NAME} --type json -p '${JSON.stringify(imagePatch(given.tag))}'`;
    case "merge":
      return `kubectl patch clone ${NAME} --type merge -p '${JSON.stringify(given.patch)}'`;
    case "deletePod":
      return `kubectl delete pod ${given.pod}`;
  }
}

/** Returns how to tell whether what is seen is from after the edit. */
export async function carryOut(given: Edit, cluster: Cluster): Promise<(seen: Seen) => boolean> {
  switch (given.kind) {
    case "image":
      return knownFrom(await cluster.patchCloneSet(NAME, imagePatch(given.tag), { type: "json" }));
    case "merge":
      return knownFrom(await cluster.patchCloneSet(NAME, given.patch, { type: "merge" }));
    case "deletePod": {
      const pod = await cluster.client.get(PODS, { namespace: cluster.namespace, name: given.pod });
      const { uid = "" } = pod.metadata;
      await cluster.client.delete(PODS, { namespace: cluster.namespace, name: given.pod }, { uid });
      return ({ pods }) => pods.every((one) => one.uid !== uid || one.deletedMs !== undefined);
    }
  }
}

function knownFrom({ metadata }: CloneSetObject): (seen: Seen) => boolean {
  return ({ cloneSet }) => cloneSet.generation >= (metadata.generation ?? 0);
}

function imagePatch(tag: string): object[] {
  return [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image(tag) }];
}
