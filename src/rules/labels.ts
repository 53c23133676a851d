import type { Members } from "./json.ts";
import { isObject, listIn, members, objectIn, ownText, textIn } from "./json.ts";
import type { Findings } from "./problem.ts";
import { labelValue, qualifiedName } from "./syntax.ts";

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"];
const NODE_OPERATORS = [...OPERATORS, "Gt", "Lt"];

/** Keys and values of a selector, wherever it stands. */
export function checkSelector(selector: unknown, at: string, found: Findings): void {
  const labels = objectIn(selector, "matchLabels") ?? {};
  for (const key of Object.keys(labels)) {
    const trouble = qualifiedName(key);
    if (trouble) found.add("selector-key", `${at}.matchLabels`, key, { wanted: trouble });
    const value = ownText(labels, key);
    const valueTrouble = value === undefined ? undefined : labelValue(value);
    if (valueTrouble) found.add("selector-value", `${at}.matchLabels`, value, { wanted: valueTrouble });
  }
  for (const [i, expression] of listIn(selector, "matchExpressions").entries()) {
    checkExpression(expression, `${at}.matchExpressions[${i}]`, found);
  }
}

function checkExpression(expression: unknown, at: string, found: Findings): void {
  checkExpressionKey(expression, at, found);
  const operator = members(expression)["operator"];
  if (typeof operator !== "string") return;
  if (!OPERATORS.includes(operator)) {
    found.add("expression-operator", `${at}.operator`, operator, { wanted: OPERATORS.join(", ") });
    return;
  }
  const values = listIn(expression, "values");
  const wantsValues = operator === "In" || operator === "NotIn";
  if (wantsValues && values.length === 0)
    found.add("expression-values-required", `${at}.values`, undefined, { operator });
  if (!wantsValues && values.length > 0)
    found.add("expression-values-forbidden", `${at}.values`, undefined, { operator });
  for (const [i, value] of values.entries()) {
    const trouble = typeof value === "string" ? labelValue(value) : undefined;
    if (trouble) found.add("expression-value", `${at}.values[${i}]`, value, { wanted: trouble });
  }
}

function checkExpressionKey(expression: unknown, at: string, found: Findings): void {
  const key = members(expression)["key"];
  const trouble = typeof key === "string" ? qualifiedName(key) : undefined;
  if (trouble) found.add("expression-key", `${at}.key`, key, { wanted: trouble });
}

/** One term of a node affinity: like a selector, with Gt and Lt beside, and fields of the node. */
export function checkNodeTerm(term: unknown, at: string, found: Findings): void {
  for (const [i, expression] of listIn(term, "matchExpressions").entries()) {
    const here = `${at}.matchExpressions[${i}]`;
    checkExpressionKey(expression, here, found);
    const operator = members(expression)["operator"];
    if (typeof operator !== "string") continue;
    if (!NODE_OPERATORS.includes(operator)) {
      found.add("expression-operator", `${here}.operator`, operator, { wanted: NODE_OPERATORS.join(", ") });
      continue;
    }
    const values = listIn(expression, "values");
    if (operator === "Gt" || operator === "Lt") {
      if (values.length !== 1) found.add("affinity-single-value", `${here}.values`, undefined, { operator });
    } else if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) found.add("expression-values-required", `${here}.values`, undefined, { operator });
      for (const [j, value] of values.entries()) {
        const trouble = typeof value === "string" ? labelValue(value) : undefined;
        if (trouble) found.add("affinity-value", `${here}.values[${j}]`, value, { wanted: trouble });
      }
    } else if (values.length > 0) found.add("expression-values-forbidden", `${here}.values`, undefined, { operator });
  }
  for (const [i, field] of listIn(term, "matchFields").entries()) {
    const here = `${at}.matchFields[${i}]`;
    const operator = members(field)["operator"];
    if (typeof operator === "string" && operator !== "In" && operator !== "NotIn") {
      found.add("expression-operator", `${here}.operator`, operator, { wanted: "In, NotIn" });
    } else if (listIn(field, "values").length !== 1) found.add("affinity-field-values", `${here}.values`);
    const key = textIn(field, "key");
    if (key !== "metadata.name") found.add("affinity-field", `${here}.key`, key ?? "");
  }
}

/** Whether a selector has no requirement at all. */
export function isEmptySelector(selector: unknown): boolean {
  return (
    Object.keys(objectIn(selector, "matchLabels") ?? {}).length === 0 &&
    listIn(selector, "matchExpressions").length === 0
  );
}

/** Whether labels meet a selector in wire form, of whatever quality. */
export function meetsSelector(selector: unknown, labels: Members): boolean {
  const wanted = objectIn(selector, "matchLabels") ?? {};
  const meetsLabels = Object.keys(wanted).every((key) => ownText(wanted, key) === ownText(labels, key));
  return meetsLabels && listIn(selector, "matchExpressions").every((expression) => meetsExpression(expression, labels));
}

function meetsExpression(expression: unknown, labels: Members): boolean {
  if (!isObject(expression)) return true;
  const { key } = expression;
  const value = typeof key === "string" ? ownText(labels, key) : undefined;
  const values = listIn(expression, "values");
  switch (expression["operator"]) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return true;
  }
}
