#!/usr/bin/env node
/**
 * `npm run capture`: takes from the API server that KUBECONFIG names what the sandbox says about its kinds (discovery, schemas,
 * columns of tables), cut down to the kinds it serves, and writes it to `captured/`. The CRD must be applied there. The numbers of
 * fields come from the Go modules of the test cluster, so that must be the version of the server.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { realClock } from "../kube/clock.ts";
import { messageOf } from "../kube/errors.ts";
import type { Resource } from "../kube/resources.ts";
import { apiVersionOf, resourcePath } from "../kube/resources.ts";
import { openSession } from "../kube/session.ts";
import type { Transport } from "../kube/transport.ts";
import { HttpTransport } from "../kube/transport.ts";
import { fieldNumbers } from "./capture-numbers.ts";
import type { Column, DiscoveredResource, Schema } from "./captured.ts";
import { CAPTURED, keyOf, reachableFrom, SCHEMA_REF } from "./captured.ts";
import { KINDS } from "./kinds.ts";

const DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

interface GroupDiscovery {
  metadata: { name?: string };
  versions: { version: string; resources: DiscoveredResource[] }[];
}

interface OpenApi {
  paths: Record<string, { get?: { responses: Record<string, { content: Record<string, { schema: Schema }> }> } }>;
  components: { schemas: Record<string, Schema> };
}

/** The text of every file, by name. */
export async function capture(transport: Transport): Promise<Map<string, string>> {
  const get = async (path: string, accept = "application/json"): Promise<unknown> => {
    const signal = AbortSignal.timeout(30_000);
    const { status, body } = await transport.request({
      method: "GET",
      path,
      headers: { accept },
      signal,
      lane: "bulk",
    });
    if (status !== 200) throw new Error(`GET ${path}: want 200, found ${status}: ${JSON.stringify(body)}`);
    return body;
  };
  const served = KINDS.map(({ resource }) => resource);
  const columns: Record<string, Column[]> = {};
  for (const resource of served) {
    const { columnDefinitions } = (await get(resourcePath(resource), TABLE)) as { columnDefinitions: Column[] };
    columns[keyOf(resource)] = columnDefinitions;
  }
  const groups: GroupDiscovery[] = [];
  for (const root of ["/api", "/apis"])
    groups.push(...((await get(root, DISCOVERY)) as { items: GroupDiscovery[] }).items);
  const builtIn = served.filter(({ group }) => !isCustom(group));
  const documents = new Map<string, OpenApi>();
  for (const version of new Set(builtIn.map(rootOf)))
    documents.set(version, (await get(`/openapi/v3/${version}`)) as OpenApi);
  const schemas = schemasOf(documents, builtIn);
  return new Map([
    [CAPTURED.discovery, oneLineEach(discoveredOf(groups, served))],
    [CAPTURED.schemas, oneLineEach(schemas)],
    [CAPTURED.columns, oneLineEach(columns)],
    [CAPTURED.numbers, oneLineEach(await fieldNumbers(Object.keys(schemas)))],
  ]);
}

/** What custom kinds say is made from their definitions, not taken from here. */
function isCustom(group: string): boolean {
  return group.includes(".") && !group.endsWith(".k8s.io");
}

function rootOf(resource: Resource): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}

function discoveredOf(groups: GroupDiscovery[], served: readonly Resource[]): Record<string, DiscoveredResource> {
  const found: Record<string, DiscoveredResource> = {};
  for (const { metadata, versions } of groups) {
    for (const { version, resources } of versions) {
      for (const discovered of resources) {
        const key = keyOf({ group: metadata.name ?? "", version, plural: discovered.resource });
        if (served.some((resource) => keyOf(resource) === key)) found[key] = discovered;
      }
    }
  }
  const missing = served.find((resource) => found[keyOf(resource)] === undefined);
  if (missing) throw new Error(`Cannot capture ${keyOf(missing)}: the server does not serve it`);
  return found;
}

function schemasOf(documents: Map<string, OpenApi>, served: readonly Resource[]): Record<string, Schema> {
  const all: Record<string, Schema> = {};
  const roots: string[] = [];
  for (const resource of served) {
    const document = documents.get(rootOf(resource));
    Object.assign(all, document?.components.schemas);
    const content = document?.paths[resourcePath(resource)]?.get?.responses["200"]?.content;
    const root = content?.["application/json"]?.schema.$ref?.slice(SCHEMA_REF.length);
    if (root === undefined) throw new Error(`Cannot capture ${keyOf(resource)}: no schema of its list is known`);
    roots.push(root);
  }
  // Scale is what the subresource answers with, whatever the kind.
  roots.push("io.k8s.api.autoscaling.v1.Scale", "io.k8s.apimachinery.pkg.apis.meta.v1.Status");
  // What is sent beside the kinds.
  roots.push("io.k8s.api.policy.v1.Eviction", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  return reachableFrom(roots, { ...all, ...documents.get("api/v1")?.components.schemas });
}

/** One member of the map on each line, by name: small, and a difference can be read. */
function oneLineEach(map: Record<string, unknown>): string {
  const lines = Object.entries(map)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value, sortedMembers)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** Servers send the members of some maps in any order. */
function sortedMembers(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

if (import.meta.main) {
  try {
    const transport = new HttpTransport({ session: await openSession({ clock: realClock }), clock: realClock });
    const files = await capture(transport);
    await transport.close();
    await mkdir(CAPTURED.folder, { recursive: true });
    for (const [name, text] of files) {
      await writeFile(new URL(name, CAPTURED.folder), text);
      console.log(`${name}: ${text.length} characters`);
    }
  } catch (error) {
    console.error(`capture: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
