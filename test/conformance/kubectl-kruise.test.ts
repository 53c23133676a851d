// The third-party client for CloneSets, kubectl-kruise, must work with our controller unchanged. Each of its requests, as
// its audit log shows them, is replayed while a controller runs: in a sandbox, and, where KUBECONFIG is set, against the
// real API server of that cluster, whose nodes may be simulated (no other CloneSet controller may look after it).

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { WireCloneSet } from "../../src/api/convert.ts";
import type { PodTemplate } from "../../src/api/kubernetes.ts";
import { realClock } from "../../src/kube/clock.ts";
import type { ObjectMeta } from "../../src/kube/resources.ts";
import { openSession } from "../../src/kube/session.ts";
import type { Answer } from "../../src/kube/transport.ts";
import { HttpTransport } from "../../src/kube/transport.ts";
import { revisionData } from "../../src/revision/snapshot.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { ControllerProcess } from "../support/e2e/controller-process.ts";
import { eventually } from "../support/e2e/eventually.ts";

const MERGE = "application/merge-patch+json";
const REPLICAS = 3;

type CloneSet = WireCloneSet & {
  metadata: ObjectMeta;
  spec: NonNullable<WireCloneSet["spec"]> & { template: PodTemplate; replicas: number };
  status: NonNullable<WireCloneSet["status"]>;
};

interface Revision {
  metadata: ObjectMeta;
  revision: number;
  data: { spec: { template: PodTemplate & { $patch?: string } } };
}

interface Pod {
  metadata: ObjectMeta;
  spec: { containers: { image: string }[] };
  status: { containerStatuses?: { restartCount: number }[]; conditions?: { type: string; status: string }[] };
}

interface Target {
  kubeconfig: string;
  close: () => Promise<void>;
}

for (const where of ["sandbox", "cluster"] as const) {
  const skip = where === "cluster" && !process.env["KUBECONFIG"] ? "no cluster: set KUBECONFIG" : false;
  describe(`kubectl-kruise: ${where}`, { skip }, () => {
    let target: Target;
    let controller: ControllerProcess;
    let client: Client;
    const namespace = `kruise-client-${process.pid}`;

    before(async () => {
      target = where === "sandbox" ? await sandboxTarget() : clusterTarget();
      client = await Client.open(target.kubeconfig, namespace);
      await client.ok("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
      controller = await ControllerProcess.start({ kubeconfig: target.kubeconfig, namespace });
      await client.ok("POST", client.sets, CLONE_SET);
      await client.rolledOut();
    });
    after(async () => {
      await client.ok("DELETE", `/api/v1/namespaces/${namespace}`);
      const ended = await controller.stop();
      await client.close();
      await target.close();
      assert.equal(ended, "exit code 0", controller.tail());
    });

    test("every command: the group prefers v1alpha1, which has the short name, status and scale", async () => {
      const groups = await client.ok<{ groups: { name: string; preferredVersion: { version: string } }[] }>(
        "GET",
        "/apis",
      );
      const group = groups.groups.find(({ name }) => name === "apps.kruise.io");
      assert.equal(group?.preferredVersion.version, "v1alpha1");
      const { resources } = await client.ok<{ resources: { name: string; shortNames?: string[] }[] }>(
        "GET",
        "/apis/apps.kruise.io/v1alpha1",
      );
      const names = resources.map(({ name }) => name);
      for (const name of ["clonesets", "clonesets/status", "clonesets/scale"]) assert.ok(names.includes(name), name);
      assert.ok(resources.find(({ name }) => name === "clonesets")?.shortNames?.includes("clone"));
    });

    test("the fields it reads are there, zeros too, and pods name the update revision in full", async () => {
      const { spec, status } = await client.cloneSet();
      assert.equal(spec.replicas, REPLICAS);
      assert.equal(spec.updateStrategy?.type, "InPlaceIfPossible");
      assert.equal(spec.updateStrategy?.partition, 0);
      const numbers = [
        "observedGeneration",
        "replicas",
        "readyReplicas",
        "availableReplicas",
        "updatedReplicas",
      ] as const;
      for (const name of numbers) assert.equal(typeof status[name], "number", name);
      const revisions = (await client.pods()).map(({ metadata }) => metadata.labels?.["controller-revision-hash"]);
      assert.deepEqual(new Set(revisions), new Set([status.updateRevision]));
    });

    test("set image: the whole object as a merge patch, its status ignored; a stale version is refused", async () => {
      const uids = await client.uids();
      const { done } = await client.watchUntilDone();
      const change = (now: CloneSet) => {
        const next = withContainer(now, { image: "local/app:v2" });
        return { ...next, status: { ...now.status, replicas: 99 } };
      };
      const { sent, stored } = await client.rewrite(change, "PATCH", MERGE);
      assert.equal(stored.status.replicas, REPLICAS);
      const stale = await client.send("PATCH", client.path, { ...sent, spec: { ...sent.spec, replicas: 1 } }, MERGE);
      assert.equal(stale.status, 409);
      await client.rolledOut();
      assert.deepEqual(await client.uids(), uids, "an image alone is changed in place");
      // rollout status: LIST and WATCH with a field selector, until the counts say so.
      assert.equal((await done).status.updatedReplicas, REPLICAS);
    });

    test("rollout history: the selector finds the revisions, with owner, number, cause and data", async () => {
      const [{ metadata }, revisions] = [await client.cloneSet(), await client.revisions()];
      assert.deepEqual(
        revisions.map(({ revision }) => revision),
        [1, 2],
      );
      for (const { metadata: of, data } of revisions) {
        const owner = of.ownerReferences?.find(({ controller: isController }) => isController);
        assert.equal(owner?.uid, metadata.uid);
        assert.equal(of.annotations?.["kubernetes.io/change-cause"], "made for this test");
        assert.equal(data.spec.template.$patch, "replace");
      }
    });

    test("rollout undo: the data of a revision as a merge patch; a dry run stores nothing", async () => {
      const [first] = await client.revisions();
      assert.ok(first);
      const uids = await client.uids();
      const dry = await client.ok<CloneSet>("PATCH", `${client.path}?dryRun=All`, first.data, MERGE);
      assert.equal(dry.spec.template.spec.containers[0]?.image, "local/app:v1");
      assert.equal((await client.cloneSet()).spec.template.spec.containers[0]?.image, "local/app:v2");
      const undone = await client.ok<CloneSet>("PATCH", client.path, first.data, MERGE);
      assert.equal("$patch" in undone.spec.template, false, "a directive of the revision is not stored");
      const { status } = await client.rolledOut();
      assert.equal(status.updateRevision, first.metadata.name, "the old revision is used again");
      assert.deepEqual(await client.uids(), uids);
      const numbers = (await client.revisions()).map(({ metadata, revision }) => [metadata.name, revision]);
      assert.deepEqual(numbers.at(-1), [first.metadata.name, 3]);
    });

    test("rollout pause and resume: true, then null", async () => {
      const paused = { spec: { updateStrategy: { paused: true } } };
      const held = await client.ok<CloneSet>("PATCH", client.path, paused, MERGE);
      assert.equal(held.spec.updateStrategy?.paused, true);
      const resumed = await client.ok<CloneSet>(
        "PATCH",
        client.path,
        { spec: { updateStrategy: { paused: null } } },
        MERGE,
      );
      assert.ok(!resumed.spec.updateStrategy?.paused);
    });

    test("set serviceaccount, set env, set resources, restart: what was read is PUT again, as Go writes it", async () => {
      const uids = await client.uids();
      const seen = await client.cloneSet();
      assert.equal((throughGo(seen).spec.template.metadata as { creationTimestamp?: null }).creationTimestamp, null);
      const env = [{ name: "RESTARTED_AT", value: "2026-01-01T00:00:00Z" }];
      const { sent } = await client.rewrite((now) => {
        const next = withContainer(throughGo(now), { env, resources: { requests: { cpu: "500m" } } });
        next.spec.template.spec["serviceAccountName"] = "default";
        return next;
      });
      const stale = await client.send("PUT", client.path, sent);
      assert.equal(stale.status, 409);
      const { status } = await client.rolledOut();
      assert.notEqual(status.updateRevision, seen.status.updateRevision);
      const now = await client.uids();
      assert.deepEqual(
        now.filter((uid) => uids.includes(uid)),
        [],
        "env can only be changed in new pods",
      );
    });

    test("a PUT of what was read, as Go writes it, restarts no pod", async () => {
      const [seen, pods] = [await client.cloneSet(), await client.uids()];
      await client.rewrite(throughGo);
      const { status } = await client.rolledOut();
      assert.equal(status.updateRevision, seen.status.updateRevision);
      assert.deepEqual(await client.uids(), pods);
    });

    test("scale: through the subresource, which tells the selector as text", async () => {
      const scaled = await client.ok<{ status: { selector: string } }>(
        "PATCH",
        `${client.path}/scale`,
        { spec: { replicas: REPLICAS + 1 } },
        MERGE,
      );
      assert.equal(scaled.status.selector, "app=web");
      const { status } = await client.rolledOut(REPLICAS + 1);
      assert.equal(status.labelSelector, "app=web");
    });

    test("scaledown: fewer replicas and a name with a space, in one PUT: that pod goes, no other is touched", async () => {
      const seen = await client.cloneSet();
      const pods = await client.pods();
      const [victim] = pods;
      assert.ok(victim);
      await client.rewrite((now) => {
        const { spec } = throughGo(now);
        const podsToDelete = [...(spec.scaleStrategy?.podsToDelete ?? []), ` ${victim.metadata.name}`];
        return { ...now, spec: { ...spec, replicas: spec.replicas - 1, scaleStrategy: { podsToDelete } } };
      });
      const { status } = await client.rolledOut();
      assert.equal(status.updateRevision, seen.status.updateRevision, "odd quantities are no new template");
      const left = await client.pods();
      assert.deepEqual(left.map(identity), pods.filter((pod) => pod !== victim).map(identity));
    });

    test("scaledown of more pods than there are is refused", async () => {
      const seen = await client.cloneSet();
      const refused = await client.send("PUT", client.path, { ...seen, spec: { ...seen.spec, replicas: -1 } });
      assert.equal(refused.status, 422);
    });

    test("expose: a Service of the selector's labels", async () => {
      const { spec } = await client.cloneSet();
      const service = {
        metadata: { name: "web" },
        spec: { selector: spec.selector?.matchLabels, ports: [{ port: 80 }] },
      };
      await client.ok("POST", `/api/v1/namespaces/${namespace}/services`, service);
    });
  });
}

const CLONE_SET = {
  apiVersion: "apps.kruise.io/v1alpha1",
  kind: "CloneSet",
  metadata: { name: "web", annotations: { "kubernetes.io/change-cause": "made for this test" } },
  spec: {
    replicas: REPLICAS,
    selector: { matchLabels: { app: "web" } },
    updateStrategy: { type: "InPlaceIfPossible", maxUnavailable: "100%" },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        terminationGracePeriodSeconds: 0,
        // Quantities that Go writes otherwise.
        containers: [{ name: "app", image: "local/app:v1", resources: { requests: { cpu: "0.1", memory: "1024Ki" } } }],
      },
    },
  },
};

class Client {
  readonly sets: string;
  readonly path: string;
  readonly #transport: HttpTransport;
  readonly #core: string;
  readonly #revisions: string;

  static async open(kubeconfig: string, namespace: string): Promise<Client> {
    const session = await openSession({ clock: realClock, kubeconfig });
    return new Client(new HttpTransport({ session, clock: realClock }), namespace);
  }

  private constructor(transport: HttpTransport, namespace: string) {
    this.#transport = transport;
    this.sets = `/apis/apps.kruise.io/v1alpha1/namespaces/${namespace}/clonesets`;
    this.path = `${this.sets}/web`;
    this.#core = `/api/v1/namespaces/${namespace}`;
    this.#revisions = `/apis/apps/v1/namespaces/${namespace}/controllerrevisions`;
  }

  async send(method: string, path: string, body?: unknown, type = "application/json"): Promise<Answer> {
    return await this.#transport.request({
      method: method as "GET",
      path,
      headers: { accept: "application/json", "content-type": type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
      lane: "bulk",
    });
  }

  async ok<T>(method: string, path: string, body?: unknown, type?: string): Promise<T> {
    const { status, body: answer } = await this.send(method, path, body, type);
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer as T;
  }

  async cloneSet(): Promise<CloneSet> {
    return await this.ok("GET", this.path);
  }

  /** GET, write, and again where the controller's status came between: what Go clients call retry on conflict. */
  async rewrite(
    change: (now: CloneSet) => CloneSet,
    method = "PUT",
    type?: string,
  ): Promise<{ sent: CloneSet; stored: CloneSet }> {
    for (;;) {
      const sent = change(await this.cloneSet());
      const { status, body } = await this.send(method, this.path, sent, type);
      if (status === 200) return { sent, stored: body as CloneSet };
      assert.equal(status, 409, JSON.stringify(body));
    }
  }

  async pods(): Promise<Pod[]> {
    const { items } = await this.ok<{ items: Pod[] }>("GET", `${this.#core}/pods?labelSelector=app%3Dweb`);
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  async uids(): Promise<string[]> {
    return (await this.pods()).map(({ metadata }) => metadata.uid ?? "").sort();
  }

  async revisions(): Promise<Revision[]> {
    const { items } = await this.ok<{ items: Revision[] }>("GET", `${this.#revisions}?labelSelector=app%3Dweb`);
    return items.sort((a, b) => a.revision - b.revision);
  }

  /** As a correct client waits: the generation first, then the counts. */
  async rolledOut(replicas = REPLICAS): Promise<CloneSet> {
    return await eventually("the rollout to end", async () => {
      const seen = await this.cloneSet();
      assert.ok(isDone(seen, replicas), JSON.stringify(seen.status));
      return seen;
    });
  }

  /** LIST, then WATCH, both with the field selector; `done` is the object that says that the rollout of the next edit is over. */
  async watchUntilDone(): Promise<{ done: Promise<CloneSet> }> {
    const selection = "fieldSelector=metadata.name%3Dweb";
    const list = await this.ok<{ metadata: ObjectMeta; items: CloneSet[] }>("GET", `${this.sets}?${selection}`);
    const generation = (list.items[0]?.metadata.generation ?? 0) + 1;
    const ender = new AbortController();
    const { events } = await this.#transport.stream({
      method: "GET",
      path: `${this.sets}?${selection}&watch=true&timeoutSeconds=60&resourceVersion=${list.metadata.resourceVersion}`,
      headers: { accept: "application/json" },
      signal: ender.signal,
      lane: "bulk",
    });
    const untilDone = async () => {
      for await (const event of events as AsyncIterable<{ object: CloneSet }>) {
        const { object } = event;
        if ((object.metadata.generation ?? 0) < generation || !isDone(object, REPLICAS)) continue;
        ender.abort();
        return object;
      }
      throw new Error("the watch ended before the rollout");
    };
    return { done: untilDone() };
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

function isDone({ metadata, status }: CloneSet, replicas: number): boolean {
  const counts = [status.replicas, status.updatedReplicas, status.readyReplicas, status.availableReplicas];
  return status.observedGeneration === metadata.generation && counts.every((count) => count === replicas);
}

/** What a client that reads into Go's types and writes them out again makes of the template. */
function throughGo(cloneSet: CloneSet): CloneSet {
  const { template } = revisionData(cloneSet.spec.template).data["spec"] as unknown as Revision["data"]["spec"];
  const { $patch: _, ...written } = template;
  return { ...cloneSet, spec: { ...cloneSet.spec, template: written } };
}

function withContainer(cloneSet: CloneSet, members: object): CloneSet {
  const changed = structuredClone(cloneSet);
  Object.assign(changed.spec.template.spec.containers[0] ?? {}, members);
  return changed;
}

/** What a restart or a move would change. */
function identity({ metadata, spec, status }: Pod): unknown {
  return {
    uid: metadata.uid,
    revision: metadata.labels?.["controller-revision-hash"],
    image: spec.containers[0]?.image,
    restarts: status.containerStatuses?.[0]?.restartCount,
  };
}

async function sandboxTarget(): Promise<Target> {
  const sandbox = await startSandbox({ nodes: 2 });
  const folder = mkdtempSync(join(tmpdir(), "kubectl-kruise-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, sandbox.kubeconfig);
  return {
    kubeconfig,
    close: async () => {
      await sandbox.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function clusterTarget(): Target {
  return { kubeconfig: process.env["KUBECONFIG"] ?? "", close: async () => {} };
}
