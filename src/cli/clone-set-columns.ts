import { timeMs } from "../api/kubernetes.ts";
import { age } from "./age.ts";
import type { CloneSetObject } from "./cluster.ts";
import type { Column } from "./output.ts";

/** The columns `kubectl get clonesets` has, for verbs that print the CloneSet itself. */
export function cloneSetColumns(nowMs: number): Column<CloneSetObject>[] {
  return [
    { title: "NAME", of: ({ metadata }) => metadata.name },
    { title: "DESIRED", of: ({ spec }) => spec?.replicas ?? 1 },
    { title: "UPDATED", of: ({ status }) => status?.updatedReplicas ?? 0 },
    { title: "UPDATED_READY", of: ({ status }) => status?.updatedReadyReplicas ?? 0 },
    { title: "UPDATED_AVAILABLE", of: ({ status }) => status?.updatedAvailableReplicas ?? 0 },
    { title: "READY", of: ({ status }) => status?.readyReplicas ?? 0 },
    { title: "TOTAL", of: ({ status }) => status?.replicas ?? 0 },
    { title: "AGE", of: ({ metadata }) => age(timeMs(metadata.creationTimestamp), nowMs) },
    {
      title: "CONTAINERS",
      of: (object) =>
        containers(object)
          .map(({ name }) => name)
          .join(","),
      wide: true,
    },
    {
      title: "IMAGES",
      of: (object) =>
        containers(object)
          .map(({ image }) => image)
          .join(","),
      wide: true,
    },
  ];
}

function containers({ spec }: CloneSetObject) {
  return spec?.template?.spec.containers ?? [];
}
