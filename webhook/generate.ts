// Writes what is made from other files: src/rules/cloneset.schema.json and the sandbox's clone-set-definition.json (from the
// CRD), and docs/admission-rules.md (from the rules).

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { load } from "js-yaml";
import type { Crd } from "../crds/build-crd.ts";
import { featureDefaults } from "../src/api/features.ts";
import { checkCloneSet } from "../src/rules/cloneset.ts";
import { causeText, Findings } from "../src/rules/problem.ts";
import { checkChange } from "../src/rules/update.ts";
import { ruleCases } from "../test/unit/webhook/rule-cases.ts";
import { makeSchema } from "./make-schema.ts";
import { rulesTable } from "./rules-table.ts";

const CRD = new URL("../crds/cloneset.yaml", import.meta.url);

/** The files and what should be in them. */
export function generated(): { file: URL; text: string }[] {
  const crd = load(readFileSync(CRD, "utf8")) as Crd;
  const version = crd.spec.versions.find(({ name }) => name === "v1alpha1");
  if (version === undefined) throw new Error("Cannot make the schema: the CRD has no version v1alpha1");
  const schema = makeSchema(version.schema.openAPIV3Schema);
  return [
    { file: new URL("../src/rules/cloneset.schema.json", import.meta.url), text: `${JSON.stringify(schema)}\n` },
    // As JSON, so that nobody needs to read YAML, or to find the file, when the program runs.
    { file: new URL("../src/sandbox/clone-set-definition.json", import.meta.url), text: `${JSON.stringify(crd)}\n` },
    { file: new URL("../docs/admission-rules.md", import.meta.url), text: rulesTable(examples()) },
  ];
}

/** What each rule says to its bad case. */
function examples(): Map<string, string> {
  return new Map(
    Object.entries(ruleCases).flatMap(([rule, { bad, before }]) => {
      const found = new Findings();
      checkCloneSet(bad, found);
      if (before) checkChange(before, bad, featureDefaults, found);
      const problem = found.problems.find((one) => one.rule === rule);
      return problem ? [[rule, causeText(problem)] as const] : [];
    }),
  );
}

/** Files whose text is not what it should be. */
export function stale(): URL[] {
  return generated().flatMap(({ file, text }) =>
    existsSync(file) && readFileSync(file, "utf8") === text ? [] : [file],
  );
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    for (const file of stale()) {
      process.stderr.write(`${file.pathname} is not what its inputs make: run node webhook/generate.ts\n`);
      process.exitCode = 1;
    }
  } else for (const { file, text } of generated()) writeFileSync(file, text);
}
