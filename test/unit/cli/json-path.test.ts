import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonPath } from "../../../src/cli/json-path.ts";

const document = {
  name: "web",
  labels: { "app.kubernetes.io/name": "shop" },
  items: [
    { name: "a", ready: true, revision: 6, volumes: ["data-a"] },
    { name: "b", ready: false, revision: 7, volumes: [] },
  ],
};

/** What kubectl prints for the same template. */
const cases = [
  { template: "{.name}", want: "web" },
  { template: "{ .name }/{$.items[0].name}", want: "web/a" },
  { template: "{.items[*].name}", want: "a b" },
  { template: "{.items[-1:].name}", want: "b" },
  { template: "{..revision}", want: "6 7" },
  { template: "{.nothing}", want: "" },
  { template: "{.labels.app\\.kubernetes\\.io/name}", want: "shop" },
  { template: "{.labels}", want: '{"app.kubernetes.io/name":"shop"}' },
  { template: "{.items[?(@.revision==7)].name}", want: "b" },
  { template: '{.items[?(@.name=="a")].ready}', want: "true" },
  { template: '{range .items[*]}{.name}={.revision}{"\\n"}{end}', want: "a=6\nb=7\n" },
  { template: "{range .items[*]}{range .volumes[*]}{@};{end}{end}", want: "data-a;" },
  { template: "no expression", want: "no expression" },
];
for (const { template, want } of cases) {
  test(`jsonpath: ${template}`, () => assert.equal(jsonPath(template, document), want));
}

for (const template of ["{.name", "{range .items[*]}{.name}", "{end}"]) {
  test(`jsonpath: ${template} is refused`, () => assert.throws(() => jsonPath(template, document), /cannot read/));
}
