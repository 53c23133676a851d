import assert from "node:assert/strict";
import { test } from "node:test";
import type { CloneSet } from "../../../src/api/cloneset.ts";
import { featureDefaults } from "../../../src/api/features.ts";
import { checkCarriable, NAME_MAX } from "../../../src/api/validate.ts";
import { aCloneSet, aTemplate } from "../../support/a-cloneset.ts";

const cases: { name: string; cloneSet: CloneSet; short?: boolean; want: RegExp | undefined }[] = [
  { name: "an ordinary CloneSet", cloneSet: aCloneSet(), want: undefined },
  { name: "the longest name", cloneSet: { ...aCloneSet(), name: "a".repeat(NAME_MAX) }, want: undefined },
  {
    name: "a name one longer",
    cloneSet: { ...aCloneSet(), name: "a".repeat(NAME_MAX + 1) },
    want: /metadata\.name.*at most 52/,
  },
  {
    name: "the same with short hashes",
    cloneSet: { ...aCloneSet(), name: "a".repeat(NAME_MAX + 1) },
    short: true,
    want: undefined,
  },
  { name: "an empty selector", cloneSet: withSelector({}), want: /spec\.selector.*at least one requirement/ },
  {
    name: "a selector that the template does not meet, whose pods would be made for ever",
    cloneSet: withSelector({ matchLabels: { app: "other" } }),
    want: /spec\.template\.metadata\.labels.*meet spec\.selector/,
  },
  {
    name: "no containers",
    cloneSet: aCloneSet({ template: { ...aTemplate(), spec: { containers: [] } } }),
    want: /spec\.template\.spec\.containers/,
  },
];

for (const { name, cloneSet, short = false, want } of cases) {
  test(`what can be carried out: ${name}`, () => {
    const check = () => checkCarriable(cloneSet, { ...featureDefaults, CloneSetShortHash: short });
    if (want) assert.throws(check, want);
    else check();
  });
}

function withSelector(selector: CloneSet["spec"]["selector"]): CloneSet {
  const cloneSet = aCloneSet();
  return { ...cloneSet, spec: { ...cloneSet.spec, selector } };
}
