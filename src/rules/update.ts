import { isDeepStrictEqual } from "node:util";
import type { Features } from "../api/features.ts";
import type { PodTemplate } from "../api/kubernetes.ts";
import type { InPlaceVerdict } from "../inplace/can-update.ts";
import { canUpdateInPlace } from "../inplace/can-update.ts";
import { listIn, members, objectIn } from "./json.ts";
import type { Findings } from "./problem.ts";

/** What may change in a CloneSet that exists: all but the selector, and with InPlaceOnly only images in the template. */
export function checkChange(before: unknown, after: unknown, features: Features, found: Findings): void {
  const [old, now] = [objectIn(before, "spec") ?? {}, objectIn(after, "spec") ?? {}];
  const selectors = [plainSelector(old["selector"]), plainSelector(now["selector"])];
  if (!isDeepStrictEqual(selectors[0], selectors[1])) found.add("selector-immutable", "spec.selector", now["selector"]);
  if (objectIn(now, "updateStrategy")?.["type"] !== "InPlaceOnly") return;
  const verdict = templateVerdict(before, after, features);
  // Metadata may change freely: where a pod cannot take it in place, a warning says so.
  if (verdict === undefined || verdict.possible || verdict.field.startsWith("spec.template.metadata")) return;
  found.add("in-place-only-change", verdict.field, undefined, { why: verdict.why });
}

/** Whether pods can go from the old template to the new one in place; undefined if one of the two is no template. */
export function templateVerdict(before: unknown, after: unknown, features: Features): InPlaceVerdict | undefined {
  const [a, b] = [templateIn(before), templateIn(after)];
  if (a === undefined || b === undefined) return undefined;
  return canUpdateInPlace(
    { template: a },
    { template: b },
    { resize: features.InPlaceWorkloadVerticalScaling, recreateOnClaimChange: false },
  );
}

/** `spec.template`, if it has the form of one. */
export function templateIn(cloneSet: unknown): PodTemplate | undefined {
  const template = objectIn(objectIn(cloneSet, "spec"), "template");
  const containers = listIn(objectIn(template, "spec"), "containers");
  if (template === undefined || containers.length === 0) return undefined;
  const all = [...containers, ...listIn(objectIn(template, "spec"), "initContainers")];
  const isWhole = all.every((container) => typeof members(container)["name"] === "string");
  return isWhole ? (template as unknown as PodTemplate) : undefined;
}

function plainSelector(selector: unknown): unknown {
  return {
    labels: objectIn(selector, "matchLabels") ?? {},
    expressions: listIn(selector, "matchExpressions").map((expression) => ({
      key: members(expression)["key"],
      operator: members(expression)["operator"],
      values: listIn(expression, "values"),
    })),
  };
}
