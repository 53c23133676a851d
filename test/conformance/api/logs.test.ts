// Whose log is asked for: what the API server itself says to that, before any node is asked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aPod, UNSCHEDULED } from "../objects.ts";
import { onEachTarget } from "../target.ts";

const containers = ["app", "proxy"].map((name) => ({ name, image: "app:v1" }));
const initContainers = [{ name: "setup", image: "app:v1" }];

onEachTarget("logs", (target) => {
  const make = (name: string, spec: object) => target().must("POST", target().core("pods"), aPod(name, { spec }));
  const log = (name: string, query = "") => target().send("GET", `${target().core("pods")}/${name}/log${query}`);
  const refused = async (code: number, message: string, asked: ReturnType<typeof log>) => {
    const { status, body } = await asked;
    assert.deepEqual([status, (body as { message?: string }).message], [code, message]);
  };

  test("of no pod", () => refused(404, 'pods "none" not found', log("none")));

  test("of a pod that no node has: nothing", async () => {
    await make("waits", UNSCHEDULED);
    const { status, body } = await log("waits");
    assert.deepEqual([status, body], [204, undefined]);
  });

  test("of the only container, beside one that sets up", async () => {
    await make("set-up", { ...UNSCHEDULED, initContainers });
    assert.equal((await log("set-up")).status, 204);
  });

  test("of a container that the pod has not", async () => {
    await make("alone", UNSCHEDULED);
    await refused(400, "container none is not valid for pod alone", log("alone", "?container=none"));
  });

  test("of one of several: which?", async () => {
    await make("two", { ...UNSCHEDULED, containers });
    const message = "a container name must be specified for pod two, choose one of: [app proxy]";
    await refused(400, message, log("two"));
    await make("three", { ...UNSCHEDULED, containers, initContainers });
    await refused(400, message.replace("two", "three").replace("app", "setup app"), log("three"));
  });

  test("is only read", async () => {
    await make("read", UNSCHEDULED);
    for (const method of ["PUT", "DELETE"]) {
      const { status } = await target().send(method, `${target().core("pods")}/read/log`, {});
      assert.equal(status, 405, method);
    }
  });
});
