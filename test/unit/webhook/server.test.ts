import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { Registry } from "prom-client";
import type { Handler } from "../../../webhook/admit.ts";
import type { Issued } from "../../../webhook/make-certificate.ts";
import { issue } from "../../../webhook/make-certificate.ts";
import { WebhookMetrics } from "../../../webhook/metrics.ts";
import { allowed } from "../../../webhook/review.ts";
import type { WebhookServer, WebhookServerOptions } from "../../../webhook/server.ts";
import { startWebhookServer } from "../../../webhook/server.ts";
import { handlers, review, silentLog } from "./reviews.ts";
import { ruleCases } from "./rule-cases.ts";

const DAY_MS = 86_400_000;

describe("the webhook's server", () => {
  let first: Issued;
  let second: Issued;
  let server: WebhookServer;
  const registry = new Registry();
  /** Requests under /slow wait here. */
  let release = (): void => {};
  const slow: Handler = async (request) => {
    await new Promise<void>((resolve) => (release = resolve));
    return allowed(request);
  };

  before(async () => {
    [first, second] = await Promise.all([
      issue(["127.0.0.1", "a.example"], Date.now(), DAY_MS),
      issue(["127.0.0.1"], Date.now(), DAY_MS),
    ]);
    server = await start({
      handlers: { ...handlers(), "/slow": slow },
      limits: { inFlight: 2, requestMs: 60_000, bodyBytes: 100_000 },
      metrics: new WebhookMetrics(registry),
    });
  });
  after(async () => server.close());

  async function start(more: Partial<WebhookServerOptions>): Promise<WebhookServer> {
    return await startWebhookServer({
      address: { host: "127.0.0.1", port: 0 },
      minVersion: "TLSv1.3",
      pair: first,
      handlers: handlers(),
      metrics: new WebhookMetrics(new Registry()),
      log: silentLog,
      ...more,
    });
  }

  interface Sent {
    path?: string;
    method?: string;
    body?: string;
    headers?: Record<string, string>;
    ca?: string;
    /** Send the headers and so many bytes, then nothing. */
    stopAfter?: number;
    port?: number;
    /** Hangs up. */
    signal?: AbortSignal;
  }

  function send({
    path = "/validate",
    method = "POST",
    body = "",
    headers = {},
    ca = first.ca,
    stopAfter,
    port = server.port,
    signal,
  }: Sent): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        {
          host: "127.0.0.1",
          port,
          path,
          method,
          ca,
          agent: false,
          ...(signal ? { signal } : {}),
          headers: { "content-type": "application/json", ...headers },
        },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
        },
      );
      request.on("error", reject);
      if (stopAfter === undefined) request.end(body);
      else request.write(body.slice(0, stopAfter));
    });
  }

  const good = JSON.stringify(review({ object: ruleCases["port-number"].good }));
  const bad = JSON.stringify(review({ object: ruleCases["port-number"].bad }));

  test("answers a review", async () => {
    const reply = await send({ body: good });
    assert.equal(reply.status, 200);
    assert.deepEqual(JSON.parse(reply.body), {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: "705ab4f5-6393-11e8-b7cc-42010a800002", allowed: true },
    });
  });

  test("refuses as an API server refuses: 422, one cause per field", async () => {
    const { response } = JSON.parse((await send({ body: bad })).body) as {
      response: { allowed: boolean; status: object };
    };
    assert.equal(response.allowed, false);
    const field = "spec.template.spec.containers[0].ports[0].containerPort";
    const message = "Invalid value: 65536: must be between 1 and 65535";
    assert.deepEqual(response.status, {
      status: "Failure",
      code: 422,
      reason: "Invalid",
      message: `CloneSet.apps.kruise.io "web" is invalid: ${field}: ${message}`,
      details: {
        name: "web",
        group: "apps.kruise.io",
        kind: "CloneSet",
        causes: [{ reason: "FieldValueInvalid", message, field }],
      },
    });
  });

  const cases: { name: string; sent: Sent; status: number; says: RegExp }[] = [
    { name: "an unknown path", sent: { path: "/convert" }, status: 404, says: /not found/ },
    { name: "a path of every object", sent: { path: "/constructor" }, status: 404, says: /not found/ },
    { name: "GET", sent: { method: "GET" }, status: 405, says: /only POST/ },
    {
      name: "another content type",
      sent: { headers: { "content-type": "text/plain" } },
      status: 415,
      says: /application\/json/,
    },
    { name: "no JSON", sent: { body: "{" }, status: 400, says: /not JSON/ },
    { name: "nothing", sent: { body: "" }, status: 400, says: /not JSON/ },
    { name: "no review", sent: { body: "{}" }, status: 400, says: /AdmissionReview/ },
    {
      name: "a review of another version",
      sent: { body: good.replace("k8s.io/v1", "k8s.io/v1beta1") },
      status: 400,
      says: /AdmissionReview/,
    },
    { name: "too deep a nesting", sent: { body: "[".repeat(101) + "]".repeat(101) }, status: 400, says: /too deep/ },
    {
      name: "brackets in a string, which are no nesting",
      sent: { body: JSON.stringify("[".repeat(1000)) },
      status: 400,
      says: /AdmissionReview/,
    },
    { name: "a body announced too long", sent: { body: "x".repeat(100_001) }, status: 413, says: /longer than/ },
    {
      name: "a body that turns out too long",
      sent: { body: "x".repeat(300_000), headers: { "transfer-encoding": "chunked" } },
      status: 413,
      says: /longer than/,
    },
  ];
  for (const { name, sent, status, says } of cases) {
    test(`${name} is answered ${status}`, async () => {
      const reply = await send(sent);
      assert.equal(reply.status, status);
      assert.match(reply.body, says);
    });
  }

  test("another resource and a subresource are none of its business", async () => {
    for (const given of [{ resource: "pods" }, { subResource: "scale" }]) {
      const body = JSON.stringify(review({ object: ruleCases["port-number"].bad, ...given }));
      assert.match((await send({ body })).body, /"allowed":true/);
    }
  });

  test("a client that stops in the middle is dropped, and others are served meanwhile", async () => {
    const strict = await start({ limits: { inFlight: 2, requestMs: 700, bodyBytes: 100_000 } });
    try {
      const { port } = strict;
      const lazy = send({ port, body: good, headers: { "content-length": String(good.length) }, stopAfter: 10 });
      const outcome = lazy.then(
        ({ status }) => status,
        () => "dropped",
      );
      // On a busy machine one that does not dawdle may be too late, too.
      await until(async () => (await send({ port, body: good }).catch(() => undefined))?.status === 200);
      assert.ok([408, "dropped"].includes(await outcome), String(await outcome));
    } finally {
      await strict.close();
    }
  });

  test("beyond its limit it answers 503 at once", async () => {
    const leaver = new AbortController();
    const waiting = [send({ path: "/slow", body: good })];
    await until(async () => /requests_in_flight 1/.test(await registry.metrics()));
    waiting.push(
      send({
        path: "/slow",
        body: good,
        stopAfter: 5,
        headers: { "content-length": "500" },
        signal: leaver.signal,
      }).catch(() => ({ status: 0, body: "" })),
    );
    await until(async () => /requests_in_flight 2/.test(await registry.metrics()));
    assert.equal((await send({ body: good })).status, 503);
    release();
    assert.equal((await waiting[0])?.status, 200);
    leaver.abort();
    await waiting[1];
    await until(async () => /requests_in_flight 0/.test(await registry.metrics()));
    assert.equal((await send({ body: good })).status, 200);
  });

  test("speaks TLS 1.3 only, or 1.2 when told to", async () => {
    const old = await start({ minVersion: "TLSv1.2" });
    try {
      assert.equal(await handshake(server.port, "TLSv1.2"), "refused");
      assert.equal(await handshake(server.port, "TLSv1.3"), "TLSv1.3");
      assert.equal(await handshake(old.port, "TLSv1.2"), "TLSv1.2");
      assert.equal(await handshake(old.port, "TLSv1.1"), "refused");
    } finally {
      await old.close();
    }
  });

  test("another certificate is served from the next connection on, without a restart", async () => {
    server.use(second);
    await assert.rejects(send({ body: good }), /certificate|self-signed/i);
    assert.equal((await send({ body: good, ca: second.ca })).status, 200);
    server.use(first);
    assert.equal((await send({ body: good })).status, 200);
  });

  test("an address in use is named", async () => {
    await assert.rejects(start({ address: { host: "127.0.0.1", port: server.port } }), /in use/);
  });

  test("counts what it answered", async () => {
    const text = await registry.metrics();
    assert.match(text, /webhook_http_replies_total\{code="413"\} 2/);
    assert.match(text, /webhook_http_replies_total\{code="503"\} 1/);
  });

  function handshake(port: number, version: "TLSv1.1" | "TLSv1.2" | "TLSv1.3"): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(
        { host: "127.0.0.1", port, ca: first.ca, minVersion: version, maxVersion: version },
        () => {
          resolve(socket.getProtocol() ?? "");
          socket.destroy();
        },
      );
      socket.on("error", () => resolve("refused"));
    });
  }
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 300_000; !(await isTrue()); ) {
    if (Date.now() > endMs) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
