// Writes what the chart takes from elsewhere: the CustomResourceDefinition, and the table of values in its README.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readValues, valuesTable } from "./values-table.ts";

const at = (path: string) => new URL(path, import.meta.url);
const VALUES = at("chart/values.yaml");
const README = at("chart/README.md");
const CRD = at("../crds/cloneset.yaml");
const CRD_IN_CHART = at("chart/files/cloneset.yaml");
const TABLE = /(?<=<!-- values: written by `npm run chart` -->\n)[\s\S]*(?=<!-- end of values -->)/;

/** The files and what should be in them. */
function generated(): { file: URL; text: string }[] {
  const table = valuesTable(readValues(readFileSync(VALUES, "utf8")));
  const readme = readFileSync(README, "utf8");
  if (!TABLE.test(readme)) throw new Error(`Cannot find the place for the table of values in ${README.pathname}`);
  return [
    // A chart can read no file outside its own directory.
    { file: CRD_IN_CHART, text: readFileSync(CRD, "utf8") },
    { file: README, text: readme.replace(TABLE, () => `\n${table}\n\n`) },
  ];
}

for (const { file, text } of generated()) {
  const isAsWanted = existsSync(file) && readFileSync(file, "utf8") === text;
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (!isAsWanted) {
    process.stderr.write(`${file.pathname} is not what its inputs make: run npm run chart\n`);
    process.exitCode = 1;
  }
}
