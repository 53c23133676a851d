// The project's own webhook behind an API server, as deploy/kustomize/base/webhook.yaml registers it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { loadAll } from "js-yaml";
import { Registry } from "prom-client";
import { featureDefaults } from "../../../src/api/features.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { realClock } from "../../../src/kube/clock.ts";
import { HealthChecks } from "../../../src/kube/health.ts";
import { livePods } from "../../../webhook/lookup.ts";
import type { Webhook } from "../../../webhook/start.ts";
import { startWebhook } from "../../../webhook/start.ts";
import { freePorts } from "../../cluster/ports.ts";
import { silentLog } from "../../unit/webhook/reviews.ts";
import { aCloneSet } from "../objects.ts";
import type { Obj } from "../target.ts";
import { at, MERGE, onEachTarget } from "../target.ts";

const MANIFESTS = new URL("../../../deploy/kustomize/base/webhook.yaml", import.meta.url);
const REGISTRATIONS = "/apis/admissionregistration.k8s.io/v1";

onEachTarget("own webhook", (target) => {
  let webhook: Webhook;
  let isUp = true;
  const pathOf = (kind: string) =>
    `${REGISTRATIONS}/${kind === "MutatingWebhookConfiguration" ? "mutating" : "validating"}webhookconfigurations`;
  const noImage = (name: string) => {
    const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app" }] } };
    return aCloneSet(name, { template });
  };

  before(async () => {
    const { namespace, transport } = target();
    const objects = loadAll(readFileSync(MANIFESTS, "utf8")) as (Obj & { webhooks?: object[] })[];
    for (const object of objects.filter(({ webhooks }) => webhooks)) {
      const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
      const webhooks = (object.webhooks ?? []).map((one) => ({ ...one, namespaceSelector }));
      await target().must("POST", pathOf(object.kind), { ...object, metadata: { name: namespace }, webhooks });
    }
    const [port = 0] = await freePorts(1);
    const client = new KubeClient({ transport, clock: realClock });
    webhook = await startWebhook({
      address: `127.0.0.1:${port}`,
      url: `https://127.0.0.1:${port}`,
      certDir: undefined,
      minVersion: "TLSv1.3",
      namespace,
      client,
      clock: realClock,
      log: silentLog,
      features: featureDefaults,
      registry: new Registry(),
      health: new HealthChecks(),
      pods: livePods(client),
      configurations: namespace,
    });
    // The schema does not ask for an image; only the webhook does.
    await target().until(
      "the webhook is asked",
      () => target().send("POST", `${target().cloneSets}?dryRun=All`, noImage("probe")),
      ({ body }) => JSON.stringify(body).includes("containers[0].image"),
    );
  });
  const stop = async () => {
    if (isUp) await webhook.stop();
    isUp = false;
  };
  after(stop);

  test("what the schema lets through and pods would not is refused, and the field is named", async () => {
    const { status, body } = await target().send("POST", target().cloneSets, noImage("a"));
    assert.deepEqual([status, at(body, "reason")], [422, "Invalid"]);
    assert.equal(at(body, "details.causes.0.field"), "spec.template.spec.containers[0].image");
  });
  test("what is right is stored", async () => {
    const made = await target().must("POST", target().cloneSets, aCloneSet("b", { replicas: 2 }));
    assert.equal(made.spec["replicas"], 2);
  });
  test("a change that re-creates pods is warned of", async () => {
    const change = { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } };
    const strategy = { spec: { updateStrategy: { type: "InPlaceIfPossible" } } };
    await target().must("PATCH", `${target().cloneSets}/b`, strategy, MERGE);
    const { status, headers } = await target().send("PATCH", `${target().cloneSets}/b`, change, MERGE);
    assert.equal(status, 200);
    assert.match(headers["warning"] ?? "", /terminationGracePeriodSeconds: this change re-creates/);
  });
  test("a protected CloneSet is not deleted", async () => {
    const labels = { "policy.kruise.io/delete-protection": "Always" };
    await target().must("PATCH", `${target().cloneSets}/b`, { metadata: { labels } }, MERGE);
    assert.ok((await target().send("DELETE", `${target().cloneSets}/b`)).status >= 400);
    await target().must("PATCH", `${target().cloneSets}/b`, { metadata: { labels: null } }, MERGE);
    assert.equal((await target().send("DELETE", `${target().cloneSets}/b`)).status, 200);
  });
  test("while it is down nothing is written, but what is being deleted goes", async () => {
    const path = (name: string) => `${target().cloneSets}/${name}`;
    for (const name of ["stays", "goes"]) await target().must("POST", target().cloneSets, aCloneSet(name));
    await target().must("PATCH", path("goes"), { metadata: { finalizers: ["example.com/wait"] } }, MERGE);
    await target().must("DELETE", path("goes"));
    await stop();
    assert.equal((await target().send("PATCH", path("stays"), { spec: { replicas: 1 } }, MERGE)).status, 500);
    await target().must("PATCH", path("goes"), { metadata: { finalizers: null } }, MERGE);
    assert.equal(await target().find(path("goes")), undefined);
  });
  test("the registrations are taken away", async () => {
    for (const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]) {
      assert.equal((await target().send("DELETE", `${pathOf(kind)}/${target().namespace}`)).status, 200);
    }
  });
});
