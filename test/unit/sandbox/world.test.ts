// A whole cluster in this process, on a clock that only the test moves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiServer } from "../../../src/sandbox/api-server.ts";
import { recordTo } from "../../../src/sandbox/happenings.ts";
import { SimulatedNodes } from "../../../src/sandbox/nodes.ts";
import type { StoredObject } from "../../../src/sandbox/objects.ts";
import { specOf, statusOf } from "../../../src/sandbox/pods.ts";
import { addressOfService } from "../../../src/sandbox/service-address.ts";
import { VirtualClock } from "../../../src/sandbox/virtual-clock.ts";

function aWorld() {
  const clock = new VirtualClock();
  const server = new ApiServer({ clock });
  const nodes = new SimulatedNodes({
    server,
    clock,
    names: ["node-1", "node-2"],
    luck: {
      bindMs: () => 10,
      noticeMs: () => 10,
      volumeMs: () => 10,
      habits: () => ({ readyAfterMs: 100, terminateAfterMs: 100, resizeAfterMs: 100, badImages: new Set() }),
    },
    onEvent: recordTo(server, () => clock.nowMs()),
  });
  const request = (method: string, path: string, body?: object) => {
    const headers = { "content-type": "application/merge-patch+json" };
    const answer = server.request({ method, path, headers, user: "test", ...(body ? { body } : {}) });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body as StoredObject;
  };
  return { clock, server, nodes, request };
}

const PODS = "/api/v1/namespaces/shop/pods";
const CLAIMS = "/api/v1/namespaces/shop/persistentvolumeclaims";
const aPod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: "app", image: "app:v1" }], ...spec },
});
const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];

test("a class that waits for the first pod: the volume is on the pod's node, and goes with the claim", async () => {
  const { clock, server, request } = aWorld();
  request("POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata: { name: "waits" },
    provisioner: "p",
    volumeBindingMode: "WaitForFirstConsumer",
  });
  const resources = { requests: { storage: "1Gi" } };
  request("POST", CLAIMS, {
    metadata: { name: "data" },
    spec: { storageClassName: "waits", accessModes: ["ReadWriteOnce"], resources },
  });
  await clock.runUntil(clock.monotonicMs() + 2000);
  assert.equal(statusOf(request("GET", `${CLAIMS}/data`))["phase"], "Pending");
  request("POST", PODS, aPod("web-1", { volumes }));
  await clock.runUntil(clock.monotonicMs() + 2000);
  const claim = request("GET", `${CLAIMS}/data`);
  const pod = request("GET", `${PODS}/web-1`);
  assert.equal(statusOf(claim)["phase"], "Bound");
  assert.equal(claim.metadata.annotations?.["volume.kubernetes.io/selected-node"], specOf(pod)["nodeName"]);
  const volume = server.collection("persistentvolumes").all()[0];
  assert.equal((specOf(volume ?? claim)["claimRef"] as { uid: string }).uid, claim.metadata.uid);
  request("PATCH", `${CLAIMS}/data`, { metadata: { finalizers: null } });
  request("DELETE", `${CLAIMS}/data`);
  assert.equal(server.collection("persistentvolumes").size, 0);
});

test("a node that is marked as lost keeps its pods unseen, takes no new ones, and comes back", async () => {
  const { clock, nodes, request } = aWorld();
  request("POST", PODS, aPod("web-1"));
  await clock.runUntil(clock.monotonicMs() + 1000);
  const node = String(specOf(request("GET", `${PODS}/web-1`))["nodeName"]);
  request("PATCH", `/api/v1/nodes/${node}`, { metadata: { annotations: { "fake-node/lost": "true" } } });
  assert.ok(nodes.isLost(node));
  await clock.runUntil(clock.monotonicMs() + 60_000);
  const ready = () =>
    (statusOf(request("GET", `${PODS}/web-1`))["conditions"] as { type: string; status: string }[]).find(
      ({ type }) => type === "Ready",
    )?.status;
  assert.equal(ready(), "False");
  assert.equal((specOf(request("GET", `/api/v1/nodes/${node}`))["taints"] as unknown[]).length, 2);
  request("POST", PODS, aPod("web-2"));
  await clock.runUntil(clock.monotonicMs() + 1000);
  assert.notEqual(specOf(request("GET", `${PODS}/web-2`))["nodeName"], node);
  request("PATCH", `/api/v1/nodes/${node}`, { metadata: { annotations: null } });
  await clock.runUntil(clock.monotonicMs() + 1000);
  assert.equal(ready(), "True");
  assert.equal(specOf(request("GET", `/api/v1/nodes/${node}`))["taints"], undefined);
});

test("events tell of a pod's life; what happens again is counted", async () => {
  const { clock, server, request } = aWorld();
  request("POST", PODS, aPod("web-1"));
  await clock.runUntil(clock.monotonicMs() + 1000);
  request("PATCH", `${PODS}/web-1`, { spec: { containers: [{ name: "app", image: "app:v2" }] } });
  await clock.runUntil(clock.monotonicMs() + 1000);
  const told = server.collection("events").all();
  assert.deepEqual(told.map(({ reason, count }) => `${String(reason)} ${String(count)}`).sort(), [
    "Created 2",
    "Killing 1",
    "Pulled 1",
    "Pulled 1",
    "Scheduled 1",
    "Started 2",
  ]);
});

test("a service without selector is where its slices say; otherwise the error says what is missing", () => {
  const { server, request } = aWorld();
  const at = { namespace: "shop", name: "hook" };
  assert.throws(() => addressOfService(server, at), /service "hook" not found/);
  request("POST", "/api/v1/namespaces/shop/services", { metadata: { name: "hook" }, spec: { ports: [{ port: 443 }] } });
  assert.throws(() => addressOfService(server, at), /no endpoints available for service "hook"/);
  assert.throws(() => addressOfService(server, { ...at, port: 80 }), /no service port 80 found/);
  request("POST", "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", {
    metadata: { name: "hook-1", labels: { "kubernetes.io/service-name": "hook" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["127.0.0.1"] }],
    ports: [{ port: 9443 }],
  });
  assert.deepEqual(addressOfService(server, at), { host: "127.0.0.1", port: 9443 });
});
