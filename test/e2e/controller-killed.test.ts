// The controller is killed at random moments, again and again, and each time a new one carries on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { identityOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const ROUNDS = 4;
const KILLS_PER_ROUND = 2;

const story = await Story.begin("killed", { controller: false });
/** About as long as the work takes, so that most kills fall into the middle of it. */
const killWithinMs = story.setting.containers ? 3000 : 600;
const random = randomNumbers(story.setting.seed);
let controller = await story.startController();

test("killed while it creates: as many pods and claims as wanted, and never one more", async (t) => {
  for (let round = 1; round <= ROUNDS; round++) {
    const name = `born-${round}`;
    const watch = await story.watchPods(name);
    await story.apply(aCloneSet(name, { replicas: 5, claims: true }));
    for (let kill = 0; kill < KILLS_PER_ROUND; kill++)
      t.diagnostic(`${name}: killed after ${await killAndRestart()} ms`);
    const pods = await story.settled(name, 5);
    await watch.end();
    assert.equal(watch.mostPods(), 5);
    assert.deepEqual([...watch.everSeen()].toSorted(), pods.map(({ metadata }) => metadata.uid).toSorted());
    const claims = (await story.claims(name)).map(({ metadata }) => metadata.name);
    assert.deepEqual(
      claims,
      pods.map(({ metadata }) => `data-${metadata.name}`),
    );
    await story.run("scale", "clone", name, "--replicas=0");
    await story.settled(name, 0);
  }
});

test("killed while it updates in place: the same pods, the same claims, all at the new image", async (t) => {
  await story.apply(aCloneSet("moved", { replicas: 4, claims: true }));
  const before = await story.settled("moved", 4, "v1");
  const claims = (await story.claims("moved")).map(({ metadata }) => metadata.uid);
  const watch = await story.watchPods("moved", 3);
  for (let round = 1; round <= ROUNDS; round++) {
    const version = ["v1", "v2", "v3"][round % 3] ?? "";
    await story.patchJson("moved", setImage(version));
    for (let kill = 0; kill < KILLS_PER_ROUND; kill++)
      t.diagnostic(`${version}: killed after ${await killAndRestart()} ms`);
    const after = await story.settled("moved", 4, version);
    assert.deepEqual(after.map(identityOf), before.map(identityOf));
  }
  await watch.end();
  assert.equal(watch.everSeen().size, 4);
  assert.deepEqual(
    (await story.claims("moved")).map(({ metadata }) => metadata.uid),
    claims,
  );
});

test("killed while it re-creates: the floor holds, and no claim is left over", async (t) => {
  const updateStrategy = { type: "ReCreate", maxUnavailable: 1 };
  await story.apply(aCloneSet("renewed", { replicas: 4, claims: true, updateStrategy }));
  await story.settled("renewed", 4, "v1");
  const watch = await story.watchPods("renewed", 3);
  await story.patchJson("renewed", setImage("v2"));
  for (let kill = 0; kill < KILLS_PER_ROUND; kill++) t.diagnostic(`killed after ${await killAndRestart()} ms`);
  const pods = await story.settled("renewed", 4, "v2");
  await watch.end();
  assert.equal(watch.mostPods(), 4);
  await story.eventually("one claim per pod", async () => {
    const names = (await story.claims("renewed")).map(({ metadata }) => metadata.name);
    assert.deepEqual(
      names,
      pods.map(({ metadata }) => `data-${metadata.name}`),
    );
  });
});

/** @returns after how many milliseconds */
async function killAndRestart(): Promise<number> {
  const delayMs = Math.floor(random() * killWithinMs);
  await sleep(delayMs);
  await controller.crash();
  controller = await story.startController();
  return delayMs;
}

/** Numbers in [0, 1), the same ones for the same seed (a linear congruence, which is random enough to pick moments). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
