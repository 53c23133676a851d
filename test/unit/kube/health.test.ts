import assert from "node:assert/strict";
import { test } from "node:test";
import { HealthChecks, metricsRoutes } from "../../../src/kube/health.ts";
import { type Listening, parseListenAddress, serve } from "../../../src/kube/http-server.ts";
import { Metrics } from "../../../src/kube/metrics.ts";
import { WorkQueue } from "../../../src/kube/queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";

async function ask(at: Listening | undefined, path: string, method = "GET") {
  const response = await fetch(`http://127.0.0.1:${at?.port}${path}`, { method, headers: { connection: "close" } });
  return { status: response.status, body: await response.text() };
}

const addresses = [
  { text: "127.0.0.1:8080", want: { host: "127.0.0.1", port: 8080 } },
  { text: ":8081", want: { host: undefined, port: 8081 } },
  { text: "[::1]:0", want: { host: "::1", port: 0 } },
  { text: "off", want: undefined },
];
for (const { text, want } of addresses) {
  void test(`parseListenAddress: ${text}`, () => assert.deepEqual(parseListenAddress(text), want));
}
for (const text of ["8080", "localhost", ":99999", "::1:80", ""]) {
  void test(`parseListenAddress: refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseListenAddress(text), /want "host:port", ":port" or "off"/));
}

void test("health: alive, ready by named checks, and honest about why not", async () => {
  const checks = new HealthChecks();
  let trouble: string | undefined = "pods not listed yet";
  checks.add("informers", () => trouble);
  checks.add("broken", () => {
    if (trouble !== undefined) throw new Error("check failed to run");
    return undefined;
  });
  const at = await serve("127.0.0.1:0", checks.routes());
  try {
    assert.deepEqual(await ask(at, "/healthz"), { status: 200, body: "ok\n" });
    assert.deepEqual(await ask(at, "/readyz"), {
      status: 503,
      body: "[-]informers failed: pods not listed yet\n[-]broken failed: check failed to run\nreadyz check failed\n",
    });
    trouble = undefined;
    assert.deepEqual(await ask(at, "/readyz"), { status: 200, body: "ok\n" });
    assert.match((await ask(at, "/readyz?verbose")).body, /^\[\+\]informers ok\n\[\+\]broken ok\n/);
    assert.equal((await ask(at, "/constructor")).status, 404);
    assert.equal((await ask(at, "/healthz", "POST")).status, 405);
  } finally {
    await at?.close();
  }
});

void test("serve: says which address is in use", async () => {
  const first = await serve("127.0.0.1:0", {});
  const address = `127.0.0.1:${first?.port}`;
  await assert.rejects(serve(address, {}), new RegExp(`Cannot listen on ${address}: the address is in use`));
  await first?.close();
  assert.equal(await serve("off", {}), undefined);
});

void test("serve: a route that throws is a 500, not the end", async () => {
  const at = await serve("127.0.0.1:0", {
    "/bad": () => {
      throw new Error("no");
    },
  });
  assert.deepEqual(await ask(at, "/bad"), { status: 500, body: "no\n" });
  await at?.close();
});

void test("Metrics: every instance has its own numbers", async () => {
  const [one, two] = [new Metrics(), new Metrics()];
  one.requests.started();
  one.requests.finished({ verb: "create", resource: "pods", subresource: "", code: "201", seconds: 0.004 });
  one.reflector("pods").relisted?.("expired");
  one.reflector("pods").repaired?.(2);
  one.eventDropped("rate");
  const queue = new WorkQueue({
    clock: new FakeClock(),
    process: () => Promise.resolve(undefined),
    observer: one.queue("sets"),
  });
  one.watchQueue("sets", queue);
  queue.add("a");
  const at = await serve("127.0.0.1:0", metricsRoutes(one.registry));
  const { body } = await ask(at, "/metrics");
  await at?.close();
  for (const line of [
    'kube_client_requests_total{verb="create",resource="pods",subresource="",code="201"} 1',
    "kube_client_requests_in_flight 0",
    'reflector_relists_total{resource="pods",reason="expired"} 1',
    'reflector_repairs_total{resource="pods"} 2',
    'events_dropped_total{reason="rate"} 1',
    'workqueue_adds_total{name="sets"} 1',
    'workqueue_depth{name="sets"} 1',
    "leader 0",
  ]) {
    assert.ok(body.includes(`${line}\n`), line);
  }
  assert.ok(!(await two.registry.metrics()).includes('resource="pods"'));
  one.close();
  two.close();
});
