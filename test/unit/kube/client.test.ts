import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestReport, WriteGate } from "../../../src/kube/caller.ts";
import { KubeClient, type KubeClientOptions } from "../../../src/kube/client.ts";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isVersionTooLarge,
  mayHaveBeenApplied,
  NoAnswerError,
  NotLeaderError,
  UnknownOutcomeError,
} from "../../../src/kube/errors.ts";
import { CONTROLLER_REVISIONS, NODES, PODS, resourcePath } from "../../../src/kube/resources.ts";
import { plainSession, type Session } from "../../../src/kube/session.ts";
import { HttpTransport } from "../../../src/kube/transport.ts";
import { FakeClock, until } from "../../support/fake-clock.ts";
import {
  DEAD_URL,
  type HostileServer,
  hostileServer,
  json,
  list,
  type Reply,
  reset,
  silence,
  status,
  text,
  truncated,
} from "../../support/hostile-server.ts";
import { pod } from "./objects.ts";

interface World {
  server: HostileServer;
  clock: FakeClock;
  client: KubeClient;
  reports: RequestReport[];
  /** Lets fake time pass, a second at a time, until the call is over; says how long it took and how it ended. */
  outcome: (call: Promise<unknown>) => Promise<{ value?: unknown; error?: unknown; ms: number }>;
}

/** A test with a server, a client and a fake clock; everything is closed afterwards. */
function clientTest(
  name: string,
  body: (world: World) => Promise<void>,
  options: Partial<KubeClientOptions> & { session?: (url: string) => Session; url?: string } = {},
): void {
  void test(`KubeClient: ${name}`, async () => {
    const server = await hostileServer();
    const clock = new FakeClock();
    const { session = plainSession, url, ...clientOptions } = options;
    const transport = new HttpTransport({ session: session(url ?? server.url), clock });
    const reports: RequestReport[] = [];
    const observer = { started: () => {}, finished: (report: RequestReport) => void reports.push(report) };
    const client = new KubeClient({ transport, clock, userAgent: "test/1", observer, ...clientOptions });
    const outcome: World["outcome"] = async (call) => {
      const startMs = clock.monotonicMs();
      const over: { value?: unknown; error?: unknown }[] = [];
      call.then(
        (value) => over.push({ value }),
        (error: unknown) => over.push({ error }),
      );
      let asked = -1;
      while (over.length === 0) {
        // Time passes only while the server is not about to answer.
        if (asked === server.seen.length) await clock.advance(100);
        asked = server.seen.length;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return { ...over[0], ms: clock.monotonicMs() - startMs };
    };
    try {
      await body({ server, clock, client, reports, outcome });
    } finally {
      await transport.close();
      await server.close();
    }
  });
}

const WEB = { namespace: "shop", name: "web" };
const paths = [
  { want: "/api/v1/pods", resource: PODS, where: {} },
  { want: "/api/v1/namespaces/shop/pods/web/status", resource: PODS, where: { ...WEB, subresource: "status" } },
  {
    want: "/apis/apps/v1/namespaces/shop/controllerrevisions",
    resource: CONTROLLER_REVISIONS,
    where: { namespace: "shop" },
  },
  { want: "/api/v1/nodes/n1", resource: NODES, where: { namespace: "ignored", name: "n1" } },
];
for (const { want, resource, where } of paths) {
  void test(`resourcePath: ${want}`, () => assert.equal(resourcePath(resource, where), want));
}

clientTest("reads plain JSON, unknown fields and all, and says who is asking", async ({ server, client, reports }) => {
  server.plays(json(200, { ...pod("web", 5), novelty: { x: "2026-01-01T00:00:00Z" } }));
  const found = await client.get(PODS, WEB);
  assert.deepEqual(found, { ...pod("web", 5), novelty: { x: "2026-01-01T00:00:00Z" } });
  assert.equal(server.seen[0]?.path, "/api/v1/namespaces/shop/pods/web");
  assert.equal(server.seen[0]?.headers["user-agent"], "test/1");
  assert.deepEqual(reports, [{ verb: "get", resource: "pods", subresource: "", code: "200", seconds: 0 }]);
});

const verbs: { name: string; call: (client: KubeClient) => Promise<unknown>; want: Record<string, unknown> }[] = [
  {
    name: "create",
    call: (client) => client.create(PODS, pod("web", "")),
    want: { method: "POST", path: "/api/v1/namespaces/shop/pods", type: "application/json" },
  },
  {
    name: "strategic patch of the status",
    call: (client) => client.patch(PODS, WEB, { a: 1 }, { type: "strategic", subresource: "status" }),
    want: {
      method: "PATCH",
      path: "/api/v1/namespaces/shop/pods/web/status",
      type: "application/strategic-merge-patch+json",
      body: { a: 1 },
    },
  },
  {
    name: "merge patch",
    call: (client) => client.patch(PODS, WEB, { a: 1 }, { type: "merge" }),
    want: { method: "PATCH", type: "application/merge-patch+json" },
  },
  {
    name: "json patch",
    call: (client) => client.patch(PODS, WEB, [], { type: "json" }),
    want: { method: "PATCH", type: "application/json-patch+json", body: [] },
  },
  {
    name: "update",
    call: (client) => client.update(PODS, pod("web", 5)),
    want: { method: "PUT", path: "/api/v1/namespaces/shop/pods/web" },
  },
  {
    name: "delete with preconditions",
    call: (client) => client.delete(PODS, WEB, { uid: "u", resourceVersion: "7", gracePeriodSeconds: 0 }),
    want: {
      method: "DELETE",
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid: "u", resourceVersion: "7" },
        gracePeriodSeconds: 0,
      },
    },
  },
];
for (const { name, call, want } of verbs) {
  clientTest(`sends a ${name}`, async ({ server, client }) => {
    server.plays(json(200, pod("web", 9)));
    assert.deepEqual(await call(client), pod("web", 9));
    const seen = server.seen[0];
    const got: Record<string, unknown> = { ...seen, type: seen?.headers["content-type"] };
    for (const [key, value] of Object.entries(want)) assert.deepEqual(got[key], value, key);
  });
}

clientTest(
  "names its field manager, and tells the server when it stops waiting",
  async ({ server, client }) => {
    server.plays(json(201, pod("web", 5)));
    await client.create(PODS, pod("web", ""), { timeoutMs: 4_000, dryRun: true });
    assert.deepEqual(server.seen[0]?.query, { fieldManager: "us", dryRun: "All", timeout: "4000ms" });
  },
  { fieldManager: "us" },
);

clientTest("lists page by page", async ({ server, client }) => {
  server.plays(list("7", [pod("a", 1), pod("b", 2)], "next"), list("7", [pod("c", 3)]));
  const since = { resourceVersion: "6", resourceVersionMatch: "NotOlderThan" } as const;
  const all = await client.list(PODS, { namespace: "shop", labelSelector: "app=web", limit: 2, ...since });
  assert.equal(all.resourceVersion, "7");
  assert.deepEqual(
    all.items.map((item) => item.metadata.name),
    ["a", "b", "c"],
  );
  assert.deepEqual(
    server.seen.map((seen) => seen.query),
    [
      { labelSelector: "app=web", limit: "2", ...since },
      { labelSelector: "app=web", limit: "2", continue: "next" },
    ],
  );
});

clientTest("asks for everything at once when a page token has expired", async ({ server, client }) => {
  server.plays(
    list("7", [pod("a", 1)], "next"),
    json(410, status(410, "Expired")),
    list("9", [pod("a", 1), pod("b", 8)]),
  );
  const all = await client.list(PODS, { limit: 1 });
  assert.deepEqual([all.resourceVersion, all.items.length], ["9", 2]);
  assert.deepEqual(server.seen[2]?.query, {});
});

clientTest("asks for metadata alone when told so", async ({ server, client }) => {
  server.plays(list("7", []));
  await client.list(PODS, { metadataOnly: true });
  assert.match(server.seen[0]?.headers.accept ?? "", /as=PartialObjectMetadataList;g=meta.k8s.io;v=v1/);
});

const refusals = [
  { code: 404, reason: "NotFound", is: isNotFound },
  { code: 409, reason: "Conflict", is: isConflict },
  { code: 409, reason: "AlreadyExists", is: isAlreadyExists },
  { code: 410, reason: "Expired", is: isGone },
  { code: 422, reason: "Invalid", is: isInvalid },
  { code: 403, reason: "Forbidden", is: isForbidden },
];
for (const { code, reason, is } of refusals) {
  clientTest(`a ${code} ${reason} is an answer: not retried, not in doubt`, async ({ server, client, outcome }) => {
    server.plays(json(code, status(code, reason, "no")));
    const { error } = await outcome(client.patch(PODS, WEB, { metadata: { resourceVersion: "5" } }, { type: "merge" }));
    assert.ok(is(error));
    assert.equal(isConflict(error), reason === "Conflict");
    assert.equal(mayHaveBeenApplied(error), false);
    assert.equal(server.seen.length, 1);
  });
}

const invalid =
  'Pod "web" is invalid: [spec.containers[0].env[0].value: Invalid value: "hunter\\"2": too long, ' +
  'spec: Invalid value: core.PodSpec{Env:{"a":"hunter3"}}: immutable]\n  core.PodSpec{ Value: "hunter4" }';
clientTest("an error repeats no values and no objects", async ({ server, client, outcome }) => {
  server.plays(json(422, status(422, "Invalid", invalid)));
  const { error } = await outcome(client.create(PODS, pod("web", "")));
  assert.ok(error instanceof ApiError);
  assert.doesNotMatch(error.message, /hunter/);
  assert.match(error.message, /^Cannot create \/api\/v1\/namespaces\/shop\/pods: 422 Invalid: .*env\[0\].value/);
});

clientTest("an error keeps the rule that a value broke, brackets and all", async ({ server, client, outcome }) => {
  const broken = 'Pod "web" is invalid: spec.cpu[0]: Invalid value: "hunter2": spec.cpu[0] should match ([0-9]+)$';
  server.plays(json(422, status(422, "Invalid", broken)));
  const { error } = await outcome(client.create(PODS, pod("web", "")));
  assert.ok(error instanceof ApiError);
  assert.equal(
    error.serverMessage,
    'Pod "web" is invalid: spec.cpu[0]: Invalid value: spec.cpu[0] should match ([0-9]+)$',
  );
});

clientTest("waits as long as a 429 asks for, then tries again, also a POST", async ({ server, client, outcome }) => {
  server.plays(json(429, status(429, "TooManyRequests"), { "retry-after": "3" }), json(201, pod("web", 5)));
  const { value, ms } = await outcome(client.create(PODS, pod("web", "")));
  assert.deepEqual(value, pod("web", 5));
  assert.ok(ms >= 3_000, `${ms}`);
});

clientTest("tries no longer than it is told to", async ({ server, client, outcome }) => {
  server.plays(json(429, status(429, "TooManyRequests"), { "retry-after": "3" }), json(201, pod("web", 5)));
  const { error } = await outcome(client.create(PODS, pod("web", ""), { retryForMs: 1000 }));
  assert.ok(error instanceof ApiError && error.code === 429);
  assert.equal(server.seen.length, 1);
});

clientTest("asks before each attempt whether to send it", async ({ server, client, outcome }) => {
  const late = new Error("too late");
  let attempts = 0;
  const beforeAttempt = () => {
    attempts += 1;
    if (attempts === 3) throw late;
  };
  const busy = json(429, status(429, "TooManyRequests"), { "retry-after": "1" });
  server.plays(busy, busy, busy);
  const { error } = await outcome(client.delete(PODS, WEB, { uid: "u", beforeAttempt }));
  assert.deepEqual([error, server.seen.length], [late, 2]);
});

clientTest("what was perhaps applied stays in doubt when it is not sent again", async ({ server, client, outcome }) => {
  const late = new Error("too late");
  const beforeAttempt = () => {
    if (server.seen.length > 0) throw late;
  };
  server.plays(json(500, status(500, "InternalError")));
  const { error } = await outcome(client.create(PODS, pod("web", ""), { retryable: true, beforeAttempt }));
  assert.ok(error instanceof UnknownOutcomeError, String(error));
  assert.deepEqual([error.cause, server.seen.length], [late, 1]);
});

clientTest("halves its writes on 429 and grows back", async ({ server, client, outcome }) => {
  server.plays(json(429, status(429, "TooManyRequests"), { "retry-after": "1" }));
  server.choose = (seen) => (server.seen.length > 1 && seen.method === "POST" ? json(201, pod("web", 5)) : undefined);
  assert.equal(client.writeLimit, 32);
  await outcome(client.create(PODS, pod("web", "")));
  assert.equal(client.writeLimit, 16);
  for (let i = 0; i < 17; i++) await outcome(client.create(PODS, pod("web", "")));
  assert.equal(client.writeLimit, 17);
});

clientTest("a volley of 429s is one piece of news", async ({ server, client, outcome }) => {
  server.choose = () =>
    server.seen.length <= 10
      ? json(429, status(429, "TooManyRequests"), { "retry-after": "1" })
      : json(201, pod("web", 5));
  await Promise.all(Array.from({ length: 10 }, () => outcome(client.create(PODS, pod("web", "")))));
  assert.equal(client.writeLimit, 16);
});

clientTest("an eviction's 429 is the budget's word, not overload", async ({ server, client, outcome }) => {
  server.plays(json(429, status(429, "TooManyRequests", "disruption budget")));
  const { error } = await outcome(client.create(PODS, pod("web", ""), { subresource: "eviction" }));
  assert.ok(error instanceof ApiError && error.code === 429);
  assert.equal(server.seen[0]?.path, "/api/v1/namespaces/shop/pods/web/eviction");
  assert.equal(server.seen.length, 1);
});

const versioned = { metadata: { resourceVersion: "5" } };
const doubts: { name: string; faults: Reply[] }[] = [
  { name: "500", faults: [json(500, status(500, "InternalError"))] },
  { name: "504", faults: [json(504, status(504, "Timeout"))] },
  { name: "a bad gateway in HTML", faults: [text(502, "<html>no</html>")] },
  { name: "a reset", faults: [reset] },
  { name: "truncated JSON", faults: [truncated] },
];
for (const { name, faults } of doubts) {
  clientTest(`after ${name}, a POST that may not be repeated is in doubt`, async ({ server, client, outcome }) => {
    server.plays(...faults);
    const { error } = await outcome(client.create(PODS, pod("web", "")));
    assert.ok(error instanceof UnknownOutcomeError, String(error));
    assert.ok(mayHaveBeenApplied(error));
    assert.equal(server.seen.length, 1);
  });
  clientTest(`after ${name}, a PATCH without a version is in doubt`, async ({ server, client, outcome }) => {
    server.plays(...faults);
    const { error } = await outcome(client.patch(PODS, WEB, { metadata: {} }, { type: "merge" }));
    assert.ok(error instanceof UnknownOutcomeError);
    assert.equal(server.seen.length, 1);
  });
  clientTest(`after ${name}, a POST with a fixed name is repeated`, async ({ server, client, outcome }) => {
    server.plays(...faults, json(201, pod("web", 5)));
    const { value } = await outcome(client.create(PODS, pod("web", ""), { retryable: true }));
    assert.deepEqual(value, pod("web", 5));
  });
  clientTest(`after ${name}, AlreadyExists may be our own echo`, async ({ server, client, outcome }) => {
    server.plays(...faults, json(409, status(409, "AlreadyExists")));
    const { error } = await outcome(client.create(PODS, pod("web", ""), { retryable: true }));
    assert.ok(isAlreadyExists(error) && error.afterUnknown && mayHaveBeenApplied(error));
  });
  clientTest(
    `after ${name}, the conflict of a repeated PATCH may be our own echo`,
    async ({ server, client, outcome }) => {
      server.plays(...faults, json(409, status(409, "Conflict")));
      const { error } = await outcome(client.patch(PODS, WEB, versioned, { type: "merge" }));
      assert.ok(isConflict(error) && error.afterUnknown);
    },
  );
  clientTest(`after ${name}, the 404 of a repeated DELETE may be our own echo`, async ({ server, client, outcome }) => {
    server.plays(...faults, json(404, status(404, "NotFound")));
    const { error } = await outcome(client.delete(PODS, WEB, { uid: "u" }));
    assert.ok(isNotFound(error) && error.afterUnknown);
  });
}
for (const { name, faults } of doubts.filter((doubt) => doubt.name !== "504")) {
  clientTest(`after ${name}, a GET is repeated`, async ({ server, client, outcome }) => {
    server.plays(...faults, ...faults, json(200, pod("web", 5)));
    assert.deepEqual((await outcome(client.get(PODS, WEB))).value, pod("web", 5));
  });
}

clientTest(
  "a server that always fails: the write is in doubt after four tries",
  async ({ server, client, outcome }) => {
    server.choose = () => json(500, status(500, "InternalError"));
    const { error } = await outcome(client.update(PODS, pod("web", 5)));
    assert.ok(error instanceof UnknownOutcomeError && error.code === 500);
    assert.equal(server.seen.length, 4);
  },
);

clientTest("a read that always fails is an ApiError: nothing is in doubt", async ({ server, client, outcome }) => {
  server.choose = () => json(500, status(500, "InternalError"));
  const { error } = await outcome(client.get(PODS, WEB));
  assert.ok(error instanceof ApiError && error.code === 500);
});

clientTest("a version that the server has not seen yet is reported at once", async ({ server, client, outcome }) => {
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  server.plays(json(504, status(504, "Timeout", "Too large resource version: 99", { causes, retryAfterSeconds: 1 })));
  const { error } = await outcome(client.list(PODS, { resourceVersion: "99", resourceVersionMatch: "NotOlderThan" }));
  assert.ok(isVersionTooLarge(error) && error.retryAfterSeconds === 1);
});

clientTest("a write without an answer within its time is in doubt", async ({ server, client, outcome }) => {
  server.plays(silence);
  const { error, ms } = await outcome(client.create(PODS, pod("web", ""), { retryable: true, timeoutMs: 3_000 }));
  assert.ok(error instanceof UnknownOutcomeError);
  assert.match(error.message, /no answer within 3000 ms/);
  assert.equal(ms, 3_000);
});

clientTest("a read without an answer within its time changed nothing", async ({ server, client, outcome }) => {
  server.plays(silence);
  const { error, ms } = await outcome(client.get(PODS, WEB));
  assert.ok(error instanceof NoAnswerError);
  assert.equal(ms, 10_000);
});

clientTest(
  "a server that cannot be reached changes nothing, and is tried until the deadline",
  async ({ client, outcome, reports }) => {
    const { error, ms } = await outcome(client.create(PODS, pod("web", "")));
    assert.ok(error instanceof NoAnswerError, String(error));
    assert.ok(ms > 5_000 && ms <= 10_000, `${ms}`);
    assert.ok(reports.length > 4);
  },
  { url: DEAD_URL },
);

clientTest(
  "a server that cannot be reached is given up sooner for somebody who waits",
  async ({ client, outcome }) => {
    const { error, ms } = await outcome(client.get(PODS, WEB));
    assert.ok(error instanceof NoAnswerError, String(error));
    assert.ok(ms > 1_000 && ms < 5_000, `${ms}`);
  },
  { url: DEAD_URL, unreachableForMs: 1_000 },
);

clientTest("the caller can end a call: in doubt once it was sent", async ({ server, client, outcome }) => {
  const caller = new AbortController();
  server.plays(silence);
  const call = outcome(client.create(PODS, pod("web", ""), { signal: caller.signal, timeoutMs: 1e9 }));
  await until(() => server.seen.length === 1);
  caller.abort(new Error("enough"));
  assert.ok((await call).error instanceof UnknownOutcomeError);
  const unsent = await outcome(client.create(PODS, pod("web", ""), { signal: caller.signal }));
  assert.match(String(unsent.error), /enough/);
  assert.equal(server.seen.length, 1);
});

/** A gate the test opens and shuts. */
class Gate implements WriteGate {
  open = true;
  endMs = Number.POSITIVE_INFINITY;
  readonly #loser = new AbortController();
  get lost(): AbortSignal {
    return this.#loser.signal;
  }
  mayWrite(): boolean {
    return this.open;
  }
  writesEndAtMs(): number {
    return this.endMs;
  }
  shut(): void {
    this.open = false;
    this.#loser.abort();
  }
}

const shutGate = new Gate();
shutGate.open = false;
clientTest(
  "who does not lead sends no write, but reads",
  async ({ server, client, outcome }) => {
    assert.ok((await outcome(client.delete(PODS, WEB))).error instanceof NotLeaderError);
    assert.equal(server.seen.length, 0);
    server.plays(json(200, pod("web", 5)));
    assert.deepEqual((await outcome(client.get(PODS, WEB))).value, pod("web", 5));
  },
  { gate: shutGate },
);

const losingGate = new Gate();
clientTest(
  "losing the lead ends the writes in flight, and those waiting are never sent",
  async ({ server, client, outcome }) => {
    server.plays(silence, silence);
    const calls = ["a", "b"].map((name) => outcome(client.create(PODS, pod(name, ""), { timeoutMs: 1e9 })));
    await until(() => server.seen.length === 1);
    losingGate.shut();
    const [first, second] = await Promise.all(calls);
    assert.ok(first?.error instanceof UnknownOutcomeError);
    assert.ok(second?.error instanceof NotLeaderError);
    assert.equal(server.seen.length, 1);
  },
  { gate: losingGate, maxWritesInFlight: 1 },
);

const endingGate = new Gate();
endingGate.endMs = 2_500;
clientTest(
  "no write outlasts the lease",
  async ({ server, client, outcome }) => {
    server.plays(silence);
    const { error, ms } = await outcome(client.create(PODS, pod("web", "")));
    assert.ok(error instanceof UnknownOutcomeError);
    assert.equal(ms, 2_500);
    assert.equal(server.seen[0]?.query["timeout"], "2500ms");
  },
  { gate: endingGate },
);

clientTest(
  "no more writes in flight than allowed",
  async ({ server, client }) => {
    const waiting: (() => void)[] = [];
    server.choose = () => (response) => void waiting.push(() => json(201, pod("web", 5))(response));
    const calls = Array.from({ length: 5 }, () => client.create(PODS, pod("web", "")));
    await until(() => waiting.length === 2);
    assert.equal(server.seen.length, 2);
    for (let done = 0; done < 5; done++) {
      await until(() => waiting.length > 0);
      assert.ok(server.seen.length - done <= 2);
      waiting.shift()?.();
    }
    await Promise.all(calls);
  },
  { maxWritesInFlight: 2 },
);

clientTest(
  "a rate limit holds back what comes too fast, after a burst",
  async ({ server, client, clock }) => {
    server.choose = () => json(201, pod("web", 5));
    const calls = Promise.all(Array.from({ length: 6 }, () => client.create(PODS, pod("web", ""))));
    await until(() => server.seen.length === 2);
    assert.equal(clock.nextInMs(), 100);
    for (const count of [3, 4, 5, 6]) {
      await clock.advance(100);
      await until(() => server.seen.length === count);
    }
    await calls;
  },
  { qps: 10, burst: 2 },
);

let logins = 0;
clientTest(
  "a 401 refreshes the credentials once",
  async ({ server, client, outcome }) => {
    server.plays(json(401, status(401, "Unauthorized")), json(200, pod("web", 5)), json(401, {}), json(401, {}));
    assert.deepEqual((await outcome(client.get(PODS, WEB))).value, pod("web", 5));
    assert.deepEqual(
      server.seen.map((seen) => seen.headers.authorization),
      ["Bearer 0", "Bearer 1"],
    );
    const refused = await outcome(client.get(PODS, WEB));
    assert.ok(refused.error instanceof ApiError && refused.error.code === 401);
    assert.equal(server.seen.length, 4);
  },
  {
    session: (server) => ({
      namespace: "default",
      credentials: (refresh) => {
        if (refresh) logins += 1;
        return Promise.resolve({ server, headers: { authorization: `Bearer ${logins}` }, tls: {}, fingerprint: "" });
      },
    }),
  },
);

clientTest("connections are kept, also after a DELETE with a body", async ({ server, client }) => {
  server.choose = () => json(200, pod("web", 5));
  for (let i = 0; i < 10; i++) await client.delete(PODS, WEB, { uid: "u" });
  assert.ok(server.connections() <= 2, `${server.connections()} connections for 10 requests`);
});
