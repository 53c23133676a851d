import assert from "node:assert/strict";
import { test } from "node:test";
import { otherSpelling } from "../../../src/cli/image-spelling.ts";

const D = "sha256:aa11";
const cases = [
  { name: "the digest that runs", image: "app:v1", ids: [`docker.io/library/app@${D}`], want: `app:v1@${D}` },
  { name: "no tag", image: "app", ids: [`docker.io/library/app@${D}`], want: `app@${D}` },
  { name: "a port is no tag", image: "reg:5000/app", ids: [`reg:5000/app@${D}`], want: `reg:5000/app@${D}` },
  { name: "back without the tag", image: `reg:5000/app:v1@${D}`, ids: [], want: `reg:5000/app@${D}` },
  { name: "and again with one", image: `app@${D}`, ids: [], want: `app:restarted@${D}` },
  { name: "pods that run different images", image: "app:v1", ids: [`app@${D}`, "app@sha256:bb22"], want: undefined },
  { name: "one pod that does not say", image: "app:v1", ids: [`app@${D}`, D], want: undefined },
  { name: "an image without a repository cannot be pulled", image: "app:v1", ids: [D], want: undefined },
  { name: "no pod runs", image: "app:v1", ids: [], want: undefined },
];
for (const { name, image, ids, want } of cases) {
  test(`another spelling: ${name}`, () => assert.equal(otherSpelling(image, ids), want));
}
