/** The rules of a CloneSet, all of them, as the admission webhook, `lint` and the controller ask for them. */

import type { Features } from "../api/features.ts";
import { checkCloneSet } from "./cloneset.ts";
import type { Problem } from "./problem.ts";
import { Findings } from "./problem.ts";
import type { SchemaCheck } from "./schema.ts";
import { checkChange } from "./update.ts";

/** A CloneSet in wire form. `length` = characters of JSON, roughly. */
export interface Candidate {
  object: unknown;
  length: number;
}

export interface Judgement {
  /** Why it is refused; empty = it is not. */
  refused: Problem[];
  /** What is just as wrong in the stored object: it is let through, or nobody could mend anything else. */
  tolerated: Problem[];
}

/** Every problem of a CloneSet by itself: its form first, then its meaning. */
export function problemsOf({ object, length }: Candidate, schema: SchemaCheck): Problem[] {
  const found = new Findings();
  for (const problem of schema.check(object, length)) found.push(problem);
  const malformed = found.problems.map(({ field }) => field);
  const meant = new Findings();
  checkCloneSet(object, meant);
  for (const problem of meant.problems) {
    const field = plainPath(problem.field);
    if (!malformed.some((path) => path === field || (problem.rule === "label-value" && path.startsWith(`${field}.`))))
      found.push(problem);
  }
  return found.problems;
}

/** The schema names members of maps `limits.cpu`, as an API server does there; everybody else says `limits[cpu]`. */
function plainPath(field: string): string {
  return field.replaceAll(/\[([^\]\d][^\]]*)\]/g, ".$1");
}

/** For CREATE, and with `before` for UPDATE. */
export function judge(
  after: Candidate,
  before: Candidate | undefined,
  { schema, features }: { schema: SchemaCheck; features: Features },
): Judgement {
  const problems = problemsOf(after, schema);
  if (before === undefined) return { refused: problems, tolerated: [] };
  const changed = new Findings();
  checkChange(before.object, after.object, features, changed);
  const known = problems.length === 0 ? new Set<string>() : new Set(problemsOf(before, schema).map(identity));
  return {
    refused: [...problems.filter((problem) => !known.has(identity(problem))), ...changed.problems],
    tolerated: problems.filter((problem) => known.has(identity(problem))),
  };
}

function identity({ rule, field, value, detail }: Problem): string {
  return JSON.stringify([rule, field, value ?? null, detail]);
}
