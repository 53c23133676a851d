import type { RuleId } from "./catalog.ts";
import { catalog } from "./catalog.ts";
import type { ProblemKind } from "./problem-kinds.ts";
import { PROBLEM_KINDS } from "./problem-kinds.ts";

/** One thing wrong with one field. */
export interface Problem {
  /** Id in the catalog of rules; "schema" for what the CRD's schema says. */
  rule: RuleId | "schema";
  kind: ProblemKind;
  /** As in `spec.template.spec.containers[0].image`. */
  field: string;
  value?: unknown;
  /** What is wanted. */
  detail: string;
}

/** Nobody reads more, and a hostile object could have millions. */
const PROBLEMS_MAX = 200;
const VALUE_SHOWN_MAX = 200;

/** Collects problems, each said once. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly #said = new Set<string>();

  get isFull(): boolean {
    return this.problems.length >= PROBLEMS_MAX;
  }

  /** `fill` replaces `{name}` in the rule's text. */
  add(rule: RuleId, field: string, value?: unknown, fill: Readonly<Record<string, string | number>> = {}): void {
    const { kind, says } = catalog[rule];
    const detail = says.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(fill[name] ?? ""));
    this.push({ rule, kind, field, ...(value === undefined ? {} : { value }), detail });
  }

  push(problem: Problem): void {
    const key = `${problem.rule} ${problem.field} ${problem.detail}`;
    if (this.isFull || this.#said.has(key)) return;
    this.#said.add(key);
    this.problems.push(problem);
  }
}

/** Without the field, as in the causes of a refusal: `Invalid value: -1: must be at least 0`. */
export function causeText({ kind, value, detail }: Problem): string {
  const { says } = PROBLEM_KINDS[kind];
  const showsValue = value !== undefined && kind !== "Required" && kind !== "Forbidden" && kind !== "TooLong";
  return [says, ...(showsValue ? [shownValue(value)] : []), ...(detail === "" ? [] : [detail])].join(": ");
}

/** With the field, as in a list of errors. */
export function problemText(problem: Problem): string {
  return `${problem.field}: ${causeText(problem)}`;
}

function shownValue(value: unknown): string {
  // Only the beginning is shown, so only a beginning is written out.
  const text =
    typeof value === "string" ? JSON.stringify(value.slice(0, VALUE_SHOWN_MAX + 1)) : (JSON.stringify(value) ?? "null");
  return text.length <= VALUE_SHOWN_MAX ? text : `${text.slice(0, VALUE_SHOWN_MAX)}…`;
}
