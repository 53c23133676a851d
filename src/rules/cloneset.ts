import { NO_DEADLINE } from "../api/defaults.ts";
import type { Members } from "./json.ts";
import { listIn, members, numberIn, objectIn, textIn } from "./json.ts";
import { checkSelector, isEmptySelector, meetsSelector } from "./labels.ts";
import { checkOwnMetadata } from "./metadata.ts";
import { checkPodTemplate } from "./pod-template.ts";
import type { Findings } from "./problem.ts";
import { dnsLabel, qualifiedName } from "./syntax.ts";

/** Everything that can be said about a v1alpha1 CloneSet by itself, in wire form, with or without defaults. */
export function checkCloneSet(object: unknown, found: Findings): void {
  checkOwnMetadata(members(object)["metadata"], found);
  const spec = objectIn(object, "spec") ?? {};
  checkOwnSelector(spec, found);
  checkScale(spec, found);
  checkUpdateStrategy(spec, found);
  checkDeadline(spec, found);
  const claimNames = checkClaimTemplates(spec, found);
  if (spec["template"] === undefined || spec["template"] === null) found.add("template-required", "spec.template");
  else checkPodTemplate(spec["template"], "spec.template", found, claimNames);
}

function checkOwnSelector(spec: Members, found: Findings): void {
  const selector = objectIn(spec, "selector");
  if (!selector) {
    found.add("selector-required", "spec.selector");
    return;
  }
  if (isEmptySelector(selector)) {
    found.add("selector-empty", "spec.selector", selector);
    return;
  }
  checkSelector(selector, "spec.selector", found);
  const labels = objectIn(objectIn(spec["template"] ? spec : {}, "template"), "metadata");
  const given = objectIn(labels, "labels") ?? {};
  if (objectIn(spec, "template") && !meetsSelector(selector, given))
    found.add("template-labels-match", "spec.template.metadata.labels", given);
}

function checkScale(spec: Members, found: Findings): void {
  const scale = objectIn(spec, "scaleStrategy") ?? {};
  checkPodCount(scale["maxUnavailable"], "spec.scaleStrategy.maxUnavailable", found);
  const names = new Set<unknown>();
  for (const [i, name] of listIn(scale, "podsToDelete").entries()) {
    const at = `spec.scaleStrategy.podsToDelete[${i}]`;
    const plain = typeof name === "string" ? name.trim() : name;
    if (plain === "") found.add("pods-to-delete-empty", at, name);
    else if (names.has(plain)) found.add("pods-to-delete-twice", at, name);
    names.add(plain);
  }
}

function checkUpdateStrategy(spec: Members, found: Findings): void {
  const strategy = objectIn(spec, "updateStrategy") ?? {};
  const at = "spec.updateStrategy";
  for (const member of ["partition", "maxUnavailable", "maxSurge"])
    checkPodCount(strategy[member], `${at}.${member}`, found);
  const surges = !isZero(strategy["maxSurge"] ?? 0);
  if (surges && strategy["type"] === "InPlaceOnly")
    found.add("in-place-only-surge", `${at}.maxSurge`, strategy["maxSurge"]);
  if (!surges && isZero(strategy["maxUnavailable"]) && (numberIn(spec, "replicas") ?? 1) > 0)
    found.add("no-budget", `${at}.maxUnavailable`, strategy["maxUnavailable"]);
  checkPriority(strategy, at, found);
  const pairs = new Set<string>();
  for (const [i, term] of listIn(strategy, "scatterStrategy").entries()) {
    const { key, value } = members(term) as { key?: unknown; value?: unknown };
    checkLabelKey(key, "scatter-key", `${at}.scatterStrategy[${i}].key`, found);
    const pair = JSON.stringify([key, value]);
    if (pairs.has(pair)) found.add("scatter-twice", `${at}.scatterStrategy[${i}]`, { key, value });
    pairs.add(pair);
  }
}

function checkPriority(strategy: Members, at: string, found: Findings): void {
  const priority = objectIn(strategy, "priorityStrategy") ?? {};
  const here = `${at}.priorityStrategy`;
  const [weights, order] = [listIn(priority, "weightPriority"), listIn(priority, "orderPriority")];
  if (weights.length > 0 && order.length > 0) found.add("two-priorities", here);
  for (const [i, term] of weights.entries()) {
    const selector = members(term)["matchSelector"];
    const there = `${here}.weightPriority[${i}].matchSelector`;
    if (isEmptySelector(selector)) found.add("weight-selector-empty", there, selector);
    checkSelector(selector, there, found);
  }
  for (const [i, term] of order.entries())
    checkLabelKey(members(term)["orderedKey"], "ordered-key", `${here}.orderPriority[${i}].orderedKey`, found);
}

/** A key that no label can have would never match: only the empty one is refused, as it always was. */
function checkLabelKey(key: unknown, rule: "scatter-key" | "ordered-key", at: string, found: Findings): void {
  if (key === "") found.add(rule, at, key);
}

function checkDeadline(spec: Members, found: Findings): void {
  const deadline = numberIn(spec, "progressDeadlineSeconds");
  const minReadySeconds = numberIn(spec, "minReadySeconds") ?? 0;
  if (deadline === undefined || deadline === NO_DEADLINE || deadline > minReadySeconds) return;
  found.add("progress-deadline", "spec.progressDeadlineSeconds", deadline, { minReadySeconds });
}

/** Answers the names, which are those of volumes too. */
function checkClaimTemplates(spec: Members, found: Findings): string[] {
  const at = "spec.volumeClaimTemplates";
  const volumes = new Set(
    listIn(objectIn(objectIn(spec, "template"), "spec"), "volumes").map((volume) => members(volume)["name"]),
  );
  const names = new Set<string>();
  for (const [i, claim] of listIn(spec, "volumeClaimTemplates").entries()) {
    const here = `${at}[${i}].metadata.name`;
    const name = textIn(objectIn(claim, "metadata"), "name");
    if (name === undefined) {
      found.add("claim-name-required", here);
      continue;
    }
    const wanted = dnsLabel(name);
    if (wanted) found.add("claim-name", here, name, { wanted });
    if (names.has(name)) found.add("claim-name-twice", at, name);
    if (volumes.has(name)) found.add("claim-named-as-volume", at, name);
    names.add(name);
  }
  return [...names];
}

function checkPodCount(value: unknown, at: string, found: Findings): void {
  if (value === undefined || value === null) return;
  const isFine =
    typeof value === "string"
      ? /^\d+(\.\d+)?%$/.test(value)
      : typeof value === "number" && Number.isInteger(value) && value >= 0;
  if (!isFine) found.add("pod-count", at, value);
}

/** 0, "0%", "0.0%". */
function isZero(value: unknown): boolean {
  return value === 0 || (typeof value === "string" && /^0+(\.0+)?%$/.test(value));
}

/** Where a hook can never be met, because no pod can carry such a label or finalizer: said as a warning. */
export function deadHooks(object: unknown): { field: string; key: string }[] {
  const lifecycle = objectIn(objectIn(object, "spec"), "lifecycle") ?? {};
  return ["preDelete", "inPlaceUpdate", "preNormal"].flatMap((hook) => {
    const at = `spec.lifecycle.${hook}`;
    const labels = Object.keys(objectIn(objectIn(lifecycle, hook), "labelsHandler") ?? {});
    const finalizers = listIn(objectIn(lifecycle, hook), "finalizersHandler").filter(
      (name) => typeof name === "string",
    );
    return [
      ...labels.filter((key) => qualifiedName(key)).map((key) => ({ field: `${at}.labelsHandler`, key })),
      ...finalizers
        .filter((key) => qualifiedName(key) !== undefined || !key.includes("/"))
        .map((key) => ({ field: `${at}.finalizersHandler`, key })),
    ];
  });
}
