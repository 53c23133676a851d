/** What the server writes where a field of a built-in type is not set, by the name of the type. */

import type { JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";

const BUILT_IN = /^io\.k8s\.api\.(?:core|apps)\.v1\./;
const POD = "io.k8s.api.core.v1.Pod";
const FILE_MODE = 0o644;
const A_QUARTER = { maxSurge: "25%", maxUnavailable: "25%" };

type Default = (object: JsonMap) => JsonMap;
const fixed =
  (values: JsonMap): Default =>
  () =>
    values;

const DEFAULTS: Readonly<Record<string, Default>> = {
  PodSpec: fixed({
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  }),
  Container: container,
  ContainerPort: fixed({ protocol: "TCP" }),
  Probe: fixed({ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  HTTPGetAction: fixed({ path: "/", scheme: "HTTP" }),
  ObjectFieldSelector: fixed({ apiVersion: "v1" }),
  ResourceFieldSelector: fixed({ divisor: "0" }),
  Volume: (volume) => (Object.keys(volume).length === 1 ? { emptyDir: {} } : {}),
  ConfigMapVolumeSource: fixed({ defaultMode: FILE_MODE }),
  SecretVolumeSource: fixed({ defaultMode: FILE_MODE }),
  DownwardAPIVolumeSource: fixed({ defaultMode: FILE_MODE }),
  ProjectedVolumeSource: fixed({ defaultMode: FILE_MODE }),
  ServiceAccountTokenProjection: fixed({ expirationSeconds: 3600 }),
  HostPathVolumeSource: fixed({ type: "" }),
  PersistentVolumeClaimSpec: fixed({ volumeMode: "Filesystem" }),
  PersistentVolumeSpec: fixed({ volumeMode: "Filesystem", persistentVolumeReclaimPolicy: "Retain" }),
  Secret: fixed({ type: "Opaque" }),
  ServiceSpec: fixed({ sessionAffinity: "None", type: "ClusterIP", internalTrafficPolicy: "Cluster" }),
  ServicePort: ({ port }) => ({ protocol: "TCP", targetPort: port }),
  ReplicaSetSpec: fixed({ replicas: 1 }),
  DeploymentSpec: fixed({
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: "RollingUpdate", rollingUpdate: A_QUARTER },
  }),
  DeploymentStrategy: ({ type = "RollingUpdate" }) => ({
    type,
    ...(type === "RollingUpdate" ? { rollingUpdate: A_QUARTER } : {}),
  }),
  RollingUpdateDeployment: fixed(A_QUARTER),
};

/** The object with the fields that nobody set. What is a default is decided by the type alone. */
export function setDefaults(type: string, object: JsonMap): JsonMap {
  const missing = BUILT_IN.test(type) ? DEFAULTS[type.replace(BUILT_IN, "")]?.(object) : undefined;
  if (missing !== undefined) return { ...missing, ...object };
  const { spec } = object;
  return type === POD && isMap(spec) ? { ...object, spec: podSpec(spec) } : object;
}

/** What pods have and templates of pods do not: what is asked for by limits is part of what is requested. */
function podSpec(spec: JsonMap): JsonMap {
  const requesting = (item: unknown): unknown => {
    const resources = isMap(item) ? item["resources"] : undefined;
    if (!isMap(item) || !isMap(resources) || !isMap(resources["limits"])) return item;
    const requests = { ...resources["limits"], ...(isMap(resources["requests"]) ? resources["requests"] : {}) };
    return { ...item, resources: { ...resources, requests } };
  };
  const containers = ["containers", "initContainers"].flatMap((field) => {
    const list = spec[field];
    return Array.isArray(list) ? [[field, list.map(requesting)]] : [];
  });
  return { enableServiceLinks: true, ...spec, ...(Object.fromEntries(containers) as JsonMap) };
}

/** An image without a tag, or with the tag latest, is looked for at every start. */
function container({ image }: JsonMap): JsonMap {
  const name = typeof image === "string" ? (image.split("/").at(-1) ?? "") : "";
  const isFixed = name.includes("@") || (name.includes(":") && !name.endsWith(":latest"));
  return {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: isFixed ? "IfNotPresent" : "Always",
  };
}
