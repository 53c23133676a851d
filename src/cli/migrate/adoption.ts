import type { WireCloneSet } from "../../api/convert.ts";
import { featureDefaults } from "../../api/features.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { fates, preview } from "../../preview/preview.ts";
import type { CloneSetObject } from "../cluster.ts";

/** What becomes of pods that nobody owns when a new CloneSet finds them. By the controller's own plan. */
export interface Adoption {
  /** Why the controller would not look after the CloneSet at all. */
  refused: string | undefined;
  /** The pods that it would replace, remove or restart instead of taking them as they are. */
  touched: string[];
}

export function adoption(cloneSet: CloneSetObject, pods: readonly KubeObject[], nowMs: number): Adoption {
  const start = { cloneSet, pods: pods.map(withoutOwner), claims: [], revisions: [] };
  const told = preview(start, { features: featureDefaults, nowMs });
  if (told.end === "refused") return { refused: told.message, touched: [] };
  const touched = [...fates(told, start)].filter(([, { kind }]) => kind !== "kept").map(([name]) => name);
  return { refused: undefined, touched };
}

/** The same with every pod held at what it is. */
export function held<T extends WireCloneSet>(cloneSet: T): T {
  const { spec } = cloneSet;
  return { ...cloneSet, spec: { ...spec, updateStrategy: { ...spec?.updateStrategy, partition: "100%" } } };
}

function withoutOwner(pod: KubeObject): KubeObject {
  const { ownerReferences: _gone, ...metadata } = pod.metadata;
  return { ...pod, metadata };
}
