import type { Resource } from "../kube/resources.ts";
import { columns as captured, keyOf } from "./captured.ts";
import { cellOf } from "./cells.ts";
import type { StoredObject } from "./objects.ts";

export interface TableOptions {
  /** Of a watch only the first table has columns. */
  columns: boolean;
  /** `includeObject` of the query: how much of each object goes along with its row. */
  include: string | null;
}

/** Objects as a `meta.k8s.io/v1` Table, as `kubectl get` asks for. */
export function tableOf(resource: Resource, objects: readonly StoredObject[], { columns, include }: TableOptions) {
  const shown = captured()[keyOf(resource)] ?? [];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: objects[0]?.metadata.resourceVersion ?? "" },
    columnDefinitions: columns ? shown : [],
    rows: objects.map((object) => ({
      cells: shown.map(({ name }) => cellOf(resource.plural, name)?.(object) ?? null),
      object: carried(object, include),
    })),
  };
}

function carried(object: StoredObject, include: string | null): unknown {
  if (include === "None") return null;
  if (include === "Object") return object;
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}
