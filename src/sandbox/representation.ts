/** The same answer as a client wants to see it: whole objects, tables for `kubectl get`, or metadata alone. */

import type { Resource } from "../kube/resources.ts";
import { apiVersionOf } from "../kube/resources.ts";
import { KINDS } from "./kinds.ts";
import type { JsonMap, StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import type { WatchEvent } from "./requests/watch.ts";
import { tableOf } from "./tables.ts";

/** `include` is `includeObject` of the query. */
export function represented(body: unknown, accept: string, include: string | null): unknown {
  if (!isMap(body)) return body;
  const { items, metadata } = body;
  const resource = resourceOf(body);
  if (resource === undefined) return body;
  if (accept.includes("as=Table")) {
    const objects = (Array.isArray(items) ? items : [body]) as StoredObject[];
    return { ...tableOf(resource, objects, { columns: true, include }), ...(Array.isArray(items) ? { metadata } : {}) };
  }
  return accept.includes("as=PartialObjectMetadata;") ? metadataOf(body as unknown as StoredObject) : body;
}

/** The same for one watch after the other: only its first table has columns. */
export function representedEvent(accept: string, include: string | null): (event: WatchEvent) => WatchEvent {
  const asTable = accept.includes("as=Table");
  const asMetadata = accept.includes("as=PartialObjectMetadata");
  let columns = true;
  return (event) => {
    if (event.type === "ERROR" || event.type === "BOOKMARK" || !isMap(event.object)) return event;
    const object = event.object as unknown as StoredObject;
    const resource = resourceOf(event.object);
    if (asTable && resource) {
      const table = tableOf(resource, [object], { columns, include });
      columns = false;
      return { ...event, object: table };
    }
    return asMetadata ? { ...event, object: metadataOf(object) } : event;
  };
}

function metadataOf({ metadata }: StoredObject) {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

/** Of an object or of a list; undefined of anything else, such as a Status. */
function resourceOf({ apiVersion, kind, items }: JsonMap): Resource | undefined {
  const wanted = Array.isArray(items) ? String(kind).replace(/List$/, "") : kind;
  return KINDS.map(({ resource }) => resource).find(
    (resource) => resource.kind === wanted && apiVersionOf(resource) === apiVersion,
  );
}
