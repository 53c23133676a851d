/** Server-side apply: the fields of the configuration go into the object, or make it. */
import { apiVersionOf } from "../../kube/resources.ts";
import { ownedAfterApply } from "../fields/ownership.ts";
import type { JsonMap, StoredObject } from "../objects.ts";
import { isMap } from "../objects.ts";
import { badRequest, misnamed, notFound, Refusal } from "../refusal.ts";
import { create } from "./create.ts";
import { writingOf } from "./owners.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";
import { update } from "./update.ts";

const APPLY = "application/apply-patch+yaml";

export function isApply({ method, headers }: Call): boolean {
  return method === "PATCH" && (headers["content-type"]?.startsWith(APPLY) ?? false);
}

export function apply(backend: Backend, target: Target, call: Call): StoredObject {
  const { kind, namespace, name, subresource, query } = target;
  const { body: config } = call;
  if (!backend.tracksOwners)
    throw new Refusal(415, "UnsupportedMediaType", "server-side apply is off: nobody tracks owners");
  const [apiVersion, kindName] = isMap(config) ? [config["apiVersion"], config["kind"]] : [];
  if (!isMap(config) || apiVersion !== apiVersionOf(kind.resource) || kindName !== kind.resource.kind)
    throw badRequest(`invalid object type: ${typeNameOf(apiVersion, kindName)}`);
  const meta: JsonMap = isMap(config["metadata"]) ? config["metadata"] : {};
  if (meta["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
  if (meta["name"] !== undefined && meta["name"] !== name) throw misnamed(meta["name"], name);
  const old = backend.store.of(kind).get(namespace, name);
  if (old === undefined && subresource !== "") throw notFound(kind.resource, name);
  const writing = { ...writingOf(backend, target, call), force: query.get("force") === "true" };
  const object = ownedAfterApply(config, old, writing);
  if (old !== undefined) return update(backend, target, { ...call, isApplied: true }, object, old);
  call.isCreation = true;
  const named = { ...object, metadata: { ...object.metadata, name } };
  return create(backend, target, { ...call, isApplied: true, body: named });
}

/** "/v1, Kind=Pod", "apps/v1, Kind=Deployment". */
function typeNameOf(apiVersion: unknown = "", kind: unknown = ""): string {
  const version = String(apiVersion);
  return `${version.includes("/") ? version : `/${version}`}, Kind=${String(kind)}`;
}
