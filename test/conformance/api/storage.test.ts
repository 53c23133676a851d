import assert from "node:assert/strict";
import { test } from "node:test";
import { aClaim, aPod, volumeOf } from "../objects.ts";
import type { Obj } from "../target.ts";
import { at, MERGE, onEachTarget } from "../target.ts";

const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";

onEachTarget("storage", (target) => {
  const claims = () => target().core("persistentvolumeclaims");
  const pods = () => target().core("pods");
  const phase = (name: string, wanted: string) =>
    target().until(
      `${name} is ${wanted}`,
      () => target().must("GET", `${claims()}/${name}`),
      (claim) => at(claim, "status.phase") === wanted,
    );

  test("a claim without a class gets the default one, a mode, and starts as pending", async () => {
    const made = await target().must("POST", claims(), aClaim("a"));
    assert.equal(typeof at(made, "spec.storageClassName"), "string");
    assert.equal(at(made, "spec.volumeMode"), "Filesystem");
    assert.equal(at(made, "status.phase"), "Pending");
  });
  test("a claim that a pod uses gets a volume, and the pod a node", async () => {
    const api = target();
    await api.must("POST", claims(), aClaim("b"));
    await api.must("POST", pods(), aPod("b", { spec: volumeOf("b") }));
    const claim = await phase("b", "Bound");
    assert.deepEqual(at(claim, "status.accessModes"), ["ReadWriteOnce"]);
    assert.equal(at(claim, "status.capacity.storage"), "1Gi");
    const volume = await api.must("GET", `/api/v1/persistentvolumes/${String(at(claim, "spec.volumeName"))}`);
    assert.equal(at(volume, "spec.claimRef.uid"), claim.metadata.uid);
    await api.until(
      "the pod has a node",
      () => api.must("GET", `${pods()}/b`),
      (pod) => at(pod, "spec.nodeName") !== undefined,
    );
  });
  test("a claim in use stays until its pod is gone, and its volume goes with it", async () => {
    const api = target();
    const bound = await api.must("GET", `${claims()}/b`);
    await api.must("DELETE", `${claims()}/b`);
    const going = await api.must("GET", `${claims()}/b`);
    assert.ok(going.metadata.deletionTimestamp);
    assert.deepEqual(going.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
    await api.must("DELETE", `${pods()}/b`);
    await api.gone(`${claims()}/b`);
    await api.gone(`/api/v1/persistentvolumes/${String(at(bound, "spec.volumeName"))}`);
  });
  test("a claim of a class that does not exist stays pending, and so does its pod", async () => {
    const api = target();
    await api.must("POST", claims(), aClaim("c", { storageClassName: "none" }));
    await api.must("POST", pods(), aPod("c", { spec: volumeOf("c") }));
    const pod = await api.until(
      "the pod is said to be unschedulable",
      () => api.must("GET", `${pods()}/c`),
      (found) => at(found, "status.conditions.0.reason") === "Unschedulable",
    );
    assert.match(String(at(pod, "status.conditions.0.message")), /pod has unbound immediate PersistentVolumeClaims/);
    assert.equal(at(await api.must("GET", `${claims()}/c`), "status.phase"), "Pending");
  });
  test("a pod whose claim does not exist waits, and goes on when it comes", async () => {
    const api = target();
    await api.must("POST", pods(), aPod("d", { spec: volumeOf("d") }));
    const pod = await api.until(
      "the pod is said to be unschedulable",
      () => api.must("GET", `${pods()}/d`),
      (found) => at(found, "status.conditions.0.reason") === "Unschedulable",
    );
    assert.match(String(at(pod, "status.conditions.0.message")), /persistentvolumeclaim "d" not found/);
    await api.must("POST", claims(), aClaim("d"));
    await phase("d", "Bound");
    await api.until(
      "the pod has a node",
      () => api.must("GET", `${pods()}/d`),
      (found) => at(found, "spec.nodeName") !== undefined,
    );
  });
  test("WaitForFirstConsumer: the scheduler says which node, and no volume comes before that", async () => {
    const api = target();
    const name = `${api.namespace}-waits`;
    const class_ = { metadata: { name }, provisioner: "example.com/none", volumeBindingMode: "WaitForFirstConsumer" };
    await api.must("POST", CLASSES, class_);
    await api.must("POST", claims(), aClaim("e", { storageClassName: name }));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const alone = await api.must("GET", `${claims()}/e`);
    assert.deepEqual([at(alone, "status.phase"), selectedNode(alone)], ["Pending", undefined]);
    await api.must("POST", pods(), aPod("e", { spec: volumeOf("e") }));
    await api.until(
      "the node is selected",
      () => api.must("GET", `${claims()}/e`),
      (claim) => selectedNode(claim) !== undefined,
    );
    await api.send("DELETE", `${CLASSES}/${name}`);
  });
  test("a class binds at once and deletes its volumes, unless it says otherwise", async () => {
    const name = `${target().namespace}-plain`;
    const made = await target().must("POST", CLASSES, { metadata: { name }, provisioner: "example.com/none" });
    assert.deepEqual([made["volumeBindingMode"], made["reclaimPolicy"]], ["Immediate", "Delete"]);
    await target().send("DELETE", `${CLASSES}/${name}`);
  });
  test("the spec of a bound claim is settled, but for its size", async () => {
    const api = target();
    const class_ = { storageClassName: "another" };
    const refused = await api.send("PATCH", `${claims()}/d`, { spec: class_ }, MERGE);
    assert.deepEqual([refused.status, at(refused.body, "details.causes.0.field")], [422, "spec"]);
    const larger = { spec: { resources: { requests: { storage: "2Gi" } } } };
    assert.equal((await api.send("PATCH", `${claims()}/d`, larger, MERGE)).status, 200);
    const smaller = { spec: { resources: { requests: { storage: "1Mi" } } } };
    const shrunk = await api.send("PATCH", `${claims()}/d`, smaller, MERGE);
    assert.deepEqual(
      [shrunk.status, at(shrunk.body, "details.causes.0.field")],
      [422, "spec.resources.requests.storage"],
    );
  });
  test("a claim without access modes or size is refused", async () => {
    const answer = await target().send("POST", claims(), { metadata: { name: "g" }, spec: {} });
    const causes = at(answer.body, "details.causes") as { field: string; reason: string }[];
    assert.equal(answer.status, 422);
    assert.deepEqual(
      causes.map(({ field, reason }) => `${reason} ${field}`),
      ["FieldValueRequired spec.accessModes", "FieldValueRequired spec.resources[storage]"],
    );
  });
});

function selectedNode({ metadata }: Obj): string | undefined {
  return metadata.annotations?.["volume.kubernetes.io/selected-node"];
}
