import { isDeepStrictEqual } from "node:util";
import type { PodTemplate, TemplateContainer } from "../../api/kubernetes.ts";
import { alignedForms } from "../../revision/equal.ts";
import { imageChange } from "../image-change.ts";

/**
 * What changed between two templates, in a few words: "nginx 1.25.3 -> 1.27.0, env of sidecar, labels". "" = nothing
 * that means anything.
 */
export function templateChange(from: PodTemplate, to: PodTemplate): string {
  const { a, b } = alignedForms(from, to);
  return [...containerChanges(a, b), ...otherChanges(a, b)].join(", ");
}

function containerChanges(from: PodTemplate, to: PodTemplate): string[] {
  const before = new Map(all(from).map((container) => [container.name, container]));
  const after = new Map(all(to).map((container) => [container.name, container]));
  const removed = [...before.keys()].filter((name) => !after.has(name)).map((name) => `container ${name} removed`);
  const changed = [...after].flatMap(([name, container]) => {
    const old = before.get(name);
    return old === undefined ? [`container ${name} added`] : fieldsOf(old, container);
  });
  return [...changed, ...removed];
}

function all({ spec }: PodTemplate): TemplateContainer[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
}

function fieldsOf(before: TemplateContainer, after: TemplateContainer): string[] {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => !isDeepStrictEqual(before[field], after[field]),
  );
  return changed.map((field) =>
    field === "image" ? imageChange(before.image ?? "", after.image ?? "") : `${field} of ${after.name}`,
  );
}

function otherChanges(from: PodTemplate, to: PodTemplate): string[] {
  const meta = (["labels", "annotations"] as const).filter(
    (field) => !isDeepStrictEqual(from.metadata?.[field] ?? {}, to.metadata?.[field] ?? {}),
  );
  const spec = [...new Set([...Object.keys(from.spec), ...Object.keys(to.spec)])].filter(
    (field) =>
      field !== "containers" && field !== "initContainers" && !isDeepStrictEqual(from.spec[field], to.spec[field]),
  );
  return [...meta, ...spec];
}
