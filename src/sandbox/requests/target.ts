/** What does a path speak of? */
import { apiVersionOf, PODS } from "../../kube/resources.ts";
import type { Kind, Subresource } from "../kind-rules.ts";
import { KINDS } from "../kinds.ts";
import type { StoredObject } from "../objects.ts";
import { notFound, Refusal } from "../refusal.ts";
import type { Filter } from "../selectors.ts";
import { filterOf } from "../selectors.ts";
import type { Store } from "../store.ts";

export interface Target {
  kind: Kind;
  /** "" = all of them, or the kind has none. */
  namespace: string;
  /** "" = all objects of the kind. */
  name: string;
  subresource: Subresource;
  query: URLSearchParams;
}

const SUBRESOURCES: ReadonlySet<string> = new Set([
  "status",
  "scale",
  "resize",
  "eviction",
  "binding",
  "finalize",
  "log",
]);
/** Of pods: each needs a container that runs. */
const INTO_CONTAINERS: ReadonlySet<string> = new Set(["exec", "attach", "portforward", "proxy", "ephemeralcontainers"]);

const byPath: ReadonlyMap<string, Kind> = new Map(
  KINDS.map((kind) => [`${apiVersionOf(kind.resource)}/${kind.resource.plural}`, kind]),
);

/** @throws {Refusal} if nothing is served there, and nothing can be */
export function targetOf(path: string): Target {
  const [where = "", search = ""] = path.split("?");
  const parts = where.split("/").filter(Boolean).map(decodeURIComponent);
  const isCore = parts.shift() === "api";
  const group = isCore ? "" : `${parts.shift()}/`;
  const groupVersion = `${group}${parts.shift()}`;
  let namespace = "";
  // A namespace has subresources of its own.
  const isWithin = parts.length > 2 && parts[2] !== "status" && parts[2] !== "finalize";
  if (parts[0] === "namespaces" && isWithin) [, namespace = ""] = parts.splice(0, 2);
  const [plural = "", name = "", subresource = ""] = parts;
  const kind = byPath.get(`${groupVersion}/${plural}`);
  if (kind?.resource === PODS && INTO_CONTAINERS.has(subresource)) throw notSimulated(subresource);
  const isKnown =
    subresource === "" || (SUBRESOURCES.has(subresource) && kind?.subresources?.includes(subresource as Subresource));
  if (kind === undefined || !isKnown)
    throw new Refusal(404, "NotFound", "the server could not find the requested resource", {});
  return { kind, namespace, name, subresource: subresource as Subresource, query: new URLSearchParams(search) };
}

function notSimulated(subresource: string): Refusal {
  const why = "the sandbox simulates containers: none runs that could answer";
  return new Refusal(501, "", `pods/${subresource}: ${why}; look at pods with get, describe, events and logs`);
}

/** @throws {Refusal} if there is no such object */
export function found(store: Store, { kind, namespace, name }: Target): StoredObject {
  const object = store.of(kind).get(namespace, name);
  if (object === undefined) throw notFound(kind.resource, name);
  return object;
}

/** Which objects a list or a watch of the target shows. */
export function shownBy({ kind, namespace, name, query }: Target): Filter {
  const fields = [query.get("fieldSelector"), name && `metadata.name=${name}`].filter(Boolean).join(",");
  const isSelected = filterOf(query.get("labelSelector"), fields, kind.resource.plural);
  return namespace === "" ? isSelected : (object) => object.metadata.namespace === namespace && isSelected(object);
}

export function isDryRun({ query }: Target): boolean {
  return query.get("dryRun") === "All";
}
