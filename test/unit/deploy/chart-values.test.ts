import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { load } from "js-yaml";
import { readValues } from "../../../deploy/values-table.ts";
import packageJson from "../../../package.json" with { type: "json" };

const chart = (name: string) => readFileSync(new URL(`../../../deploy/chart/${name}`, import.meta.url), "utf8");
const schema = JSON.parse(chart("values.schema.json")) as Schema;
const values = load(chart("values.yaml"));

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
}

test("the default values are valid", () => {
  const validate = new Ajv2020({ strict: false }).compile(schema);
  assert.ok(validate(values), JSON.stringify(validate.errors));
});

test("every value is known to the schema, and the schema knows no others", () => {
  const inSchema = pathsOf(schema, "").filter((path) => path !== "global");
  const inValues = readValues(chart("values.yaml")).map(({ path }) => path);
  const isPart = (path: string) =>
    inValues.some((each) => each.startsWith(`${path}.`)) || ["requests", "limits"].some((part) => path.includes(part));
  const settable = inValues.filter((path) => !isPart(path));
  const known = inSchema.filter((path) => !isPart(path));
  assert.deepEqual(
    known.filter((path) => !settable.includes(path) && !OPTIONAL.includes(path)),
    [],
  );
  assert.deepEqual(
    settable.filter((path) => !known.includes(path)),
    [],
  );
});

/** May be set, and have no default worth showing. */
const OPTIONAL = [
  "resources.claims",
  "webhook.certManager.issuerRef.group",
  "webhook.certManager.issuerRef.kind",
  "webhook.certManager.issuerRef.name",
];

test("a misspelt value is refused", () => {
  const validate = new Ajv2020({ strict: false }).compile(schema);
  assert.ok(!validate({ ...(values as object), replica: 3 }));
});

test("chart and package have one version", () => {
  const { version, appVersion } = load(chart("Chart.yaml")) as { version: string; appVersion: string };
  assert.deepEqual({ version, appVersion }, { version: packageJson.version, appVersion: packageJson.version });
});

test("a value on several lines cannot be put into the table, and is refused", () => {
  assert.throws(() => readValues("a:\n  - b\n"), /line 2/);
});

function pathsOf({ properties = {} }: Schema, prefix: string): string[] {
  return Object.entries(properties).flatMap(([key, value]) => [
    `${prefix}${key}`,
    ...pathsOf(value, `${prefix}${key}.`),
  ]);
}
