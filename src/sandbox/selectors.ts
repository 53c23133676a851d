import { checkFieldLabel } from "./field-labels.ts";
import type { StoredObject } from "./objects.ts";
import { isMap } from "./objects.ts";
import { badRequest } from "./refusal.ts";

export type Filter = (object: StoredObject) => boolean;

const REQUIREMENT = /^\s*(!?)\s*([^\s!=(),]+)\s*(?:(==|!=|=)\s*([^\s,()]*)|\s(in|notin)\s*\(([^)]*)\))?\s*$/;

/**
 * What a query asks for: `labelSelector` ("a=b,c!=d,e in (f,g),h,!i") and `fieldSelector` ("metadata.name=x").
 *
 * @throws {Refusal} if it cannot be understood
 */
export function filterOf(labelSelector: string | null, fieldSelector: string | null, plural: string): Filter {
  const labels = (labelSelector ? splitAtTop(labelSelector) : []).map(labelRequirement);
  const fields = (fieldSelector ? fieldSelector.split(",") : []).map((text) => fieldRequirement(text, plural));
  const all = [...labels, ...fields];
  return (object) => all.every((holds) => holds(object));
}

function splitAtTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of text) {
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (char === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  return [...parts, part];
}

function labelRequirement(text: string): Filter {
  const [, not, key = "", operator, value, set, members = ""] = REQUIREMENT.exec(text) ?? [];
  if (key === "") throw badRequest(`unable to parse requirement: ${text}`);
  const labelOf = ({ metadata }: StoredObject) => metadata.labels?.[key];
  if (set !== undefined) {
    const listed = new Set(members.split(",").map((member) => member.trim()));
    return (object) => {
      const found = labelOf(object);
      return set === "in" ? found !== undefined && listed.has(found) : found === undefined || !listed.has(found);
    };
  }
  if (operator === "!=") return (object) => labelOf(object) !== value;
  if (operator !== undefined) return (object) => labelOf(object) === value;
  return (object) => (labelOf(object) === undefined) === (not === "!");
}

function fieldRequirement(text: string, plural: string): Filter {
  const [, path = "", operator = "", value = ""] = /^([^=!]+)(==|!=|=)(.*)$/.exec(text.trim()) ?? [];
  if (path === "") throw badRequest(`invalid selector: '${text}'; can't understand '${text}'`);
  checkFieldLabel(plural, path);
  return (object) => (textAt(object, path) === value) === (operator !== "!=");
}

function textAt(object: StoredObject, path: string): string {
  let found: unknown = object;
  for (const part of path.split(".")) found = isMap(found) ? found[part] : undefined;
  const isTruth = path === "spec.unschedulable" || path === "spec.hostNetwork";
  if (isTruth) return found === true ? "true" : "false";
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : "";
}

/** A selector as objects carry it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export function meetsSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => meetsRequirement(expression, labels[expression.key]))
  );
}

/** As a query has it, by key: "app=web,e in (f,g),!h". */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const byKey: [key: string, text: string][] = [
    ...Object.entries(matchLabels).map(([key, value]): [string, string] => [key, `${key}=${value}`]),
    ...matchExpressions.map(({ key, operator, values = [] }): [string, string] => {
      if (operator === "Exists") return [key, key];
      if (operator === "DoesNotExist") return [key, `!${key}`];
      return [key, `${key} ${operator.toLowerCase()} (${values.toSorted().join(",")})`];
    }),
  ];
  return byKey
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, text]) => text)
    .join(",");
}

/** `found` = the value at the requirement's key; undefined = there is none. */
export function meetsRequirement(
  { operator, values = [] }: { operator: string; values?: string[] },
  found: string | undefined,
): boolean {
  switch (operator) {
    case "In":
      return found !== undefined && values.includes(found);
    case "NotIn":
      return found === undefined || !values.includes(found);
    case "Exists":
      return found !== undefined;
    case "DoesNotExist":
      return found === undefined;
    case "Gt":
      return found !== undefined && Number(found) > Number(values[0]);
    case "Lt":
      return found !== undefined && Number(found) < Number(values[0]);
    default:
      return false;
  }
}
