import assert from "node:assert/strict";
import { test } from "node:test";
import type { History, Setting, Step } from "../../support/model/history.ts";
import { play } from "./play.ts";

// Histories in which a property once failed, cut down to what matters, and such as chance seldom makes.

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
  {
    name: "a template set back while a later batch is broken: the broken container is not waited for before its turn comes",
    setting: { twoContainers: true },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:broken", log: "log:v2" } },
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v1", log: "log:v1" } },
    ],
  },
  {
    name: "CloneSetPartitionRollback: a pod just made is not sent back while pods are missing on both sides",
    setting: { type: "ReCreate", rollBack: true },
    first: { replicas: 3, partition: 1, maxUnavailable: 1, throttle: 1 },
    steps: [
      ...[pass, pass, nodes, nodes, nodes],
      { what: "name", pod: 0 },
      { what: "template", template: { mode: "y" } },
    ],
  },
  {
    name: "an update that changes nothing but metadata takes over the batches that the one before had left",
    setting: { twoContainers: true },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2", log: "log:v2" } },
      ...[pass, pass],
      { what: "template", template: { note: "a" } },
      pass,
    ],
  },
  {
    name: "an update that changes nothing but metadata waits for the restart that the one before asked for",
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "template", template: { note: "a" } },
      ...[pass, pass, pass],
    ],
  },
  {
    name: "a container that dies before its node has seen the new image has not been updated",
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "crash", pod: 0 },
      { what: "passes" },
    ],
  },
  ...[true, false].map((countsGenerations) => ({
    name: `an update that is taken back before the node has seen it ends without a restart (generations: ${countsGenerations})`,
    setting: { countsGenerations },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template" as const, template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "template" as const, template: { app: "app:v1" } },
      pass,
    ],
  })),
  ...[true, false].map((countsGenerations) => ({
    name: `the same, with a container that has crashed in between (generations: ${countsGenerations})`,
    setting: { countsGenerations },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template" as const, template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "crash" as const, pod: 0 },
      { what: "template" as const, template: { app: "app:v1" } },
      ...[pass, pass],
    ],
  })),
  {
    name: "a pod in its grace period gets no new target",
    first: { gracePeriodSeconds: 4 },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "template", template: { app: "app:v3" } },
      ...[pass, pass],
    ],
  },
  {
    name: "a template set back replaces a broken pod of the abandoned revision, whatever the partition says",
    setting: { type: "ReCreate" },
    first: { replicas: 2, maxUnavailable: 1 },
    steps: [
      ...[pass, pass, nodes, nodes, nodes, pass],
      { what: "edit", spec: { partition: 1 } },
      { what: "template", template: { app: "app:broken" } },
      ...[pass, pass, pass, nodes, nodes, pass, nodes, pass],
      { what: "edit", spec: { partition: 2 } },
      { what: "template", template: { app: "app:v1" } },
    ],
  },
  {
    name: "while paused not even a template set back moves a broken pod",
    setting: { type: "ReCreate" },
    first: { replicas: 2, maxUnavailable: 1 },
    steps: [
      ...[pass, pass, nodes, nodes, nodes, pass],
      { what: "edit", spec: { partition: 1 } },
      { what: "template", template: { app: "app:broken" } },
      ...[pass, pass, pass, nodes, nodes, pass, nodes, pass],
      { what: "edit", spec: { paused: true } },
      { what: "template", template: { app: "app:v1" } },
      ...[pass, pass, nodes],
    ],
  },
  {
    name: "CloneSetPartitionRollback: a pod that is to move back waits for its update hook, and is not sent to and fro",
    setting: { rollBack: true, hooks: { ...setting.hooks, inPlaceUpdate: true } },
    first: { replicas: 2, maxUnavailable: 2 },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes, pass],
      { what: "edit", spec: { partition: 1 } },
      { what: "template", template: { app: "app:v2" } },
      ...[pass, pass],
      { what: "serveHooks" },
      ...[pass, nodes, nodes, pass, nodes],
      { what: "serveHooks" },
      ...[pass, nodes, pass],
      { what: "edit", spec: { partition: 2 } },
      { what: "passes" },
    ],
  },
  {
    name: "no surge pod is made for a pod on its way out, while those that stay can go in place",
    setting: { hooks: { ...setting.hooks, preDelete: true, preNormal: true }, excludePreparingDelete: true },
    first: { maxSurge: 1 },
    steps: [
      ...[pass, pass],
      { what: "template", template: { mode: "y" } },
      pass,
      { what: "serveHooks" },
      ...[pass, nodes, pass, nodes, { what: "node" as const, pod: 0 }, pass, { what: "node" as const, pod: 0 }, pass],
      { what: "wait", seconds: 1 },
      { what: "node", pod: 0 },
      { what: "template", template: { app: "app:v2-again" } },
      ...[pass, nodes, pass, nodes, pass],
    ],
  },
  {
    name: "a pod without a readiness gate that got a broken image can be set back: what it waits for is itself",
    setting: { type: "ReCreate" },
    steps: [
      ...[pass, pass, nodes, nodes, nodes, pass],
      { what: "edit", spec: { type: "InPlaceIfPossible" } },
      { what: "template", template: { app: "app:broken" } },
      ...[pass, pass, nodes, nodes, pass],
      { what: "template", template: { app: "app:v1" } },
    ],
  },
  {
    name: "a pod that loses its labels between two batches gets the rest of its update as one of the revision it goes to",
    setting: { twoContainers: true },
    steps: [
      ...[pass, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2", log: "log:v2" } },
      ...[pass, nodes, pass, nodes],
      { what: "strip", pod: 0 },
      { what: "edit", spec: { type: "InPlaceOnly" } },
      ...[nodes, nodes, pass, pass, pass],
    ],
  },
  {
    name: "a pod that loses its labels while it is set back from between two batches goes back as one of the first revision",
    setting: { type: "InPlaceOnly", twoContainers: true },
    steps: [
      ...[pass, pass, nodes, nodes, pass, nodes],
      { what: "template", template: { app: "app:v2", log: "log:v2" } },
      ...[pass, pass, nodes, nodes, pass],
      { what: "template", template: { app: "app:v1", log: "log:v1" } },
      ...[pass, pass],
      { what: "strip", pod: 0 },
      ...[pass, nodes, nodes, pass, pass],
    ],
  },
  {
    name: "a pod with an annotation is not adopted as one of a newer revision that has none, and so would keep it",
    setting: { type: "ReCreate" },
    steps: [
      { what: "template", template: { note: "a" } },
      ...[pass, nodes, pass, nodes],
      { what: "strip", pod: 0 },
      { what: "template", template: { note: "" } },
      ...[pass, pass, pass],
    ],
  },
];

for (const { name, steps, ...given } of cases) {
  test(name, () => {
    const history = { setting: { ...setting, ...given.setting }, first: { ...first, ...given.first }, steps };
    assert.deepEqual([...play(history)], []);
  });
}
