import { badRequest } from "./refusal.ts";

const COMMON = ["metadata.name", "metadata.namespace"];

/** Which fields lists may be selected by, besides name and namespace: the server looks at no others. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  clonesets: [],
  events: [
    ...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map(
      (field) => `involvedObject.${field}`,
    ),
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  namespaces: ["status.phase"],
  nodes: ["spec.unschedulable"],
  pods: [
    "spec.hostNetwork",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.nominatedNodeName",
    "status.phase",
    "status.podIP",
    "status.podIPs",
  ],
  secrets: ["type"],
  services: ["spec.clusterIP", "spec.type"],
};

/** @throws {Refusal} in the words of the server: kinds with labels of their own have others than the rest */
export function checkFieldLabel(plural: string, path: string): void {
  if (COMMON.includes(path)) return;
  const more = MORE[plural];
  if (more?.includes(path)) return;
  throw badRequest(
    more === undefined
      ? `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${path}`,
  );
}
