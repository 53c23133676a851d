import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { featureDefaults } from "../../../src/api/features.ts";
import type { RuleId } from "../../../src/rules/catalog.ts";
import { catalog } from "../../../src/rules/catalog.ts";
import { judge, problemsOf } from "../../../src/rules/check.ts";
import { checkCloneSet } from "../../../src/rules/cloneset.ts";
import type { Problem } from "../../../src/rules/problem.ts";
import { Findings, problemText } from "../../../src/rules/problem.ts";
import { SchemaCheck } from "../../../src/rules/schema.ts";
import { checkChange } from "../../../src/rules/update.ts";
import { ruleCases } from "./rule-cases.ts";

describe("every rule refuses its bad case, and only that", () => {
  for (const [rule, { good, bad, at, before }] of Object.entries(ruleCases)) {
    test(`${rule}: the good one passes`, () => assert.deepEqual(found(good, before).map(problemText), []));
    test(`${rule}: the bad one is refused at ${at}`, () => {
      const problem = found(bad, before).find((one) => one.rule === rule);
      assert.ok(problem, `want ${rule}, found ${JSON.stringify(found(bad, before))}`);
      assert.equal(problem.field, at);
      assert.doesNotMatch(problem.detail, /\{|\}|undefined/);
      assert.match(at, fieldPattern(catalog[rule as RuleId].field), "the catalog names the field");
    });
  }
});

test("all problems are said at once, form before meaning, and one field is not blamed twice", () => {
  const { bad } = ruleCases["port-number"];
  const both = {
    ...bad,
    spec: { ...(bad["spec"] as object), replicas: -1, progressDeadlineSeconds: 0, updateStrategy: { type: "Never" } },
  };
  const problems = problemsOf({ object: both, length: 1000 }, new SchemaCheck());
  assert.deepEqual(problems.map(problemText), [
    "spec.replicas: Invalid value: -1: must be at least 0",
    'spec.updateStrategy.type: Unsupported value: "Never": supported values: "ReCreate", "InPlaceIfPossible", "InPlaceOnly", "OnDelete"',
    "spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds (0), or 2147483647 for no deadline",
    "spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535",
  ]);
});

test("what is as wrong in the stored object is let through, what is new is not", () => {
  const options = { schema: new SchemaCheck(), features: featureDefaults };
  const { bad } = ruleCases["port-number"];
  const scaled = { ...bad, spec: { ...(bad["spec"] as object), replicas: 7 } };
  const worse = { ...bad, spec: { ...(bad["spec"] as object), replicas: -7 } };
  const same = judge({ object: scaled, length: 1 }, { object: bad, length: 1 }, options);
  assert.deepEqual([same.refused.length, same.tolerated.length], [0, 1]);
  const more = judge({ object: worse, length: 1 }, { object: bad, length: 1 }, options);
  assert.deepEqual(
    more.refused.map(({ field }) => field),
    ["spec.replicas"],
  );
});

const schema = new SchemaCheck();
for (const [name, spec] of Object.entries({
  nothing: undefined,
  text: "web",
  list: [],
  "members of the wrong types": { selector: 1, template: [], updateStrategy: "x", scaleStrategy: { podsToDelete: {} } },
  "a template of the wrong types": {
    selector: {},
    template: { metadata: 1, spec: { containers: [1, null, []], volumes: [0] } },
  },
})) {
  test(`a spec that is ${name} is refused, and nothing breaks`, () => {
    assert.notEqual(problemsOf({ object: { metadata: {}, spec }, length: 10 }, schema).length, 0);
  });
}

/** By the semantic rules alone: the schema has tests of its own. */
function found(object: object, before: object | undefined): Problem[] {
  const findings = new Findings();
  checkCloneSet(object, findings);
  if (before) checkChange(before, object, featureDefaults, findings);
  return findings.problems;
}

/** "a.<list>[*].{b,c}.**" as a pattern for the beginning of a field. */
function fieldPattern(field: string): RegExp {
  const words: Record<string, string> = {
    "<list>": "(?:containers|initContainers)",
    "[*]": String.raw`\[[^\]]*\]`,
    "**": ".+",
    "*": String.raw`[^.]*`,
    "{": "(?:",
    "}": ")",
    ",": "|",
  };
  const alternatives = field
    .split(/, (?=spec)/)
    .map((one) => one.replaceAll(/<list>|\[\*\]|\*\*|\*|[{},]|[.[\]]/g, (token) => words[token] ?? `\\${token}`));
  return new RegExp(`^(?:${alternatives.join("|")})`);
}
