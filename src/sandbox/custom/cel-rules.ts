/**
 * The CEL rules of CloneSets, as functions. CEL itself is not interpreted: each rule text of crds/cloneset.yaml has its
 * function here, by text, so that a rule which is edited there and not here is noticed at once.
 *
 * A function may count on what the schema has checked and defaulted before.
 */
import type { JsonMap } from "../objects.ts";
import { isMap, isSame } from "../objects.ts";

export type Holds = (self: unknown, oldSelf: unknown) => boolean;

interface CelRule {
  holds: Holds;
  /** As in the definition, in one line. */
  text: string;
}

const NO_DEADLINE = 2147483647;
const INT32_MAX = 2147483647;

const RULES: readonly CelRule[] = [
  {
    holds: labelsCarryMatchLabels,
    text: "!has(self.selector.matchLabels) || self.selector.matchLabels.all(k, k in self.template.metadata.labels && self.template.metadata.labels[k] == self.selector.matchLabels[k])",
  },
  {
    holds: labelsMeetMatchExpressions,
    text: "!has(self.selector.matchExpressions) || self.selector.matchExpressions.all(e, e.operator == 'Exists' ? e.key in self.template.metadata.labels : e.operator == 'DoesNotExist' ? !(e.key in self.template.metadata.labels) : (e.operator == 'In') == (has(e.values) && e.key in self.template.metadata.labels && self.template.metadata.labels[e.key] in e.values))",
  },
  {
    holds: somePodMayBeUpdated,
    text: "self.replicas == 0 || !(type(self.updateStrategy.maxUnavailable) == string ? self.updateStrategy.maxUnavailable.matches('^0+([.]0+)?%$') : self.updateStrategy.maxUnavailable == 0) || !(type(self.updateStrategy.maxSurge) == string ? self.updateStrategy.maxSurge.matches('^0+([.]0+)?%$') : self.updateStrategy.maxSurge == 0)",
  },
  {
    holds: deadlineIsAfterMinReady,
    text: "!has(self.progressDeadlineSeconds) || self.progressDeadlineSeconds == 2147483647 || self.progressDeadlineSeconds > self.?minReadySeconds.orValue(0)",
  },
  {
    holds: noClaimIsNamedAsVolume,
    text: "!has(self.volumeClaimTemplates) || !has(self.template.spec.volumes) || self.volumeClaimTemplates.all(c, !self.template.spec.volumes.exists(v, v.name == c.metadata.name))",
  },
  {
    holds: isPodCount,
    text: "type(self) == string ? self.matches('^[0-9]+([.][0-9]+)?%$') : (self >= 0 && self <= 2147483647)",
  },
  { holds: isNotBlank, text: "self.trim() != ''" },
  { holds: isUnchanged, text: "self == oldSelf" },
  {
    holds: isSelectorWithTerms,
    text: "size(self.?matchLabels.orValue({})) > 0 || size(self.?matchExpressions.orValue([])) > 0",
  },
  {
    holds: valuesFitOperator,
    text: "self.operator in ['In', 'NotIn'] ? size(self.?values.orValue([])) > 0 : size(self.?values.orValue([])) == 0",
  },
  { holds: isNeverSet, text: "false" },
  { holds: isEmpty, text: "size(self) == 0" },
  { holds: restartsAlways, text: "self in ['Always', '']" },
  {
    holds: inPlaceOnlyDoesNotSurge,
    text: "!has(self.type) || self.type != 'InPlaceOnly' || !has(self.maxSurge) || (type(self.maxSurge) == string ? self.maxSurge.matches('^0+([.]0+)?%$') : self.maxSurge == 0)",
  },
  {
    holds: hasOnePriority,
    text: "size(self.?weightPriority.orValue([])) == 0 || size(self.?orderPriority.orValue([])) == 0",
  },
  { holds: isNotEmptyText, text: "self != ''" },
  { holds: claimNamesDiffer, text: "self.all(a, self.exists_one(b, b.metadata.name == a.metadata.name))" },
  { holds: isLabelOfDns, text: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')" },
];

const BY_TEXT = new Map(RULES.map(({ text, holds }) => [text, holds]));

/**
 * The function of a rule.
 *
 * @throws if there is none
 */
export function ruleOf(text: string): Holds {
  const holds = BY_TEXT.get(text.trim().replaceAll(/\s+/g, " "));
  if (holds === undefined) throw new Error(`Cannot check a CEL rule: want a function for it, found none: ${text}`);
  return holds;
}

function labelsCarryMatchLabels(self: unknown): boolean {
  const labels = at(self, "template", "metadata", "labels");
  return Object.entries(mapAt(self, "selector", "matchLabels")).every(([key, value]) => at(labels, key) === value);
}

function labelsMeetMatchExpressions(self: unknown): boolean {
  const labels = mapAt(self, "template", "metadata", "labels");
  return listAt(self, "selector", "matchExpressions").every((expression) => {
    const key = String(at(expression, "key"));
    const operator = at(expression, "operator");
    if (operator === "Exists") return key in labels;
    if (operator === "DoesNotExist") return !(key in labels);
    const isListed = key in labels && listAt(expression, "values").includes(labels[key]);
    return (operator === "In") === isListed;
  });
}

function somePodMayBeUpdated(self: unknown): boolean {
  const strategy = at(self, "updateStrategy");
  const isStuck = isZero(at(strategy, "maxUnavailable")) && isZero(at(strategy, "maxSurge"));
  return at(self, "replicas") === 0 || !isStuck;
}

function deadlineIsAfterMinReady(self: unknown): boolean {
  const deadline = at(self, "progressDeadlineSeconds");
  if (deadline === undefined || deadline === NO_DEADLINE) return true;
  return Number(deadline) > Number(at(self, "minReadySeconds") ?? 0);
}

function noClaimIsNamedAsVolume(self: unknown): boolean {
  const volumes = new Set(listAt(self, "template", "spec", "volumes").map((volume) => at(volume, "name")));
  return listAt(self, "volumeClaimTemplates").every((claim) => !volumes.has(at(claim, "metadata", "name")));
}

function isPodCount(self: unknown): boolean {
  return typeof self === "string" ? /^[0-9]+([.][0-9]+)?%$/.test(self) : Number(self) >= 0 && Number(self) <= INT32_MAX;
}

function isNotBlank(self: unknown): boolean {
  return String(self).trim() !== "";
}

function isUnchanged(self: unknown, oldSelf: unknown): boolean {
  return isSame(self, oldSelf);
}

function isSelectorWithTerms(self: unknown): boolean {
  return Object.keys(mapAt(self, "matchLabels")).length > 0 || listAt(self, "matchExpressions").length > 0;
}

function valuesFitOperator(self: unknown): boolean {
  const takesValues = ["In", "NotIn"].includes(String(at(self, "operator")));
  return takesValues === listAt(self, "values").length > 0;
}

function isNeverSet(): boolean {
  return false;
}

function isEmpty(self: unknown): boolean {
  return Array.isArray(self) && self.length === 0;
}

function restartsAlways(self: unknown): boolean {
  return self === "Always" || self === "";
}

function inPlaceOnlyDoesNotSurge(self: unknown): boolean {
  const surge = at(self, "maxSurge");
  return at(self, "type") !== "InPlaceOnly" || surge === undefined || isZero(surge);
}

function hasOnePriority(self: unknown): boolean {
  return listAt(self, "weightPriority").length === 0 || listAt(self, "orderPriority").length === 0;
}

function isNotEmptyText(self: unknown): boolean {
  return self !== "";
}

function claimNamesDiffer(self: unknown): boolean {
  const names = (self as unknown[]).map((claim) => at(claim, "metadata", "name"));
  return new Set(names).size === names.length;
}

function isLabelOfDns(self: unknown): boolean {
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(String(self));
}

/** 0, "0%", "0.0%". */
function isZero(value: unknown): boolean {
  return typeof value === "string" ? /^0+([.]0+)?%$/.test(value) : value === 0;
}

function at(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const name of path) found = isMap(found) ? found[name] : undefined;
  return found;
}

function mapAt(value: unknown, ...path: string[]): JsonMap {
  const found = at(value, ...path);
  return isMap(found) ? found : {};
}

function listAt(value: unknown, ...path: string[]): unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}
