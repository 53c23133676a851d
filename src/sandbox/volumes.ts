/** Binds claims to volumes: makes the volume that a claim's class promises, and takes it away again with the claim. */
import type { Clock } from "../kube/clock.ts";
import type { ApiServer } from "./api-server.ts";
import type { StoredObject } from "./objects.ts";
import { specOf, statusOf } from "./pods.ts";
import { capacityOf } from "./storage.ts";

/** Written by the scheduler on a claim whose class waits for the first pod. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";

const USER = "provisioner";
const MERGE = { "content-type": "application/merge-patch+json" };
/** How long a claim that has no volume yet waits for the next look. */
const AGAIN_MS = 1000;

export interface ProvisionerOptions {
  server: ApiServer;
  clock: Clock;
  /** From the creation of a claim to its volume; undefined = it stays pending. */
  volumeMs: (claim: StoredObject) => number | undefined;
}

/** A cluster without any storage class binds every claim, to volumes that are not told of. Returns the way to stop. */
export function provisionVolumes({ server, clock, volumeMs }: ProvisionerOptions): () => void {
  const claims = server.collection("persistentvolumeclaims");
  const lookIn = (claim: StoredObject, ms: number) => clock.setTimeout(() => provision(claim), ms);
  const provision = ({ metadata }: StoredObject): void => {
    const claim = claims.get(metadata.namespace ?? "", metadata.name);
    if (claim?.metadata.uid !== metadata.uid || statusOf(claim)["phase"] === "Bound") return;
    if (volumeMs(claim) === undefined) {
      lookIn(claim, AGAIN_MS);
      return;
    }
    const storageClass = classOf(server, claim);
    if (storageClass === "none") return;
    if (isWaiting(server, claim)) return;
    bind(server, claim, storageClass);
  };
  return claims.onEvent(({ type, object, previous }) => {
    const isChosen =
      previous !== undefined && selectedNode(previous) === undefined && selectedNode(object) !== undefined;
    if (type === "ADDED" || (type === "MODIFIED" && isChosen)) lookIn(object, volumeMs(object) ?? AGAIN_MS);
    if (type === "DELETED") release(server, object);
  });
}

/** Whether a claim waits for a pod that is scheduled. */
export function isWaiting(server: ApiServer, claim: StoredObject): boolean {
  const found = classOf(server, claim);
  const waits = typeof found === "object" && found["volumeBindingMode"] === "WaitForFirstConsumer";
  return waits && selectedNode(claim) === undefined;
}

function selectedNode(claim: StoredObject): string | undefined {
  return claim.metadata.annotations?.[SELECTED_NODE];
}

/** "any" = there are no classes at all; "none" = the class of this claim does not exist, or makes no volumes. */
function classOf(server: ApiServer, claim: StoredObject): StoredObject | "any" | "none" {
  const classes = server.collection("storageclasses");
  if (classes.size === 0) return "any";
  const name = specOf(claim)["storageClassName"];
  return (typeof name === "string" ? classes.get("", name) : undefined) ?? "none";
}

function bind(server: ApiServer, claim: StoredObject, storageClass: StoredObject | "any"): void {
  const { namespace, name, uid } = claim.metadata;
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`;
  const volumeName = storageClass === "any" ? `pv-${uid}` : `pvc-${uid}`;
  if (storageClass !== "any") makeVolume(server, claim, storageClass, volumeName);
  server.request({ method: "PATCH", path, headers: MERGE, user: USER, body: { spec: { volumeName } } });
  const told = { accessModes: specOf(claim)["accessModes"], capacity: capacityOf(claim) };
  const status = { phase: "Bound", ...(storageClass === "any" ? {} : told) };
  server.request({ method: "PATCH", path: `${path}/status`, headers: MERGE, user: USER, body: { status } });
}

function makeVolume(server: ApiServer, claim: StoredObject, storageClass: StoredObject, name: string): void {
  const { metadata } = claim;
  const path = "/api/v1/persistentvolumes";
  const node = selectedNode(claim);
  const term = { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] };
  const body = {
    metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": storageClass["provisioner"] } },
    spec: {
      accessModes: specOf(claim)["accessModes"],
      capacity: capacityOf(claim),
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      hostPath: { path: `/simulated/${name}` },
      persistentVolumeReclaimPolicy: storageClass["reclaimPolicy"],
      storageClassName: storageClass.metadata.name,
      volumeMode: specOf(claim)["volumeMode"],
      ...(node === undefined ? {} : { nodeAffinity: { required: { nodeSelectorTerms: [term] } } }),
    },
  };
  server.request({ method: "POST", path, headers: {}, user: USER, body });
  const status = { phase: "Bound" };
  server.request({ method: "PATCH", path: `${path}/${name}/status`, headers: MERGE, user: USER, body: { status } });
}

/** The end of a claim is the end of its volume, unless the volume is to be kept. */
function release(server: ApiServer, claim: StoredObject): void {
  const name = specOf(claim)["volumeName"];
  const volume = typeof name === "string" ? server.collection("persistentvolumes").get("", name) : undefined;
  if (volume === undefined) return;
  const path = `/api/v1/persistentvolumes/${volume.metadata.name}`;
  if (specOf(volume)["persistentVolumeReclaimPolicy"] === "Retain") {
    const body = { status: { phase: "Released" } };
    server.request({ method: "PATCH", path: `${path}/status`, headers: MERGE, user: USER, body });
    return;
  }
  const body = { metadata: { finalizers: null } };
  server.request({ method: "PATCH", path, headers: MERGE, user: USER, body });
  server.request({ method: "DELETE", path, headers: {}, user: USER });
}
