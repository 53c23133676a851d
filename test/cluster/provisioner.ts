/**
 * Who makes the volumes of this cluster?
 *
 * This process: for each pending claim of the class `cluster-local` it makes a directory and a volume on it that is
 * reserved for the claim; Kubernetes binds the two. When the claim is gone, so are volume and directory.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect, isStatus, type KubeApi, type KubeObject } from "./kube-api.ts";

const STORAGE_CLASS = "cluster-local";
const PROVISIONER = "cluster-local/host-path";
/** Tells the controller manager that someone else deletes this volume; without it, it tries itself and fails. */
const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";

interface Claim extends KubeObject {
  spec: {
    storageClassName?: string;
    volumeName?: string;
    accessModes?: string[];
    volumeMode?: string;
    resources?: { requests?: { storage?: string } };
  };
  status?: { phase?: string };
}

interface Volume extends KubeObject {
  spec: { hostPath?: { path: string } };
  status?: { phase?: string };
}

export interface ProvisionerOptions {
  kubeconfig: string;
  /** Where the directories of the volumes go. */
  volumesDir: string;
  signal: AbortSignal;
}

export async function runProvisioner({ kubeconfig, volumesDir, signal }: ProvisionerOptions): Promise<void> {
  const api = await connect(kubeconfig, "cluster-provisioner");
  await createStorageClass(api);
  const settle = (work: Promise<void>, what: string) => {
    work.catch((error: unknown) => console.error(`${what}: ${String(error)}`));
  };
  const claims = api.follow<Claim>("/api/v1/persistentvolumeclaims", {
    signal,
    onChange: (claim) => {
      if (wantsVolume(claim)) settle(provide(api, claim, volumesDir), `volume for ${claim.metadata.name}`);
    },
    onGone: () => {},
  });
  const volumes = api.follow<Volume>("/api/v1/persistentvolumes", {
    signal,
    onChange: (volume) => {
      if (isReleased(volume)) settle(discard(api, volume), `volume ${volume.metadata.name}`);
    },
    onGone: () => {},
  });
  await Promise.all([claims, volumes]);
  await api.close();
}

function wantsVolume(claim: Claim): boolean {
  return (
    claim.spec.storageClassName === STORAGE_CLASS &&
    claim.spec.volumeName === undefined &&
    claim.metadata.deletionTimestamp === undefined
  );
}

function isReleased(volume: Volume): boolean {
  return (
    volume.metadata.annotations?.[PROVISIONED_BY] === PROVISIONER &&
    volume.metadata.deletionTimestamp === undefined &&
    volume.status?.phase === "Released"
  );
}

async function provide(api: KubeApi, claim: Claim, volumesDir: string): Promise<void> {
  const { uid, name, namespace } = claim.metadata;
  const path = join(volumesDir, uid);
  await mkdir(path, { recursive: true });
  const volume = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `pvc-${uid}`, annotations: { [PROVISIONED_BY]: PROVISIONER } },
    spec: {
      storageClassName: STORAGE_CLASS,
      accessModes: claim.spec.accessModes,
      volumeMode: "Filesystem",
      capacity: { storage: claim.spec.resources?.requests?.storage ?? "1Gi" },
      persistentVolumeReclaimPolicy: "Delete",
      hostPath: { path, type: "Directory" },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
    },
  };
  await api.post("/api/v1/persistentvolumes", volume).catch(ignoring(409));
}

async function discard(api: KubeApi, volume: Volume): Promise<void> {
  await api.delete(`/api/v1/persistentvolumes/${volume.metadata.name}`).catch(ignoring(404));
  const path = volume.spec.hostPath?.path;
  if (path !== undefined) await rm(path, { recursive: true, force: true });
}

async function createStorageClass(api: KubeApi): Promise<void> {
  const storageClass = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: STORAGE_CLASS, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: PROVISIONER,
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
    allowVolumeExpansion: true,
  };
  await api.post("/apis/storage.k8s.io/v1/storageclasses", storageClass).catch(ignoring(409));
}

/** An answer which only says that somebody did the same before. */
function ignoring(...statuses: number[]): (error: unknown) => void {
  return (error) => {
    if (!isStatus(error, ...statuses)) throw error;
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { kubeconfig: { type: "string" }, volumes: { type: "string" } } });
  if (values.kubeconfig === undefined || values.volumes === undefined) {
    console.error("Usage: node provisioner.ts --kubeconfig PATH --volumes DIR");
    process.exit(2);
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  await runProvisioner({ kubeconfig: values.kubeconfig, volumesDir: values.volumes, signal: stop.signal });
}
