import assert from "node:assert/strict";
import { test } from "node:test";
import { fromV1alpha1 } from "../../../src/api/convert.ts";
import { heldBack } from "../../../src/cli/forecast.ts";
import { podMoves } from "../../../src/cli/pod-moves.ts";
import type { PodGiven } from "./seen-web.ts";
import { NOW_MS, seenWeb } from "./seen-web.ts";

test("pod moves: a template that is set back takes broken pods along, whatever the partition holds", () => {
  const pods: PodGiven[] = [
    { id: "bad", revision: 7, ready: false, waiting: { reason: "ImagePullBackOff" } },
    { id: "fine", revision: 7 },
    { id: "old", revision: 6 },
  ];
  const spec = { replicas: 3, updateStrategy: { type: "InPlaceIfPossible" as const, partition: "100%" } };
  const seen = seenWeb({ pods, spec });
  const template = seen.revisions.find(({ revision }) => revision === 6)?.template;
  const after = fromV1alpha1({ ...seen.object, spec: { ...seen.object.spec, ...(template && { template }) } });
  const moves = podMoves(seen, after, { nowMs: NOW_MS });
  assert.deepEqual(
    moves.map(({ pod, move }) => `${pod} ${move}`),
    ["web-bad inPlace", "web-fine held", "web-old none"],
  );
  assert.deepEqual(heldBack(after, moves, ""), [
    "The partition keeps 1 of 3 pods as they are. Next: kubectl cloneset promote web",
  ]);
});
