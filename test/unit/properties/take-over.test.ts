import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { WireCloneSet } from "../../../src/api/convert.ts";
import { featureDefaults } from "../../../src/api/features.ts";
import type { PodTemplate } from "../../../src/api/kubernetes.ts";
import { shortHash } from "../../../src/revision/hash.ts";
import { revisionData } from "../../../src/revision/snapshot.ts";
import { Cluster } from "../../support/model/cluster.ts";
import type { WireClaim, WirePod, WireRevision } from "../../support/model/objects.ts";
import type { Pass } from "../../support/model/pass.ts";
import { pass } from "../../support/model/pass.ts";

// CloneSets, revisions, pods and PVCs in the form in which the original leaves them: put through Go's types, templates with
// its webhook's defaults, owner references of v1beta1, both gates on every pod. Taking them over restarts nothing.

const DIRECTORY = join(import.meta.dirname, "../../golden/takeover");

interface Fixture {
  items: { kind: string }[];
  /** The same template as the user wrote it, before a webhook filled it in. */
  templateWithoutDefaults: PodTemplate;
}

function read(file: string): { cluster: Cluster; fixture: Fixture; cloneSet: WireCloneSet } {
  const fixture = JSON.parse(readFileSync(join(DIRECTORY, file), "utf8")) as Fixture;
  const of = <T>(kind: string) => fixture.items.filter((item) => item.kind === kind) as unknown as T[];
  const [cloneSet] = of<WireCloneSet>("CloneSet");
  if (cloneSet === undefined) throw new Error(`${file} holds no CloneSet`);
  const cluster = new Cluster(cloneSet, {
    nowMs: Date.parse("2026-01-01T12:00:00Z"),
    features: featureDefaults,
    habits: { countsGenerations: true, injects: false },
  });
  cluster.add({
    pods: of<WirePod>("Pod"),
    claims: of<WireClaim>("PersistentVolumeClaim"),
    revisions: of<WireRevision>("ControllerRevision"),
  });
  return { cluster, fixture, cloneSet };
}

/** Passes until one has nothing to write. */
function settle(cluster: Cluster): Pass["writes"] {
  const writes: Pass["writes"] = [];
  for (let i = 0; i < 10; i++) {
    const done = pass(cluster);
    if (done.writes.length === 0) return writes;
    writes.push(...done.writes);
  }
  throw new Error("still writing after ten passes");
}

/** The object as it was, but for the version in its references to the CloneSet. */
function withServedVersion({ metadata, ...rest }: { metadata: WirePod["metadata"] }): unknown {
  const { resourceVersion: _, ownerReferences = [], ...others } = metadata;
  const served = ownerReferences.map((one) => ({ ...one, apiVersion: "apps.kruise.io/v1alpha1" }));
  return { ...rest, metadata: { ...others, ownerReferences: served } };
}

for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith(".json"))) {
  const name = file.replace(".json", "").replaceAll("-", " ");

  test(`take-over, ${name}: the first passes write the version in owner references, once per object, and nothing else`, () => {
    const { cluster, cloneSet } = read(file);
    const before = cluster.snapshot();
    const writes = settle(cluster);
    for (const { write } of writes) assert.equal(write.verb, "patch");
    const stale = [...before.pods, ...before.claims, ...before.revisions].filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ apiVersion }) => apiVersion !== "apps.kruise.io/v1alpha1"),
    );
    const written = writes.map(({ write }) => write.before?.metadata.name);
    assert.equal(written.length, stale.length);
    assert.deepEqual(new Set(written), new Set(stale.map(({ metadata }) => metadata.name)));
    const plain = (objects: readonly { metadata: WirePod["metadata"] }[]) => objects.map(withServedVersion);
    assert.deepEqual(plain(cluster.pods), plain(before.pods));
    assert.deepEqual(plain(cluster.claims), plain(before.claims));
    assert.deepEqual(plain(cluster.revisions), plain(before.revisions));
    const owners = [...cluster.pods, ...cluster.claims, ...cluster.revisions].flatMap(
      ({ metadata }) => metadata.ownerReferences ?? [],
    );
    assert.deepEqual([...new Set(owners.map(({ apiVersion }) => apiVersion))], ["apps.kruise.io/v1alpha1"]);
    assert.equal(cluster.cloneSet.spec, cloneSet.spec);
  });

  test(`take-over, ${name}: revisions and counters of the status stay`, () => {
    const { cluster, cloneSet } = read(file);
    settle(cluster);
    const { conditions: _, ...was } = cloneSet.status ?? {};
    for (const [field, value] of Object.entries(was)) {
      assert.deepEqual((cluster.cloneSet.status as Record<string, unknown>)[field], value, field);
    }
  });

  test(`take-over, ${name}: the template gives the bytes and the name that the original gave it`, () => {
    const { cluster, cloneSet } = read(file);
    const template = cloneSet.spec?.template;
    const update = cluster.revisions.find(({ metadata }) => metadata.name === cloneSet.status?.updateRevision);
    if (template === undefined || update === undefined) throw new Error("want a template and its revision");
    const { data, bytes } = revisionData(template);
    assert.equal(`web-${shortHash(bytes, 0)}`, update.metadata.name);
    assert.equal(JSON.stringify(data), JSON.stringify(update.data));
  });

  test(`take-over, ${name}: the manifest applied once more, without the defaults of the original's webhook, restarts nothing`, () => {
    const { cluster, fixture } = read(file);
    settle(cluster);
    cluster.edit((spec) => ({ ...spec, template: fixture.templateWithoutDefaults }));
    assert.deepEqual(settle(cluster), []);
  });
}

test("take-over, moving in place: the rollout goes on where the original left it, in place", () => {
  const { cluster } = read("moving-in-place.json");
  const before = cluster.snapshot();
  const writes: Pass["writes"] = [];
  for (let round = 0; round < 20; round++) {
    writes.push(...pass(cluster).writes);
    cluster.nowMs += 1000;
    for (const pod of cluster.pods) cluster.put(cluster.kubelets.step(pod, cluster.nowMs), pod);
  }
  assert.deepEqual([...new Set(writes.map(({ write }) => write.verb))], ["patch"]);
  const uids = (pods: readonly WirePod[]) => pods.map(({ metadata }) => metadata.uid);
  assert.deepEqual(uids(cluster.pods), uids(before.pods));
  const restarts = cluster.pods.map(({ status }) => status.containerStatuses[0]?.restartCount);
  assert.deepEqual(restarts, [0, 1, 1], "the one that is done is not restarted, the others once");
  assert.equal(cluster.cloneSet.status?.updatedAvailableReplicas, 3);
});
