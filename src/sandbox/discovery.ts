/** What the server can do, as clients ask for it: made from what was captured, cut down to the kinds that are served. */

import type { Resource } from "../kube/resources.ts";
import { apiVersionOf } from "../kube/resources.ts";
import type { Answer } from "../kube/transport.ts";
import type { DiscoveredResource } from "./captured.ts";
import { discovered, keyOf } from "./captured.ts";
import type { Kind, Subresource } from "./kind-rules.ts";
import { KINDS } from "./kinds.ts";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** The answer to a path of discovery; undefined if the path asks for something else. */
export function discovery(path: string, accept: string): Answer | undefined {
  const parts = path.split("/").filter(Boolean);
  const [root, group = "", version = ""] = parts[0] === "api" ? ["api", "", parts[1]] : parts;
  if (path === "/version") return json(VERSION);
  if (path === "/healthz" || path === "/readyz" || path === "/livez")
    return { status: 200, headers: { "content-type": "text/plain" }, body: "ok" };
  if (root !== "api" && root !== "apis") return undefined;
  const named = groups().filter((name) => name !== "");
  if (parts.length === 1) {
    if (accept.includes("as=APIGroupDiscoveryList")) return aggregated(root === "api" ? [""] : named);
    if (root === "api") return json({ kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] });
    return json({ kind: "APIGroupList", apiVersion: "v1", groups: named.map(groupOf) });
  }
  if (root === "apis" && parts.length === 2)
    return named.includes(group) ? json({ kind: "APIGroup", apiVersion: "v1", ...groupOf(group) }) : undefined;
  if (parts.length !== (root === "api" ? 2 : 3)) return undefined;
  const resources = resourcesAt(group, version);
  if (resources.length === 0) return undefined;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  return json({
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: resources.flatMap((resource) => listed(resource, { group, version })),
  });
}

export const GIT_VERSION = "v1.36.0-sandbox";
const VERSION = { major: "1", minor: "36", gitVersion: GIT_VERSION, platform: "node" };

/** "api/v1", "apis/apps/v1": where the kinds of a group and version live. */
export function rootOf(resource: Pick<Resource, "group" | "version">): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${apiVersionOf(resource as Resource)}`;
}

/** What is said about these kinds, without the subresources that the sandbox does not have. */
export function servedResources(kinds: readonly Kind[]): DiscoveredResource[] {
  return kinds.map(({ resource, subresources: has = [] }) => {
    const found = discovered()[keyOf(resource)];
    if (found === undefined)
      throw new Error(`Cannot describe ${keyOf(resource)}: it was not captured; run npm run capture`);
    const { subresources = [], ...rest } = found;
    const kept = subresources.filter(({ subresource }) => has.includes(subresource as Subresource));
    return { ...rest, ...(kept.length > 0 ? { subresources: kept } : {}) };
  });
}

function resourcesAt(group: string, version: string): DiscoveredResource[] {
  return servedResources(KINDS.filter(({ resource }) => resource.group === group && resource.version === version)).sort(
    (a, b) => (a.resource < b.resource ? -1 : 1),
  );
}

function groups(): string[] {
  return [...new Set(KINDS.map(({ resource }) => resource.group))];
}

function versionsOf(group: string): string[] {
  return [...new Set(KINDS.filter(({ resource }) => resource.group === group).map(({ resource }) => resource.version))];
}

function groupOf(group: string) {
  const versions = versionsOf(group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

/** A resource and its subresources in the older form. */
function listed(found: DiscoveredResource, at: { group: string; version: string }): unknown[] {
  const { resource, singularResource, scope, verbs, shortNames, categories, responseKind, subresources = [] } = found;
  const namespaced = scope === "Namespaced";
  const entry = { name: resource, singularName: singularResource, namespaced, kind: responseKind.kind, verbs };
  return [
    { ...entry, ...(shortNames ? { shortNames } : {}), ...(categories ? { categories } : {}) },
    ...subresources.map(({ subresource, responseKind: { group, version, kind }, verbs: may }) => ({
      name: `${resource}/${subresource}`,
      singularName: "",
      namespaced,
      // Said only where it differs from that of the list.
      ...(group === at.group && version === at.version ? {} : { group, version }),
      kind,
      verbs: may,
    })),
  ];
}

function aggregated(named: readonly string[]): Answer {
  const items = named.map((group) => ({
    metadata: { ...(group === "" ? {} : { name: group }), creationTimestamp: null },
    versions: versionsOf(group).map((version) => ({
      version,
      resources: resourcesAt(group, version),
      freshness: "Current",
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
