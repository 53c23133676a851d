import assert from "node:assert/strict";
import { test } from "node:test";
import { annotation } from "../../../src/api/constants.ts";
import type { Topology } from "../../../src/plan/delete-order.ts";
import { deletionCost, firstToGo } from "../../../src/plan/delete-order.ts";
import type { GivenPod } from "../../support/a-pod.ts";
import { aPod } from "../../support/a-pod.ts";
import { members } from "../../support/an-observation.ts";

const noTopology: Topology = { keys: [], nodeLabels: new Map() };

function order(pods: Record<string, GivenPod>, topology = noTopology): string {
  const list = Object.entries(pods).map(([name, given]) => aPod({ name, ...given }));
  return firstToGo(members(list), list.length, { topology, ifAllGo: "" })
    .map(({ member }) => member.pod.name)
    .join(" ");
}

const cost = (value: string) => ({ annotations: { [annotation.deletionCost]: value } });

test("delete order: the example of the contract", () => {
  const pods: Record<string, GivenPod> = {
    a: { node: "n1", readyForSeconds: 100 },
    b: { node: "n1", readyForSeconds: 200 },
    c: { node: "n2", readyForSeconds: 10 },
    d: { node: "n3", readyForSeconds: 300, ...cost("-5") },
    e: { node: "n4", state: "PreparingNormal" },
    f: { node: "", phase: "Pending", ready: false },
    g: { node: "n1", readyForSeconds: 50 },
    h: { node: "n2", readyForSeconds: 500, ...cost("+9") },
  };
  assert.equal(order(pods), "f e d g c a b h");
});

// In each row "b" goes before "a", for that reason alone; the reasons stand in their order of weight.
const pairs: { name: string; a: GivenPod; b: GivenPod }[] = [
  {
    name: "not assigned to a node before assigned",
    a: { node: "n1", phase: "Pending" },
    b: { node: "", phase: "Running" },
  },
  { name: "Pending before Unknown", a: { phase: "Unknown", ready: false }, b: { phase: "Pending", ready: false } },
  { name: "Unknown before Running", a: { ready: false }, b: { phase: "Unknown", ready: false } },
  { name: "unavailable before available, however cheap that is", a: cost("-100"), b: { state: "PreparingNormal" } },
  { name: "not ready before ready", a: { state: "PreparingNormal" }, b: { ready: false } },
  { name: "a broken pod before a cheap one", a: { ...cost("-100") }, b: { ready: false, ...cost("100") } },
  {
    name: "cheap before dear, however long it is ready",
    a: { readyForSeconds: 1, ...cost("1") },
    b: { readyForSeconds: 9999, ...cost("0") },
  },
  { name: "ready since later", a: { readyForSeconds: 100 }, b: { readyForSeconds: 50 } },
  {
    name: "ready since nobody knows when counts as latest",
    a: { readyForSeconds: 1 },
    b: { readyForSeconds: Date.parse("2026-01-01T12:00:00Z") / 1000 },
  },
  { name: "restarted more often", a: { restarts: 1 }, b: { restarts: 2 } },
  { name: "created later", a: { createdSecondsAgo: 100 }, b: { createdSecondsAgo: 50 } },
];
for (const { name, a, b } of pairs) {
  test(`delete order: ${name}`, () => {
    assert.equal(order({ a: { node: "n1", ...a }, b: { node: "n2", ...b } }), "b a");
    assert.equal(order({ b: { node: "n2", ...b }, a: { node: "n1", ...a } }), "b a");
  });
}

const reasons: { name: string; b: GivenPod; because: string }[] = [
  { name: "readiness", b: { ready: false }, because: "it is not available, unlike a" },
  { name: "deletion cost", b: cost("-1"), because: "it has a lower deletion cost than a" },
  { name: "time", b: { readyForSeconds: 5 }, because: "it became ready later than a" },
];
for (const { name, b, because } of reasons) {
  test(`delete order: why a pod goes and another one stays: ${name}`, () => {
    const given = { topology: noTopology, ifAllGo: "all go" };
    const list = members([aPod({ name: "a", node: "n1" }), aPod({ name: "b", node: "n2", ...b })]);
    assert.deepEqual(
      firstToGo(list, 1, given).map((victim) => [victim.member.pod.name, victim.because]),
      [["b", because]],
    );
    assert.equal(firstToGo(list, 2, given)[0]?.because, "all go");
  });
}

test("delete order: pods on crowded nodes go first, and the best pod of each node last", () => {
  const pods = {
    a: { node: "n1" },
    b: { node: "n1", readyForSeconds: 50 },
    c: { node: "n2", readyForSeconds: 10 },
    d: { node: "n1", readyForSeconds: 5 },
  };
  assert.equal(order(pods), "d b c a");
});

const zones: Record<string, string> = { n1: "zone1", n2: "zone1", n3: "zone2", n4: "zone2" };
const byZone: Topology = {
  keys: ["zone"],
  nodeLabels: new Map(Object.entries(zones).map(([node, zone]) => [node, { zone }])),
};

// Ranks: a 3 ln 4 = 4.159, b and d 2 ln 4 = 2.773, c and e ln 4 = 1.386.
test("delete order: with a zone constraint the larger zone loses pods first (the example of the contract)", () => {
  const pods = {
    a: { node: "n1", readyForSeconds: 100 },
    b: { node: "n1", readyForSeconds: 200 },
    c: { node: "n2", readyForSeconds: 300 },
    d: { node: "n3", readyForSeconds: 10 },
    e: { node: "n4", readyForSeconds: 400 },
  };
  assert.equal(order(pods, byZone), "a d b c e");
});

test("delete order: pods whose zone is not known go last", () => {
  const pods = { a: { node: "n9", readyForSeconds: 1 }, b: { node: "n1", readyForSeconds: 100 } };
  assert.equal(order(pods, byZone), "b a");
});

test("delete order: of several constraints the one with more domains weighs more", () => {
  const labels: Record<string, Record<string, string>> = {
    n1: { zone: "z1", rack: "r2" },
    n2: { zone: "z2", rack: "r1" },
    n3: { zone: "z1" },
    n4: { rack: "r1" },
    n5: { rack: "r3" },
    n6: { rack: "r4" },
    n7: { rack: "r5" },
  };
  const topology = { keys: ["zone", "rack"], nodeLabels: new Map(Object.entries(labels)) };
  const since = (readyForSeconds: number, node: string) => ({ readyForSeconds, node });
  // a is 2nd of 2 in its zone and alone in its rack, b the other way round: 2 ln 4 + ln 7 < ln 4 + 2 ln 7.
  const pods = { a: since(10, "n1"), b: since(20, "n2"), c: since(900, "n3"), d: since(900, "n4") };
  const racks = { e: since(900, "n5"), f: since(900, "n6"), g: since(900, "n7") };
  assert.ok(order({ ...pods, ...racks }, topology).startsWith("b a "));
});

test("delete order: equal pods go by name, so that two runs choose alike", () => {
  assert.equal(order({ c: { node: "n1" }, a: { node: "n2" }, b: { node: "n3" } }), "a b c");
});

const costs = [
  { text: undefined, want: 0 },
  { text: "7", want: 7 },
  { text: "-3", want: -3 },
  { text: "-03", want: -3 },
  { text: "0", want: 0 },
  { text: "+9", want: 0 },
  { text: "007", want: 0 },
  { text: "abc", want: 0 },
  { text: "1.5", want: 0 },
  { text: "", want: 0 },
  { text: "2147483647", want: 2147483647 },
  { text: "2147483648", want: 0 },
  { text: "-2147483648", want: -2147483648 },
  { text: "-2147483649", want: 0 },
];
for (const { text, want } of costs) {
  test(`deletion cost ${text === undefined ? "unset" : JSON.stringify(text)} counts as ${want}`, () => {
    assert.equal(deletionCost(aPod(text === undefined ? {} : cost(text))), want);
  });
}
