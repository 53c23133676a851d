// Certificates from files, and when the webhook says that it is ready.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { Registry } from "prom-client";
import { featureDefaults } from "../../../src/api/features.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { realClock } from "../../../src/kube/clock.ts";
import { HealthChecks } from "../../../src/kube/health.ts";
import { plainSession } from "../../../src/kube/session.ts";
import { HttpTransport } from "../../../src/kube/transport.ts";
import { CertificateFiles } from "../../../webhook/certificate-files.ts";
import { issue } from "../../../webhook/make-certificate.ts";
import { startWebhook } from "../../../webhook/start.ts";
import { noPods, silentLog } from "./reviews.ts";

const DAY_MS = 86_400_000;

async function put(dir: string, pair: { cert: string; key: string }): Promise<void> {
  await writeFile(join(dir, "tls.crt"), pair.cert);
  await writeFile(join(dir, "tls.key"), pair.key);
}

test("certificates from files are watched: a new pair is served without a restart, half a pair is not", async () => {
  const dir = await mkdtemp(join(tmpdir(), "webhook-"));
  const [first, second, expired] = await Promise.all(
    [DAY_MS, DAY_MS, -1000].map((validMs) => issue(["127.0.0.1"], Date.now(), validMs)),
  );
  assert.ok(first && second && expired);
  await put(dir, first);
  const transport = new HttpTransport({ session: plainSession("http://127.0.0.1:1"), clock: realClock });
  const health = new HealthChecks();
  const registry = new Registry();
  const webhook = await startWebhook({
    address: "127.0.0.1:0",
    url: undefined,
    certDir: dir,
    minVersion: "TLSv1.3",
    namespace: "shop",
    client: new KubeClient({ transport, clock: realClock }),
    clock: realClock,
    log: silentLog,
    features: featureDefaults,
    registry,
    health,
    pods: noPods,
    syncMs: 20,
  });
  const isReady = async () => (await health.routes()["/readyz"]?.(new URLSearchParams()))?.status === 200;
  try {
    assert.equal(await greeted(webhook.port, first.ca), true);
    assert.equal(await isReady(), true);
    await writeFile(join(dir, "tls.crt"), second.cert);
    await realClock.sleep(100);
    assert.equal(await greeted(webhook.port, first.ca), true, "a certificate without its key is not taken");
    await writeFile(join(dir, "tls.key"), second.key);
    await until(() => greeted(webhook.port, second.ca));
    assert.equal(await greeted(webhook.port, first.ca), false);
    await put(dir, expired);
    await until(async () => !(await isReady()));
    assert.match(await registry.metrics(), /webhook_certificate_expiry_timestamp_seconds \d+/);
  } finally {
    await webhook.stop();
    await transport.close();
    await rm(dir, { recursive: true });
  }
  assert.equal(await isReady(), false, "who has stopped is not ready");
});

test("files that do not belong together are refused", async () => {
  const dir = await mkdtemp(join(tmpdir(), "webhook-"));
  const [first, second] = await Promise.all([1, 2].map(() => issue(["a.example"], Date.now(), DAY_MS)));
  assert.ok(first && second);
  const files = new CertificateFiles(dir, undefined);
  await put(dir, { cert: first.cert, key: second.key });
  await assert.rejects(files.sync(), /tls\.key does not belong to the certificate of tls\.crt in /);
  // Who writes a file in place empties it first.
  await put(dir, { cert: first.cert, key: "" });
  await assert.rejects(files.sync(), /tls\.key: /);
  await put(dir, { cert: "", key: first.key });
  await assert.rejects(files.sync(), /tls\.crt: /);
  await rm(dir, { recursive: true });
  await assert.rejects(files.sync(), /ENOENT/);
});

function greeted(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ca }, () => {
      resolve(socket.authorized);
      socket.destroy();
    });
    socket.on("error", () => resolve(false));
  });
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 300_000; !(await isTrue()); await realClock.sleep(20)) {
    if (Date.now() > endMs) throw new Error("waited in vain");
  }
}
