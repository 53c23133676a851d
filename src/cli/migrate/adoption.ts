import type { WireCloneSet } from "../../api/convert.ts";
import { featureDefaults } from "../../api/features.ts";
import type { KubeObject } from "../../kube/resources.ts";
import { preview } from "../../preview/preview.ts";
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
  const { end, message, steps } = preview(start, { features: featureDefaults, nowMs });
  if (end === "refused") return { refused: message, touched: [] };
  const touched = new Set(
    steps.flatMap(({ moves }) => moves.flatMap((move) => (move.kind === "adopt" ? [] : [move.pod]))),
  );
  return { refused: undefined, touched: pods.map(({ metadata }) => metadata.name).filter((name) => touched.has(name)) };
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
