/** What the server writes where a field of a built-in type is not set, by the name of the type. */

import type { JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";

const CORE = "io.k8s.api.core.v1.";
const FILE_MODE = 0o644;

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
    enableServiceLinks: true,
  }),
  Container: container,
  ContainerPort: fixed({ protocol: "TCP" }),
  Probe: fixed({ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  HTTPGetAction: fixed({ path: "/", scheme: "HTTP" }),
  ObjectFieldSelector: fixed({ apiVersion: "v1" }),
  ResourceFieldSelector: fixed({ divisor: "0" }),
  ResourceRequirements: ({ limits, requests }) =>
    isMap(limits) ? { requests: { ...limits, ...(isMap(requests) ? requests : {}) } } : {},
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
};

/** The object with the fields that nobody set. What is a default is decided by the type alone. */
export function setDefaults(type: string, object: JsonMap): JsonMap {
  const missing = type.startsWith(CORE) ? DEFAULTS[type.slice(CORE.length)]?.(object) : undefined;
  if (missing === undefined) return object;
  // What is asked for by limits replaces what was given: it has that too.
  return type.endsWith(".ResourceRequirements") ? { ...object, ...missing } : { ...missing, ...object };
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
