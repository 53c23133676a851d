/**
 * OpenAPI v3, as far as kubectl reads it: `explain` wants schemas and the kind behind each path, `apply` and `create` want to
 * know which parameters and patches a kind takes. Everything else about paths is left out.
 */

import { createHash } from "node:crypto";
import type { Resource } from "../kube/resources.ts";
import { resourcePath } from "../kube/resources.ts";
import type { Answer } from "../kube/transport.ts";
import type { DiscoveredResource, Schema } from "./captured.ts";
import { SCHEMA_REF } from "./captured.ts";
import { rootOf, servedResources } from "./discovery.ts";
import type { Kind } from "./kind-rules.ts";
import { KINDS } from "./kinds.ts";
import { schemaName, schemasOf } from "./schemas.ts";

const PATCHES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];
const WRITE_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation"];

const texts = new Map<string, string>();

/**
 * OpenAPI v2 as a message of protobuf that says its version and a title, and defines nothing. kubectl checks a List by it on its
 * own side; a kind that is not in it is not checked there.
 */
const V2: Answer = {
  status: 200,
  headers: { "content-type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" },
  body: "\x0a\x032.0\x12\x13\x0a\x0aKubernetes\x12\x05v1.36",
};

/** The answer to a path below /openapi; undefined if nothing is there. */
export function openApi(path: string): Answer | undefined {
  if (path === "/openapi/v2") return V2;
  if (path === "/openapi/v3") return json(JSON.stringify({ paths: Object.fromEntries(roots().map(locationOf)) }));
  const root = path.slice("/openapi/v3/".length);
  return path.startsWith("/openapi/v3/") && roots().includes(root) ? json(documentOf(root)) : undefined;
}

function roots(): string[] {
  return [...new Set(KINDS.map(({ resource }) => rootOf(resource)))];
}

/** The hash changes with the document: clients keep what they have read by this URL. */
function locationOf(root: string): [string, { serverRelativeURL: string }] {
  const hash = createHash("sha512").update(documentOf(root)).digest("hex").toUpperCase();
  return [root, { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` }];
}

function documentOf(root: string): string {
  let text = texts.get(root);
  if (text === undefined) {
    text = JSON.stringify(build(root));
    texts.set(root, text);
  }
  return text;
}

function build(root: string) {
  const kinds = KINDS.filter(({ resource }) => rootOf(resource) === root);
  const subresources = servedResources(kinds).flatMap((served) => served.subresources ?? []);
  const answered = subresources.map(({ responseKind }) => responseKind);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "1.36" },
    paths: Object.assign({}, ...kinds.map(pathsOf)) as Record<string, unknown>,
    components: { schemas: schemasOf([...kinds.map(({ resource }) => resource), ...answered]) },
  };
}

function pathsOf(kind: Kind): Record<string, unknown> {
  const { resource } = kind;
  const [served] = servedResources([kind]);
  if (served === undefined) return {};
  const where = resource.namespaced ? { namespace: "{namespace}" } : {};
  const pathOf = (name?: string, subresource?: string) =>
    decodeURIComponent(resourcePath(resource, { ...where, name, subresource }));
  return {
    ...(resource.namespaced ? { [resourcePath(resource)]: { get: operation("list", resource) } } : {}),
    [pathOf()]: {
      get: operation("list", resource),
      post: { ...operation("post", resource), parameters: parameters(WRITE_PARAMETERS) },
    },
    [pathOf("{name}")]: changes(kind, resource, served.verbs),
    ...Object.fromEntries(
      (served.subresources ?? []).map(({ subresource, responseKind, verbs }) => [
        pathOf("{name}", subresource),
        changes(kind, responseKind, verbs),
      ]),
    ),
  };
}

function changes(
  kind: Kind,
  about: DiscoveredResource["responseKind"],
  verbs: readonly string[],
): Record<string, unknown> {
  const types = kind.isCustom ? PATCHES.filter((type) => !type.includes("strategic")) : PATCHES;
  const all = {
    get: operation("get", about),
    put: { ...operation("put", about), parameters: parameters(WRITE_PARAMETERS) },
    post: { ...operation("post", about), parameters: parameters(WRITE_PARAMETERS) },
    patch: {
      ...operation("patch", about),
      parameters: parameters([...WRITE_PARAMETERS, "force"]),
      requestBody: { content: Object.fromEntries(types.map((type) => [type, {}])), required: true },
    },
    delete: { ...operation("delete", about), parameters: parameters(["dryRun"]) },
  };
  const verbOf = { get: "get", put: "update", post: "create", patch: "patch", delete: "delete" };
  const isSubresource = about !== kind.resource;
  return Object.fromEntries(
    Object.entries(all).filter(
      ([method]) => verbs.includes(verbOf[method as keyof typeof verbOf]) && (isSubresource || method !== "post"),
    ),
  );
}

function operation(action: string, { group, version, kind }: DiscoveredResource["responseKind"] | Resource) {
  const name = schemaName({ group, version, kind: action === "list" ? `${kind}List` : kind });
  const schema: Schema | undefined = name === undefined ? undefined : { $ref: `${SCHEMA_REF}${name}` };
  return {
    ...(schema ? { responses: { "200": { description: "OK", content: { "application/json": { schema } } } } } : {}),
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
  };
}

function parameters(names: readonly string[]) {
  return names.map((name) => ({ name, in: "query", schema: { type: name === "force" ? "boolean" : "string" } }));
}

function json(body: string): Answer {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}
