import assert from "node:assert/strict";
import { test } from "node:test";
import { fullImageName, sameImageName } from "../../../src/inplace/image-name.ts";

const cases = [
  ["nginx", "docker.io/library/nginx:latest"],
  ["nginx:1.29", "docker.io/library/nginx:1.29"],
  ["library/nginx", "docker.io/library/nginx:latest"],
  ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
  ["docker.io/nginx:1", "docker.io/library/nginx:1"],
  ["team/app:2", "docker.io/team/app:2"],
  ["docker.io/team/app:2", "docker.io/team/app:2"],
  ["localhost/app", "localhost/app:latest"],
  ["registry.example:5000/app", "registry.example:5000/app:latest"],
  ["registry.example:5000/a/b:3", "registry.example:5000/a/b:3"],
  ["app@sha256:aa", "docker.io/library/app@sha256:aa"],
  ["app:2@sha256:aa", "docker.io/library/app@sha256:aa"],
  ["docker-pullable://app@sha256:aa", "docker.io/library/app@sha256:aa"],
  ["sha256:0123abcd", "sha256:0123abcd"],
  ["", ""],
] as const;
for (const [image, want] of cases) {
  test(`"${image}" in full is "${want}"`, () => {
    assert.equal(fullImageName(image), want);
    assert.ok(sameImageName(image, want));
    assert.equal(fullImageName(want), want, "a full name is full");
  });
}

const different = [
  ["nginx:1", "nginx:2"],
  ["nginx", "team/nginx"],
  ["a.example/app", "b.example/app"],
  ["app@sha256:aa", "app@sha256:bb"],
  ["app:1", ""],
] as const;
for (const [a, b] of different) test(`"${a}" and "${b}" are different images`, () => assert.ok(!sameImageName(a, b)));
