import assert from "node:assert/strict";
import { test } from "node:test";
import { Cache, type CacheEntry } from "../../../src/kube/cache.ts";
import { KubeClient } from "../../../src/kube/client.ts";
import { Reflector, type ReflectorOptions } from "../../../src/kube/reflector.ts";
import { PODS } from "../../../src/kube/resources.ts";
import { plainSession } from "../../../src/kube/session.ts";
import { HttpTransport } from "../../../src/kube/transport.ts";
import { FakeClock, until } from "../../support/fake-clock.ts";
import {
  type Feed,
  feed,
  type HostileServer,
  hostileServer,
  json,
  list,
  reset,
  silence,
  status,
  truncated,
} from "../../support/hostile-server.ts";
import { pod, trim } from "./objects.ts";

interface World {
  server: HostileServer;
  clock: FakeClock;
  cache: Cache<CacheEntry>;
  client: KubeClient;
  reflector: Reflector;
  /** What it did, in its own words. */
  told: string[];
  held: () => string[];
  /** Lets fake time pass in small steps until the condition holds, at most two minutes. */
  passUntil: (condition: () => boolean, what: string) => Promise<void>;
}

function reflectorTest(
  name: string,
  body: (world: World) => Promise<void>,
  options: Partial<ReflectorOptions> = {},
): void {
  void test(`Reflector: ${name}`, async () => {
    const server = await hostileServer();
    const clock = new FakeClock();
    const transport = new HttpTransport({ session: plainSession(server.url), clock });
    const client = new KubeClient({ transport, clock });
    const cache = new Cache({ clock, trim });
    const told: string[] = [];
    const reflector = new Reflector({
      client,
      clock,
      resource: PODS,
      sink: cache,
      checkEveryMs: 0,
      observer: {
        relisted: (reason) => told.push(`relist: ${reason}`),
        watchEnded: (reason) => told.push(`watch: ${reason}`),
        failed: () => told.push("failed"),
        repaired: (objects) => told.push(`repaired: ${objects}`),
      },
      ...options,
    });
    const held = () => [...cache.all()].map(({ uid, resourceVersion }) => `${uid.slice(4)}@${resourceVersion}`);
    const passUntil: World["passUntil"] = async (condition, what) => {
      for (let i = 0; i < 600 && !condition(); i++) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        await clock.advance(200);
      }
      assert.ok(condition(), `${what}: told ${told.join(", ")}; asked ${paths(server).join(" ")}`);
    };
    try {
      await body({ server, clock, cache, client, reflector, told, held, passUntil });
    } finally {
      await reflector.stop();
      await transport.close();
      await server.close();
    }
    assert.equal(clock.pending, 0, "timers left behind");
  });
}

const paths = (server: HostileServer) =>
  server.seen.map(({ query }) => (query["watch"] ? `watch@${query["resourceVersion"]}` : "list"));

/** Lists two pods at version 10, then opens a watch fed by hand. */
async function started({ server, reflector }: World, watch: Feed): Promise<void> {
  server.plays(list("10", [pod("a", 3), pod("b", 7)]), watch.reply);
  reflector.start();
  reflector.start();
  await reflector.synced;
  await until(watch.opened, "the watch");
}

reflectorTest("lists consistently, then watches from there with bookmarks", async (world) => {
  const { server, reflector, held } = world;
  assert.equal(reflector.isSynced, false);
  const watch = feed();
  await started(world, watch);
  assert.ok(reflector.isSynced);
  assert.deepEqual(held(), ["a@3", "b@7"]);
  assert.deepEqual(server.seen[0]?.query, { limit: "500" });
  const { watch: watching, allowWatchBookmarks, resourceVersion, timeoutSeconds } = server.seen[1]?.query ?? {};
  assert.deepEqual([watching, allowWatchBookmarks, resourceVersion], ["true", "true", "10"]);
  assert.ok(Number(timeoutSeconds) >= 300 && Number(timeoutSeconds) < 600);
  watch.send("MODIFIED", pod("a", 11));
  watch.send("DELETED", pod("b", 12));
  watch.send("ADDED", pod("c", 13));
  await until(() => held().join() === "a@11,c@13");
});

reflectorTest(
  "takes its namespace and selectors everywhere",
  async (world) => {
    await started(world, feed());
    for (const { path, query } of world.server.seen) {
      assert.equal(path, "/api/v1/namespaces/shop/pods");
      assert.equal(query["labelSelector"], "app=web");
      assert.equal(query["fieldSelector"], "spec.nodeName=n1");
    }
  },
  { namespace: "shop", labelSelector: "app=web", fieldSelector: "spec.nodeName=n1" },
);

reflectorTest("reads pages, and everything at once when the pages expire", async ({ server, reflector, held }) => {
  const watch = feed();
  server.plays(
    list("10", [pod("a", 3)], "next"),
    json(410, status(410, "Expired")),
    list("12", [pod("a", 3), pod("b", 11)]),
    watch.reply,
  );
  reflector.start();
  await until(watch.opened);
  assert.deepEqual(held(), ["a@3", "b@11"]);
  assert.deepEqual(server.seen[2]?.query, {});
});

reflectorTest("a clean end opens the next watch at once, from the last version", async (world) => {
  const { server, told } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(second.reply);
  first.send("BOOKMARK", { kind: "Pod", metadata: { resourceVersion: "20" } });
  first.end();
  await until(second.opened);
  assert.deepEqual(paths(server), ["list", "watch@10", "watch@20"]);
  assert.deepEqual(told, ["watch: end"]);
});

reflectorTest("a watch that ends at once without a word is not opened in a loop", async (world) => {
  const { server, told, passUntil } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(second.reply);
  first.end();
  await until(() => told.length > 0);
  assert.deepEqual(told, ["failed"]);
  assert.ok(!second.opened());
  await passUntil(second.opened, "the next watch");
});

reflectorTest("a reset in the middle of a line loses nothing", async (world) => {
  const { server, held, passUntil } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(second.reply);
  first.send("MODIFIED", pod("a", 15));
  const line = JSON.stringify({ type: "MODIFIED", object: pod("a", 16) });
  first.raw(line.slice(0, 40));
  await until(() => held().includes("a@15"));
  first.reset();
  await passUntil(second.opened, "the next watch");
  assert.equal(paths(server).at(-1), "watch@15");
  second.raw(line.slice(0, 40));
  second.raw(`${line.slice(40)}\n`);
  await until(() => held().includes("a@16"));
});

const heard: string[] = [];
reflectorTest(
  "says when it hears again after a failure",
  async (world) => {
    const [first, second] = [feed(), feed()];
    await started(world, first);
    world.server.plays(second.reply);
    first.send("MODIFIED", pod("a", 15));
    first.reset();
    await world.passUntil(() => heard.length === 3, "both watches");
    assert.deepEqual(heard, ["open", "failed", "open"]);
  },
  { observer: { failed: () => heard.push("failed"), watching: () => heard.push("open") } },
);

for (const [name, broken] of [
  ["a line that is not JSON", "{nonsense\n"],
  ["a last line cut off", '{"type":"MOD'],
  ["JSON that is no event", '{"hello":1}\n'],
] as const) {
  reflectorTest(`${name} ends the watch, and the next one goes on`, async (world) => {
    const { server, told, passUntil } = world;
    const [first, second] = [feed(), feed()];
    await started(world, first);
    server.plays(second.reply);
    first.raw(broken);
    first.end();
    await until(() => told.includes("failed"));
    await passUntil(second.opened, "the next watch");
    assert.equal(paths(server).at(-1), "watch@10");
  });
}

for (const form of ["an ERROR event", "an HTTP answer"]) {
  reflectorTest(`410 as ${form} relists, no older than what is known`, async (world) => {
    const { server, held, told, passUntil, cache } = world;
    const [first, second] = [feed(), feed()];
    await started(world, first);
    first.send("MODIFIED", pod("a", 15));
    await until(() => held().includes("a@15"));
    cache.applied(pod("ours", 40));
    const relisted = list("30", [pod("a", 25), pod("c", 26)]);
    if (form === "an ERROR event") {
      server.plays(relisted, second.reply);
      first.send("ERROR", status(410, "Expired", "too old resource version"));
    } else {
      server.plays(json(410, status(410, "Expired")), relisted, second.reply);
      first.end();
    }
    await passUntil(second.opened, "the next watch");
    assert.deepEqual(server.seen.at(-2)?.query, {
      limit: "500",
      resourceVersion: "15",
      resourceVersionMatch: "NotOlderThan",
    });
    assert.equal(paths(server).at(-1), "watch@30");
    assert.deepEqual(held().toSorted(), ["a@25", "c@26", "ours@40"]);
    assert.ok(told.includes("relist: expired"));
  });
}

reflectorTest("a relist that would go back in time is refused, and asked for again", async (world) => {
  const { server, held, told, passUntil } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(list("5", []), list("30", [pod("a", 25)]), second.reply);
  first.send("MODIFIED", pod("a", 15));
  first.send("ERROR", status(410, "Expired"));
  await until(() => told.includes("failed"));
  assert.deepEqual(held(), ["b@7", "a@15"]);
  await passUntil(second.opened, "the next watch");
  assert.deepEqual(held(), ["a@25"]);
});

reflectorTest("a server that has not caught up is given the time it asks for", async (world) => {
  const { server, clock, told, passUntil } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  const causes = [{ reason: "ResourceVersionTooLarge" }];
  const behind = json(504, status(504, "Timeout", "Too large resource version", { causes, retryAfterSeconds: 7 }));
  server.plays(behind, list("30", []), second.reply);
  first.send("ERROR", status(410, "Expired"));
  await until(() => told.includes("failed"));
  assert.equal(clock.nextInMs(), 7_000);
  await passUntil(second.opened, "the next watch");
  assert.equal(server.seen.at(-2)?.query["resourceVersionMatch"], "NotOlderThan");
});

reflectorTest("other ERROR events are failures too: same version, after a while", async (world) => {
  const { server, told, passUntil } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(second.reply);
  first.send("ERROR", status(500, "InternalError", "etcd is tired"));
  await until(() => told.includes("failed"));
  await passUntil(second.opened, "the next watch");
  assert.deepEqual(paths(server), ["list", "watch@10", "watch@10"]);
});

reflectorTest("never gives up, and backs off", async ({ server, reflector, told, clock, passUntil }) => {
  const watch = feed();
  server.choose = () => (server.seen.length <= 40 ? json(503, status(503, "ServiceUnavailable")) : undefined);
  server.plays(list("10", []), watch.reply);
  reflector.start();
  for (let i = 0; i < 20_000 && !watch.opened(); i++) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(500);
  }
  assert.ok(watch.opened());
  assert.ok(told.length >= 8 && told.every((word) => word === "failed"), told.join());
  await passUntil(() => reflector.isSynced, "sync");
});

reflectorTest("a first list with a reset and truncated JSON still gets there", async (world) => {
  const { server, reflector, passUntil } = world;
  const watch = feed();
  server.plays(reset, truncated, list("10", []), watch.reply);
  reflector.start();
  await passUntil(watch.opened, "the watch");
});

reflectorTest("honours Retry-After of a refused watch", async (world) => {
  const { server, clock, told, passUntil } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(json(429, status(429, "TooManyRequests"), { "retry-after": "20" }), second.reply);
  first.send("BOOKMARK", { metadata: { resourceVersion: "11" } });
  first.end();
  await until(() => told.includes("failed"));
  assert.equal(clock.nextInMs(), 20_000);
  await passUntil(second.opened, "the next watch");
});

reflectorTest("a half-open connection is noticed by its silence", async (world) => {
  const { server, clock, told, reflector } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(second.reply);
  await clock.advance(60_000);
  first.send("BOOKMARK", { metadata: { resourceVersion: "20" } });
  await until(() => reflector.watchAgeSeconds() === 0, "the bookmark");
  await clock.advance(60_000);
  assert.deepEqual(told, [], "a bookmark a minute is life");
  assert.equal(reflector.watchAgeSeconds(), 60);
  await clock.advance(30_000);
  await until(second.opened, "the next watch");
  assert.deepEqual(told, ["watch: silence"]);
  assert.equal(paths(server).at(-1), "watch@20");
  await until(first.left, "the old connection to be closed");
});

reflectorTest(
  "a server that accepts a watch and never answers is left too",
  async ({ server, reflector, passUntil }) => {
    const watch = feed();
    server.plays(list("10", []), silence, watch.reply);
    reflector.start();
    await until(() => server.seen.length === 2);
    await passUntil(watch.opened, "the next watch");
  },
);

reflectorTest("deleted and created anew during a gap is a delete and an add", async (world) => {
  const { server, cache, passUntil } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  const changes: string[] = [];
  cache.onChange(({ kind, entry }) => changes.push(`${kind} ${entry.uid}`));
  server.plays(list("30", [pod("a", 25, { uid: "uid-a2" }), pod("b", 7)]), second.reply);
  first.send("ERROR", status(410, "Expired"));
  await passUntil(second.opened, "the next watch");
  assert.deepEqual(changes, ["deleted uid-a", "added uid-a2"]);
});

reflectorTest("a handler that throws does not stop the watch", async (world) => {
  const { cache, held } = world;
  const watch = feed();
  await started(world, watch);
  cache.onChange(() => {
    throw new Error("handler");
  });
  watch.send("ADDED", pod("c", 11));
  watch.send("ADDED", pod("d", 12));
  await until(() => held().includes("d@12"));
});

reflectorTest("a new leader gets a consistent list when it asks", async (world) => {
  const { server, reflector, held } = world;
  const [first, second] = [feed(), feed()];
  await started(world, first);
  server.plays(list("50", [pod("z", 49)]), second.reply);
  await reflector.relist();
  assert.deepEqual(held(), ["z@49"]);
  assert.deepEqual(server.seen[2]?.query, { limit: "500" });
  await until(second.opened);
  assert.equal(paths(server).at(-1), "watch@50");
});

reflectorTest("a relist asked for during the first list is done after it", async ({ server, reflector }) => {
  const watch = feed();
  let answer: (() => void) | undefined;
  server.plays((response) => void (answer = () => list("10", [])(response)), list("11", []), watch.reply);
  reflector.start();
  await until(() => answer !== undefined);
  const asked = reflector.relist();
  answer?.();
  await asked;
  await until(watch.opened);
  assert.deepEqual(paths(server), ["list", "list", "watch@11"]);
});

for (const when of ["before the start", "during the list", "during the watch", "during a pause"]) {
  reflectorTest(`stops ${when}, for good`, async (world) => {
    const { server, reflector, told, clock } = world;
    const watch = feed();
    if (when === "during the list") {
      server.plays(silence);
      reflector.start();
      await until(() => server.seen.length === 1);
    }
    if (when === "during the watch") await started(world, watch);
    if (when === "during a pause") {
      server.plays(json(403, status(403, "Forbidden")));
      reflector.start();
      await until(() => told.includes("failed"));
    }
    const asked = when === "during the watch" ? undefined : reflector.relist().catch((error: unknown) => String(error));
    const count = server.seen.length;
    await reflector.stop();
    await reflector.stop();
    reflector.start();
    await clock.advance(1_000_000);
    assert.equal(server.seen.length, count);
    if (when === "during the watch") await until(watch.left);
    else {
      assert.match((await asked) ?? "", /stopped/);
      await assert.rejects(reflector.synced, /stopped/);
    }
  });
}

const CHECKED: Partial<ReflectorOptions> = { checkEveryMs: 300_000, silenceMs: 1e9 };

/** Runs to just after the check's list; then the grace period; then what it does. */
async function checkStarts({ server, clock }: World, count: number): Promise<void> {
  for (let i = 0; i < 700 && server.seen.length < count; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(500);
  }
  await until(() => server.seen.length >= count, "the check");
}

reflectorTest(
  "a check repairs what the watch has lost: added, changed, deleted",
  async (world) => {
    const { server, held, told, passUntil } = world;
    const [first, second] = [feed(), feed()];
    await started(world, first);
    server.choose = ({ path, query, headers }) => {
      if (headers.accept?.includes("PartialObjectMetadataList")) return list("50", [pod("a", 44), pod("c", 45)]);
      if (path.endsWith("/a")) return json(200, pod("a", 44));
      if (path.endsWith("/b")) return json(404, status(404, "NotFound"));
      if (path.endsWith("/c")) return json(200, pod("c", 45));
      return query["watch"] ? second.reply : undefined;
    };
    await checkStarts(world, 3);
    assert.deepEqual(server.seen[2]?.query, { limit: "500" });
    await passUntil(() => told.includes("repaired: 3"), "the repair");
    assert.deepEqual(held().toSorted(), ["a@44", "c@45"]);
    await until(second.opened, "a new watch instead of the lossy one");
  },
  CHECKED,
);

reflectorTest(
  "a check leaves alone what the watch was only late to tell, and what is newer than the list",
  async (world) => {
    const { server, cache, clock, held, told } = world;
    const watch = feed();
    await started(world, watch);
    cache.applied(pod("ours", 60));
    server.plays(list("50", [pod("a", 44), pod("c", 45)]));
    await checkStarts(world, 3);
    watch.send("MODIFIED", pod("a", 44));
    watch.send("ADDED", pod("c", 45));
    watch.send("DELETED", pod("b", 46));
    await until(() => held().join() === "ours@60,a@44,c@45");
    await clock.advance(10_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(10_000);
    assert.equal(server.seen.length, 3);
    assert.deepEqual(told, []);
  },
  CHECKED,
);

reflectorTest("a check that finds nothing costs one list", async (world) => {
  const { server, reflector } = world;
  await started(world, feed());
  server.plays(list("50", [pod("a", 3), pod("b", 7)]));
  assert.equal(await reflector.check(), 0);
  assert.equal(server.seen.length, 3);
});
