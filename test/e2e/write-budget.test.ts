// How many requests does the controller send? Counted by the API server, in its audit log.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AuditedRequest,
  AuditLog,
  countBySort,
  isWrite,
  resourceOf,
  secondsBetween,
} from "../support/e2e/audit-log.ts";
import { aCloneSet, setImage } from "../support/e2e/manifests.ts";
import { identityOf } from "../support/e2e/objects.ts";
import { Story } from "../support/e2e/story.ts";

const PODS = 100;
const QUIET_SECONDS = 60;
/** Nothing asked for during so long, and the last word is spoken: events and the status come within a second or two. */
const REST_SECONDS = 5;
/**
 * CloneSet status writes in a second, on average: the numbers at once, again when the second is over, and a block of ids reserved.
 * In any one second there may be more, where the API server took its time with those before.
 */
const STATUS_WRITES_PER_SECOND = 3;

const story = await Story.begin("budget");
const { auditLog } = story.setting;
if (auditLog === undefined) throw new Error("Cannot count requests: want a cluster with an audit log (--audit)");
const audit = await AuditLog.open(auditLog, story.namespace);

const inPlace = { type: "InPlaceIfPossible", maxUnavailable: "20%" };
const reCreate = { type: "ReCreate", maxUnavailable: "20%" };

test(`${PODS} pods in place: created, updated, quiet, scaled in`, async (t) => {
  await audit.skip();
  await story.apply(aCloneSet("patched", { replicas: PODS, updateStrategy: inPlace }));
  const before = await story.settled("patched", PODS, "v1");
  await spent(t, "create", { perPod: 2 });

  await story.patchJson("patched", setImage("v2"));
  const after = await story.settled("patched", PODS, "v2");
  assert.deepEqual(after.map(identityOf), before.map(identityOf));
  await spent(t, "in-place update", { perPod: 3 });

  await sleep(QUIET_SECONDS * 1000);
  await t.test(`${QUIET_SECONDS} s without a change: no request`, async () => {
    const requests = await audit.read();
    t.diagnostic(`quiet for ${QUIET_SECONDS} s: ${JSON.stringify(countBySort(requests))}`);
    assert.deepEqual(countBySort(requests.filter(isOfWork)), {});
  });

  await story.run("scale", "clone", "patched", `--replicas=${PODS / 2}`);
  await story.settled("patched", PODS / 2, "v2");
  await spent(t, "scale-in", { perPod: 1, pods: PODS / 2 });
});

test(`${PODS} pods re-created`, async (t) => {
  await audit.skip();
  await story.apply(aCloneSet("replaced", { replicas: PODS, updateStrategy: reCreate }));
  await story.settled("replaced", PODS, "v1");
  await spent(t, "create for ReCreate", { perPod: 1 });

  await story.patchJson("replaced", setImage("v2"));
  await story.settled("replaced", PODS, "v2");
  await spent(t, "re-creation", { perPod: 2 });
});

test(`${PODS} pods with a claim each`, async (t) => {
  await audit.skip();
  await story.apply(aCloneSet("stored", { replicas: PODS, claims: true, updateStrategy: inPlace }));
  await story.settled("stored", PODS, "v1");
  await spent(t, "create with a claim", { perPod: 3 });

  await story.run("scale", "clone", "stored", "--replicas=0");
  await story.settled("stored", 0);
  await spent(t, "scale-in with a claim", { perPod: 2 });
});

/** What was done since the last call: at most so many writes to pods and claims, and no conflict. */
async function spent(
  t: TestContext,
  what: string,
  { perPod, pods = PODS }: { perPod: number; pods?: number },
): Promise<void> {
  const requests = await toTheEnd();
  const writes = requests.filter(isWrite);
  const toPods = writes.filter((write) => /^(pods|persistentvolumeclaims)(\/|$)/.test(resourceOf(write)));
  const status = writes.filter((write) => resourceOf(write) === "clonesets/status");
  const conflicts = requests.filter(({ responseStatus }) => responseStatus?.code === 409);
  const seconds = secondsBetween(status);
  await t.test(`${what}: at most ${perPod} writes per pod, no conflicts`, (counted) => {
    counted.diagnostic(
      `${toPods.length / pods} writes per pod, ${conflicts.length} conflicts, ${status.length} status writes ` +
        `in ${seconds} s; all requests: ${JSON.stringify(countBySort(requests))}`,
    );
    assert.ok(toPods.length <= perPod * pods);
    assert.deepEqual(countBySort(conflicts), {});
    assert.ok(status.length <= STATUS_WRITES_PER_SECOND * (seconds + 1));
  });
}

/** All requests until the controller has come to rest. */
async function toTheEnd(): Promise<AuditedRequest[]> {
  const requests = await audit.read();
  return await story.eventually("the controller to come to rest", async () => {
    await sleep(REST_SECONDS * 1000);
    const more = await audit.read();
    requests.push(...more);
    assert.deepEqual(countBySort(more.filter(isOfWork)), {});
    return requests;
  });
}

function isOfWork(request: AuditedRequest): boolean {
  return !isRenewal(request) && !isRepairList(request) && !isEvent(request);
}

/** What goes on for ever: a Lease is renewed, and a watch that came to its end is opened again. */
function isRenewal(request: AuditedRequest): boolean {
  return request.verb === "watch" || resourceOf(request) === "leases";
}

/** Events about one object are spread over time: the last ones tell of what was done before. */
function isEvent(request: AuditedRequest): boolean {
  return resourceOf(request) === "events";
}

/** The list of metadata that now and then looks for lost events may fall into any minute. */
function isRepairList({ verb }: AuditedRequest): boolean {
  return verb === "list";
}
