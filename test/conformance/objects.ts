// Small objects for conformance cases.

/** A pod for the simulated nodes; `spec` and the annotations that script it may be given. */
export function aPod(
  name: string,
  { labels = {}, annotations = {}, spec = {}, container = {}, ...metadata }: PodGiven = {},
): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels, annotations, ...metadata },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "app", image: "app:v1", ...container }], ...spec },
  };
}

interface PodGiven {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  spec?: object;
  container?: object;
  ownerReferences?: object[];
  finalizers?: string[];
}

/** No scheduler takes it: it stays as it was made. */
export const UNSCHEDULED = { schedulerName: "nobody" };

export function aConfigMap(name: string, metadata: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata } };
}

export function aClaim(name: string, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  };
}

/** The volume of a pod that a claim brings. */
export function volumeOf(claimName: string): object {
  return { volumes: [{ name: "data", persistentVolumeClaim: { claimName } }] };
}

export function aCloneSet(name: string, spec: object = {}): object {
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { name },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: "app:v1" }] } },
      ...spec,
    },
  };
}
