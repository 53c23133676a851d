import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredObject } from "../../../src/sandbox/objects.ts";
import type { Candidate } from "../../../src/sandbox/scheduling.ts";
import { placementOf, quantity, requestsOf } from "../../../src/sandbox/scheduling.ts";

const meta = (name: string, labels: Record<string, string> = {}) => ({
  name,
  labels,
  uid: name,
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
});
const node = (name: string, spec: object = {}, pods: StoredObject[] = []): Candidate => ({
  node: {
    apiVersion: "v1",
    kind: "Node",
    metadata: meta(name, { zone: name }),
    spec,
    status: { allocatable: { cpu: "2", memory: "1Gi", pods: "3" } },
  },
  pods,
});
const pod = (spec: object = {}, cpu?: string): StoredObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: meta("web"),
  spec: { containers: [{ name: "app", ...(cpu ? { resources: { requests: { cpu } } } : {}) }], ...spec },
});
const none = (counts: string, nodes: number) =>
  `0/${nodes} nodes are available: ${counts}. no new claims to deallocate, preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;

const cases: { name: string; pod: StoredObject; nodes: Candidate[]; want: string }[] = [
  { name: "the node with the fewest pods", pod: pod(), nodes: [node("a", {}, [pod()]), node("b")], want: "b" },
  { name: "the first of equals", pod: pod(), nodes: [node("a"), node("b")], want: "a" },
  {
    name: "what pods ask for adds up",
    pod: pod({}, "1500m"),
    nodes: [node("a", {}, [pod({}, "1")])],
    want: none("1 Insufficient cpu", 1),
  },
  { name: "what just fits, fits", pod: pod({}, "1"), nodes: [node("a", {}, [pod({}, "1")])], want: "a" },
  { name: "a full node", pod: pod(), nodes: [node("a", {}, [pod(), pod(), pod()])], want: none("1 Too many pods", 1) },
  {
    name: "reasons are counted, and sorted",
    pod: pod({ nodeSelector: { zone: "c" } }),
    nodes: [node("a", { unschedulable: true }), node("b")],
    want: none("1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable", 2),
  },
  {
    name: "a taint that is only a preference keeps nobody off",
    pod: pod(),
    nodes: [node("a", { taints: [{ key: "k", effect: "PreferNoSchedule" }] })],
    want: "a",
  },
  {
    name: "a toleration of everything",
    pod: pod({ tolerations: [{ operator: "Exists" }] }),
    nodes: [node("a", { unschedulable: true, taints: [{ key: "k", value: "v", effect: "NoExecute" }] })],
    want: "a",
  },
  { name: "no nodes", pod: pod(), nodes: [], want: "no nodes available to schedule pods" },
];
for (const given of cases) {
  test(`placement: ${given.name}`, () => {
    const placement = placementOf(given.pod, given.nodes);
    assert.equal(placement.kind === "node" ? placement.name : placement.message, given.want);
  });
}

test("requests: a limit stands for a request, sidecars add up, the largest init container counts", () => {
  const container = (cpu: string, more: object = {}) => ({ resources: { limits: { cpu } }, ...more });
  const initContainers = [container("3"), container("1", { restartPolicy: "Always" })];
  const sum = requestsOf(pod({ containers: [container("1"), container("500m")], initContainers }));
  assert.equal(sum.get("cpu"), 4);
});

for (const [text, want] of Object.entries({ "500m": 0.5, "1Gi": 2 ** 30, "1e3": 1000, "2k": 2000, "1.5": 1.5 })) {
  test(`quantity: ${text}`, () => assert.equal(quantity(text), want));
}
