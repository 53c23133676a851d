// Admission webhooks as the API server asks them: a webhook in this process, told by each case what to say.

import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { json } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { issue } from "../../../webhook/make-certificate.ts";
import { aCloneSet } from "../objects.ts";
import type { Target } from "../target.ts";
import { at, MERGE, onEachTarget } from "../target.ts";

interface Review {
  request: {
    uid: string;
    operation: string;
    name: string;
    namespace: string;
    object: object | null;
    oldObject: object | null;
    dryRun: boolean;
    kind: object;
    resource: object;
    subResource?: string;
    options: object;
  };
}

type Say = (review: Review) => object | "wrong uid" | "silence" | "error";

const VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const ALLOWED = { allowed: true };

onEachTarget("webhooks", (target) => {
  let http: Server;
  let caBundle: string;
  let say: Say = () => ALLOWED;
  let asked: Review["request"][] = [];

  before(async () => {
    const { ca, cert, key } = await issue(["127.0.0.1", `hook.${target().namespace}.svc`], Date.now(), 3_600_000);
    caBundle = Buffer.from(ca).toString("base64");
    http = createServer({ cert, key }, (request, response) => void reply(request, response));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    http.closeAllConnections();
    http.close();
  });

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const review = (await json(request)) as Review;
    asked.push(review.request);
    const said = say(review);
    if (said === "silence") return;
    response.writeHead(said === "error" ? 500 : 200, { "content-type": "application/json" });
    const uid = said === "wrong uid" ? "another" : review.request.uid;
    const verdict = { uid, ...(typeof said === "object" ? said : ALLOWED) };
    response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: verdict }));
  }

  const url = () => `https://127.0.0.1:${(http.address() as { port: number }).port}/hook`;

  /** Registers one webhook, waits until it is asked, runs, and takes it away again. */
  async function withWebhook(
    given: { path?: string; webhook?: object; saying: Say },
    run: (api: Target) => Promise<void>,
  ) {
    const { path = VALIDATING, webhook = {}, saying } = given;
    const api = target();
    const name = `${api.namespace}-${path === MUTATING ? "m" : "v"}`;
    // A second webhook in the same configuration, for a kind of object of its own, tells when the configuration is known.
    const probe = { matchLabels: { probe: api.namespace } };
    const base = {
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      timeoutSeconds: 20,
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": api.namespace } },
      clientConfig: { url: url(), caBundle },
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
    };
    await api.must("POST", path, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: path === MUTATING ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration",
      metadata: { name },
      webhooks: [
        {
          ...base,
          objectSelector: { matchExpressions: [{ key: "probe", operator: "DoesNotExist" }] },
          ...webhook,
          name: "case.example.com",
        },
        { ...base, objectSelector: probe, name: "probe.example.com" },
      ],
    });
    try {
      asked = [];
      say = () => ({ allowed: true });
      const body = { metadata: { generateName: "probe-", labels: { probe: api.namespace } } };
      await api.until(
        "the configuration is known",
        async () => {
          await api.send("POST", `${api.core("configmaps")}?dryRun=All`, body);
          return asked.length;
        },
        (count) => count > 0,
      );
      asked = [];
      say = saying;
      await run(api);
    } finally {
      await api.send("DELETE", `${path}/${name}`);
      // Gone for the next case, too.
      say = () => ALLOWED;
      await api.until(
        "the configuration is forgotten",
        async () => {
          asked = [];
          await api.send("POST", `${api.core("configmaps")}?dryRun=All`, {
            metadata: { generateName: "probe-", labels: { probe: api.namespace } },
          });
          return asked.length;
        },
        (count) => count === 0,
      );
    }
  }

  const config = (name: string, more: object = {}) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    ...more,
  });
  const create = (api: Target, name: string, more?: object, query = "") =>
    api.send("POST", `${api.core("configmaps")}${query}`, config(name, more));

  test("the review tells who, what and how", () =>
    withWebhook({ saying: () => ALLOWED }, async (api) => {
      assert.equal((await create(api, "a-1", { data: { a: "1" } })).status, 201);
      const [review] = asked;
      assert.equal(review?.operation, "CREATE");
      assert.deepEqual([review.name, review.namespace], ["a-1", api.namespace]);
      assert.deepEqual(review.kind, { group: "", version: "v1", kind: "ConfigMap" });
      assert.deepEqual(review.resource, { group: "", version: "v1", resource: "configmaps" });
      assert.deepEqual(at(review.object, "data"), { a: "1" });
      assert.equal(review.oldObject, null);
      assert.equal(review.dryRun, false);
      assert.equal(at(review.options, "kind"), "CreateOptions");
    }));
  test("a refusal is 403 or what the webhook says, under the webhook's name", () =>
    withWebhook({ saying: () => ({ allowed: false, status: { code: 403, message: "not today" } }) }, async (api) => {
      const { status, body } = await create(api, "a-2");
      assert.deepEqual(
        [status, at(body, "message")],
        [403, 'admission webhook "case.example.com" denied the request: not today'],
      );
      assert.equal(await api.find(`${api.core("configmaps")}/a-2`), undefined);
    }));
  test("a refusal without a word is 400", () =>
    withWebhook({ saying: () => ({ allowed: false }) }, async (api) => {
      const { status, body } = await create(api, "a-3");
      assert.deepEqual(
        [status, at(body, "message")],
        [400, 'admission webhook "case.example.com" denied the request without explanation'],
      );
    }));
  test("reason, code and causes of a refusal are passed on", () => {
    const causes = [{ reason: "FieldValueInvalid", field: "data.a", message: "no" }];
    const status = { code: 422, reason: "Invalid", message: "bad", details: { causes } };
    return withWebhook({ saying: () => ({ allowed: false, status }) }, async (api) => {
      const answer = await create(api, "a-4");
      assert.deepEqual([answer.status, at(answer.body, "reason")], [422, "Invalid"]);
      assert.deepEqual(at(answer.body, "details.causes"), causes);
    });
  });
  test("warnings are passed on, of allowed writes and of refused ones", () =>
    withWebhook(
      { saying: ({ request }) => ({ allowed: request.name === "a-5", warnings: ["careful", "twice"] }) },
      async (api) => {
        assert.equal((await create(api, "a-5")).headers["warning"], '299 - "careful", 299 - "twice"');
        assert.equal((await create(api, "a-6")).headers["warning"], '299 - "careful", 299 - "twice"');
      },
    ));
  test("a webhook that fails refuses the write, with policy Fail", () =>
    withWebhook({ saying: () => "error" }, async (api) => {
      const { status, body } = await create(api, "a-7");
      assert.deepEqual([status, at(body, "reason")], [500, "InternalError"]);
      assert.match(String(at(body, "message")), /failed calling webhook "case.example.com"/);
    }));
  test("... and lets it through with policy Ignore", () =>
    withWebhook({ webhook: { failurePolicy: "Ignore" }, saying: () => "error" }, async (api) => {
      assert.equal((await create(api, "a-8")).status, 201);
    }));
  test("an answer to another review is a failure", () =>
    withWebhook({ saying: () => "wrong uid" }, async (api) => {
      assert.equal((await create(api, "a-9")).status, 500);
    }));
  test("a webhook that says nothing in time has failed", () =>
    withWebhook({ webhook: { timeoutSeconds: 1 }, saying: () => "silence" }, async (api) => {
      const { status, body } = await create(api, "a-10");
      assert.equal(status, 500);
      assert.match(String(at(body, "message")), /failed calling webhook .*context deadline exceeded/);
    }));
  test("a certificate of another authority is a failure", async () => {
    const { ca } = await issue(["127.0.0.1"], Date.now(), 3_600_000);
    const clientConfig = { url: url(), caBundle: Buffer.from(ca).toString("base64") };
    await withWebhook({ webhook: { clientConfig }, saying: () => ALLOWED }, async (api) => {
      const { status, body } = await create(api, "a-11");
      assert.equal(status, 500);
      assert.match(String(at(body, "message")), /failed calling webhook .*certificate/);
    });
  });
  test("a service that does not exist is a failure", () => {
    const service = { namespace: target().namespace, name: "none", path: "/hook" };
    return withWebhook({ webhook: { clientConfig: { service, caBundle } }, saying: () => ALLOWED }, async (api) => {
      const { status, body } = await create(api, "a-12");
      assert.equal(status, 500);
      assert.match(String(at(body, "message")), /service "none" not found/);
    });
  });
  test("rules: operations that are not listed do not ask", () =>
    withWebhook({ saying: () => ({ allowed: false }) }, async (api) => {
      await api.must("POST", api.core("secrets"), { metadata: { name: "b-1" } });
      assert.equal((await api.send("DELETE", `${api.core("secrets")}/b-1`)).status, 200);
      assert.deepEqual(asked, []);
    }));
  test("rules: an update is shown both objects, a deletion the old one", () => {
    const rules = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["UPDATE", "DELETE"], resources: ["secrets"] }];
    return withWebhook({ webhook: { rules }, saying: () => ALLOWED }, async (api) => {
      await api.must("POST", api.core("secrets"), { metadata: { name: "b-2", labels: { v: "1" } } });
      await api.must("PATCH", `${api.core("secrets")}/b-2`, { metadata: { labels: { v: "2" } } }, MERGE);
      await api.must("DELETE", `${api.core("secrets")}/b-2`);
      assert.deepEqual(
        asked.map(({ operation, object, oldObject }) => [
          operation,
          at(object, "metadata.labels.v"),
          at(oldObject, "metadata.labels.v"),
        ]),
        [
          ["UPDATE", "2", "1"],
          ["DELETE", undefined, "2"],
        ],
      );
    });
  });
  test("rules: a status is a resource of its own, and so is a scale", () => {
    const rules = [{ apiGroups: ["apps.kruise.io"], apiVersions: ["*"], operations: ["*"], resources: ["clonesets"] }];
    return withWebhook({ webhook: { rules }, saying: () => ALLOWED }, async (api) => {
      await api.must("POST", api.cloneSets, aCloneSet("b-3"));
      await api.must("PATCH", `${api.cloneSets}/b-3/status`, { status: { replicas: 1 } }, MERGE);
      await api.must("PATCH", `${api.cloneSets}/b-3/scale`, { spec: { replicas: 2 } }, MERGE);
      assert.deepEqual(
        asked.map(({ operation }) => operation),
        ["CREATE"],
      );
    });
  });
  test("rules: a status is asked about where it is listed", () => {
    const resources = ["clonesets/status"];
    const rules = [{ apiGroups: ["apps.kruise.io"], apiVersions: ["v1alpha1"], operations: ["UPDATE"], resources }];
    return withWebhook({ webhook: { rules }, saying: () => ({ allowed: false }) }, async (api) => {
      await api.must("POST", api.cloneSets, aCloneSet("b-4"));
      assert.equal(
        (await api.send("PATCH", `${api.cloneSets}/b-4/status`, { status: { replicas: 1 } }, MERGE)).status,
        400,
      );
      assert.equal(asked[0]?.subResource, "status");
    });
  });
  test("selectors: objects without the label are not asked about", () => {
    const objectSelector = { matchLabels: { watched: "yes" } };
    return withWebhook({ webhook: { objectSelector }, saying: () => ({ allowed: false }) }, async (api) => {
      assert.equal((await create(api, "c-1")).status, 201);
      const labelled = config("c-2");
      const answer = await api.send("POST", api.core("configmaps"), {
        ...labelled,
        metadata: { name: "c-2", labels: { watched: "yes" } },
      });
      assert.equal(answer.status, 400);
    });
  });
  test("selectors: a namespace that does not match is left alone", () => {
    const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": "another" } };
    return withWebhook({ webhook: { namespaceSelector }, saying: () => ({ allowed: false }) }, async (api) => {
      assert.equal((await create(api, "c-3")).status, 201);
    });
  });
  test("selectors: taking the label away is asked about, too", () => {
    const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["configmaps"] }];
    const objectSelector = { matchLabels: { watched: "yes" } };
    return withWebhook({ webhook: { rules, objectSelector }, saying: () => ({ allowed: false }) }, async (api) => {
      await api.must("POST", api.core("configmaps"), { metadata: { name: "c-4", labels: { watched: "yes" } } });
      const answer = await api.send("PATCH", `${api.core("configmaps")}/c-4`, { metadata: { labels: null } }, MERGE);
      assert.equal(answer.status, 400);
    });
  });
  test("dry run: told to the webhook", () =>
    withWebhook({ saying: () => ALLOWED }, async (api) => {
      assert.equal((await create(api, "d-1", {}, "?dryRun=All")).status, 201);
      assert.equal(asked[0]?.dryRun, true);
    }));
  test("mutating: a patch changes what is stored", () => {
    const patch = Buffer.from(JSON.stringify([{ op: "add", path: "/data", value: { added: "1" } }])).toString("base64");
    return withWebhook(
      { path: MUTATING, saying: () => ({ allowed: true, patchType: "JSONPatch", patch }) },
      async (api) => {
        await create(api, "e-1");
        assert.deepEqual((await api.find(`${api.core("configmaps")}/e-1`))?.["data"], { added: "1" });
      },
    );
  });
  test("mutating: labels may be added", () => {
    const ops = [{ op: "add", path: "/metadata/labels", value: { added: "1" } }];
    const patch = Buffer.from(JSON.stringify(ops)).toString("base64");
    return withWebhook(
      { path: MUTATING, saying: () => ({ allowed: true, patchType: "JSONPatch", patch }) },
      async (api) => {
        await create(api, "e-2");
        assert.deepEqual((await api.find(`${api.core("configmaps")}/e-2`))?.metadata.labels, { added: "1" });
      },
    );
  });
  test("mutating: what a patch makes of a CloneSet is checked like anything else", () => {
    const rules = [
      { apiGroups: ["apps.kruise.io"], apiVersions: ["*"], operations: ["CREATE"], resources: ["clonesets"] },
    ];
    const patch = Buffer.from(JSON.stringify([{ op: "add", path: "/spec/replicas", value: -1 }])).toString("base64");
    return withWebhook(
      { path: MUTATING, webhook: { rules }, saying: () => ({ allowed: true, patchType: "JSONPatch", patch }) },
      async (api) => {
        const { status, body } = await api.send("POST", api.cloneSets, aCloneSet("e-3"));
        assert.equal(status, 422);
        assert.match(String(at(body, "message")), /spec.replicas in body should be greater than or equal to 0/);
      },
    );
  });
  test("defaults of a webhook", async () => {
    const api = target();
    const path = `${VALIDATING}/${api.namespace}-defaults`;
    const webhook = {
      name: "defaults.example.com",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      clientConfig: { service: { namespace: "nowhere", name: "none" } },
      rules: [{ apiGroups: ["example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["things"] }],
    };
    const made = await api.must("POST", VALIDATING, {
      metadata: { name: `${api.namespace}-defaults` },
      webhooks: [webhook],
    });
    await api.send("DELETE", path);
    assert.deepEqual(at(made, "webhooks.0"), {
      ...webhook,
      clientConfig: { service: { namespace: "nowhere", name: "none", port: 443 } },
      rules: [{ ...webhook.rules[0], scope: "*" }],
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
    });
  });
});
