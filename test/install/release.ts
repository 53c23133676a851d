/** The chart, installed in the cluster of the setting: what an administrator does with helm. */
import assert from "node:assert/strict";
import { isStatus, type KubeApi } from "../cluster/kube-api.ts";
import { readSetting } from "../support/e2e/setting.ts";
import { CONTROLLER_IMAGE } from "./controller-image.ts";
import { CHART, findOrBuildHelm, runProgram } from "./helm.ts";

export const SYSTEM_NAMESPACE = "cloneset-system";
/** Name of the release, the Deployment, the Lease and the service account. */
export const CONTROLLER = "cloneset-controller";
export const SERVICE_ACCOUNT = `system:serviceaccount:${SYSTEM_NAMESPACE}:${CONTROLLER}`;

/** A busy test machine must not starve the controllers; three of them, as in an upgrade, fit on two cores. */
const VALUES = [`image.repository=${CONTROLLER_IMAGE.split(":")[0]}`, "resources.requests.cpu=600m"];
const WAIT = ["--wait", "--timeout=300s"];

/** The namespace enforces the Pod Security level "restricted". It may be there already. */
export async function prepareNamespace(api: KubeApi): Promise<void> {
  const metadata = { name: SYSTEM_NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" } };
  await api.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata }).catch((error: unknown) => {
    if (!isStatus(error, 409)) throw error;
  });
}

/** `takeOwnership`: of objects that are there already, and of fields that others have written, by another release or kubectl. */
export function install({ takeOwnership = false, values = [] as string[] } = {}): Promise<string> {
  const flags = takeOwnership ? ["--take-ownership", "--force-conflicts"] : [];
  return helm("install", CONTROLLER, CHART, ...WAIT, ...set(values), ...flags);
}

export function upgrade(...values: string[]): Promise<string> {
  return helm("upgrade", CONTROLLER, CHART, ...WAIT, ...set(values));
}

export function uninstall(): Promise<string> {
  return helm("uninstall", CONTROLLER, ...WAIT);
}

/** helm in the namespace of the release, expected to succeed. */
async function helm(...args: string[]): Promise<string> {
  const { kubeconfig } = readSetting();
  const command = await findOrBuildHelm((line) => console.error(line));
  const ran = await runProgram(command, [...args, `--namespace=${SYSTEM_NAMESPACE}`, `--kubeconfig=${kubeconfig}`]);
  assert.equal(ran.code, 0, `helm ${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

function set(values: string[]): string[] {
  return [...VALUES, ...values].map((value) => `--set=${value}`);
}
