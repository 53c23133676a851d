import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { label } from "../../../src/api/constants.ts";
import { featureDefaults } from "../../../src/api/features.ts";
import type { OwnerReference } from "../../../src/api/kubernetes.ts";
import { Cache } from "../../../src/kube/cache.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import type { Caches } from "../../../src/observe/caches.ts";
import { observe } from "../../../src/observe/observe.ts";
import { watchForChanges } from "../../../src/observe/triggers.ts";
import { Trimmer } from "../../../src/observe/trim.ts";
import { aClaimTemplate, aWireCloneSet, NOW_MS } from "../../support/a-cloneset.ts";
import { FOREIGN, OURS } from "../../support/a-pod.ts";
import { FakeClock } from "../../support/fake-clock.ts";

let caches: Caches;
let version = 10;

beforeEach(() => {
  const clock = new FakeClock(NOW_MS);
  const trimmer = new Trimmer();
  caches = {
    cloneSets: new Cache({ clock, trim: (raw) => trimmer.cloneSet(raw) }),
    pods: new Cache({ clock, trim: (raw) => trimmer.pod(raw) }),
    claims: new Cache({ clock, trim: (raw) => trimmer.claim(raw) }),
    revisions: new Cache({ clock, trim: (raw) => trimmer.revision(raw) }),
    nodes: new Cache({ clock, trim: (raw) => trimmer.node(raw) }),
  };
});

function object(
  name: string,
  given: { owners?: OwnerReference[]; labels?: Record<string, string>; namespace?: string } = {},
): KubeObject {
  const { owners = [OURS], labels = { app: "web" }, namespace = "shop" } = given;
  version += 1;
  return {
    metadata: {
      name,
      namespace,
      uid: `uid-${namespace}-${name}`,
      resourceVersion: String(version),
      labels,
      ownerReferences: owners,
    },
  };
}
const withId = (id: string) => ({ app: "web", [label.instanceId]: id });

const given = { nowMs: NOW_MS, features: featureDefaults, spareIds: [] as string[], refusals: new Map() };
const look = (spareIds: string[] = []) => {
  const seen = observe(caches, { namespace: "shop", name: "web" }, { ...given, spareIds });
  assert.ok(seen);
  return seen;
};
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).sort();

test("observe: no CloneSet, nothing to see", () => {
  assert.equal(observe(caches, { namespace: "shop", name: "web" }, given), undefined);
});

test("observe: what is ours, and what is nobody's and might be", () => {
  caches.cloneSets.applied(aWireCloneSet() as KubeObject);
  caches.pods.applied(object("ours", { labels: { app: "changed" } }));
  caches.pods.applied(object("orphan", { owners: [] }));
  caches.pods.applied(object("stranger", { owners: [], labels: { app: "other" } }));
  caches.pods.applied(object("foreign", { owners: [FOREIGN] }));
  caches.pods.applied(object("elsewhere", { owners: [], namespace: "other" }));
  caches.claims.applied(object("claim", { labels: withId("bbbbb") }));
  caches.claims.applied(object("orphaned-claim", { owners: [], labels: withId("ccccc") }));
  caches.claims.applied(object("some-claim", { owners: [] }));
  caches.revisions.applied(object("revision"));
  caches.revisions.applied(object("orphaned-revision", { owners: [] }));
  caches.revisions.applied(object("foreign-revision", { owners: [FOREIGN] }));
  const seen = look();
  assert.deepEqual(names(seen.pods), ["orphan", "ours"]);
  assert.deepEqual(names(seen.claims), ["claim", "orphaned-claim"]);
  assert.deepEqual(names(seen.revisions), ["orphaned-revision", "revision"]);
});

test("observe: a name that somebody else's pod has is not free, whether a claim or a spare id wants it", () => {
  caches.cloneSets.applied(aWireCloneSet() as KubeObject);
  caches.claims.applied(object("data-web-bbbbb", { labels: withId("bbbbb") }));
  caches.pods.applied(object("web-bbbbb", { owners: [], labels: { app: "released" } }));
  caches.pods.applied(object("web-ccccc", { owners: [FOREIGN] }));
  caches.pods.applied(object("web-ddddd", { labels: withId("ddddd") }));
  assert.deepEqual([...look(["ccccc", "ddddd", "fffff"]).foreignNames].sort(), ["web-bbbbb", "web-ccccc"]);
});

test("observe: nor is one whose claim belongs to somebody else", () => {
  caches.cloneSets.applied(aWireCloneSet({ claimTemplates: [aClaimTemplate("data")] }) as KubeObject);
  caches.claims.applied(object("data-web-bbbbb", { owners: [FOREIGN] }));
  caches.claims.applied(object("data-web-ccccc", { labels: withId("ccccc") }));
  assert.deepEqual([...look(["bbbbb", "ccccc"]).foreignNames], ["web-bbbbb"]);
});

/** The keys that a change has somebody look at. */
function keysOf(change: () => void): string[] {
  const keys = new Set<string>();
  const stop = watchForChanges(caches, (key) => keys.add(key));
  change();
  stop();
  return [...keys].sort();
}

const changes: { name: string; change: () => void; want: string[] }[] = [
  { name: "a CloneSet", change: () => caches.cloneSets.applied(aWireCloneSet() as KubeObject), want: ["shop/web"] },
  { name: "a pod of ours", change: () => caches.pods.applied(object("a")), want: ["shop/web"] },
  { name: "a claim of ours", change: () => caches.claims.applied(object("a")), want: ["shop/web"] },
  {
    name: "a pod of another API version of ours",
    change: () => caches.pods.applied(object("a", { owners: [{ ...OURS, apiVersion: "apps.kruise.io/v1beta1" }] })),
    want: ["shop/web"],
  },
  { name: "somebody else's pod", change: () => caches.pods.applied(object("a", { owners: [FOREIGN] })), want: [] },
];
for (const { name, change, want } of changes) {
  test(`triggers: ${name} has ${want.join() || "nobody"} looked at`, () => assert.deepEqual(keysOf(change), want));
}

test("triggers: an orphan has every CloneSet looked at that selects it", () => {
  caches.cloneSets.applied(aWireCloneSet() as KubeObject);
  assert.deepEqual(
    keysOf(() => caches.pods.applied(object("a", { owners: [] }))),
    ["shop/web"],
  );
  assert.deepEqual(
    keysOf(() => caches.pods.applied(object("b", { owners: [], labels: { app: "other" } }))),
    [],
  );
  assert.deepEqual(
    keysOf(() => caches.pods.applied(object("c", { owners: [], namespace: "other" }))),
    [],
  );
});

test("triggers: who loses a pod hears of it", () => {
  const pod = object("a");
  caches.pods.applied(pod);
  const adopted = object("a", { owners: [FOREIGN] });
  assert.deepEqual(
    keysOf(() => caches.pods.applied(adopted)),
    ["shop/web"],
  );
});

test("triggers: a deleted pod has its CloneSet looked at", () => {
  const pod = object("a");
  caches.pods.applied(pod);
  assert.deepEqual(
    keysOf(() => caches.pods.gone(pod.metadata.uid ?? "")),
    ["shop/web"],
  );
});
