import assert from "node:assert/strict";
import { test } from "node:test";
import { isOnAny, isOnRevision, revisionOf, updatedRevisions } from "../../../src/revision/match.ts";
import { aRevision, templateWith } from "./a-revision.ts";

const on = (revision?: string): { labels: Record<string, string> } => ({
  labels: revision === undefined ? {} : { "controller-revision-hash": revision },
});

const cases = [
  { name: "the full name", pod: on("web-abc"), want: true },
  { name: "the short hash alone", pod: on("abc"), want: true },
  { name: "a full name of the same short hash", pod: on("other-web-abc"), want: true },
  { name: "another hash", pod: on("web-abd"), want: false },
  { name: "no label", pod: on(), want: false },
  { name: "an empty label", pod: on(""), want: false },
];
const revisions = [aRevision("web-xyz", templateWith("i:1")), aRevision("web-abc", templateWith("i:2"))];
for (const { name, pod, want } of cases) {
  test(`a pod with ${name} is ${want ? "" : "not "}on web-abc`, () => {
    assert.equal(isOnRevision(pod, "web-abc"), want);
    assert.equal(revisionOf(pod, revisions)?.name, want ? "web-abc" : undefined);
  });
}

test("no pod is on a revision without a name", () => assert.equal(isOnRevision(on(""), ""), false));

test("pods on any revision that means the same as the update revision count as updated", () => {
  const update = aRevision("web-ddd", templateWith("i:2"));
  const defaulted = templateWith("i:2");
  defaulted.spec["restartPolicy"] = "Always";
  const all = [
    aRevision("web-aaa", templateWith("i:1")),
    aRevision("web-bbb", defaulted),
    aRevision("web-ccc", templateWith("i:3")),
    update,
  ];
  const updated = updatedRevisions(all, update);
  const counted = ["web-aaa", "web-bbb", "web-ccc", "web-ddd", "bbb", "eee"].filter((revision) =>
    isOnAny(on(revision), updated),
  );
  assert.deepEqual(counted, ["web-bbb", "web-ddd", "bbb"]);
  assert.ok(!isOnAny(on(), updated));
});

test("the update revision counts even if its data cannot be read", () => {
  const update = aRevision("web-ddd", templateWith("i:2"), { template: undefined });
  assert.ok(isOnAny(on("web-ddd"), updatedRevisions([], update)));
});

test("however many pods there are, each template is compared once", () => {
  let looks = 0;
  const watched = revisions.map((revision) => ({
    ...revision,
    get template() {
      looks += 1;
      return revision.template;
    },
  }));
  const updated = updatedRevisions(watched, revisions[1] as (typeof revisions)[number]);
  const looksBefore = looks;
  const pods = Array.from({ length: 10_000 }, (_, i) => on(i % 2 ? "web-abc" : "web-xyz"));
  assert.equal(pods.filter((pod) => isOnAny(pod, updated)).length, 5000);
  assert.ok(looksBefore > 0);
  assert.equal(looks, looksBefore);
});
