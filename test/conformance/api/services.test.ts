import assert from "node:assert/strict";
import { test } from "node:test";
import { aPod } from "../objects.ts";
import type { Obj } from "../target.ts";
import { at, MERGE, onEachTarget } from "../target.ts";

interface Slice extends Obj {
  endpoints?: { addresses: string[]; conditions: Record<string, boolean>; targetRef?: { name: string } }[];
  ports?: { name: string; port: number }[];
}

onEachTarget("services", (target) => {
  const pods = () => target().core("pods");
  const services = () => target().core("services");
  const slices = () => `/apis/discovery.k8s.io/v1/namespaces/${target().namespace}/endpointslices`;
  const service = (name: string, spec: object = {}) =>
    target().must("POST", services(), {
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
    });
  const sliceOf = async (name: string) => {
    const query = encodeURIComponent(`kubernetes.io/service-name=${name}`);
    const { items } = await target().must<{ items: Slice[] }>("GET", `${slices()}?labelSelector=${query}`);
    return items.flatMap(({ endpoints }) => endpoints ?? []);
  };
  const endpoints = (name: string, what: string, holds: (found: Awaited<ReturnType<typeof sliceOf>>) => boolean) =>
    target().until(what, () => sliceOf(name), holds);

  test("defaults: an address of the cluster, a protocol, a target port", async () => {
    const made = await service("a", { ports: [{ port: 80 }] });
    assert.match(String(at(made, "spec.clusterIP")), /^\d+\.\d+\.\d+\.\d+$/);
    assert.deepEqual(at(made, "spec.ports"), [{ protocol: "TCP", port: 80, targetPort: 80 }]);
    assert.deepEqual(
      [at(made, "spec.type"), at(made, "spec.sessionAffinity"), at(made, "status")],
      ["ClusterIP", "None", { loadBalancer: {} }],
    );
  });
  test("its address stays", async () => {
    const before = await target().must("GET", `${services()}/a`);
    const after = await target().must("PATCH", `${services()}/a`, { spec: { ports: [{ port: 81 }] } }, MERGE);
    assert.equal(at(after, "spec.clusterIP"), at(before, "spec.clusterIP"));
  });
  test("a ready pod is a ready endpoint, in the slice and in the endpoints", async () => {
    await service("b");
    await target().must("POST", pods(), aPod("b-1", { labels: { app: "b" } }));
    const [one] = await endpoints("b", "a ready endpoint", (found) => found[0]?.conditions["ready"] === true);
    assert.equal(one?.targetRef?.name, "b-1");
    const old = await target().until(
      "the endpoints",
      () => target().find(`${target().core("endpoints")}/b`),
      (found) => at(found, "subsets.0.addresses.0.targetRef.name") === "b-1",
    );
    assert.equal(at(old, "subsets.0.ports.0.port"), 8080);
  });
  test("a pod that is not ready is an endpoint that is not ready", async () => {
    await service("c");
    await target().must(
      "POST",
      pods(),
      aPod("c-1", { labels: { app: "c" }, annotations: { "fake-node/ready": "false" } }),
    );
    const [one] = await endpoints("c", "an endpoint", (found) => found.length === 1);
    assert.equal(one?.conditions["ready"], false);
  });
  test("... and becomes one when it is", async () => {
    await target().must("PATCH", `${pods()}/c-1`, { metadata: { annotations: { "fake-node/ready": null } } }, MERGE);
    await endpoints("c", "a ready endpoint", (found) => found[0]?.conditions["ready"] === true);
  });
  test("a pod that is gone is no endpoint", async () => {
    await target().must("DELETE", `${pods()}/c-1`);
    await endpoints("c", "no endpoint", (found) => found.length === 0);
  });
  test("labels decide, also when they change", async () => {
    await target().must("PATCH", `${pods()}/b-1`, { metadata: { labels: { app: "elsewhere" } } }, MERGE);
    await endpoints("b", "no endpoint", (found) => found.length === 0);
  });
  test("what belongs to a service goes with it", async () => {
    await target().must("DELETE", `${services()}/b`);
    await target().gone(`${target().core("endpoints")}/b`);
    await target().until(
      "no slices",
      async () => {
        const query = encodeURIComponent("kubernetes.io/service-name=b");
        return (await target().must<{ items: Slice[] }>("GET", `${slices()}?labelSelector=${query}`)).items.length;
      },
      (count) => count === 0,
    );
  });
});
