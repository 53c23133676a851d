/** CloneSets for scenarios: small, quick to start and to stop, on real and simulated nodes alike. */

export type Json = Record<string, unknown>;

export interface CloneSetWanted {
  replicas?: number;
  /** Tag of the image local/app. */
  version?: string;
  /** Default: InPlaceIfPossible, with one pod at a time. */
  updateStrategy?: Json;
  scaleStrategy?: Json;
  /** A claim named `data` per pod, mounted at /data. */
  claims?: boolean;
  annotations?: Record<string, string>;
  env?: Record<string, string>;
  /** Further members of the container. */
  container?: Json;
  /** Further members of `spec`. */
  spec?: Json;
}

/** The pods carry the label `app: NAME`. */
export function aCloneSet(name: string, wanted: CloneSetWanted = {}): Json {
  const { replicas = 3, version = "v1", claims = false, annotations, env = {}, spec } = wanted;
  const container = {
    ...wanted.container,
    name: "app",
    image: imageOf(version),
    env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
    readinessProbe: { httpGet: { path: "/version", port: 8080 }, periodSeconds: 1, failureThreshold: 10 },
    ...(claims ? { volumeMounts: [{ name: "data", mountPath: "/data" }] } : {}),
  };
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      updateStrategy: wanted.updateStrategy ?? { type: "InPlaceIfPossible", maxUnavailable: 1 },
      ...(wanted.scaleStrategy ? { scaleStrategy: wanted.scaleStrategy } : {}),
      template: {
        metadata: { labels: { app: name }, ...(annotations ? { annotations } : {}) },
        spec: { terminationGracePeriodSeconds: 2, containers: [container] },
      },
      ...(claims ? { volumeClaimTemplates: [dataClaim] } : {}),
      ...spec,
    },
  };
}

const dataClaim = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
};

/** The real node knows v1, v2, v3 and v1-retag, which is v1 under another name; simulated nodes know all but "bad". */
export function imageOf(version: string): string {
  return `local/app:${version}`;
}

/** A JSON patch that sets the image of the first container, as a user of kubectl would write it. */
export function setImage(version: string): Json[] {
  return [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: imageOf(version) }];
}
