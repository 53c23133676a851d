/** Which objects does a list show, at which version, and how far does a page go? */
import { messageOf } from "../../kube/errors.ts";
import { apiVersionOf } from "../../kube/resources.ts";
import type { StoredObject } from "../objects.ts";
import { badRequest, expired, versionTooLarge } from "../refusal.ts";
import { checkListOptions } from "../write-options.ts";
import type { ApiRequest, Backend } from "./request.ts";
import type { Target } from "./target.ts";
import { shownBy } from "./target.ts";

/** Where the next page begins. */
interface Token {
  version: number;
  /** Namespace and name of the last object that was shown. */
  after: string;
}

export interface List {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: Pick<StoredObject, "apiVersion" | "kind" | "metadata">[];
}

export function list({ store }: Backend, target: Target, { headers, behindAt }: ApiRequest): List {
  const { kind, query } = target;
  checkListOptions(query);
  const collection = store.of(kind);
  const token = readToken(query.get("continue"));
  const version = versionAsked(query, token, { latest: store.version, behindAt });
  if (version < collection.compactedVersion) {
    throw expired(
      token
        ? "The provided continue parameter is too old to display a consistent list result."
        : "The resourceVersion for the provided list is too old.",
    );
  }
  const all = (version === store.version ? collection.all() : collection.at(version)).filter(shownBy(target));
  const from = token ? all.findIndex((object) => nameOf(object) > token.after) : 0;
  const rest = from < 0 ? [] : all.slice(from);
  const limit = Number(query.get("limit") ?? "0");
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const more = last !== undefined && items.length < rest.length;
  const isSelection = Boolean(query.get("labelSelector") || query.get("fieldSelector"));
  const metadataOnly = headers["accept"]?.includes("as=PartialObjectMetadataList") ?? false;
  const { resource } = kind;
  return {
    apiVersion: metadataOnly ? "meta.k8s.io/v1" : apiVersionOf(resource),
    kind: metadataOnly ? "PartialObjectMetadataList" : `${resource.kind}List`,
    metadata: {
      resourceVersion: String(version),
      ...(more ? { continue: tokenText({ version, after: nameOf(last) }) } : {}),
      // Of a selection nobody counts what is left.
      ...(more && !isSelection ? { remainingItemCount: rest.length - items.length } : {}),
    },
    items: metadataOnly
      ? items.map(({ metadata }) => ({ apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata }))
      : items,
  };
}

/** @throws {Refusal} if the version that was asked for has not been reached yet */
function versionAsked(
  query: URLSearchParams,
  token: Token | undefined,
  { latest, behindAt }: { latest: number; behindAt: number | undefined },
): number {
  const asked = query.get("resourceVersion");
  let version = latest;
  if (token) version = token.version;
  else if (asked !== null && asked !== "" && query.get("resourceVersionMatch") === "Exact") version = Number(asked);
  else if (asked !== null && asked !== "" && behindAt !== undefined) {
    // Answered from what this server has seen, which is enough unless more was asked for.
    if (Number(asked) > behindAt) throw versionTooLarge(Number(asked), behindAt);
    version = behindAt;
  }
  if (asked !== null && Number(asked) > latest) throw versionTooLarge(Number(asked), latest);
  return version;
}

function nameOf({ metadata: { namespace, name } }: StoredObject): string {
  return `${namespace ?? ""}/${name}`;
}

function tokenText(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function readToken(text: string | null): Token | undefined {
  if (!text) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString()) as Token;
  } catch (error) {
    throw badRequest(`invalid continue token: continue key is not valid: ${messageOf(error)}`);
  }
}
