/**
 * How do etcd and the three Kubernetes servers run?
 *
 * As close to a production cluster as one machine allows: RBAC and Node authorization, real admission, every default
 * controller. Only what costs time and protects nothing here is off: fsync, leader election.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dump } from "js-yaml";
import type { BinaryName } from "./binaries.ts";
import { connect, type KubeApi } from "./kube-api.ts";
import { type BackgroundProcess, startInBackground, waitFor } from "./processes.ts";

/** Who talks to the API server: one user each, so that the audit log tells them apart. */
const USERS = {
  admin: { user: "cluster-admin", groups: ["system:masters"] },
  provisioner: { user: "cluster-provisioner", groups: ["system:masters"] },
  "fake-node": { user: "cluster-fake-node", groups: ["system:masters"] },
  "kube-controller-manager": { user: "system:kube-controller-manager", groups: [] },
  "kube-scheduler": { user: "system:kube-scheduler", groups: [] },
} satisfies Record<string, { user: string; groups: string[] }>;

export type UserName = keyof typeof USERS | "kubelet";

export interface ControlPlaneSettings {
  dir: string;
  binaries: Map<BinaryName, string>;
  /** Where the API server listens: 127.0.0.1, or with a real node an address that pods reach too. */
  host: string;
  apiPort: number;
  etcdPort: number;
  etcdPeerPort: number;
  serviceCidr: string;
  /** The address that the API server gives for itself; without one it stays out of the kubernetes service. */
  advertise: string | undefined;
  /** The name of the real node, which authenticates as system:node:NAME. */
  nodeName: string | undefined;
  audit: boolean;
  durable: boolean;
  scheduler: boolean;
}

export function kubeconfigPath(dir: string, user: UserName): string {
  return user === "admin" ? join(dir, "kubeconfig") : join(dir, "credentials", `${user}.kubeconfig`);
}

export function auditLogPath(dir: string): string {
  return join(dir, "audit.log");
}

/** Starts the control plane and returns when it serves, has its bootstrap objects, and would admit a pod. */
export async function startControlPlane(settings: ControlPlaneSettings, log: (line: string) => void): Promise<KubeApi> {
  const { dir } = settings;
  await mkdir(join(dir, "credentials"), { recursive: true, mode: 0o700 });
  await writeKeysAndTokens(settings);

  await startEtcd(settings);
  const apiserver = await startApiServer(settings);
  const certificate = join(dir, "certs", "apiserver.crt");
  // The API server makes its own certificate as it starts; nobody can talk to it before.
  const ca = await waitFor("the API server's certificate", apiserver, dir, async () => {
    const text = await readFile(certificate, "utf8");
    if (!text.trimEnd().endsWith("-----END CERTIFICATE-----")) throw new Error(`${certificate} is being written`);
    return text;
  });
  await writeKubeconfigs(settings, ca);
  const api = await connect(kubeconfigPath(dir, "admin"), "cloneset-cluster");
  await waitFor("kube-apiserver to be ready", apiserver, dir, () => api.getText("/readyz"));
  log("kube-apiserver is ready");

  const controllers = await startControllerManager(settings);
  if (settings.scheduler) await startScheduler(settings);
  // Without its service account a pod of the namespace is refused, so this is the last thing a user would wait for.
  await waitFor("the default service account", controllers, dir, () =>
    api.get("/api/v1/namespaces/default/serviceaccounts/default"),
  );
  return api;
}

async function startEtcd(settings: ControlPlaneSettings): Promise<void> {
  const url = `http://127.0.0.1:${settings.etcdPort}`;
  const peerUrl = `http://127.0.0.1:${settings.etcdPeerPort}`;
  const args = [
    "--name=cluster",
    `--data-dir=${join(settings.dir, "etcd")}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=cluster=${peerUrl}`,
    "--log-level=warn",
    "--quota-backend-bytes=4294967296",
    ...(settings.durable ? [] : ["--unsafe-no-fsync"]),
  ];
  await startInBackground(settings.dir, { name: "etcd", command: binary(settings, "etcd"), args });
}

async function startApiServer(settings: ControlPlaneSettings): Promise<BackgroundProcess> {
  const { dir } = settings;
  const credentials = (name: string) => join(dir, "credentials", name);
  const args = [
    `--etcd-servers=http://127.0.0.1:${settings.etcdPort}`,
    `--bind-address=${settings.host}`,
    `--secure-port=${settings.apiPort}`,
    `--advertise-address=${settings.advertise ?? settings.host}`,
    ...(settings.advertise === undefined ? ["--endpoint-reconciler-type=none"] : []),
    `--service-cluster-ip-range=${settings.serviceCidr}`,
    `--cert-dir=${join(dir, "certs")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    `--token-auth-file=${credentials("tokens.csv")}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${credentials("service-accounts.pub")}`,
    `--service-account-signing-key-file=${credentials("service-accounts.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    // There is no kube-proxy, so the API server itself looks up the endpoints of a webhook's service.
    "--enable-aggregator-routing=true",
    // So that a version that is forgotten (410) is met within a minute, as on any server that has run for a while.
    "--etcd-compaction-interval=20s",
    "--allow-privileged=true",
    "--max-requests-inflight=800",
    "--max-mutating-requests-inflight=400",
    ...(settings.audit ? await auditArgs(dir) : []),
  ];
  return await startInBackground(dir, { name: "kube-apiserver", command: binary(settings, "kube-apiserver"), args });
}

async function auditArgs(dir: string): Promise<string[]> {
  const policy = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived", "ResponseStarted"],
    rules: [{ level: "Metadata" }],
  };
  const path = join(dir, "audit-policy.yaml");
  await writeFile(path, dump(policy));
  // Written before the response leaves, so that a test which has its answer finds its own request in the log.
  return [
    `--audit-policy-file=${path}`,
    `--audit-log-path=${auditLogPath(dir)}`,
    "--audit-log-mode=blocking-strict",
    "--audit-log-maxsize=4096",
  ];
}

async function startControllerManager(settings: ControlPlaneSettings): Promise<BackgroundProcess> {
  const { dir } = settings;
  const kubeconfig = kubeconfigPath(dir, "kube-controller-manager");
  const args = [
    `--kubeconfig=${kubeconfig}`,
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${join(dir, "credentials", "service-accounts.key")}`,
    `--root-ca-file=${join(dir, "certs", "apiserver.crt")}`,
    "--leader-elect=false",
    "--secure-port=0",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ];
  return await startInBackground(dir, {
    name: "kube-controller-manager",
    command: binary(settings, "kube-controller-manager"),
    args,
  });
}

async function startScheduler(settings: ControlPlaneSettings): Promise<void> {
  const { dir } = settings;
  const configuration = {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig: kubeconfigPath(dir, "kube-scheduler"), qps: 1000, burst: 2000 },
    leaderElection: { leaderElect: false },
  };
  const path = join(dir, "kube-scheduler.yaml");
  await writeFile(path, dump(configuration));
  await startInBackground(dir, {
    name: "kube-scheduler",
    command: binary(settings, "kube-scheduler"),
    args: [`--config=${path}`, "--secure-port=0"],
  });
}

async function writeKeysAndTokens(settings: ControlPlaneSettings): Promise<void> {
  const credentials = (name: string) => join(settings.dir, "credentials", name);
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  await writeFile(credentials("service-accounts.key"), privateKey, { mode: 0o600 });
  await writeFile(credentials("service-accounts.pub"), publicKey);
  const lines = Object.entries(users(settings)).map(([name, { user, groups }]) =>
    [newToken(name), user, name, `"${groups.join(",")}"`].join(","),
  );
  await writeFile(credentials("tokens.csv"), `${lines.join("\n")}\n`, { mode: 0o600 });
}

function users(settings: ControlPlaneSettings): Record<string, { user: string; groups: string[] }> {
  if (settings.nodeName === undefined) return USERS;
  return { ...USERS, kubelet: { user: `system:node:${settings.nodeName}`, groups: ["system:nodes"] } };
}

function newToken(name: string): string {
  return `${name}-${randomBytes(24).toString("hex")}`;
}

async function writeKubeconfigs(settings: ControlPlaneSettings, ca: string): Promise<void> {
  const csv = await readFile(join(settings.dir, "credentials", "tokens.csv"), "utf8");
  for (const line of csv.trim().split("\n")) {
    const [token = "", user = "", name = ""] = line.split(",");
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "cluster",
          cluster: {
            server: `https://${settings.host}:${settings.apiPort}`,
            "certificate-authority-data": Buffer.from(ca).toString("base64"),
          },
        },
      ],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: "cluster", context: { cluster: "cluster", user, namespace: "default" } }],
      "current-context": "cluster",
    };
    await writeFile(kubeconfigPath(settings.dir, name as UserName), dump(kubeconfig), { mode: 0o600 });
  }
}

function binary(settings: ControlPlaneSettings, name: BinaryName): string {
  const path = settings.binaries.get(name);
  if (path === undefined) throw new Error(`Cannot start ${name}: it is not among the binaries asked for`);
  return path;
}
