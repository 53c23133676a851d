/** What `npm run e2e` hands to each scenario file, through the environment: a cluster, and what it can do. */

export interface Setting {
  kubeconfig: string;
  /** The kubectl to run: a path, or a name on PATH. */
  kubectl: string;
  /** Whether containers really start: a kubelet, not a simulated node. */
  containers: boolean;
  /** The API server in memory, without the controllers of a real control plane. */
  sandbox?: boolean;
  /** A controller is installed in the cluster, and looks after all namespaces. */
  installed: boolean;
  /** Each request that the API server answered; undefined when the cluster writes no such log. */
  auditLog: string | undefined;
  /** The value of the label `RUN_LABEL` on every namespace of this run. */
  run: string;
  /** From it come the random moments at which a controller is killed. */
  seed: number;
}

/** On each namespace a scenario makes, so that the run can find what is left of it. */
export const RUN_LABEL = "cloneset-e2e-run";

/** The setting as environment variables, for `readSetting` in another process. */
export function settingVariables(setting: Setting): Record<string, string> {
  return { CLONESET_E2E: JSON.stringify(setting) };
}

/** @throws when the scenario file was started by hand */
export function readSetting(): Setting {
  const text = process.env["CLONESET_E2E"];
  if (text === undefined) {
    throw new Error("Cannot tell which cluster to use: start scenarios by `npm run e2e -- --only NAME`.");
  }
  return JSON.parse(text) as Setting;
}
