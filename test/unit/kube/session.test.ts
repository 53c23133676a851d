import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSession } from "../../../src/kube/session.ts";
import { FakeClock } from "../../support/fake-clock.ts";

interface Given {
  server?: string;
  user: Record<string, unknown>;
}

async function inFolder(body: (write: (given: Given) => Promise<string>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "session-"));
  const file = join(folder, "kubeconfig");
  try {
    await body(async ({ server = "https://10.0.0.1:6443", user }) => {
      const ca = Buffer.from("CA").toString("base64");
      const config = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "c", cluster: { server, "certificate-authority-data": ca } }],
        users: [{ name: "u", user }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "shop" } }],
        "current-context": "x",
      };
      await writeFile(file, JSON.stringify(config));
      return file;
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

void test("session: token, CA and namespace from a kubeconfig", async () => {
  await inFolder(async (write) => {
    const session = await openSession({ clock: new FakeClock(), kubeconfig: await write({ user: { token: "t1" } }) });
    const { server, headers, tls } = await session.credentials();
    assert.deepEqual([server, headers], ["https://10.0.0.1:6443", { authorization: "Bearer t1" }]);
    assert.equal(String(tls.ca), "CA");
    assert.equal(session.namespace, "shop");
  });
});

void test("session: a rotated token is seen after ten seconds, at once on refresh, and keeps the connections", async () => {
  await inFolder(async (write) => {
    const clock = new FakeClock();
    const session = await openSession({ clock, kubeconfig: await write({ user: { token: "t1" } }) });
    const before = await session.credentials();
    await write({ user: { token: "t2" } });
    assert.equal(await session.credentials(), before);
    await clock.advance(10_000);
    const after = await session.credentials();
    assert.equal(after.headers["authorization"], "Bearer t2");
    assert.equal(after.fingerprint, before.fingerprint);
    await write({ user: { token: "t3" } });
    assert.equal((await session.credentials(true)).headers["authorization"], "Bearer t3");
  });
});

void test("session: a new client certificate asks for new connections", async () => {
  await inFolder(async (write) => {
    const clock = new FakeClock();
    const user = (cert: string) => ({
      user: { "client-certificate-data": btoa(cert), "client-key-data": btoa("KEY") },
    });
    const session = await openSession({ clock, kubeconfig: await write(user("ONE")) });
    const before = await session.credentials();
    await write(user("TWO"));
    await clock.advance(10_000);
    const after = await session.credentials();
    assert.notEqual(after.fingerprint, before.fingerprint);
    assert.equal(String(after.tls.cert), "TWO");
  });
});

void test("session: many at once start a plugin once, and its answer is kept until a refresh", async () => {
  await inFolder(async (write) => {
    const clock = new FakeClock();
    const credential =
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\'$$\'"}}';
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", `echo '${credential}'`] };
    const session = await openSession({ clock, kubeconfig: await write({ user: { exec } }) });
    const tokens = async (refresh: boolean) => {
      const all = await Promise.all(Array.from({ length: 5 }, () => session.credentials(refresh)));
      return new Set(all.map(({ headers }) => headers["authorization"]));
    };
    const [first] = await tokens(false);
    await clock.advance(60_000);
    assert.deepEqual([...(await tokens(false))], [first]);
    const refreshed = await tokens(true);
    assert.equal(refreshed.size, 1);
    assert.ok(!refreshed.has(first));
  });
});

void test("session: a file that is broken for a moment does no harm", async () => {
  await inFolder(async (write) => {
    const clock = new FakeClock();
    const file = await write({ user: { token: "t1" } });
    const session = await openSession({ clock, kubeconfig: file });
    await writeFile(file, "{");
    await clock.advance(10_000);
    assert.equal((await session.credentials()).headers["authorization"], "Bearer t1");
    await write({ user: { token: "t2" } });
    assert.equal((await session.credentials()).headers["authorization"], "Bearer t2");
  });
});

void test("session: plain http works without being told twice", async () => {
  await inFolder(async (write) => {
    const kubeconfig = await write({ server: "http://127.0.0.1:8080", user: { token: "t1" } });
    const session = await openSession({ clock: new FakeClock(), kubeconfig });
    assert.equal((await session.credentials()).headers["authorization"], "Bearer t1");
  });
});

void test("session: says what is missing", async () => {
  await inFolder(async (write) => {
    const kubeconfig = await write({ user: {} });
    await assert.rejects(openSession({ clock: new FakeClock(), kubeconfig, context: "nope" }), /context "nope"/);
  });
});
