import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seen } from "../../../src/cli/seen.ts";
import type { LinesOptions } from "../../../src/cli/tree/lines.ts";
import { treeLines } from "../../../src/cli/tree/lines.ts";
import { news } from "../../../src/cli/tree/news.ts";
import { rendered } from "../../../src/cli/tree/style.ts";
import { treeOf } from "../../../src/cli/tree/tree.ts";
import { assertGolden } from "../../support/golden.ts";
import type { PodGiven } from "./seen-web.ts";
import { NOW_MS, PODS, rollingOut, seenWeb } from "./seen-web.ts";

function shown(seen: Seen, options: Partial<LinesOptions> = {}): string {
  const all = {
    columns: 120,
    color: false,
    ascii: false,
    nowMs: NOW_MS,
    all: false,
    flag: " -n shop-prod",
    ...options,
  };
  const lines = treeLines(treeOf(seen, NOW_MS), all).map(({ line }) => rendered(line, all));
  return `${lines.join("\n")}\n`;
}

function many(count: number): PodGiven[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `p${String(i).padStart(4, "0")}`,
    revision: i < count / 2 ? 7 : 6,
    node: `node-${i % 20}`,
    ready: i !== 7,
  }));
}

test("tree: a rollout under way, with a pod that is stuck and one that was named", (t) => {
  assertGolden(t, "cli/tree-rolling-out.txt", shown(rollingOut()));
});

test("tree: 80 columns, by dropping VOLUME and then NODE", (t) => {
  const text = shown(rollingOut(), { columns: 80 });
  assertGolden(t, "cli/tree-80-columns.txt", text);
  assert.deepEqual(
    text.split("\n").filter((line) => line.length > 80),
    [],
  );
});

test("tree: an image that is longer than a line goes on in the next", () => {
  const seen = seenWeb({ pods: PODS });
  const long = `registry.example.com:5000/${"long/".repeat(10)}nginx:1.27.0`;
  const revisions = seen.revisions.map((one) =>
    one.revision === 7 ? { ...one, template: { spec: { containers: [{ name: "nginx", image: long }] } } } : one,
  );
  const lines = shown({ ...seen, revisions }, { columns: 60 });
  assert.ok(lines.replaceAll(/\n {12}/g, "").includes(long), lines);
});

test("tree: nothing but ASCII when asked", (t) => {
  const text = shown(rollingOut(), { ascii: true });
  assertGolden(t, "cli/tree-ascii.txt", text);
  assert.match(text, /^[\n\x20-\x7E]*$/);
});

test("tree: colours beside the marks, never instead of them", (t) => {
  assertGolden(t, "cli/tree-color.txt", shown(rollingOut(), { color: true }));
});

test("tree: held by the partition", (t) => {
  const pods = PODS.map((pod): PodGiven => ({ id: pod.id, revision: pod.revision, node: "node-a", restarts: 0 }));
  assertGolden(t, "cli/tree-held.txt", shown(seenWeb({ pods })));
});

test("tree: a large set folds to what is not simply available", (t) => {
  const spec = { replicas: 100, updateStrategy: { maxUnavailable: "20%", partition: 10 } };
  assertGolden(t, "cli/tree-folded.txt", shown(seenWeb({ pods: many(100), spec })));
});

test("tree: --all and a filter", () => {
  const seen = seenWeb({ pods: many(100), spec: { replicas: 100 } });
  assert.equal(shown(seen, { all: true }).match(/web-p/g)?.length, 100);
  assert.equal(shown(seen, { filter: "node-3" }).match(/web-p/g)?.length, 5);
});

test("news: what happened between two looks, and nothing when only time went by", () => {
  const before = treeOf(seenWeb({ pods: PODS }), NOW_MS);
  assert.deepEqual(news(before, treeOf(seenWeb({ pods: PODS }), NOW_MS + 60_000)), []);
  const later = PODS.slice(0, 4).map((pod) => (pod.id === "k2v9x" ? { id: pod.id, revision: pod.revision } : pod));
  assert.deepEqual(news(before, treeOf(seenWeb({ pods: [...later, { id: "new01", revision: 7 }] }), NOW_MS)), [
    "web  Held by its partition: 4 of 5; partition 2: holds 1 old pod",
    "web-k2v9x  updating -> available",
    "web-new01  available, rev 7",
    "web-zz81w  gone",
  ]);
});

test("news: a reason that stands alone has one pair of parentheses", () => {
  const before = treeOf(seenWeb({ pods: PODS }), NOW_MS);
  const pods = PODS.map(
    (pod): PodGiven => (pod.id === "x7t2c" ? { ...pod, ready: false, reason: "ContainersNotReady" } : pod),
  );
  const lines = news(before, treeOf(seenWeb({ pods }), NOW_MS));
  assert.deepEqual(lines.slice(1), ["web-x7t2c  available -> updating (ContainersNotReady)"]);
});
