import assert from "node:assert/strict";
import { test } from "node:test";
import type { History, Setting, Step } from "../../support/model/history.ts";
import { play } from "./play.ts";

// Histories in which a property once failed, cut down to what matters.

const setting: Setting = {
  type: "InPlaceIfPossible",
  hasClaims: false,
  twoContainers: false,
  countsGenerations: false,
  injects: false,
  rollBack: false,
  asUpdated: false,
  shortHash: false,
  excludePreparingDelete: false,
  hooks: { preDelete: false, inPlaceUpdate: false, preNormal: false, markPodNotReady: false },
};
const template = { app: "app:v1", log: "log:v1", note: "", mode: "x" };
const first: History["first"] = { replicas: 1, partition: 0, maxUnavailable: 1, maxSurge: 0, template };
const pass: Step = { what: "pass", fate: {} };
const nodes: Step = { what: "allNodes" };

const cases: { name: string; setting?: Partial<Setting>; first?: Partial<History["first"]>; steps: Step[] }[] = [
  {
    name: "InPlaceOnly: a pod that waits for its update hook goes back into service when the template can no longer go in place",
    setting: { type: "InPlaceOnly", hooks: { ...setting.hooks, inPlaceUpdate: true } },
    steps: [
      ...[pass, pass, nodes, pass, nodes, nodes],
      { what: "template", template: { note: "b" } },
      ...[pass, pass],
      { what: "template", template: { mode: "y" } },
    ],
  },
  {
    name: "an update that is refused while an earlier one is under way does not put the pod into service",
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "template", template: { app: "app:v3" } },
      pass,
      { what: "pass", fate: { refuses: 1 } },
    ],
  },
  {
    name: "a pod whose update is refused after its hook let go is back in service, and its neighbour is not asked again and again",
    setting: { hooks: { ...setting.hooks, inPlaceUpdate: true } },
    first: { replicas: 2, partition: 1, maxUnavailable: 2 },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "serveHooks" },
      { what: "pass", fate: { refuses: 3 } },
      { what: "passes" },
    ],
  },
  {
    name: "PreparingUpdateAsUpdate counts for scaling alone: a pod that waits for its update hook is left waiting",
    setting: { asUpdated: true, hooks: { ...setting.hooks, inPlaceUpdate: true } },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "passes" },
    ],
  },
];

for (const { name, steps, ...given } of cases) {
  test(name, () => {
    const history = { setting: { ...setting, ...given.setting }, first: { ...first, ...given.first }, steps };
    assert.deepEqual([...play(history)], []);
  });
}
