// What a conformance case runs against: a sandbox of its own, and, where KUBECONFIG is set, the real cluster it names.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { realClock } from "../../src/kube/clock.ts";
import { openSession, plainSession } from "../../src/kube/session.ts";
import type { Answer } from "../../src/kube/transport.ts";
import { HttpTransport } from "../../src/kube/transport.ts";
import definition from "../../src/sandbox/clone-set-definition.json" with { type: "json" };
import { startSandbox } from "../../src/sandbox/sandbox.ts";

/** A server that is compacted every five minutes has forgotten its first version after ten. */
export const FORGOTTEN_SECONDS = 660;
/** Generous: garbage collection and budgets learn of new kinds every half minute. It says nothing about speed. */
const PATIENCE_SECONDS = 90;
export const MERGE = "application/merge-patch+json";
export const STRATEGIC = "application/strategic-merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";
export const APPLY = "application/apply-patch+yaml";

export type TargetName = "sandbox" | "cluster";

/** One server with a namespace of the tests' own. */
export class Target {
  readonly name: TargetName;
  readonly namespace: string;
  readonly transport: HttpTransport;

  constructor(name: TargetName, namespace: string, transport: HttpTransport) {
    this.name = name;
    this.namespace = namespace;
    this.transport = transport;
  }

  /** The path of a collection of the core group in the namespace. */
  core(plural: string): string {
    return `/api/v1/namespaces/${this.namespace}/${plural}`;
  }

  get cloneSets(): string {
    return `/apis/apps.kruise.io/v1alpha1/namespaces/${this.namespace}/clonesets`;
  }

  send(
    method: string,
    path: string,
    body?: unknown,
    type = "application/json",
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.transport.request({
      method: method as "GET",
      path,
      headers: { accept: "application/json", "content-type": type, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
      lane: "bulk",
    });
  }

  /** The body of an answer that must be good. */
  async must<T = Obj>(method: string, path: string, body?: unknown, type?: string): Promise<T> {
    const answer = await this.send(method, path, body, type);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  /** Undefined = it is not there. */
  async find<T = Obj>(path: string): Promise<T | undefined> {
    const answer = await this.send("GET", path);
    return answer.status === 404 ? undefined : (answer.body as T);
  }

  /** Asks again until it holds, and fails with what was found last. */
  async until<T>(
    what: string,
    look: () => Promise<T>,
    holds: (found: T) => boolean,
    seconds = PATIENCE_SECONDS,
  ): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = await look();
      if (holds(found)) return found;
      if (Date.now() > deadline) assert.fail(`${what}: not within ${seconds} s; last seen ${JSON.stringify(found)}`);
      await realClock.sleep(100);
    }
  }

  async gone(path: string, seconds = PATIENCE_SECONDS): Promise<void> {
    await this.until(
      `${path} is gone`,
      () => this.find(path),
      (found) => found === undefined,
      seconds,
    );
  }

  /** The first events of a watch, while something is done. */
  async watched(path: string, count: number, meanwhile = async () => {}, accept = "application/json") {
    const ender = new AbortController();
    const signal = AbortSignal.any([ender.signal, AbortSignal.timeout(20_000)]);
    const stream = await this.transport.stream({ method: "GET", path, headers: { accept }, signal, lane: "bulk" });
    assert.equal(stream.status, 200, JSON.stringify(stream.body));
    const seen: { type: string; object: Obj }[] = [];
    const done = meanwhile();
    for await (const event of stream.events) {
      seen.push(event as { type: string; object: Obj });
      if (seen.length === count) break;
    }
    await done;
    ender.abort();
    return seen;
  }

  async close(): Promise<void> {
    await this.transport.close();
  }
}

/** Any object, as tests look at it. */
export interface Obj {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: { uid: string }[];
    deletionTimestamp?: string;
    continue?: string;
    remainingItemCount?: number;
  };
  spec: Record<string, unknown>;
  [field: string]: unknown;
}

/** What stands at a path, e.g. "spec.containers.0.image"; undefined = nothing. */
export function at(object: unknown, path: string): unknown {
  let found = object;
  for (const part of path.split(".")) {
    found = typeof found === "object" && found !== null ? (found as Record<string, unknown>)[part] : undefined;
  }
  return found;
}

/** Defines the same cases for each target. `define` is called at once; the target can be used inside of cases only. */
export function onEachTarget(title: string, define: (target: () => Target, name: TargetName) => void): void {
  for (const name of ["sandbox", "cluster"] as const) {
    const skip = name === "cluster" && !process.env["KUBECONFIG"] ? "no cluster: set KUBECONFIG" : false;
    describe(`${title}: ${name}`, { skip, timeout: 900_000 }, () => {
      let target: Target | undefined;
      let close = async () => {};
      before(async () => {
        const namespace = `${title.replaceAll(/[^a-z0-9]+/g, "-")}-${process.pid}`;
        const opened = name === "sandbox" ? await openSandbox() : await openCluster();
        close = opened.close;
        target = new Target(name, namespace, opened.transport);
        await prepare(target);
      });
      after(async () => {
        await target?.send("DELETE", `/api/v1/namespaces/${target.namespace}`);
        await target?.close();
        await close();
      });
      define(() => {
        if (target === undefined) throw new Error("the target is not open yet");
        return target;
      }, name);
    });
  }
}

async function prepare(target: Target): Promise<void> {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  if (target.name === "cluster") await target.send("POST", definitions, definition);
  await target.must("POST", "/api/v1/namespaces", { metadata: { name: target.namespace } });
  await target.until(
    "CloneSets are served",
    () => target.send("GET", target.cloneSets),
    ({ status }) => status === 200,
  );
  // It comes in its own time, and pods need it.
  await target.until(
    "there is an account for pods",
    () => target.find(`${target.core("serviceaccounts")}/default`),
    (found) => found !== undefined || target.name === "sandbox",
  );
  // So does this, and tests count ConfigMaps.
  await target.until(
    "there is the authority for pods",
    () => target.find(`${target.core("configmaps")}/kube-root-ca.crt`),
    (found) => found !== undefined || target.name === "sandbox",
  );
}

async function openSandbox(): Promise<{ transport: HttpTransport; close: () => Promise<void> }> {
  const sandbox = await startSandbox();
  return {
    transport: new HttpTransport({ session: plainSession(sandbox.url), clock: realClock }),
    close: () => sandbox.close(),
  };
}

async function openCluster(): Promise<{ transport: HttpTransport; close: () => Promise<void> }> {
  return {
    transport: new HttpTransport({ session: await openSession({ clock: realClock }), clock: realClock }),
    close: async () => {},
  };
}
