import assert from "node:assert/strict";
import { test } from "node:test";
import { aPod } from "../objects.ts";
import type { Obj } from "../target.ts";
import { at, MERGE, onEachTarget } from "../target.ts";

const NODES = "/api/v1/nodes";

onEachTarget("scheduling", (target) => {
  const pods = () => target().core("pods");
  const make = async (name: string, given: Parameters<typeof aPod>[1] = {}) =>
    target().must("POST", pods(), aPod(name, given));
  const scheduled = (name: string) =>
    target().until(
      `${name} has a node`,
      () => target().must("GET", `${pods()}/${name}`),
      (pod) => at(pod, "spec.nodeName") !== undefined,
    );
  const unschedulable = async (name: string): Promise<string> => {
    const pod = await target().until(
      `${name} is said to be unschedulable`,
      () => target().must("GET", `${pods()}/${name}`),
      (found) => conditionOf(found)?.["reason"] === "Unschedulable",
    );
    return String(conditionOf(pod)?.["message"]);
  };
  const nodes = async () => (await target().must<{ items: Obj[] }>("GET", NODES)).items;
  const patch = async (body: object) => {
    for (const { metadata } of await nodes()) await target().must("PATCH", `${NODES}/${metadata.name}`, body, MERGE);
  };

  /** Makes pods until one finds no node: the scheduler sees a change of a node a little later than a pod. */
  const untilNoneFits = async (name: string) => {
    let count = 0;
    await target().until(
      `no node takes ${name}`,
      async () => {
        count += 1;
        await make(`${name}-trial-${count}`);
        return target().until(
          `${name}-trial-${count} is seen`,
          () => target().must("GET", `${pods()}/${name}-trial-${count}`),
          (found) => conditionOf(found) !== undefined,
        );
      },
      (found) => conditionOf(found)?.["reason"] === "Unschedulable",
    );
  };

  test("a pod that fits is bound, and says so", async () => {
    await make("a");
    const pod = await scheduled("a");
    assert.equal(conditionOf(pod)?.["status"], "True");
  });
  test("no node has the label", async () => {
    await make("b", { spec: { nodeSelector: { disk: "ssd" } } });
    const count = (await nodes()).length;
    const why = `0/${count} nodes are available: ${count} node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/${count} nodes are available: ${count} Preemption is not helpful for scheduling.`;
    assert.equal(await unschedulable("b"), why);
  });
  test("... which is told by an event, too", async () => {
    const found = await target().until(
      "the event",
      () => target().must<{ items: Obj[] }>("GET", target().core("events")),
      ({ items }) =>
        items.some(({ reason, involvedObject }) => reason === "FailedScheduling" && at(involvedObject, "name") === "b"),
    );
    const event = found.items.find(({ reason }) => reason === "FailedScheduling");
    assert.equal(event?.["type"], "Warning");
    assert.match(String(event["message"]), /didn't match Pod's node affinity/);
  });
  test("a node gets the label, and the pod goes there", async () => {
    const [node] = await nodes();
    const path = `${NODES}/${node?.metadata.name}`;
    await target().must("PATCH", path, { metadata: { labels: { disk: "ssd" } } }, MERGE);
    const pod = await scheduled("b");
    assert.equal(at(pod, "spec.nodeName"), node?.metadata.name);
    await target().must("PATCH", path, { metadata: { labels: { disk: null } } }, MERGE);
  });
  test("node affinity: any term, all of its expressions", async () => {
    const term = (operator: string, values?: string[]) => ({
      matchExpressions: [{ key: "kubernetes.io/os", operator, ...(values ? { values } : {}) }],
    });
    const affinity = (...nodeSelectorTerms: object[]) => ({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    });
    await make("c-1", { spec: affinity(term("In", ["windows"]), term("Exists")) });
    await make("c-2", { spec: affinity(term("NotIn", ["linux"])) });
    await scheduled("c-1");
    assert.match(await unschedulable("c-2"), /didn't match Pod's node affinity\/selector/);
  });
  test("a resource that no node has", async () => {
    await make("d", { container: { resources: { limits: { "example.com/gpu": "1" } } } });
    assert.match(await unschedulable("d"), /Insufficient example\.com\/gpu/);
  });
  test("more than a node has", async () => {
    await make("e", { container: { resources: { requests: { memory: "1Ei", cpu: "1M" } } } });
    const why = await unschedulable("e");
    assert.match(why, /Insufficient cpu/);
    assert.match(why, /Insufficient memory/);
  });
  test("scheduling gates", async () => {
    await make("f", { spec: { schedulingGates: [{ name: "example.com/gate" }] } });
    const pod = await target().until(
      "the gate is told of",
      () => target().must("GET", `${pods()}/f`),
      (found) => conditionOf(found) !== undefined,
    );
    assert.equal(conditionOf(pod)?.["reason"], "SchedulingGated");
    await target().must("PATCH", `${pods()}/f`, { spec: { schedulingGates: null } }, MERGE);
    await scheduled("f");
  });
  test("another scheduler's pods are left alone", async () => {
    await make("g", { spec: { schedulerName: "another" } });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(conditionOf(await target().must("GET", `${pods()}/g`)), undefined);
  });
  test("a taint keeps off pods that do not tolerate it", async () => {
    await patch({ spec: { taints: [{ key: "dedicated", value: "x", effect: "NoSchedule" }] } });
    await untilNoneFits("h");
    await make("h-1");
    assert.match(await unschedulable("h-1"), /node\(s\) had untolerated taint\(s\)/);
    const tolerations = [{ key: "dedicated", operator: "Equal", value: "x", effect: "NoSchedule" }];
    await make("h-2", { spec: { tolerations } });
    await scheduled("h-2");
    await make("h-3", { spec: { tolerations: [{ key: "dedicated", operator: "Exists" }] } });
    await scheduled("h-3");
  });
  test("... until it is taken away", async () => {
    await patch({ spec: { taints: null } });
    await scheduled("h-1");
  });
  test("a cordoned node takes nobody", async () => {
    await patch({ spec: { unschedulable: true } });
    await untilNoneFits("i");
    await make("i");
    assert.match(await unschedulable("i"), /node\(s\) were unschedulable/);
    await patch({ spec: { unschedulable: null } });
    await scheduled("i");
  });
});

function conditionOf(pod: Obj): Record<string, unknown> | undefined {
  const conditions = (at(pod, "status.conditions") as Record<string, unknown>[] | undefined) ?? [];
  return conditions.find(({ type }) => type === "PodScheduled");
}
