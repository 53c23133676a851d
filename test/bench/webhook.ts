// How many reviews a second, and how slow is the slowest in a hundred? `node test/bench/webhook.ts [--seconds N]`
// Two readings: the judgement alone, and whole requests over TLS from another process, one at a time and 16.

import { fork } from "node:child_process";
import { Agent, request as httpsRequest } from "node:https";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { Registry } from "prom-client";
import { featureDefaults } from "../../src/api/features.ts";
import { realClock } from "../../src/kube/clock.ts";
import { SchemaCheck } from "../../src/rules/schema.ts";
import { admissionHandlers } from "../../webhook/admit.ts";
import { issue } from "../../webhook/make-certificate.ts";
import { WebhookMetrics } from "../../webhook/metrics.ts";
import { answerBody, startWebhookServer } from "../../webhook/server.ts";

const WARM_UP_MS = 1000;

interface Job {
  port: number;
  ca: string;
  body: string;
  ms: number;
  connections: number;
}

/** An UPDATE, as it carries two objects and compares them. */
function aReview(object: object): string {
  const resource = { group: "apps.kruise.io", version: "v1alpha1", resource: "clonesets" };
  const oldObject = structuredClone(object) as { spec: { replicas: number } };
  oldObject.spec.replicas = 2;
  const request = { uid: "1", operation: "UPDATE", resource, name: "web", namespace: "shop", object, oldObject };
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });
}

function aCloneSet(containers: number, envPerContainer: number): object {
  const env = Array.from({ length: envPerContainer }, (_, i) => ({
    name: `VARIABLE_${i}`,
    value: "some value of a usual length",
  }));
  const one = (i: number): object => ({
    name: `app-${i}`,
    image: "registry.example.com/team/app:1.2.3",
    env: [...env, { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    ports: [{ name: "http", containerPort: 8080 + i }],
    resources: { requests: { cpu: "500m", memory: "512Mi" }, limits: { cpu: "1", memory: "1Gi" } },
    readinessProbe: { httpGet: { path: "/ready", port: "http" } },
    volumeMounts: [{ name: "config", mountPath: "/etc/app" }],
  });
  return {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    metadata: { name: "web", namespace: "shop", uid: "1", labels: { app: "web" } },
    spec: {
      replicas: 3,
      revisionHistoryLimit: 10,
      selector: { matchLabels: { app: "web" } },
      updateStrategy: { type: "InPlaceIfPossible", partition: 0, maxUnavailable: "20%", maxSurge: 0 },
      scaleStrategy: {},
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: Array.from({ length: containers }, (_, i) => one(i)),
          volumes: [{ name: "config", configMap: { name: "web" } }],
        },
      },
    },
  };
}

async function main(seconds: number): Promise<void> {
  const log = pino({ level: "silent" });
  const metrics = new WebhookMetrics(new Registry());
  const pods = { pod: () => Promise.resolve(undefined), podsOf: () => Promise.resolve(undefined) };
  const beganMs = performance.now();
  const schema = new SchemaCheck();
  process.stdout.write(`schema compiled in ${(performance.now() - beganMs).toFixed(0)} ms\n`);
  const handlers = admissionHandlers({ schema, features: featureDefaults, pods, clock: realClock, log, metrics });
  const validate = handlers["/validate"];
  if (validate === undefined) throw new Error("no /validate");
  const pair = await issue(["127.0.0.1"], Date.now(), 86_400_000);
  const server = await startWebhookServer({
    address: { host: "127.0.0.1", port: 0 },
    minVersion: "TLSv1.3",
    pair,
    handlers,
    metrics,
    log,
  });
  const sizes = [
    { name: "typical", object: aCloneSet(2, 10) },
    { name: "256 KiB", object: aCloneSet(40, 95) },
  ];
  for (const { name, object } of sizes) {
    const body = aReview(object);
    const alone: number[] = [];
    const bytes = Buffer.from(body);
    for (const endMs = performance.now() + WARM_UP_MS + seconds * 1000; performance.now() < endMs; ) {
      const startMs = performance.now();
      await answerBody(bytes, validate);
      if (startMs > endMs - seconds * 1000) alone.push(performance.now() - startMs);
    }
    const kib = (JSON.stringify(object).length / 1024).toFixed(0);
    report(`${name} (object ${kib} KiB, body ${(body.length / 1024).toFixed(0)} KiB), judgement alone`, alone, seconds);
    for (const connections of [1, 16]) {
      const millis = await fromOutside({ port: server.port, ca: pair.ca, body, ms: seconds * 1000, connections });
      report(`${name}, over TLS, ${connections} at a time`, millis, seconds);
    }
  }
  await server.close();
}

function report(what: string, millis: number[], seconds: number): void {
  const sorted = millis.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(2);
  process.stdout.write(
    `${what}: ${(millis.length / seconds).toFixed(0)}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(0.99999)} ms\n`,
  );
}

/** Another process asks, so that the asking costs the webhook nothing. */
async function fromOutside(job: Job): Promise<number[]> {
  const { promise, resolve, reject } = Promise.withResolvers<number[]>();
  const child = fork(new URL(import.meta.url), ["--ask"], { serialization: "advanced" });
  child.on("message", (millis: number[]) => resolve(millis));
  child.on("error", reject);
  child.send(job);
  const millis = await promise;
  child.kill();
  return millis;
}

async function ask({ port, ca, body, ms, connections }: Job): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca });
  const once = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const request = httpsRequest(
        { host: "127.0.0.1", port, path: "/validate", method: "POST", agent, headers },
        (response) => {
          response.resume();
          response.on("end", () =>
            response.statusCode === 200 ? resolve() : reject(new Error(String(response.statusCode))),
          );
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  const millis: number[] = [];
  const startMs = performance.now() + WARM_UP_MS;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < startMs + ms) {
        const sentMs = performance.now();
        await once();
        if (sentMs >= startMs) millis.push(performance.now() - sentMs);
      }
    }),
  );
  agent.destroy();
  return millis;
}

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "5" }, ask: { type: "boolean", default: false } },
});
if (values.ask) process.on("message", (job: Job) => void ask(job).then((millis) => process.send?.(millis)));
else await main(Number(values.seconds));
