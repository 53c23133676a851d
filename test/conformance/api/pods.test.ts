// What the API server does with pods: defaults, refusals, and the subresources that change them.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../../src/kube/transport.ts";
import { aPod, UNSCHEDULED } from "../objects.ts";
import type { Obj } from "../target.ts";
import { at, JSON_PATCH, MERGE, onEachTarget, STRATEGIC } from "../target.ts";

/** New pods that are refused, and for which field. */
const refused: Record<string, { spec?: object; container?: object; labels?: Record<string, string>; want: string[] }> =
  {
    "no containers": { spec: { containers: [] }, want: ["FieldValueRequired spec.containers"] },
    "a container without image": { container: { image: "" }, want: ["FieldValueRequired spec.containers[0].image"] },
    "a container's name in capitals": {
      container: { name: "App" },
      want: ["FieldValueInvalid spec.containers[0].name"],
    },
    "two containers of one name": {
      spec: { containers: [1, 2].map(() => ({ name: "app", image: "app:v1" })) },
      want: ["FieldValueDuplicate spec.containers[1].name"],
    },
    "a mount of no volume": {
      container: { volumeMounts: [{ name: "data", mountPath: "/data" }] },
      want: ["FieldValueNotFound spec.containers[0].volumeMounts[0].name"],
    },
    "requests above limits": {
      container: { resources: { requests: { cpu: "2" }, limits: { cpu: "1500m" } } },
      want: ["FieldValueInvalid spec.containers[0].resources.requests"],
    },
    "an unknown restart policy": {
      spec: { restartPolicy: "Sometimes" },
      want: ["FieldValueNotSupported spec.restartPolicy"],
    },
    "a label that is none": { labels: { app: "a b" }, want: ["FieldValueInvalid metadata.labels"] },
  };

onEachTarget("pods", (target) => {
  const pods = () => target().core("pods");
  const make = (name: string, given: Parameters<typeof aPod>[1] = {}) =>
    target().must("POST", pods(), aPod(name, given));
  const still = (name: string, container: object = {}) => make(name, { spec: UNSCHEDULED, container });
  const ready = (name: string) =>
    target().until(
      `${name} is ready`,
      () => target().must("GET", `${pods()}/${name}`),
      (pod) => conditionOf(pod, "Ready")?.["status"] === "True",
    );
  const patch = (name: string, body: object, type = STRATEGIC) =>
    target().send("PATCH", `${pods()}/${name}`, body, type);
  const resize = (name: string, resources: object) =>
    target().send(
      "PATCH",
      `${pods()}/${name}/resize`,
      { spec: { containers: [{ name: "app", resources }] } },
      STRATEGIC,
    );

  for (const [what, { want, labels = {}, ...given }] of Object.entries(refused)) {
    test(`refused: ${what}`, async () => {
      const answer = await target().send("POST", pods(), aPod("bad", { labels, ...given }));
      assert.equal(answer.status, 422);
      assert.deepEqual(causesOf(answer), want);
    });
  }
  test("defaults of the spec", async () => {
    const { spec } = await make("a", { spec: { ...UNSCHEDULED, terminationGracePeriodSeconds: undefined } });
    const { containers: _c, volumes: _v, ...rest } = spec;
    assert.deepEqual(rest, {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      schedulerName: "nobody",
      securityContext: {},
      enableServiceLinks: true,
      serviceAccountName: "default",
      serviceAccount: "default",
      priority: 0,
      preemptionPolicy: "PreemptLowerPriority",
      tolerations: ["not-ready", "unreachable"].map((key) => ({
        key: `node.kubernetes.io/${key}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      })),
    });
  });
  test("defaults of a container", async () => {
    const container = {
      ports: [{ containerPort: 80 }],
      readinessProbe: { httpGet: { port: 80 } },
      resources: { limits: { cpu: "1" } },
      env: [{ name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    };
    const { spec } = await still("b", container);
    const { volumeMounts: _m, ...rest } = at(spec, "containers.0") as Record<string, unknown>;
    assert.deepEqual(rest, {
      name: "app",
      image: "app:v1",
      imagePullPolicy: "IfNotPresent",
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      ports: [{ containerPort: 80, protocol: "TCP" }],
      readinessProbe: {
        httpGet: { path: "/", port: 80, scheme: "HTTP" },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      resources: { limits: { cpu: "1" }, requests: { cpu: "1" } },
      env: [{ name: "NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } }],
    });
  });
  for (const [image, policy] of Object.entries({
    app: "Always",
    "app:latest": "Always",
    "registry:5000/app": "Always",
    "app:v1": "IfNotPresent",
    "app@sha256:0000000000000000000000000000000000000000000000000000000000000000": "IfNotPresent",
  })) {
    test(`the image ${image.slice(0, 20)} is pulled: ${policy}`, async () => {
      const answer = await target().send("POST", `${pods()}?dryRun=All`, aPod("c", { container: { image } }));
      assert.equal(at(answer.body, "spec.containers.0.imagePullPolicy"), policy);
    });
  }
  test("an account's token is mounted, and only where it is wanted", async () => {
    const { spec } = await still("d-1");
    assert.match(String(at(spec, "volumes.0.name")), /^kube-api-access-/);
    assert.equal(at(spec, "containers.0.volumeMounts.0.mountPath"), "/var/run/secrets/kubernetes.io/serviceaccount");
    const without = await make("d-2", { spec: { ...UNSCHEDULED, automountServiceAccountToken: false } });
    assert.equal(without.spec["volumes"], undefined);
  });
  for (const [wanted, resources] of Object.entries({
    BestEffort: {},
    Burstable: { requests: { cpu: "1" } },
    Guaranteed: { limits: { cpu: "1", memory: "1Gi" } },
  })) {
    test(`quality of service: ${wanted}`, async () => {
      const answer = await target().send("POST", `${pods()}?dryRun=All`, aPod("e", { container: { resources } }));
      assert.equal(at(answer.body, "status.qosClass"), wanted);
    });
  }
  test("not to be changed: the number of containers", async () => {
    await still("more");
    const answer = await patch("more", { spec: { containers: [{ name: "more", image: "more:v1" }] } });
    assert.equal(answer.status, 422);
    assert.deepEqual(causesOf(answer), ["FieldValueForbidden spec.containers"]);
  });
  for (const [what, body] of Object.entries({
    "the command": { spec: { containers: [{ name: "app", command: ["run"] }] } },
    "a variable": { spec: { containers: [{ name: "app", env: [{ name: "A", value: "1" }] }] } },
    "resources, but for the resize subresource": {
      spec: { containers: [{ name: "app", resources: { requests: { cpu: "2" } } }] },
    },
    "the node": { spec: { nodeName: "elsewhere" } },
  })) {
    test(`not to be changed: ${what}`, async () => {
      await target().send("POST", pods(), aPod("f", { spec: UNSCHEDULED }));
      const answer = await patch("f", body);
      assert.equal(answer.status, 422);
      assert.deepEqual(causesOf(answer), ["FieldValueForbidden spec"]);
    });
  }
  test("an image may change, but not to nothing", async () => {
    await still("g");
    const image = (text: string) => patch("g", { spec: { containers: [{ name: "app", image: text }] } });
    assert.equal((await image("app:v2")).status, 200);
    assert.deepEqual(causesOf(await image("")), ["FieldValueRequired spec.containers[0].image"]);
  });
  test("labels and annotations count for no generation, an image does", async () => {
    await still("h");
    const labelled = await target().must("PATCH", `${pods()}/h`, { metadata: { labels: { a: "1" } } }, MERGE);
    assert.equal(labelled.metadata.generation, 1);
    const body = [{ op: "replace", path: "/spec/containers/0/image", value: "app:v2" }];
    assert.equal((await target().must("PATCH", `${pods()}/h`, body, JSON_PATCH)).metadata.generation, 2);
  });
  test("a binding gives the node, once", async () => {
    await still("i");
    const bind = (name: string) =>
      target().send("POST", `${pods()}/i/binding`, {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: "i" },
        target: { apiVersion: "v1", kind: "Node", name },
      });
    assert.equal((await bind("nowhere")).status, 201);
    const pod = await target().must("GET", `${pods()}/i`);
    assert.equal(pod.spec["nodeName"], "nowhere");
    assert.equal(conditionOf(pod, "PodScheduled")?.["status"], "True");
    assert.equal((await bind("elsewhere")).status, 409);
  });
  test("a resize through its subresource is done, and told by the status", async () => {
    await make("j", { container: { resources: { requests: { cpu: "1" } } } });
    await ready("j");
    const answer = await resize("j", { requests: { cpu: "2" } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const pod = await target().until(
      "the status says so",
      () => target().must("GET", `${pods()}/j`),
      (found) => at(found, "status.containerStatuses.0.resources.requests.cpu") === "2",
    );
    assert.equal(at(pod, "status.containerStatuses.0.restartCount"), 0);
    assert.equal(pod.metadata.generation, 2);
  });
  test("a resize takes resources alone, and passes over everything else", async () => {
    const image = { metadata: { labels: { a: "1" } }, spec: { containers: [{ name: "app", image: "app:v9" }] } };
    const pod = await target().must("PATCH", `${pods()}/j/resize`, image, STRATEGIC);
    assert.equal(at(pod, "spec.containers.0.image"), "app:v1");
    assert.equal(pod.metadata.generation, 2);
  });
  test("a resize does not change the quality of service", async () => {
    const answer = await resize("j", { requests: { cpu: "2", memory: "1Gi" }, limits: { cpu: "2", memory: "1Gi" } });
    assert.equal(answer.status, 422);
    assert.deepEqual(causesOf(answer), ["FieldValueInvalid spec"]);
  });
  test("a resize that the node has no room for is deferred, and says so", async () => {
    await make("k", {
      annotations: { "fake-node/resize": "deferred" },
      container: { resources: { requests: { cpu: "1" } } },
    });
    await ready("k");
    await resize("k", { requests: { cpu: "2" } });
    const pod = await target().until(
      "the resize is pending",
      () => target().must("GET", `${pods()}/k`),
      (found) => conditionOf(found, "PodResizePending") !== undefined,
    );
    assert.equal(conditionOf(pod, "PodResizePending")?.["reason"], "Deferred");
  });
  test("an image in place: another container, one restart more, the same pod", async () => {
    const made = await make("l");
    await ready("l");
    await patch("l", { spec: { containers: [{ name: "app", image: "app:v2" }] } });
    const pod = await target().until(
      "the image is there",
      () => target().must("GET", `${pods()}/l`),
      (found) => at(found, "status.containerStatuses.0.image") === "app:v2",
    );
    assert.equal(pod.metadata.uid, made.metadata.uid);
    assert.equal(at(pod, "status.containerStatuses.0.restartCount"), 1);
    assert.equal(at(pod, "status.observedGeneration"), 2);
  });
  test("an image that cannot be pulled", async () => {
    await make("m", { container: { image: "app:bad" } });
    const pod = await target().until(
      "the pull fails",
      () => target().must("GET", `${pods()}/m`),
      (found) => at(found, "status.containerStatuses.0.state.waiting.reason") === "ImagePullBackOff",
    );
    assert.equal(at(pod, "status.phase"), "Pending");
  });
  test("a readiness gate holds a pod back until its condition is true", async () => {
    await make("n", { spec: { readinessGates: [{ conditionType: "example.com/gate" }] } });
    const waiting = await target().until(
      "the containers are ready",
      () => target().must("GET", `${pods()}/n`),
      (found) => conditionOf(found, "ContainersReady")?.["status"] === "True",
    );
    assert.equal(conditionOf(waiting, "Ready")?.["reason"], "ReadinessGatesNotReady");
    const condition = { type: "example.com/gate", status: "True" };
    await target().must("PATCH", `${pods()}/n/status`, { status: { conditions: [condition] } }, STRATEGIC);
    await ready("n");
  });
  test("a deleted pod has its grace period, and a shorter one may be asked for", async () => {
    await make("o", {
      spec: { terminationGracePeriodSeconds: 100 },
      annotations: { "fake-node/terminate-after": "60s" },
    });
    await ready("o");
    const going = await target().must("DELETE", `${pods()}/o`);
    assert.equal(at(going, "metadata.deletionGracePeriodSeconds"), 100);
    const sooner = await target().must("DELETE", `${pods()}/o`, { gracePeriodSeconds: 50 });
    assert.equal(at(sooner, "metadata.deletionGracePeriodSeconds"), 50);
    const later = await target().must("DELETE", `${pods()}/o`, { gracePeriodSeconds: 70 });
    assert.equal(at(later, "metadata.deletionGracePeriodSeconds"), 50);
    await target().must("DELETE", `${pods()}/o`, { gracePeriodSeconds: 0 });
    assert.equal(await target().find(`${pods()}/o`), undefined);
  });
});

function conditionOf(pod: Obj, type: string): Record<string, unknown> | undefined {
  const conditions = (at(pod, "status.conditions") as Record<string, unknown>[] | undefined) ?? [];
  return conditions.find((one) => one["type"] === type);
}

/** The real server says some things twice. */
function causesOf({ body }: Answer): string[] {
  const causes = (at(body, "details.causes") as { reason: string; field: string }[] | undefined) ?? [];
  return [...new Set(causes.map(({ reason, field }) => `${reason} ${field}`))];
}
