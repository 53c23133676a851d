import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodTemplate, TemplateContainer } from "../../../src/api/kubernetes.ts";
import {
  readAmounts,
  readEnv,
  readImages,
  withEnv,
  withImages,
  withResources,
} from "../../../src/cli/template-edits.ts";

const app: TemplateContainer = {
  name: "app",
  image: "app:v1",
  env: [
    { name: "A", value: "1" },
    { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  ],
  resources: { requests: { cpu: "1" } },
};
const side: TemplateContainer = { name: "side", image: "side:v1" };
const init: TemplateContainer = { name: "init", image: "init:v1" };
const template: PodTemplate = { spec: { containers: [app, side], initContainers: [init], nodeName: "kept" } };

const cases: { name: string; got: PodTemplate; containers: TemplateContainer[]; inits?: TemplateContainer[] }[] = [
  {
    name: "images by name, init containers too",
    got: withImages(template, readImages(["app=app:v2", "init=reg:5000/init@sha256:ab"])),
    containers: [{ ...app, image: "app:v2" }, side],
    inits: [{ ...init, image: "reg:5000/init@sha256:ab" }],
  },
  {
    name: "* means the ordinary containers, a name goes before it",
    got: withImages(template, { "*": "x", side: "y" }),
    containers: [
      { ...app, image: "x" },
      { ...side, image: "y" },
    ],
  },
  {
    name: "env: set, new at the end, from elsewhere to plain, values with =",
    got: withEnv(template, readEnv(["A=2", "B=x=y", "C="]), "app"),
    containers: [
      {
        ...app,
        env: [
          { name: "A", value: "2" },
          { name: "B", value: "x=y" },
          { name: "C", value: "" },
        ],
      },
      side,
    ],
  },
  {
    name: "env: removed, and nothing invented where there was none",
    got: withEnv(template, readEnv(["A-", "B-"]), undefined),
    containers: [{ ...app, env: [] }, side],
  },
  {
    name: "resources: others stay, 0 removes",
    got: withResources(template, { limits: readAmounts("cpu=2, memory=1Gi"), requests: readAmounts("cpu=0") }, "app"),
    containers: [{ ...app, resources: { limits: { cpu: "2", memory: "1Gi" }, requests: {} } }, side],
  },
  {
    name: "resources: nothing removed from nothing",
    got: withResources(template, { limits: { cpu: "0" } }, "side"),
    containers: [app, side],
  },
];
for (const { name, got, containers, inits = [init] } of cases) {
  test(`template edits: ${name}`, () =>
    assert.deepEqual(got, { spec: { containers, initContainers: inits, nodeName: "kept" } }));
}

for (const wrong of ["app", "=x", "app="])
  test(`image ${wrong} is refused`, () => assert.throws(() => readImages([wrong])));
for (const wrong of ["A", "=1", "-"]) test(`env ${wrong} is refused`, () => assert.throws(() => readEnv([wrong])));
for (const wrong of ["cpu", "cpu=1=2", "", "cpu=2x", "cpu=-1", "memory=1 Gi"])
  test(`amounts "${wrong}" are refused`, () => assert.throws(() => readAmounts(wrong)));
