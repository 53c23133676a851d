import type { Answer } from "../kube/transport.ts";
import type { Kind } from "./kinds.ts";
import { KINDS } from "./kinds.ts";

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** What the server can do, as clients ask for it; undefined if the path asks for something else. */
export function discovery(path: string, accept: string): Answer | undefined {
  const parts = path.split("/").filter(Boolean);
  if (path === "/version") return json({ major: "1", minor: "36", gitVersion: "v1.36.0-sandbox", platform: "node" });
  if (path === "/healthz" || path === "/readyz" || path === "/livez")
    return { status: 200, headers: { "content-type": "text/plain" }, body: "ok" };
  if (path === "/openapi/v3") return json({ paths: {} });
  if (parts[0] === "api" && parts.length === 1)
    return accept.includes("APIGroupDiscoveryList")
      ? aggregated([""])
      : json({ kind: "APIVersions", versions: ["v1"] });
  if (parts[0] === "apis" && parts.length === 1) {
    const named = groups().filter((group) => group !== "");
    if (accept.includes("APIGroupDiscoveryList")) return aggregated(named);
    return json({ kind: "APIGroupList", apiVersion: "v1", groups: named.map(groupOf) });
  }
  if (parts[0] === "apis" && parts.length === 2) {
    const [, group = ""] = parts;
    return groups().includes(group) ? json({ kind: "APIGroup", apiVersion: "v1", ...groupOf(group) }) : undefined;
  }
  const isCore = parts[0] === "api" && parts.length === 2;
  if (!isCore && !(parts[0] === "apis" && parts.length === 3)) return undefined;
  const [group = "", version = ""] = isCore ? ["", parts[1]] : [parts[1], parts[2]];
  const kinds = KINDS.filter(({ resource }) => resource.group === group && resource.version === version);
  if (kinds.length === 0) return undefined;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  return json({ kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: kinds.flatMap(resourcesOf) });
}

function groups(): string[] {
  return [...new Set(KINDS.map(({ resource }) => resource.group))];
}

function groupOf(group: string) {
  const [version = "v1"] = versionsOf(group);
  const preferred = { groupVersion: `${group}/${version}`, version };
  return { name: group, versions: [preferred], preferredVersion: preferred };
}

function versionsOf(group: string): string[] {
  return [...new Set(KINDS.filter(({ resource }) => resource.group === group).map(({ resource }) => resource.version))];
}

function resourcesOf({ resource, shortNames, subresources = [] }: Kind) {
  const { plural, kind, namespaced } = resource;
  const singularName = kind.toLowerCase();
  const categories = plural === "pods" || plural === "services" ? { categories: ["all"] } : {};
  return [
    { name: plural, singularName, namespaced, kind, verbs: VERBS, shortNames, ...categories },
    ...subresources.filter(Boolean).map((subresource) => ({
      name: `${plural}/${subresource}`,
      singularName: "",
      namespaced,
      kind: kindOf(subresource, kind),
      verbs: ["get", "patch", "update"],
      ...(subresource === "scale" ? { group: "autoscaling", version: "v1" } : {}),
    })),
  ];
}

function kindOf(subresource: string, kind: string): string {
  if (subresource === "scale") return "Scale";
  if (subresource === "eviction") return "Eviction";
  return subresource === "binding" ? "Binding" : kind;
}

function aggregated(named: readonly string[]): Answer {
  const items = named.map((group) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: versionsOf(group).map((version) => ({
      version,
      freshness: "Current",
      resources: KINDS.filter(({ resource }) => resource.group === group && resource.version === version).map(
        ({ resource, shortNames, subresources = [] }) => ({
          resource: resource.plural,
          responseKind: { group, version, kind: resource.kind },
          scope: resource.namespaced ? "Namespaced" : "Cluster",
          singularResource: resource.kind.toLowerCase(),
          verbs: VERBS,
          shortNames,
          ...(resource.plural === "pods" ? { categories: ["all"] } : {}),
          subresources: subresources.filter(Boolean).map((subresource) => ({
            subresource,
            responseKind: {
              group: subresource === "scale" ? "autoscaling" : group,
              version: subresource === "scale" ? "v1" : version,
              kind: kindOf(subresource, resource.kind),
            },
            verbs: ["get", "patch", "update"],
          })),
        }),
      ),
    })),
  }));
  return {
    status: 200,
    headers: { "content-type": AGGREGATED },
    body: { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items },
  };
}

function json(body: unknown): Answer {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}
