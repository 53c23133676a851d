import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodTemplate } from "../../../src/api/kubernetes.ts";
import { templateChange } from "../../../src/cli/tree/template-change.ts";

const base = (): PodTemplate => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "app", image: "registry.example/team/app:v1", resources: { limits: { cpu: "1" } } }] },
});
const app = (fields: object) => [{ ...base().spec.containers[0], name: "app", ...fields }];

const cases: { name: string; to: PodTemplate; want: string }[] = [
  { name: "nothing", to: base(), want: "" },
  {
    name: "only the tag",
    to: { ...base(), spec: { containers: app({ image: "registry.example/team/app:v2" }) } },
    want: "app v1 -> v2",
  },
  {
    name: "another repository",
    to: { ...base(), spec: { containers: app({ image: "other/app:v1" }) } },
    want: "registry.example/team/app:v1 -> other/app:v1",
  },
  {
    name: "a digest, shortened",
    to: {
      ...base(),
      spec: { containers: app({ image: `registry.example/team/app@sha256:${"0123456789".repeat(6)}` }) },
    },
    want: "app v1 -> sha256:012345678901…",
  },
  {
    name: "a tag with its digest",
    to: {
      ...base(),
      spec: { containers: app({ image: `registry.example/team/app:v2@sha256:${"0123456789".repeat(6)}` }) },
    },
    want: "app v1 -> v2@sha256:012345678901…",
  },
  {
    name: "another repository, with a digest",
    to: { ...base(), spec: { containers: app({ image: `other/app@sha256:${"0123456789".repeat(6)}` }) } },
    want: "registry.example/team/app:v1 -> other/app@sha256:012345678901…",
  },
  {
    name: "another spelling of a quantity is no change",
    to: { ...base(), spec: { containers: app({ resources: { limits: { cpu: "1000m" } } }) } },
    want: "",
  },
  {
    name: "env, a new container, a label and a field of the pod",
    to: {
      metadata: { labels: { app: "web", tier: "front" } },
      spec: {
        containers: [...app({ env: [{ name: "A", value: "1" }] }), { name: "sidecar", image: "s:1" }],
        priorityClassName: "high",
      },
    },
    want: "env of app, container sidecar added, labels, priorityClassName",
  },
  {
    name: "a container less",
    to: { ...base(), spec: { containers: [{ name: "other", image: "o:1" }] } },
    want: "container other added, container app removed",
  },
];
for (const { name, to, want } of cases) {
  test(`template change: ${name}`, () => assert.equal(templateChange(base(), to), want));
}
