/** What does the server read in what was sent? */
import type { ObjectMeta } from "../../kube/resources.ts";
import { tellUnknown } from "../content.ts";
import type { Kind } from "../kind-rules.ts";
import type { JsonMap } from "../objects.ts";
import { isMap, withoutNulls } from "../objects.ts";
import type { Backend, Call } from "./request.ts";
import type { Target } from "./target.ts";

/**
 * Typed kinds forget what is null; a schema says for itself which nulls it keeps. The data of a revision is raw, and kept
 * as it is.
 */
export function cleaned<T>({ contents }: Backend, kind: Kind, body: T): T {
  if (kind.isCustom && contents.has(kind.resource.plural)) return body;
  const clean = withoutNulls(body);
  return isMap(clean) && isMap(body) && "data" in body ? { ...clean, data: body["data"] } : clean;
}

/** What was sent, without what nobody knows and with defaults. */
export function decoded({ contents }: Backend, { kind, query }: Target, sent: JsonMap, { warnings }: Call): JsonMap {
  const content = contents.get(kind.resource.plural);
  if (content === undefined) return sent;
  const { object, unknown } = content.decode(sent);
  const { kind: name, version } = kind.resource;
  tellUnknown(unknown, {
    asked: query.get("fieldValidation"),
    warn: (text) => warnings.push(text),
    what: `${name} in version "${version}" cannot be handled as a ${name}`,
  });
  return object;
}

/** Metadata whose empty lists and maps are not there. */
export function withoutBare({
  labels,
  annotations,
  finalizers,
  ownerReferences,
  ...rest
}: JsonMap): Partial<ObjectMeta> {
  const kept = Object.entries({ labels, annotations, finalizers, ownerReferences }).filter(
    ([, value]) => typeof value === "object" && value !== null && Object.keys(value).length > 0,
  );
  return { ...rest, ...Object.fromEntries(kept) };
}
