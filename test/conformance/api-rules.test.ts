// The rules of the API that controller and kubectl count on: the same cases against the sandbox, and, where KUBECONFIG is
// set, against the real API server of that cluster (nothing may run there that touches pods of the namespace).

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { realClock } from "../../src/kube/clock.ts";
import { openSession, plainSession } from "../../src/kube/session.ts";
import type { Answer } from "../../src/kube/transport.ts";
import { HttpTransport } from "../../src/kube/transport.ts";
import { ApiServer } from "../../src/sandbox/api-server.ts";
import { serveHttp } from "../../src/sandbox/http.ts";

type Send = (method: string, path: string, body?: unknown, type?: string, accept?: string) => Promise<Answer>;

interface Api {
  send: Send;
  transport: HttpTransport;
  close: () => Promise<void>;
}

interface Stored {
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
    deletionGracePeriodSeconds?: number;
    continue?: string;
  };
  spec: { containers: { name: string; image: string }[]; replicas?: number };
  status: { phase?: string; conditions?: { type: string; status: string }[]; observedGeneration?: number };
  items: Stored[];
  data?: Record<string, string>;
}

const namespace = `api-rules-${process.pid}`;
const core = `/api/v1/namespaces/${namespace}`;
const sets = `/apis/apps.kruise.io/v1alpha1/namespaces/${namespace}/clonesets`;

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

for (const target of ["sandbox", "cluster"] as const) {
  const skip = target === "cluster" && !process.env["KUBECONFIG"] ? "no cluster: set KUBECONFIG" : false;
  describe(`api rules: ${target}`, { skip }, () => {
    let api: Api;
    before(async () => {
      api = target === "sandbox" ? await openSandbox() : await openCluster();
      await api.send("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
      // The cluster makes the account that pods need, in its own time.
      if (target === "cluster")
        await eventually(async () => (await api.send("GET", `${core}/serviceaccounts/default`)).status === 200);
    });
    after(async () => {
      await api.send("DELETE", `/api/v1/namespaces/${namespace}`);
      await api.close();
    });
    const rule = (name: string, run: (send: Send) => Promise<void>) => void test(name, () => run(api.send));
    rules(rule);
    test("a watch tells what happened since the version, then what happens", async () => {
      const list = stored(await api.send("GET", `${core}/configmaps?labelSelector=w%3D1`));
      await api.send("POST", `${core}/configmaps`, config("w-1", { labels: { w: "1" } }));
      const ender = new AbortController();
      const { resourceVersion } = list.metadata;
      const path = `${core}/configmaps?watch=true&labelSelector=w%3D1&resourceVersion=${resourceVersion}&timeoutSeconds=10`;
      const stream = await api.transport.stream({
        method: "GET",
        path,
        headers: { accept: "application/json" },
        signal: ender.signal,
        lane: "bulk",
      });
      const seen: string[] = [];
      const edits = async () => {
        await api.send("PATCH", `${core}/configmaps/w-1`, { data: { a: "1" } }, MERGE);
        await api.send("PATCH", `${core}/configmaps/w-1`, { metadata: { labels: { w: "2" } } }, MERGE);
      };
      const edited = edits();
      for await (const event of stream.events) {
        seen.push((event as { type: string }).type);
        if (seen.length === 3) break;
      }
      await edited;
      ender.abort();
      // Who leaves the selector is deleted for those who watch with it.
      assert.deepEqual(seen, ["ADDED", "MODIFIED", "DELETED"]);
    });
  });
}

function rules(rule: (name: string, run: (send: Send) => Promise<void>) => void): void {
  rule("create: uid, version and creation time are the server's", async (send) => {
    const answer = await send("POST", `${core}/configmaps`, config("c-1", { uid: "mine", resourceVersion: "" }));
    assert.equal(answer.status, 201);
    const { metadata } = stored(answer);
    assert.match(metadata.uid, /^[0-9a-f-]{36}$/);
    assert.notEqual(metadata.resourceVersion, "");
  });
  rule("create: a taken name is 409 AlreadyExists", async (send) => {
    await send("POST", `${core}/configmaps`, config("c-2"));
    assert.deepEqual(said(await send("POST", `${core}/configmaps`, config("c-2"))), [409, "AlreadyExists"]);
  });
  rule("create: generateName gets five letters", async (send) => {
    const { metadata } = stored(await send("POST", `${core}/configmaps`, { metadata: { generateName: "g-" } }));
    assert.match(metadata.name, /^g-[a-z0-9]{5}$/);
  });
  rule("create: another namespace in the body is 400", async (send) => {
    assert.equal((await send("POST", `${core}/configmaps`, config("c-3", { namespace: "other" }))).status, 400);
  });
  rule("create: dry run stores nothing", async (send) => {
    const answer = await send("POST", `${core}/configmaps?dryRun=All`, config("c-4"));
    assert.deepEqual([answer.status, "resourceVersion" in stored(answer).metadata], [201, false]);
    assert.deepEqual(said(await send("GET", `${core}/configmaps/c-4`)), [404, "NotFound"]);
  });
  rule("get: what is not there is 404 NotFound", async (send) => {
    assert.deepEqual(said(await send("GET", `${core}/pods/none`)), [404, "NotFound"]);
  });
  rule("patch: an old version is 409 Conflict", async (send) => {
    const { metadata } = stored(await send("POST", `${core}/configmaps`, config("p-1")));
    await send("PATCH", `${core}/configmaps/p-1`, { data: { a: "1" } }, MERGE);
    const again = { metadata: { resourceVersion: metadata.resourceVersion }, data: { a: "2" } };
    assert.deepEqual(said(await send("PATCH", `${core}/configmaps/p-1`, again, MERGE)), [409, "Conflict"]);
  });
  rule("patch: another uid is refused", async (send) => {
    await send("POST", `${core}/configmaps`, config("p-2"));
    const { status } = await send(
      "PATCH",
      `${core}/configmaps/p-2`,
      { metadata: { uid: "00000000-0000-0000-0000-000000000000" } },
      MERGE,
    );
    assert.ok(status === 409 || status === 422, String(status));
  });
  rule("patch: one that changes nothing writes nothing", async (send) => {
    await send("POST", `${core}/configmaps`, { ...config("p-3"), data: { a: "1" } });
    const first = stored(await send("GET", `${core}/configmaps/p-3`));
    const same = stored(await send("PATCH", `${core}/configmaps/p-3`, { data: { a: "1" } }, MERGE));
    assert.equal(same.metadata.resourceVersion, first.metadata.resourceVersion);
  });
  rule("patch: a merge patch removes what is null", async (send) => {
    await send("POST", `${core}/configmaps`, { ...config("p-4"), data: { a: "1", b: "2" } });
    const changed = stored(await send("PATCH", `${core}/configmaps/p-4`, { data: { a: null } }, MERGE));
    assert.deepEqual(changed.data, { b: "2" });
  });
  rule("patch: a JSON patch adds, tests and removes", async (send) => {
    await send("POST", `${core}/configmaps`, { ...config("p-5", { annotations: { x: "1" } }), data: { a: "1" } });
    const patch = [
      { op: "test", path: "/data/a", value: "1" },
      { op: "add", path: "/metadata/annotations/example.com~1y", value: "2" },
      { op: "remove", path: "/metadata/annotations/x" },
    ];
    const { metadata } = stored(await send("PATCH", `${core}/configmaps/p-5`, patch, JSON_PATCH));
    assert.deepEqual(metadata.annotations, { "example.com/y": "2" });
  });
  rule("patch: a JSON patch whose test fails is 422", async (send) => {
    await send("POST", `${core}/configmaps`, { ...config("p-6"), data: { a: "1" } });
    const { status } = await send(
      "PATCH",
      `${core}/configmaps/p-6`,
      [{ op: "test", path: "/data/a", value: "2" }],
      JSON_PATCH,
    );
    assert.equal(status, 422);
  });
  rule("update: without a version it overwrites, with an old one it is 409", async (send) => {
    const first = stored(await send("POST", `${core}/configmaps`, config("u-1")));
    assert.equal((await send("PUT", `${core}/configmaps/u-1`, { ...config("u-1"), data: { a: "1" } })).status, 200);
    const old = config("u-1", { resourceVersion: first.metadata.resourceVersion });
    assert.deepEqual(said(await send("PUT", `${core}/configmaps/u-1`, old)), [409, "Conflict"]);
  });
  rule("delete: another uid is 409, the right one is not", async (send) => {
    const { metadata } = stored(await send("POST", `${core}/configmaps`, config("d-1")));
    const wrong = { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } };
    assert.deepEqual(said(await send("DELETE", `${core}/configmaps/d-1`, wrong)), [409, "Conflict"]);
    assert.equal(
      (await send("DELETE", `${core}/configmaps/d-1`, { preconditions: { uid: metadata.uid } })).status,
      200,
    );
  });
  rule("delete: an old version is 409", async (send) => {
    const { metadata } = stored(await send("POST", `${core}/configmaps`, config("d-2")));
    await send("PATCH", `${core}/configmaps/d-2`, { data: { a: "1" } }, MERGE);
    const { resourceVersion } = metadata;
    assert.deepEqual(said(await send("DELETE", `${core}/configmaps/d-2`, { preconditions: { resourceVersion } })), [
      409,
      "Conflict",
    ]);
  });
  rule("delete: finalizers hold the object, and nothing may be added to them", async (send) => {
    await send("POST", `${core}/configmaps`, config("d-3", { finalizers: ["example.com/hold"] }));
    await send("DELETE", `${core}/configmaps/d-3`);
    const held = stored(await send("GET", `${core}/configmaps/d-3`));
    assert.ok(held.metadata.deletionTimestamp);
    const more = { metadata: { finalizers: ["example.com/hold", "example.com/more"] } };
    assert.ok([403, 422].includes((await send("PATCH", `${core}/configmaps/d-3`, more, MERGE)).status));
    assert.equal(
      (await send("PATCH", `${core}/configmaps/d-3`, { metadata: { finalizers: null } }, MERGE)).status,
      200,
    );
    assert.equal((await send("GET", `${core}/configmaps/d-3`)).status, 404);
  });
  rule("list: pages go on where they ended, at the version of the first", async (send) => {
    for (const name of ["l-1", "l-2", "l-3"])
      await send("POST", `${core}/configmaps`, config(name, { labels: { l: "1" } }));
    const first = stored(await send("GET", `${core}/configmaps?labelSelector=l%3D1&limit=2`));
    assert.deepEqual(
      first.items.map(({ metadata }) => metadata.name),
      ["l-1", "l-2"],
    );
    await send("POST", `${core}/configmaps`, config("l-4", { labels: { l: "1" } }));
    const rest = stored(
      await send(
        "GET",
        `${core}/configmaps?labelSelector=l%3D1&limit=2&continue=${encodeURIComponent(first.metadata.continue ?? "")}`,
      ),
    );
    assert.deepEqual(
      rest.items.map(({ metadata }) => metadata.name),
      ["l-3"],
    );
    assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion);
  });
  rule("list: selectors by set, absence and field", async (send) => {
    for (const [name, value] of Object.entries({ "s-1": "a", "s-2": "b", "s-3": "c" }))
      await send("POST", `${core}/configmaps`, config(name, { labels: { s: value } }));
    const names = async (query: string) =>
      stored(await send("GET", `${core}/configmaps?${query}`)).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(await names(`labelSelector=${encodeURIComponent("s in (a,b)")}`), ["s-1", "s-2"]);
    assert.deepEqual(await names(`labelSelector=${encodeURIComponent("s,s notin (a),s!=b")}`), ["s-3"]);
    assert.deepEqual(await names(`labelSelector=s&fieldSelector=${encodeURIComponent("metadata.name!=s-2")}`), [
      "s-1",
      "s-3",
    ]);
  });
  rule("list: a version that is not reached yet is 504 with the cause", async (send) => {
    const { metadata } = stored(await send("GET", `${core}/configmaps`));
    const later = Number(metadata.resourceVersion) + 1_000_000;
    const answer = await send("GET", `${core}/configmaps?resourceVersion=${later}&resourceVersionMatch=NotOlderThan`);
    assert.equal(answer.status, 504);
    assert.match(JSON.stringify(answer.body), /ResourceVersionTooLarge/);
  });
  rule("list: metadata alone, when that is asked for", async (send) => {
    await send("POST", `${core}/configmaps`, { ...config("m-1", { labels: { m: "1" } }), data: { a: "1" } });
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const { items } = stored(await send("GET", `${core}/configmaps?labelSelector=m%3D1`, undefined, undefined, accept));
    assert.equal(items[0]?.metadata.name, "m-1");
    assert.equal(items[0]?.data, undefined);
  });
  rule("pods: status is not the creator's to write", async (send) => {
    const pod = stored(await send("POST", `${core}/pods`, { ...podOf("o-1"), status: { phase: "Running" } }));
    assert.equal(pod.status.phase, "Pending");
    assert.equal(pod.metadata.generation, 1);
  });
  rule("pods: an image may change, and counts as a generation; a name of a container may not", async (send) => {
    await send("POST", `${core}/pods`, podOf("o-2"));
    const image = { spec: { containers: [{ name: "app", image: "app:v2" }] } };
    const pod = stored(await send("PATCH", `${core}/pods/o-2`, image, STRATEGIC));
    assert.equal(pod.spec.containers[0]?.image, "app:v2");
    assert.equal(pod.metadata.generation, 2);
    const another = { spec: { containers: [{ name: "more", image: "app:v1" }] } };
    assert.deepEqual(said(await send("PATCH", `${core}/pods/o-2`, another, STRATEGIC)), [422, "Invalid"]);
  });
  rule("pods: the status takes conditions by type, and labels along", async (send) => {
    await send("POST", `${core}/pods`, podOf("o-3"));
    const patch = (type: string, labels: object) => ({
      metadata: { labels },
      status: { conditions: [{ type, status: "True" }] },
    });
    await send("PATCH", `${core}/pods/o-3/status`, patch("One", { one: "1" }), STRATEGIC);
    const pod = stored(await send("PATCH", `${core}/pods/o-3/status`, patch("Two", { two: "2" }), STRATEGIC));
    const types = pod.status.conditions?.map(({ type }) => type).filter((type) => type === "One" || type === "Two");
    assert.deepEqual(types?.sort(), ["One", "Two"]);
    assert.deepEqual([pod.metadata.labels?.["one"], pod.metadata.labels?.["two"]], ["1", "2"]);
  });
  rule("pods: the status does not take an image or an owner", async (send) => {
    await send("POST", `${core}/pods`, podOf("o-4"));
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "00000000-0000-0000-0000-000000000001" };
    const patch = { metadata: { ownerReferences: [owner] }, spec: { containers: [{ name: "app", image: "app:v2" }] } };
    const pod = stored(await send("PATCH", `${core}/pods/o-4/status`, patch, STRATEGIC));
    assert.equal(pod.spec.containers[0]?.image, "app:v1");
    assert.equal(pod.metadata.ownerReferences, undefined);
  });
  rule("pods: one that no node has goes at once, and the answer is the pod", async (send) => {
    await send("POST", `${core}/pods`, podOf("o-5"));
    const answer = await send("DELETE", `${core}/pods/o-5`);
    assert.equal(stored(answer).metadata.name, "o-5");
    assert.equal((await send("GET", `${core}/pods/o-5`)).status, 404);
  });
  rule("pods: one on a node has its grace period, and zero ends it", async (send) => {
    await send("POST", `${core}/pods`, podOf("o-6"));
    const target = { apiVersion: "v1", kind: "Node", name: "nowhere" };
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: "o-6" }, target };
    assert.equal((await send("POST", `${core}/pods/o-6/binding`, binding)).status, 201);
    const { metadata } = stored(await send("DELETE", `${core}/pods/o-6`, { gracePeriodSeconds: 1000 }));
    assert.equal(metadata.deletionGracePeriodSeconds, 1000);
    assert.equal(metadata.generation, 2);
    await send("DELETE", `${core}/pods/o-6`, { gracePeriodSeconds: 0 });
    assert.equal((await send("GET", `${core}/pods/o-6`)).status, 404);
  });
  rule("owners: strategic patches merge references by uid, and replace them when told so", async (send) => {
    // Owners that do not exist would have the pod collected.
    const make = async (name: string) => stored(await send("POST", `${core}/configmaps`, config(name))).metadata.uid;
    const [one, two] = [await make("owner-1"), await make("owner-2")];
    const owner = (uid: string) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: uid === one ? "owner-1" : "owner-2",
      uid,
    });
    await send("POST", `${core}/pods`, podOf("o-7"));
    const add = (uid: string) =>
      send("PATCH", `${core}/pods/o-7`, { metadata: { ownerReferences: [owner(uid)] } }, STRATEGIC);
    await add(one);
    const both = stored(await add(two));
    assert.deepEqual(new Set(both.metadata.ownerReferences?.map(({ uid }) => uid)), new Set([one, two]));
    const replaced = { metadata: { ownerReferences: [owner(two), { $patch: "replace" }] } };
    const left = stored(await send("PATCH", `${core}/pods/o-7`, replaced, STRATEGIC));
    assert.deepEqual(
      left.metadata.ownerReferences?.map(({ uid }) => uid),
      [two],
    );
  });
  rule("claims: protected from the start", async (send) => {
    const claim = {
      metadata: { name: "v-1" },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: "none", resources: { requests: { storage: "1Gi" } } },
    };
    const { metadata } = stored(await send("POST", `${core}/persistentvolumeclaims`, claim));
    assert.deepEqual(metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  });
  rule("CloneSets: top-level defaults, and a status that says it was never observed", async (send) => {
    const made = stored(await send("POST", sets, cloneSet("t-1")));
    assert.equal(made.spec.replicas, 1);
    assert.equal(made.status.observedGeneration, -1);
    assert.equal(made.metadata.generation, 1);
  });
  rule("CloneSets: the status counts for no generation, and takes no metadata", async (send) => {
    await send("POST", sets, cloneSet("t-2"));
    const patch = { metadata: { labels: { mine: "1" } }, status: { observedGeneration: 1 } };
    const changed = stored(await send("PATCH", `${sets}/t-2/status`, patch, MERGE));
    assert.equal(changed.metadata.generation, 1);
    assert.equal(changed.metadata.labels, undefined);
    assert.equal(changed.status.observedGeneration, 1);
  });
  rule("CloneSets: the spec counts for a generation, and its patch leaves the status alone", async (send) => {
    await send("POST", sets, cloneSet("t-3"));
    await send("PATCH", `${sets}/t-3/status`, { status: { observedGeneration: 1 } }, MERGE);
    const changed = stored(
      await send("PATCH", `${sets}/t-3`, { spec: { replicas: 4 }, status: { observedGeneration: 9 } }, MERGE),
    );
    assert.equal(changed.metadata.generation, 2);
    assert.equal(changed.status.observedGeneration, 1);
  });
  rule("CloneSets: scale reads and writes the replicas", async (send) => {
    await send("POST", sets, cloneSet("t-4"));
    assert.equal(stored(await send("GET", `${sets}/t-4/scale`)).spec.replicas, 1);
    assert.equal((await send("PATCH", `${sets}/t-4/scale`, { spec: { replicas: 3 } }, MERGE)).status, 200);
    assert.equal(stored(await send("GET", `${sets}/t-4`)).spec.replicas, 3);
  });
  rule("CloneSets: strategic patches are not for them", async (send) => {
    await send("POST", sets, cloneSet("t-5"));
    assert.equal((await send("PATCH", `${sets}/t-5`, { spec: { replicas: 3 } }, STRATEGIC)).status, 415);
  });
  rule("CloneSets: a deleted one answers with a Status", async (send) => {
    await send("POST", sets, cloneSet("t-6"));
    const answer = await send("DELETE", `${sets}/t-6`);
    assert.deepEqual([answer.status, (answer.body as { kind: string }).kind], [200, "Status"]);
  });
}

async function openSandbox(): Promise<Api> {
  const { url, close } = await serveHttp(new ApiServer({ clock: realClock }));
  return over(new HttpTransport({ session: plainSession(url), clock: realClock }), close);
}

async function openCluster(): Promise<Api> {
  return over(
    new HttpTransport({ session: await openSession({ clock: realClock }), clock: realClock }),
    async () => {},
  );
}

function over(transport: HttpTransport, close: () => Promise<void>): Api {
  const send: Send = (method, path, body, type = "application/json", accept = "application/json") =>
    transport.request({
      method: method as "GET",
      path,
      headers: { accept, "content-type": type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
      lane: "bulk",
    });
  return {
    send,
    transport,
    close: async () => {
      await transport.close();
      await close();
    },
  };
}

function config(name: string, metadata: object = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata } };
}

/** No scheduler takes it. */
function podOf(name: string) {
  const spec = { schedulerName: "nobody", containers: [{ name: "app", image: "app:v1" }] };
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
}

function cloneSet(name: string) {
  const template = {
    metadata: { labels: { app: name } },
    spec: { schedulerName: "nobody", containers: [{ name: "app", image: "app:v1" }] },
  };
  const spec = { selector: { matchLabels: { app: name } }, template };
  return { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", metadata: { name }, spec };
}

function stored({ body, status }: Answer): Stored {
  assert.ok(status < 300, `${status}: ${JSON.stringify(body)}`);
  return body as Stored;
}

function said({ status, body }: Answer): [number, string] {
  return [status, (body as { reason?: string }).reason ?? ""];
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 50 && !(await holds()); i++) await realClock.sleep(200);
}
