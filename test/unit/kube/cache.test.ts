import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Cache, type CacheEntry, type Change } from "../../../src/kube/cache.ts";
import { compareVersions, Tombstones } from "../../../src/kube/freshness.ts";
import type { KubeObject } from "../../../src/kube/resources.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { owned, pod, trim } from "./objects.ts";

function aCache(filtered = false) {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const cache = new Cache({ clock, trim, filtered, onError: (error) => errors.push(error) });
  const told: string[] = [];
  cache.onChange((change) => told.push(line(change)));
  const held = () =>
    [...cache.all()].map(({ name, uid, resourceVersion }) => `${name}/${uid.replace("uid-", "")}@${resourceVersion}`);
  return { cache, clock, told, held, errors };
}

function line(change: Change<CacheEntry>): string {
  return `${change.kind} ${change.entry.uid.replace("uid-", "")}@${change.entry.resourceVersion}`;
}

const versions = [
  { a: "9", b: "10", want: -1, name: "a longer number is larger" },
  { a: "10", b: "9", want: 1, name: "and the other way round" },
  { a: "123", b: "123", want: 0, name: "equal" },
  { a: "9007199254740993", b: "9007199254740992", want: 1, name: "beyond what a double can tell apart" },
  { a: "", b: "1", want: -1, name: "nothing is older than anything" },
];
for (const { a, b, want, name } of versions) {
  void test(`compareVersions: ${name}`, () => assert.equal(Math.sign(compareVersions(a, b)), want));
}

type Step = (cache: Cache<CacheEntry>) => void;
const event =
  (type: "ADDED" | "MODIFIED" | "DELETED", raw: KubeObject): Step =>
  (cache) =>
    cache.event(type, raw);
const applied =
  (raw: KubeObject): Step =>
  (cache) =>
    void cache.applied(raw);
const relist =
  (version: string, ...items: KubeObject[]): Step =>
  (cache) => {
    const pages = cache.relist();
    for (const item of items) pages.page([item]);
    pages.end(version);
  };
const deleted =
  (name: string, answer: Parameters<Cache<CacheEntry>["removed"]>[1]): Step =>
  (cache) =>
    cache.removed({ namespace: "shop", name, uid: `uid-${name}` }, answer);
const terminating = { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 30 };

const stories: { name: string; steps: Step[]; want: string[]; told: string[]; filtered?: boolean }[] = [
  {
    name: "our own write is known before the watch says so, and the echo changes nothing",
    steps: [applied(pod("web", 5)), event("ADDED", pod("web", 5))],
    want: ["web/web@5"],
    told: ["added web@5"],
  },
  {
    name: "an event older than our own write is dropped",
    steps: [event("ADDED", pod("web", 5)), applied(pod("web", 12)), event("MODIFIED", pod("web", 9))],
    want: ["web/web@12"],
    told: ["added web@5", "updated web@12"],
  },
  {
    name: "a deleted pod stays deleted, whatever version later news carries",
    steps: [
      event("ADDED", pod("web", 5)),
      event("DELETED", pod("web", 8)),
      event("MODIFIED", pod("web", 99)),
      applied(pod("web", 100)),
    ],
    want: [],
    told: ["added web@5", "deleted web@5"],
  },
  {
    name: "created by us, deleted by somebody, and then the creation arrives late",
    steps: [event("DELETED", pod("web", 8)), applied(pod("web", 5))],
    want: [],
    told: [],
  },
  {
    name: "a new uid under an old name is a delete and an add",
    steps: [event("ADDED", pod("web", 5)), event("MODIFIED", pod("web", 9, { uid: "uid-new" }))],
    want: ["web/new@9"],
    told: ["added web@5", "deleted web@5", "added new@9"],
  },
  {
    name: "late news of the old life does not replace the new one, nor come back after it",
    steps: [
      event("ADDED", pod("web", 9, { uid: "uid-new" })),
      event("MODIFIED", pod("web", 5)),
      event("DELETED", pod("web", 10, { uid: "uid-new" })),
      event("MODIFIED", pod("web", 11)),
    ],
    want: [],
    told: ["added new@9", "deleted new@9"],
  },
  {
    name: "the late DELETED of the old life leaves the new one alone",
    steps: [applied(pod("web", 9, { uid: "uid-new" })), event("DELETED", pod("web", 8))],
    want: ["web/new@9"],
    told: ["added new@9"],
  },
  {
    name: "a relist removes what is gone, updates what is newer and keeps what we wrote since",
    steps: [
      event("ADDED", pod("gone", 1)),
      event("ADDED", pod("stays", 2)),
      applied(pod("ours", 30)),
      applied(pod("stays", 31)),
      relist("20", pod("stays", 15), pod("fresh", 16)),
    ],
    want: ["ours/ours@30", "stays/stays@31", "fresh/fresh@16"],
    told: ["added gone@1", "added stays@2", "added ours@30", "updated stays@31", "added fresh@16", "deleted gone@1"],
  },
  {
    name: "a relist does not bring back what we deleted",
    steps: [
      event("ADDED", pod("web", 5)),
      deleted("web", { kind: "Status", status: "Success" }),
      relist("7", pod("web", 5)),
    ],
    want: [],
    told: ["added web@5", "deleted web@5"],
  },
  {
    name: "created by us, deleted before a relist, and the answer of the POST arrives last",
    steps: [relist("7", pod("other", 3)), applied(pod("web", 5)), applied(pod("other", 4))],
    want: ["other/other@4"],
    told: ["added other@3", "updated other@4"],
  },
  {
    name: "DELETE answered with a terminating pod is an update",
    steps: [event("ADDED", pod("web", 5)), deleted("web", pod("web", 6, terminating))],
    want: ["web/web@6"],
    told: ["added web@5", "updated web@6"],
  },
  {
    name: "DELETE answered with grace 0 is a removal",
    steps: [
      event("ADDED", pod("web", 5)),
      deleted("web", pod("web", 6, { ...terminating, deletionGracePeriodSeconds: 0 })),
    ],
    want: [],
    told: ["added web@5", "deleted web@5"],
  },
  {
    name: "DELETE answered with grace 0 but a finalizer is an update: PVC protection",
    steps: [
      event("ADDED", pod("web", 5)),
      deleted("web", pod("web", 6, { ...terminating, deletionGracePeriodSeconds: 0, finalizers: ["protect"] })),
    ],
    want: ["web/web@6"],
    told: ["added web@5", "updated web@6"],
  },
  {
    name: "DELETE answered with the last state of the object is a removal",
    steps: [event("ADDED", pod("web", 5)), deleted("web", pod("web", 6))],
    want: [],
    told: ["added web@5", "deleted web@5"],
  },
  {
    name: "a filtered watch says DELETED for what left the selector, and that may come back",
    filtered: true,
    steps: [
      event("ADDED", pod("web", 5)),
      event("DELETED", pod("web", 7)),
      event("MODIFIED", pod("web", 6)),
      event("ADDED", pod("web", 9)),
    ],
    want: ["web/web@9"],
    told: ["added web@5", "deleted web@5", "added web@9"],
  },
  {
    name: "in a filtered watch, an old DELETED does not undo our own later write",
    filtered: true,
    steps: [event("ADDED", pod("web", 5)), applied(pod("web", 9)), event("DELETED", pod("web", 7))],
    want: ["web/web@9"],
    told: ["added web@5", "updated web@9"],
  },
];
for (const { name, steps, want, told, filtered } of stories) {
  void test(`Cache: ${name}`, () => {
    const given = aCache(filtered);
    for (const step of steps) step(given.cache);
    assert.deepEqual(given.held(), want);
    assert.deepEqual(given.told, told);
  });
}

void test("Cache: finds by owner, by namespace, by name and by uid, and forgets what moved away", () => {
  const { cache } = aCache();
  cache.applied(pod("a", 1, owned("x", "y")));
  cache.applied(pod("b", 2, owned("x")));
  cache.applied(pod("c", 3, { namespace: "other" }));
  const names = (entries: CacheEntry[]) => entries.map((entry) => entry.name);
  assert.deepEqual(names(cache.byOwner("x")), ["a", "b"]);
  assert.deepEqual(names(cache.byOwner("y")), ["a"]);
  assert.deepEqual(names(cache.inNamespace("shop")), ["a", "b"]);
  assert.deepEqual([names(cache.unowned("shop")), names(cache.unowned("other"))], [[], ["c"]]);
  assert.equal(cache.get("other", "c")?.uid, "uid-c");
  cache.applied(pod("a", 4, owned("y")));
  cache.event("DELETED", pod("b", 5));
  cache.applied(pod("c", 6, { namespace: "other", ...owned("y") }));
  assert.deepEqual(names(cache.unowned("other")), []);
  assert.deepEqual(names(cache.byOwner("x")), []);
  assert.deepEqual(names(cache.byOwner("y")), ["a", "c"]);
  assert.equal(cache.getByUid("uid-b"), undefined);
  assert.equal(cache.size, 2);
});

void test("Cache: one subscriber that throws, or one object that cannot be read, does not stop the others", () => {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const cache = new Cache({
    clock,
    trim: (raw) => {
      if (raw.metadata.name === "bad") throw new Error("unreadable");
      return trim(raw);
    },
    onError: (error) => errors.push(error),
  });
  const told: string[] = [];
  cache.onChange(() => {
    throw new Error("handler");
  });
  const unsubscribe = cache.onChange((change) => told.push(line(change)));
  cache.event("ADDED", pod("bad", 1));
  cache.event("ADDED", pod("web", 2));
  unsubscribe();
  cache.event("DELETED", pod("web", 3));
  assert.deepEqual(told, ["added web@2"]);
  assert.equal(errors.length, 3);
});

void test("Tombstones: are kept for ten minutes at least, and not for ever", async () => {
  const clock = new FakeClock();
  const dead = new Tombstones(clock);
  dead.bury("old", undefined);
  await clock.advance(10 * 60_000);
  dead.bury("young", undefined);
  assert.ok(dead.isDead("old", "999"));
  await clock.advance(6 * 60_000);
  dead.bury("last", undefined);
  assert.ok(!dead.isDead("old", "1"));
  assert.ok(dead.isDead("young", "1"));
  assert.equal(dead.size, 2);
});

/**
 * A server with a history, and a cache that hears of it in any order: the watch in order, but late; answers of our
 * own writes at any moment after they happened; lists of any past moment that is not before the watch's.
 */
void test("Cache: in whatever order news arrives, it never goes back in time and ends as the server is", () => {
  const write = fc.record({ name: fc.constantFrom("a", "b", "c"), remove: fc.boolean(), own: fc.boolean() });
  const deliver = fc.constantFrom("watch", "watch", "answer", "list");
  const steps = fc.array(fc.oneof(write, fc.record({ deliver, luck: fc.nat() })), { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(steps, (script) => {
      const { cache } = aCache();
      let version = 0;
      let lives = 0;
      const server = new Map<string, KubeObject>();
      /** All versions of the server, by number: what a list of that moment answers. */
      const moments: KubeObject[][] = [[]];
      const events: { type: "ADDED" | "MODIFIED" | "DELETED"; raw: KubeObject }[] = [];
      const answers: ((cache: Cache<CacheEntry>) => void)[] = [];
      let watched = 0;
      const highest = new Map<string, string>();
      const removed = new Set<string>();
      cache.onChange(({ kind, entry }) => {
        assert.ok(!removed.has(entry.uid), `${entry.uid} came back from the dead`);
        if (kind === "deleted") removed.add(entry.uid);
        else {
          assert.ok(compareVersions(entry.resourceVersion, highest.get(entry.uid) ?? "") > 0, "back in time");
          highest.set(entry.uid, entry.resourceVersion);
        }
      });
      const watchOne = () => {
        const next = events[watched];
        if (next === undefined) return;
        watched += 1;
        cache.event(next.type, next.raw);
      };
      for (const step of script) {
        if ("deliver" in step) {
          if (step.deliver === "watch") watchOne();
          if (step.deliver === "answer") answers.splice(step.luck % Math.max(1, answers.length), 1)[0]?.(cache);
          if (step.deliver === "list") {
            const at = watched + (step.luck % (version - watched + 1));
            relist(String(at), ...(moments[at] ?? []))(cache);
            watched = at;
          }
          continue;
        }
        const before = server.get(step.name);
        if (step.remove && before === undefined) continue;
        version += 1;
        const uid = before?.metadata.uid ?? `uid-${step.name}-${lives++}`;
        const raw = pod(step.name, version, { uid });
        if (step.remove) {
          server.delete(step.name);
          events.push({ type: "DELETED", raw });
          if (step.own) answers.push((c) => c.removed({ namespace: "shop", name: step.name, uid }, raw));
        } else {
          server.set(step.name, raw);
          events.push({ type: before === undefined ? "ADDED" : "MODIFIED", raw });
          if (step.own) answers.push(applied(raw));
        }
        moments.push([...server.values()]);
      }
      while (watched < events.length) watchOne();
      for (const answer of answers) answer(cache);
      const held = [...cache.all()].map((entry) => `${entry.uid}@${entry.resourceVersion}`).toSorted();
      const truth = [...server.values()]
        .map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`)
        .toSorted();
      assert.deepEqual(held, truth);
    }),
    { numRuns: 1_000 },
  );
});
