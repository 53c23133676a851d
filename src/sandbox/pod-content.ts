/** Pods as the API server takes them in: what it fills in, and what it refuses. */
import type { ContentRules } from "./content.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import { qosClassOf, specOf } from "./pods.ts";
import type { Cause } from "./refusal.ts";
import { invalidValue, missingValue, unsupportedValue } from "./refusal.ts";
import { quantity } from "./scheduling.ts";

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** How long pods stay on a node that is not in order. */
const EVICTION_SECONDS = 300;

export const podContent: ContentRules = {
  admit: (pod) => {
    const spec = specOf(pod);
    return {
      ...pod,
      spec: withAccount(withTolerations({ priority: 0, preemptionPolicy: "PreemptLowerPriority", ...spec }), pod),
    };
  },
  check: (next, old, subresource) => {
    if (subresource === "status") return [];
    return old === undefined
      ? podSpecCauses(specOf(next), "spec", ["Always", "Never", "OnFailure"])
      : changeCauses(next, old, subresource);
  },
};

function inEach(parent: JsonMap, field: string, complete: (item: JsonMap) => JsonMap): JsonMap {
  const items = parent[field];
  return Array.isArray(items) ? { [field]: items.map((item) => (isMap(item) ? complete(item) : item)) } : {};
}

function withTolerations(spec: JsonMap): JsonMap {
  const tolerations = Array.isArray(spec["tolerations"]) ? spec["tolerations"].filter(isMap) : [];
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    .filter((key) => !tolerations.some((one) => one["key"] === key || (one["key"] ?? "") === ""))
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: EVICTION_SECONDS }));
  return { ...spec, tolerations: [...tolerations, ...added] };
}

/** Each container finds the account's token, unless somebody does not want it to. */
function withAccount(spec: JsonMap, { metadata }: StoredObject): JsonMap {
  const account = spec["serviceAccountName"] ?? "default";
  const named = { ...spec, serviceAccountName: account, serviceAccount: account };
  if (spec["automountServiceAccountToken"] === false) return named;
  const name = `kube-api-access-${metadata.uid.slice(0, 5)}`;
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    {
      downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] },
    },
  ];
  const volume = { name, projected: { defaultMode: 420, sources } };
  const mount = { name, readOnly: true, mountPath: TOKEN_PATH };
  const mounted = (container: JsonMap): JsonMap => {
    const mounts = Array.isArray(container["volumeMounts"]) ? container["volumeMounts"].filter(isMap) : [];
    const isMounted = mounts.some(({ mountPath }) => mountPath === TOKEN_PATH);
    return isMounted ? container : { ...container, volumeMounts: [...mounts, mount] };
  };
  const volumes = Array.isArray(spec["volumes"]) ? (spec["volumes"] as unknown[]) : [];
  return {
    ...named,
    volumes: [...volumes, volume],
    ...inEach(spec, "containers", mounted),
    ...inEach(spec, "initContainers", mounted),
  };
}

/** What is wrong with the spec of a new pod, or with that in a template. */
export function podSpecCauses(spec: JsonMap, at: string, restartPolicies: readonly string[]): Cause[] {
  const containers = listIn(spec, "containers");
  const volumes = new Set(listIn(spec, "volumes").map(({ name }) => name));
  const causes: Cause[] = containers.length === 0 ? [missingValue(`${at}.containers`)] : [];
  const names = new Set<unknown>();
  for (const field of ["containers", "initContainers"]) {
    for (const [i, container] of listIn(spec, field).entries()) {
      causes.push(...containerCauses(container, `${at}.${field}[${i}]`, volumes, names));
      names.add(container["name"]);
    }
  }
  const policy = String(spec["restartPolicy"]);
  return restartPolicies.includes(policy)
    ? causes
    : [...causes, unsupportedValue(`${at}.restartPolicy`, policy, restartPolicies)];
}

function containerCauses(container: JsonMap, at: string, volumes: Set<unknown>, names: Set<unknown>): Cause[] {
  const { name = "", image = "" } = container;
  const causes: Cause[] = [];
  if (name === "") causes.push(missingValue(`${at}.name`));
  else if (!NAME.test(String(name))) {
    const rule =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    causes.push(invalidValue(`${at}.name`, name, rule));
  } else if (names.has(name)) {
    causes.push({
      reason: "FieldValueDuplicate",
      field: `${at}.name`,
      message: `Duplicate value: ${JSON.stringify(name)}`,
    });
  }
  if (image === "") causes.push(missingValue(`${at}.image`));
  for (const [i, mount] of listIn(container, "volumeMounts").entries()) {
    if (volumes.has(mount["name"])) continue;
    const field = `${at}.volumeMounts[${i}].name`;
    causes.push({ reason: "FieldValueNotFound", field, message: `Not found: ${JSON.stringify(mount["name"])}` });
  }
  return [...causes, ...resourceCauses(container, at)];
}

function resourceCauses(container: JsonMap, at: string): Cause[] {
  const { limits = {}, requests = {} } = (container["resources"] ?? {}) as Record<string, Record<string, string>>;
  return Object.entries(requests).flatMap(([resource, amount]) => {
    const limit = limits[resource];
    if (limit === undefined || quantity(amount) <= quantity(limit)) return [];
    return [
      invalidValue(`${at}.resources.requests`, amount, `must be less than or equal to ${resource} limit of ${limit}`),
    ];
  });
}

/** What the comparison of specs leaves to be said. */
function changeCauses(next: StoredObject, old: StoredObject, subresource: string): Cause[] {
  const causes = listIn(specOf(next), "containers").flatMap((container, i) => [
    ...((container["image"] ?? "") === "" ? [missingValue(`spec.containers[${i}].image`)] : []),
    ...resourceCauses(container, `spec.containers[${i}]`),
  ]);
  const [before, after] = [qosClassOf(specOf(old)), qosClassOf(specOf(next))];
  if (subresource !== "resize" || before === after) return causes;
  return [...causes, invalidValue("spec", after, "Pod QOS Class may not change as a result of resizing")];
}

function listIn(parent: JsonMap, field: string): JsonMap[] {
  const found = parent[field];
  return Array.isArray(found) ? found.filter(isMap) : [];
}
